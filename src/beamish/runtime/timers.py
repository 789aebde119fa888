"""Timers: send_after, start_timer, and the time-outs of the runtime itself.

Timers of one millisecond share a bucket; a heap holds the times of buckets only, and the loop
is asked to call for the earliest alone. Setting one is a dict insert, cancelling a dict pop.
"""

from __future__ import annotations

import math
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, final

from beamish.terms import Atom, BadArgError, Pid
from beamish.terms.errors import describe
from beamish.terms.identity import MonitorRef, TimerRef

from .mailbox import LONGEST, check_timeout, deliver, time_out

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .node import Node
    from .process import Process

__all__ = ["Timer", "Timers"]

_TIMEOUT = Atom("timeout")


@final
class Timer:
    """A call to come; ``cancel()`` takes it back."""

    __slots__ = ("_bucket", "args", "call")

    def __init__(
        self, bucket: dict[Timer, None], call: Callable[..., object], args: tuple[Any, ...]
    ) -> None:
        self._bucket: dict[Timer, None] | None = bucket
        self.call = call
        self.args = args

    def cancel(self) -> bool:
        """Takes the call back; False if it was made or taken back before."""
        bucket = self._bucket
        if bucket is None:
            return False
        self._bucket = None
        del bucket[self]
        return True

    def is_over(self) -> bool:
        """Whether the call was made or taken back."""
        return self._bucket is None

    def fire(self) -> None:
        """Makes the call."""
        self._bucket = None
        self.call(*self.args)


@final
class Limit:
    """Calls with the same time-out, in the order in which they will be late: one timer for all.

    It is dropped when its timer finds nobody that waits.

    Attributes:
        waiting: the reference of each call that waits, and its last moment in loop time. Who is
            answered takes its own out.
    """

    __slots__ = ("_limits", "_loop", "handle", "seconds", "time", "waiting")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limits: dict[float, Limit], seconds: float
    ) -> None:
        self._loop = loop
        self._limits = limits
        self.time = loop.time
        self.seconds = seconds
        self.handle: asyncio.TimerHandle | None = None
        self.waiting: dict[MonitorRef, float] = {}

    def call_at(self, due: float) -> None:
        """Starts the timer, for the call that will be late first."""
        self.handle = self._loop.call_at(due, self._fire)

    def _fire(self) -> None:
        self.handle = None
        now = self.time()
        late: list[MonitorRef] = []
        for ref, due in self.waiting.items():
            if due > now:
                self.call_at(due)
                break
            late.append(ref)
        for ref in late:
            del self.waiting[ref]
            proc: Process | None = ref._maker._process
            if proc is not None and proc.pattern is ref:
                time_out(proc)
        if not self.waiting:
            del self._limits[self.seconds]

    def close(self) -> None:
        """Forgets all."""
        if self.handle is not None:
            self.handle.cancel()
        self.waiting.clear()


@final
class Timers:
    """The timers of a node."""

    __slots__ = ("_buckets", "_due", "_handle", "_heap", "_loop", "_node", "_sends", "limits")

    def __init__(self, node: Node, loop: asyncio.AbstractEventLoop) -> None:
        self._node = node
        self._loop = loop
        self._buckets: dict[int, dict[Timer, None]] = {}  # by time in ms
        self._heap: list[int] = []
        self._handle: asyncio.TimerHandle | None = None
        self._due = math.inf  # the ms that _handle is for
        self._sends: dict[TimerRef, Timer] = {}
        self.limits: dict[float, Limit] = {}

    def call_later(self, seconds: float, call: Callable[..., object], *args: Any) -> Timer:
        """Calls `call(*args)` from the loop, not before `seconds` from now."""
        return self._add(self._loop.time() + seconds, call, args)

    def _add(self, when: float, call: Callable[..., object], args: tuple[Any, ...]) -> Timer:
        due = math.ceil(when * 1000)
        bucket = self._buckets.get(due)
        if bucket is None:
            bucket = self._buckets[due] = {}
            heappush(self._heap, due)
            if due < self._due:
                self._ask_for(due)
        timer = Timer(bucket, call, args)
        bucket[timer] = None
        return timer

    def _ask_for(self, due: int) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._due = due
        self._handle = self._loop.call_at(due / 1000, self._fire)

    def _fire(self) -> None:
        self._handle, self._due = None, math.inf
        now = self._loop.time() * 1000 + 0.001  # what the loop's clock may be short of by rounding
        heap, buckets = self._heap, self._buckets
        while heap and heap[0] <= now:
            for timer in list(buckets.pop(heappop(heap))):
                if timer._bucket is not None:  # not cancelled meanwhile
                    timer.fire()
        while heap and not buckets[heap[0]]:  # cancelled ones are no reason to wake up
            del buckets[heappop(heap)]
        if heap:
            self._ask_for(heap[0])

    def close(self) -> None:
        """Forgets every timer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        for limit in self.limits.values():
            limit.close()
        self._buckets.clear()
        self._heap.clear()
        self._sends.clear()

    # ---- timers that send

    def send_after(self, seconds: float, dest: Any, message: Any, *, wrap: bool) -> TimerRef:
        """Sends `message` (`wrap`: ("timeout", ref, message)) to `dest` in `seconds`."""
        check_seconds(seconds)
        if not isinstance(dest, Pid | str):
            raise BadArgError(f"a timer sends to a pid or a registered name; got {describe(dest)}")
        due = self._loop.time() + seconds
        ref = self._node.mint_timer(due, dest, None)
        ref._message = (_TIMEOUT, ref, message) if wrap else message
        self._sends[ref] = self._add(due, self._send, (ref,))
        return ref

    def _send(self, ref: TimerRef) -> None:
        del self._sends[ref]
        ref._due = None
        dest, message = ref._dest, ref._message
        ref._message = None  # it may hold the reference itself
        proc = dest._process if isinstance(dest, Pid) else self._node.names.lookup(dest)
        if proc is not None:
            deliver(proc, message)

    def cancel(self, ref: TimerRef) -> float | None:
        """Takes a timer back: the seconds that were left, None if it is gone."""
        left = self.read(ref)
        timer = self._sends.pop(ref, None)
        if timer is not None:
            timer.cancel()
        ref._due = ref._message = None
        return left

    def read(self, ref: TimerRef) -> float | None:
        """The seconds that are left, None if it is gone."""
        due = ref._due
        if due is None:
            return None
        if isinstance(ref._dest, Pid) and not self._node.is_alive(ref._dest):
            return None  # a timer to a pid ends with the process
        return max(0.0, due - self._loop.time())

    def new_limit(self, seconds: float) -> Limit:
        """The queue of calls that wait no longer than this, to the next millisecond.

        A computed time-out is hardly seen twice: rounded, they share as many queues as the
        longest has milliseconds. Its timer starts at once, so that it is dropped also when nobody
        comes to wait.
        """
        check_timeout(seconds)
        seconds = math.ceil(seconds * 1000) / 1000
        limit = self.limits.get(seconds)
        if limit is None:
            limit = self.limits[seconds] = Limit(self._loop, self.limits, seconds)
            limit.call_at(limit.time() + seconds)
        return limit

    def pending(self) -> list[TimerRef]:
        """The send timers that are still to fire."""
        return [ref for ref in self._sends if self.read(ref) is not None]


def check_seconds(seconds: Any) -> None:
    """Refuses what is no time for a timer."""
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds <= LONGEST
    ):
        raise BadArgError(
            f"expected seconds (a number from 0 to {LONGEST}); got {describe(seconds)}"
        )
