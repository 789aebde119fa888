"""The time-outs of a state machine: at most one of each kind and name.

A time-out of 0 seconds needs no timer: it waits in a queue, and comes when no event waits any
more, before the next message is received. The others are timers that send to the machine itself.
The message of a timer that was cancelled too late is recognised by its reference, and dropped.

Source: stdlib, gen_statem(3), transition_option() and timeout_action() (OTP 25 manual).
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Any, final

from beamish import process
from beamish.terms import TimerRef
from beamish.terms.numbers import LONGEST, is_number
from beamish.terms.words import TIMEOUT

from .values import TimeoutAction

__all__ = ["Timers", "is_time"]


def is_time(action: TimeoutAction) -> bool:
    """Whether the time of a time-out action is valid."""
    time: Any = action.seconds
    if time is None or (isinstance(time, str) and time in ("cancel", "update")):
        return True
    if action.abs:
        return is_number(time, -inf, process.monotonic_time() + LONGEST)
    return is_number(time, 0, LONGEST)


@final
class Timers:
    """The time-outs that run, and those that are due.

    Attributes:
        running: for each kind its timer (None if it is due) and its content.
    """

    __slots__ = ("_due", "_late", "running")

    def __init__(self) -> None:
        self.running: dict[Any, tuple[TimerRef | None, Any]] = {}
        self._due: deque[Any] = deque()
        self._late: set[TimerRef] = set()

    def apply(self, actions: list[TimeoutAction]) -> None:
        """Does what the actions of one result say; the last one of a kind counts."""
        last: dict[Any, TimeoutAction] = {}
        for action in actions:
            last.pop(action.kind, None)  # its place counts, too
            last[action.kind] = action
        for kind, action in last.items():
            self._set(kind, action)

    def _set(self, kind: Any, action: TimeoutAction) -> None:
        time = action.seconds
        if time == "update":
            if kind in self.running:
                self.running[kind] = (self.running[kind][0], action.content)
                return
            time = 0
        self.cancel(kind)
        if time is None or isinstance(time, str):
            return
        if action.abs:
            timer = process.start_timer(max(0, time - process.monotonic_time()), _me(), kind)
        elif time:
            timer = process.start_timer(time, _me(), kind)
        else:
            timer = None
            self._due.append(kind)
        self.running[kind] = (timer, action.content)

    def cancel(self, kind: Any) -> None:
        """Takes one back, if it runs or is due."""
        found = self.running.pop(kind, None)
        if found is None:
            return
        timer = found[0]
        if timer is None:
            self._due.remove(kind)
        elif process.cancel_timer(timer) is None:
            self._late.add(timer)  # its message is in the mailbox already

    def cancel_event_timeout(self) -> None:
        """Takes the event time-out back, as any event does."""
        if TIMEOUT in self.running:
            self.cancel(TIMEOUT)

    def next_due(self) -> tuple[Any, Any] | None:
        """The event of the time-out that is due first; None if none is."""
        if not self._due:
            return None
        kind = self._due.popleft()
        return kind, self.running.pop(kind)[1]

    def fired(self, timer: Any, kind: Any) -> tuple[Any, Any] | None:
        """The event that a timer's message means; None if the timer is not ours."""
        try:
            found = self.running.get(kind)
        except TypeError:  # not a timer's message: its second element cannot be hashed
            return None
        if found is None or found[0] is not timer:
            return None
        del self.running[kind]
        return kind, found[1]

    def is_late(self, timer: Any) -> bool:
        """Whether a message is from a timer that was cancelled; asked once for each."""
        if isinstance(timer, TimerRef) and timer in self._late:
            self._late.remove(timer)
            return True
        return False


def _me() -> Any:
    return process.self()
