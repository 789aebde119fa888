"""Whether the stack has room for parking a process where it is.

A switch of greenlets calls a few functions. If the last of them found no room any more, the process
would be on the run queue and go on all the same.

And there is what CPython 3.13 and newer have put off freeing. Deep in C code, where the stack is
nearly used up (the repr of a tuple nested 100,000 deep), CPython puts dead objects on a list, and
frees them further up. greenlet 3.5 keeps the head of the list with a stack, and frees that when
the stack goes on, though it is on the list still: freed twice, it takes the OS process down. So the
list is emptied first.
"""

from __future__ import annotations

import sys
from typing import Any, Final

__all__ = ["has_room"]

_FRAMES: Final = 10  # of Python functions, which a switch calls
_DEPTH: Final = 600  # calls in C: more than 64 KB, which CPython needs for freeing objects


def has_room() -> bool:
    """Whether the calling code can be left by a switch of greenlets."""
    try:
        _descend(_FRAMES)
        if sys.version_info >= (3, 13) and _DEEP == _AS_DEEP:
            _free_what_was_put_off()
    except RecursionError:
        return False
    return True


def _descend(frames: int) -> None:
    if frames:
        _descend(frames - 1)


def _free_what_was_put_off() -> None:
    """Frees a container: that is when CPython frees those that it has put off."""
    _ = [list[Any]()]


def _nested() -> Any:
    nested: Any = ()
    for _ in range(_DEPTH):
        nested = (nested,)
    return nested


_DEEP: Final = _nested()
_AS_DEEP: Final = _nested()
