"""What an uncaught exception means for its process: an exit, a cancellation, or a failure.

An exit is a ProcessExit, or the CallError of a failed call: the process ends with its reason. A
TaskGroup wraps what its children raise, so a group in which all is an end is an exit too, with the
reason of the first exit in it. One failure in it, and the group is a failure.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterator
from typing import Any, Final

from .careful import is_a, members_of
from .errors import CallError, ProcessExit
from .reasons import CANCELLED

__all__ = ["ForcedEnd", "exit_in", "exit_reason", "failure_in"]


class ForcedEnd(BaseException):
    """Raised in a clean-up that waits again each time ProcessExit is raised in it."""


_EXITS: Final = (ProcessExit, CallError)
_ENDS: Final = (CancelledError, CallError, ForcedEnd, GeneratorExit)


def exit_in(error: BaseException) -> ProcessExit | CallError | None:
    """The exit that an exception is, or that a TaskGroup has wrapped; None for a failure."""
    found: Any = None
    for leaf in _leaves(error):
        if not issubclass(type(leaf), _ENDS):
            return None
        if found is None and issubclass(type(leaf), _EXITS):
            found = leaf
    return found  # type: ignore[no-any-return]


def failure_in(error: BaseException) -> BaseException | None:
    """The part of an exception that is a failure; a TaskGroup may wrap failures with exits."""
    if is_a(error, BaseExceptionGroup):
        return error.split(_ENDS)[1]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return None if issubclass(type(error), _ENDS) else error


def exit_reason(error: BaseException) -> Any:
    """The exit reason of a process in which this is raised and not caught."""
    exits = exit_in(error)
    if exits is not None:
        return exits.reason
    return CANCELLED if is_a(error, CancelledError) else error


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions of a group and of the groups in it, in their order; any other is itself."""
    todo = [error]
    while todo:
        one = todo.pop()
        if is_a(one, BaseExceptionGroup):
            todo += reversed(members_of(one))
        else:
            yield one
