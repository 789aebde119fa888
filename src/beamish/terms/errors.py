"""The exceptions of processes.

BaseException
  asyncio.CancelledError
    ProcessExit           exit/1, and what an exit signal raises in a process
Exception
  BeamishError
    BadArgError           badarg: an argument that the operation cannot take
    CallError             a call failed: what exits its caller on Erlang
      CallTimeout           no reply came in time; it is a TimeoutError as well
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

from .careful import SHORT, class_name, show
from .in_words import cycle_in_words, in_words
from .printable import VALUE_LIMIT, one_line

__all__ = [
    "BadArgError",
    "BeamishError",
    "CallCycleError",
    "CallError",
    "CallTimeout",
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

    A behaviour's call raises a CallError with ``(("call_cycle", cycle), ...)`` instead.

    Attributes:
        cycle: each caller, by name or pid, with its request, beginning with the process that closed
            the cycle. Each calls the next one, and the last calls the first.
    """

    def __init__(self, *cycle: tuple[Any, Any]) -> None:
        super().__init__(*cycle)
        self.cycle = cycle

    def __str__(self) -> str:
        return cycle_in_words(self.cycle)


class CallError(BeamishError):
    """A call failed: what exits its caller on Erlang.

    Like any exception it can be caught, passes through a TaskGroup and reaches a web framework's
    handlers. A process that does not catch it exits with its `reason`: a plain process without a
    report, and links, monitors and ``terminate`` get that term.

    Attributes:
        reason: why, as OTP's term, which says what was called as well: ``("noproc", ("gen_server",
            "call", ("counter", "value")))``.
        dest: who was asked, as the caller named it; None if that was no process.
        request: what it was asked; None if that was no request, and once a process has ended by
            this error.
    """

    def __init__(self, reason: Any = None, dest: Any = None, request: Any = None) -> None:
        # One argument: OSError, a base of CallTimeout, would take two for an errno and its text.
        super().__init__(reason)
        self.reason = reason
        self.dest = dest
        self.request = request

    def __str__(self) -> str:
        return one_line(in_words(self.reason, SHORT.repr))


class CallTimeout(CallError, TimeoutError):
    """No reply came in time.

    It is a TimeoutError, and so an OSError. The process that was asked goes on, and what it replies
    later is never seen.

    Attributes:
        callee: what the process that was asked did when the time was up; None if that is not known.
    """

    callee: str | None = None

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.callee is None else one_line(f"{text}; {self.callee}", 2 * VALUE_LIMIT)


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
