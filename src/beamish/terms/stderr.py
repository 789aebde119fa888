"""Writing to standard error without waiting for whoever reads it.

A pipe takes 64 KB; then a write waits until somebody reads. A program whose standard error is such
a pipe would stop in the middle of a report.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable
from typing import Any, Final

__all__ = ["complain", "write"]

_POLL: Final = 100  # milliseconds between two questions whether to give up


def write(text: str, give_up: Callable[[], bool]) -> bool:
    """Writes to standard error, and waits only until `give_up()` is true.

    Returns:
        Whether all was written. It is not if standard error is closed, its reader has gone, or the
        disk is full.
    """
    stream: Any = sys.stderr
    try:
        descriptor = _descriptor_of(stream)
        if descriptor is None:
            stream.write(text)
            stream.flush()
            return True
        encoding = getattr(stream, "encoding", None) or "utf-8"
        return _write_to(descriptor, text.encode(encoding, "backslashreplace"), give_up)
    except (AttributeError, OSError, ValueError, LookupError):
        return False


def complain(text: str, patience: float = 0.0) -> bool:
    """Writes a text to standard error, and waits no longer than `patience` seconds for it."""
    end = time.monotonic() + patience
    return write(text, lambda: time.monotonic() >= end)


def _descriptor_of(stream: Any) -> int | None:
    """The file descriptor of a stream; None if it has none, as one that tests look at."""
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return None


def _write_to(descriptor: int, data: bytes, give_up: Callable[[], bool]) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLOUT)
    rest = memoryview(data)
    while rest:
        if poller.poll(0 if give_up() else _POLL):
            with contextlib.suppress(BlockingIOError):  # others write there too, and were quicker
                rest = rest[os.write(descriptor, rest[: select.PIPE_BUF]) :]
        elif give_up():
            return False
    return True
