"""The part of a function that holds no lock: what preemption needs to know of logging and queue.

A process may be parked in these modules as long as none of their frames holds a lock: they are
made for threads, which are preempted there as well. The bytecode shows where a function begins to
deal with locks: by a ``with``, or by the name of what it uses.
"""

from __future__ import annotations

import dis
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

__all__ = ["first_lock", "may_hold_a_lock"]

# The first instruction of a `with`; the latter from CPython 3.14 on.
_ENTERS: Final = frozenset({"BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL"})

# Parts of the name of a global or an attribute. Thread-local data as well: the processes share one
# thread, and would find each other's half-changed data.
_SIGNS: Final = ("acquire", "lock", "enter", "tls", "local")


def may_hold_a_lock(frame: FrameType) -> bool:
    """Whether a function has reached the part where it deals with locks."""
    return frame.f_lasti >= first_lock(frame.f_code)


@lru_cache(maxsize=1000)
def first_lock(code: CodeType) -> int:
    """The offset of a function's first instruction that has to do with a lock.

    The code before it never runs after it: if the function can jump back to before it (in a loop),
    everything from there on counts. Exception handlers come after the code that they protect.
    """
    first = min(
        (step.offset for step in dis.get_instructions(code) if _deals_with_locks(step)),
        default=len(code.co_code),
    )
    while True:
        earliest = min((to for start, to in _jumps(code) if start >= first), default=first)
        if earliest >= first:
            return first
        first = earliest


def _deals_with_locks(step: dis.Instruction) -> bool:
    if step.opname in _ENTERS:
        return True
    return step.opcode in dis.hasname and any(sign in str(step.argval) for sign in _SIGNS)


def _jumps(code: CodeType) -> Iterator[tuple[int, int]]:
    for step in dis.get_instructions(code):
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            yield step.offset, step.argval
