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
from beamish.terms.careful import is_a, pass_on
from beamish.terms.keys import as_key
from beamish.terms.numbers import LONGEST, is_number
from beamish.terms.words import TIMEOUT, is_word

from .values import TimeoutAction

__all__ = ["Timers", "is_time"]


def is_time(action: TimeoutAction) -> bool:
    """Whether the time of a time-out action is valid."""
    time: Any = action.seconds
    if time is None or is_word(time, "cancel") or is_word(time, "update"):
        return True
    if action.abs:
        return is_number(time, -inf, process.monotonic_time() + LONGEST)
    return is_number(time, 0, LONGEST)


@final
class Timers:
    """The time-outs that run, and those that are due.

    Attributes:
        running: by the key of its kind, the kind, its timer (None if it is due) and its content.
    """

    __slots__ = ("_due", "_late", "running")

    def __init__(self) -> None:
        self.running: dict[Any, tuple[Any, TimerRef | None, Any]] = {}
        self._due: deque[Any] = deque()  # keys
        self._late: set[TimerRef] = set()

    def apply(self, actions: list[TimeoutAction]) -> None:
        """Does what the actions of one result say; the last one of a kind counts."""
        last: dict[Any, TimeoutAction] = {}
        for action in actions:
            key = as_key(action.kind)
            last.pop(key, None)  # its place counts, too
            last[key] = action
        for key, action in last.items():
            self._set(key, action)

    def _set(self, key: Any, action: TimeoutAction) -> None:
        time = action.seconds
        if is_word(time, "update"):
            if key in self.running:
                kind, timer, _ = self.running[key]
                self.running[key] = (kind, timer, action.content)
                return
            time = 0
        self._cancel(key)
        if time is None or isinstance(time, str):
            return
        kind = action.kind
        if action.abs:
            timer = process.start_timer(max(0, time - process.monotonic_time()), _me(), kind)
        elif time:
            timer = process.start_timer(time, _me(), kind)
        else:
            timer = None
            self._due.append(key)
        self.running[key] = (kind, timer, action.content)

    def cancel(self, kind: Any) -> None:
        """Takes one back, if it runs or is due."""
        self._cancel(as_key(kind))

    def _cancel(self, key: Any) -> None:
        found = self.running.pop(key, None)
        if found is None:
            return
        timer = found[1]
        if timer is None:
            self._due.remove(key)
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
        kind, _, content = self.running.pop(self._due.popleft())
        return kind, content

    def fired(self, timer: Any, kind: Any) -> tuple[Any, Any] | None:
        """The event that a timer's message means; None if the timer is not ours."""
        if not is_a(timer, TimerRef):
            return None
        try:
            key = as_key(kind)
        except BaseException as error:  # noqa: BLE001 - the timer of somebody else
            pass_on(error)
            return None
        found = self.running.get(key)
        if found is None or found[1] is not timer:
            return None
        del self.running[key]
        return found[0], found[2]

    def is_late(self, timer: Any) -> bool:
        """Whether a message is from a timer that was cancelled; asked once for each."""
        if is_a(timer, TimerRef) and timer in self._late:
            self._late.remove(timer)
            return True
        return False


def _me() -> Any:
    return process.self()
