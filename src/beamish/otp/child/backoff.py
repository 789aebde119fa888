"""Restart backoff: a child that keeps ending waits longer before each restart.

It has no source, because OTP always restarts at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple, final

from beamish import process
from beamish.otp.errors import ChildSpecError
from beamish.terms import Pid, TimerRef
from beamish.terms.numbers import is_number

__all__ = ["Backoff", "Retry", "Waiting"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a child waits before it is restarted.

    Args:
        first: seconds from its end to the first restart.
        longest: the longest delay in seconds.
        factor: how many times longer each delay is than the one before it.
        jitter: the part of a delay that is random: with 0.5, a delay of 8 s is 4 to 8 s long; with
            0, always 8 s.
        steady: after this many seconds a child is taken to run well, and its next delay is `first`
            again. By default, as long as `longest`.

    Raises:
        ChildSpecError: a field has a value that it cannot have.

    Example:
        >>> [Backoff(first=1.0, longest=5.0, jitter=0.0).delay(n) for n in (1, 2, 3, 4)]
        [1.0, 2.0, 4.0, 5.0]
    """

    first: float = 1.0
    longest: float = 60.0
    factor: float = 2.0
    jitter: float = 0.5
    steady: float | None = None

    def __post_init__(self) -> None:
        _check_number("first", self.first, 0)
        _check_number("longest", self.longest, 0)
        _check_number("factor", self.factor, 1)
        _check_number("jitter", self.jitter, 0, 1)
        if self.steady is not None:
            _check_number("steady", self.steady, 0)

    def delay(self, attempt: int) -> float:
        """The seconds before an attempt, counted from 1; random at each call."""
        longest: float = self.longest
        try:
            full = min(self.first * self.factor ** (attempt - 1), longest)
        except OverflowError:  # after a thousand attempts or so
            full = longest
        return full * (1.0 - self.jitter * random.random())  # noqa: S311  # nobody guesses it

    def is_steady(self, seconds: float) -> bool:
        """Whether the next delay of a child that ran for so long is `first`."""
        return seconds >= (self.longest if self.steady is None else self.steady)


def _check_number(field: str, value: Any, least: float, most: float | None = None) -> None:
    if is_number(value, least, inf if most is None else most):
        return
    expected = f"a number >= {least}" if most is None else f"a number from {least} to {most}"
    raise ChildSpecError(field, value, expected, where="backoff")


class Waiting(NamedTuple):
    """The next attempt to restart a child that has a backoff.

    Attributes:
        attempt: the number of the attempt, counted from 1.
        delay: seconds from the child's end, or from the attempt that failed, to this one.
        left: seconds until then.
    """

    attempt: int
    delay: float
    left: float


@final
class Retry:
    """The attempts to restart one child that has a backoff."""

    __slots__ = ("attempt", "backoff", "delay", "due", "number", "since", "timer")

    def __init__(self, backoff: Backoff) -> None:
        self.backoff: Backoff = backoff
        self.attempt: int = 0
        self.number: int = 0  # of the attempt; a timer cancelled too late sends another one
        self.delay: float = 0.0
        self.due: float = 0.0
        self.since: float | None = None  # when the child was started
        self.timer: TimerRef | None = None

    def placed(self, pid: object) -> None:
        """Notes that the child runs (its pid), waits, or was stopped (None)."""
        if pid.__class__ is Pid:
            self.cancel()
            self.since = process.monotonic_time()
        elif pid is None:
            self.cancel()

    def later(self, message: Callable[[int], Any]) -> None:
        """Sends the calling supervisor a message when the next attempt is due.

        Args:
            message: makes the message from the number of the attempt.
        """
        self.cancel()
        now = process.monotonic_time()
        if self.since is not None and self.backoff.is_steady(now - self.since):
            self.attempt = 0
        self.since = None
        self.attempt += 1
        self.delay = self.backoff.delay(self.attempt)
        self.due = now + self.delay
        self.number += 1
        self.timer = process.send_after(self.delay, process.self(), message(self.number))

    def cancel(self) -> None:
        """Cancels the next attempt."""
        if self.timer is not None:
            process.cancel_timer(self.timer)
            self.timer = None

    def waiting(self) -> Waiting | None:
        """What the child waits for; None if it does not wait."""
        if self.timer is None:
            return None
        return Waiting(self.attempt, self.delay, max(0.0, self.due - process.monotonic_time()))
