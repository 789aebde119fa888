"""What a tracer or profiler runs in a process: its function is called between the process' steps.

CPython drops a trace function that raises, and counts its calls by thread. So a process is neither
parked there nor ended there.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["is_tracing"]


def is_tracing(frame: FrameType) -> bool:
    """Whether this frame is that of the trace or profile function in use."""
    tracers = [sys.gettrace(), sys.getprofile()]
    if tracers == [None, None]:
        return False
    if frame.f_back is not None:
        tracers.append(frame.f_back.f_trace)
    return any(_code_of(tracer) is frame.f_code for tracer in tracers if tracer is not None)


def _code_of(function: Any) -> CodeType | None:
    """The code of a function or method, or of an object that is called as one."""
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None
