"""Timers: send_after, start_timer, and the time-outs of the runtime itself.

Timers of one millisecond share a bucket; a heap holds the times of buckets only, and the loop
is asked to call for the earliest alone. Setting one is a dict insert, cancelling a dict pop.
"""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from math import ceil, inf
from time import monotonic
from typing import TYPE_CHECKING, Any, final

from beamish.terms import Atom, BadArgError, Pid
from beamish.terms.errors import describe
from beamish.terms.identity import MonitorRef, TimerRef, new_timer

from .mailbox import LONGEST, check_timeout, deliver, time_out
from .states import EXIT_PENDING

if TYPE_CHECKING:
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
        self,
        bucket: dict[Timer | TimerRef, None],
        call: Callable[..., object],
        args: tuple[Any, ...],
    ) -> None:
        self._bucket: dict[Timer | TimerRef, None] | None = bucket
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

    __slots__ = ("_buckets", "_due", "_handle", "_heap", "_loop", "_node", "_now", "limits")

    def __init__(self, node: Node, loop: asyncio.AbstractEventLoop) -> None:
        self._node = node
        self._loop = loop
        # BaseEventLoop.time is a function around this one, and half of what a timer costs.
        plain = type(loop).time is asyncio.BaseEventLoop.time
        self._now: Callable[[], float] = monotonic if plain else loop.time
        self._buckets: dict[int, dict[Timer | TimerRef, None]] = {}  # by time in ms
        self._heap: list[int] = []
        self._handle: asyncio.TimerHandle | None = None
        self._due = inf  # the ms that _handle is for
        self.limits: dict[float, Limit] = {}

    def call_later(self, seconds: float, call: Callable[..., object], *args: Any) -> Timer:
        """Calls `call(*args)` from the loop, not before `seconds` from now."""
        due = ceil((self._now() + seconds) * 1000)
        bucket = self._buckets.get(due)
        if bucket is None:
            bucket = self._new_bucket(due)
        timer = Timer(bucket, call, args)
        bucket[timer] = None
        return timer

    def _new_bucket(self, due: int) -> dict[Timer | TimerRef, None]:
        bucket = self._buckets[due] = {}
        heappush(self._heap, due)
        if due < self._due:
            self._ask_for(due)
        return bucket

    def _ask_for(self, due: int) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._due = due
        self._handle = self._loop.call_at(due / 1000, self._fire)

    def _fire(self) -> None:
        self._handle, self._due = None, inf
        now = self._now() * 1000 + 0.001  # what the loop's clock may be short of by rounding
        heap, buckets = self._heap, self._buckets
        while heap and heap[0] <= now:
            for timer in list(buckets.pop(heappop(heap))):
                if timer._bucket is None:
                    continue  # cancelled meanwhile
                if isinstance(timer, TimerRef):
                    self._send(timer)
                else:
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

    # ---- timers that send

    def send_after(self, seconds: float, dest: Any, message: Any, *, wrap: bool) -> TimerRef:
        """Sends `message` (`wrap`: ("timeout", ref, message)) to `dest` in `seconds`."""
        if seconds.__class__ is not float or not 0.0 <= seconds <= LONGEST:
            check_seconds(seconds)
        if dest.__class__ is not Pid and not isinstance(dest, str):
            raise BadArgError(f"a timer sends to a pid or a registered name; got {describe(dest)}")
        when = self._now() + seconds
        due = ceil(when * 1000)
        bucket = self._buckets.get(due)
        if bucket is None:
            bucket = self._new_bucket(due)
        node = self._node
        ref = new_timer(node.next_ref(), node.home, node.init_pid, when, dest, message)
        if wrap:
            ref._message = (_TIMEOUT, ref, message)
        ref._bucket = bucket
        bucket[ref] = None
        return ref

    def _send(self, ref: TimerRef) -> None:
        ref._bucket = None
        dest, message = ref._dest, ref._message
        ref._message = None  # it may hold the reference itself
        proc = dest._process if dest.__class__ is Pid else self._node.names.lookup(dest)
        if proc is not None:
            deliver(proc, message)

    def cancel(self, ref: TimerRef) -> float | None:
        """Takes a timer back: the seconds that were left, None if it is gone."""
        bucket = ref._bucket
        if bucket is None:
            return None
        left = self.read(ref)
        ref._bucket = ref._message = None
        del bucket[ref]
        return left

    def read(self, ref: TimerRef) -> float | None:
        """The seconds that are left, None if it is gone."""
        if ref._bucket is None:
            return None
        dest = ref._dest
        if dest.__class__ is Pid:
            proc = dest._process
            # A timer to a pid ends with the process.
            if proc is None or (proc.state >= EXIT_PENDING and not self._node.is_alive(dest)):
                return None
        left: float = ref._due - self._now()
        return max(0.0, left)

    def new_limit(self, seconds: float) -> Limit:
        """The queue of calls that wait no longer than this, to the next millisecond.

        A computed time-out is hardly seen twice: rounded, they share as many queues as the
        longest has milliseconds. Its timer starts at once, so that it is dropped also when nobody
        comes to wait.
        """
        check_timeout(seconds)
        seconds = _rounded(seconds)
        limit = self.limits.get(seconds)
        if limit is None:
            limit = self.limits[seconds] = Limit(self._loop, self.limits, seconds)
            limit.call_at(limit.time() + seconds)
        return limit

    def answered(self, ref: MonitorRef, timeout: float) -> None:
        """A call with this time-out waits no more."""
        limit = self.limits.get(timeout) or self.limits.get(_rounded(timeout))
        if limit is not None:
            limit.waiting.pop(ref, None)

    def pending(self) -> list[TimerRef]:
        """The send timers that are still to fire."""
        timers = [timer for bucket in self._buckets.values() for timer in bucket]
        return [ref for ref in timers if isinstance(ref, TimerRef) and self.read(ref) is not None]


def _rounded(seconds: float) -> float:
    return ceil(seconds * 1000) / 1000


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
