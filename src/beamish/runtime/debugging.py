"""Debuggers: code in which a process stops on purpose.

At a prompt the whole node waits, as it must: nobody is to change what is being looked at. So the
watchdog says nothing, and the process is not parked in the middle of its debugger's code.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from beamish.terms.careful import module_name

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["is_debugger", "is_in_debugger"]

_STDLIB: Final = os.path.realpath(os.__file__).rpartition("/")[0]
# By file, because a module of the user's may be called `code`. Others are built on these.
_FILES: Final = {f"{_STDLIB}/{name}.py" for name in ("bdb", "pdb", "code")}
_PACKAGES: Final = frozenset(
    ("IPython", "bpython", "debugpy", "ipdb", "pdbpp", "ptpython", "pudb", "pydevd", "wdb")
)


def is_debugger(filename: str, module: dict[str, Any]) -> bool:
    """Whether code of this file, with these globals, is a debugger's or an interactive shell's."""
    package = module_name(module).partition(".")[0]
    return (
        package in _PACKAGES
        or package.startswith("_pydevd")
        or os.path.realpath(filename) in _FILES
    )


def is_in_debugger(frame: FrameType | None) -> bool:
    """Whether this frame, or one that has called it, is a debugger's."""
    while frame is not None:
        filename = frame.f_code.co_filename
        known = _known.get(filename)
        if known is None:
            known = _known[filename] = is_debugger(filename, frame.f_globals)
        if known:
            return True
        frame = frame.f_back
    return False


_known: Final[dict[str, bool]] = {}  # by file name; an entry never changes
