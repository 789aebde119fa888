"""The exceptions of processes.

BaseException
  asyncio.CancelledError
    ProcessExit           exit/1, and what an exit signal raises in a process
Exception
  BeamishError
    BadArgError           badarg: an argument that the operation cannot take
    CallCycleError        a call that would wait for itself
    NoProcError           noproc: there is no such process
    NotRunningError       used outside of a running node
    ProcessError          error/1: an error with any term as its reason
    Throw                 throw/1: a thrown term that nobody caught
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from .careful import class_name, show

__all__ = [
    "BadArgError",
    "BeamishError",
    "CallCycleError",
    "NoProcError",
    "NotRunningError",
    "ProcessError",
    "ProcessExit",
    "Throw",
    "describe",
    "one_of",
]


class BeamishError(Exception):
    """The base of beamish's errors."""


class BadArgError(BeamishError, ValueError):
    """Erlang's ``badarg``: an argument that the operation cannot take.

    The text says which argument is wrong, what it was, and what to write instead.
    """


class CallCycleError(BeamishError):
    """A call that would never be answered: the process called already waits for the caller.

    A behaviour's call exits with ``(("call_cycle", cycle), ...)`` instead.

    Attributes:
        cycle: each caller, by name or pid, with its request, beginning with the process that closed
            the cycle. Each calls the next one, and the last calls the first.
    """

    def __init__(self, *cycle: tuple[Any, Any]) -> None:
        super().__init__(*cycle)
        self.cycle = cycle

    def __str__(self) -> str:
        return cycle_in_words(self.cycle)


def cycle_in_words(cycle: tuple[tuple[Any, Any], ...]) -> str:
    """A cycle of calls: ``a calls b with 'x', b calls a with 'y'``."""
    who = [str(step[0]) for step in cycle]
    steps = zip(who, who[1:] + who[:1], cycle, strict=True)
    return ", ".join(f"{one} calls {other} with {show(step[1])}" for one, other, step in steps)


class NoProcError(BeamishError, LookupError):
    """Erlang's ``noproc``: a link to a process that does not exist."""


class NotRunningError(BeamishError, RuntimeError):
    """A process operation was used where no node runs."""


class ProcessError(BeamishError):
    """What ``process.error(reason)`` raises; its Erlang shape is ``(reason, stack)``."""

    def __init__(self, reason: Any) -> None:
        super().__init__(reason)
        self.reason = reason


class Throw(BeamishError):
    """What ``process.throw(value)`` raises; its Erlang shape is ``((nocatch, value), stack)``."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


class ProcessExit(asyncio.CancelledError):
    """The end of a process: raised by ``process.exit(reason)``, or by an exit signal.

    It is an ``asyncio.CancelledError``, so that asyncio's own constructs (TaskGroup, timeout,
    wait_for) clean up as for a cancelled Task. A process can catch its own
    ``process.exit(reason)``, as ``exit/1`` in Erlang. After an exit signal the end is already
    decided, and catching it changes nothing.
    """

    @property
    def reason(self) -> Any:
        """The exit reason; None where it was raised without one."""
        return self.args[0] if self.args else None


def describe(term: Any) -> str:
    """A value and its type, for an error message.

    Example:
        >>> describe("x")
        "'x' (str)"
    """
    return f"{show(term)} ({class_name(term)})"


def one_of(choices: Iterable[str]) -> str:
    """The accepted words, for an error message.

    Example:
        >>> one_of(["permanent", "transient", "temporary"])
        "'permanent', 'transient' or 'temporary'"
    """
    *most, last = map(repr, choices)
    return f"{', '.join(most)} or {last}" if most else last
