"""Timers: send_after, start_timer, and the time-outs of the runtime itself.

Most timers are cancelled before their time. So a new one is only noted (``_fresh``): setting it is
a dict insert, cancelling it a dict pop. When a timer is due, those that are still there are sorted:
timers of one millisecond share a bucket, a heap holds the times of the buckets only, and the loop
has one timer, for the earliest bucket. A bucket whose timers were all cancelled is dropped at once;
timers to a process that has died are found by sweeping.py.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from heapq import heapify, heappop, heappush
from math import ceil, inf
from time import monotonic
from types import coroutine
from typing import TYPE_CHECKING, Any, Final, final

from beamish.terms import Atom, BadArgError, Pid
from beamish.terms.errors import describe
from beamish.terms.identity import MonitorRef, TimerRef
from beamish.terms.numbers import FINITE, LONGEST, check_seconds, is_number
from beamish.terms.words import TIMEOUT

from .fate import is_alive
from .here import current, here, node_of_any_thread, running_node
from .home import at_home
from .mailbox import check_timeout, deliver, send, time_out
from .states import EXIT_PENDING, WOKEN
from .sweeping import Sweep
from .waiting import suspend, wake

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .node import Node
    from .process import Process

__all__ = [
    "Timer",
    "Timers",
    "cancel_timer",
    "monotonic_time",
    "read_timer",
    "send_after",
    "sleep",
    "start_timer",
]

_CANCEL_TIMER: Final = Atom("cancel_timer")
_READ_TIMER: Final = Atom("read_timer")
_FEW: Final = 64  # times without timers, or limits without calls, that are not worth dropping


@final
class Timer:
    """A call in the future; ``cancel()`` prevents it."""

    __slots__ = ("_due", "_timers", "args", "call")

    _dest = None  # it sends nothing, unlike a TimerRef
    _due: float  # loop time in seconds
    _timers: Timers | None  # None once it was made or cancelled
    call: Callable[..., object]
    args: tuple[Any, ...]

    def cancel(self) -> bool:
        """Prevents the call; False if it was already made or cancelled."""
        timers = self._timers
        if timers is None:
            return False
        self._timers = None
        if timers._fresh.pop(self, None) is None:
            timers.take_back(self)
        return True

    def is_over(self) -> bool:
        """Whether the call was made or cancelled."""
        return self._timers is None

    def fire(self) -> None:
        """Makes the call, unless it was cancelled."""
        if self._timers is not None:
            self._timers = None
            self.call(*self.args)


@final
class Limit:
    """Calls with the same time-out, in the order in which they expire: one timer for all.

    It is dropped when its timer finds that no call waits.

    Attributes:
        waiting: the reference of each waiting call, with its deadline in loop time. A call that
            ends is removed.
    """

    __slots__ = ("_limits", "_loop", "handle", "seconds", "time", "waiting")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limits: dict[float, Limit], seconds: float
    ) -> None:
        self._loop = loop
        self._limits = limits
        self.time: Callable[[], float] = loop.time
        self.seconds: float = seconds
        self.handle: asyncio.TimerHandle | None = None
        self.waiting: dict[MonitorRef, float] = {}

    def call_at(self, due: float) -> None:
        """Starts the timer, for the call that expires first."""
        self.handle = self._loop.call_at(due, self._fire, context=Context())

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

    __slots__ = (
        "_buckets",
        "_due",
        "_fresh",
        "_handle",
        "_heap",
        "_loop",
        "_many_limits",
        "_now",
        "_sweep",
        "_wanted",
        "limits",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # BaseEventLoop.time wraps this function, and is half the cost of a timer.
        plain = type(loop).time is asyncio.BaseEventLoop.time
        self._now: Callable[[], float] = monotonic if plain else loop.time
        self._fresh: dict[Any, float] = {}  # not sorted yet, with their times
        self._buckets: dict[int, dict[Any, float]] = {}  # by time in ms
        self._heap: list[int] = []
        self._handle: asyncio.TimerHandle | None = None
        self._due = inf  # the ms that _handle is for
        self._wanted = inf  # a timer earlier than this (in seconds) needs a new call of the loop
        self._sweep = Sweep(self, loop)
        self.limits: dict[float, Limit] = {}
        self._many_limits = False  # then they are dropped as soon as no call waits

    def call_later(self, seconds: float, call: Callable[..., object], *args: Any) -> Timer:
        """Calls `call(*args)` from the loop, not before `seconds` from now."""
        timer = Timer()  # no __init__: see terms.identity
        timer.call = call
        timer.args = args
        timer._timers = self
        due = self._fresh[timer] = timer._due = self._now() + seconds
        if due < self._wanted:
            self._ask_for(ceil(due * 1000))
        return timer

    def take_back(self, timer: Timer | TimerRef) -> float | None:
        """Removes a timer; returns the time at which it was due, or None if it is not there."""
        due = self._fresh.pop(timer, None)
        if due is None:
            ms = ceil(timer._due * 1000)
            bucket = self._buckets.get(ms)
            if bucket is not None:
                due = bucket.pop(timer, None)
                if not bucket:
                    self._drop_bucket(ms)
        return due

    def _drop_bucket(self, ms: int) -> None:
        """Drops an empty bucket; its time leaves the heap when most of the times there are such."""
        heap, buckets = self._heap, self._buckets
        del buckets[ms]
        if len(heap) > 2 * len(buckets) + _FEW:
            heap[:] = buckets
            heapify(heap)

    def _ask_for(self, due: int) -> None:
        """Has the loop call at this millisecond, if that is earlier than its present timer."""
        self._sweep.watch()
        if due >= self._due:
            self._wanted = (self._due - 0.999) / 1000
            return
        if self._handle is not None:
            self._handle.cancel()
        self._due = due
        # A timer of the same ms need not ask again (except in one microsecond, for rounding).
        self._wanted = (due - 0.999) / 1000
        # An empty context: that of the process which happens to run is not the timer's to keep.
        self._handle = self._loop.call_at(due / 1000, self._fire, context=Context())

    def _fire(self) -> None:
        self._handle, self._due, self._wanted = None, inf, inf
        now = self._now() * 1000 + 0.001  # the loop's clock may be this much behind, by rounding
        self._sort()
        heap, buckets = self._heap, self._buckets
        try:
            while heap and heap[0] <= now:
                self._fire_all(buckets.pop(heappop(heap), {}))
        finally:
            while heap and heap[0] not in buckets:  # do not wake up for cancelled timers
                heappop(heap)
            if heap:
                self._ask_for(heap[0])

    def _sort(self) -> None:
        """Puts the fresh timers into the buckets of their milliseconds."""
        fresh, buckets = self._fresh, self._buckets
        bucket: dict[Any, float] = {}
        begin = end = inf
        for timer, due in fresh.items():
            # Timers that were set one after another often share a bucket: two comparisons suffice
            # to know, unless rounding might matter.
            if due <= begin or due >= end:
                ms = ceil(due * 1000)
                begin, end = (ms - 0.999) / 1000, (ms - 0.001) / 1000
                bucket = buckets.get(ms) or self._new_bucket(ms)
            bucket[timer] = due
        fresh.clear()

    def _new_bucket(self, ms: int) -> dict[Any, float]:
        if ms not in self._buckets:
            heappush(self._heap, ms)
        bucket = self._buckets[ms] = {}
        return bucket

    def _fire_all(self, bucket: dict[Any, float]) -> None:
        for timer in bucket:
            dest = timer._dest
            if dest.__class__ is Pid:
                proc: Process | None = dest._process
            elif dest is not None:
                proc = here.names.get(dest)
            else:
                timer.fire()
                continue
            message, timer._message = timer._message, None  # it may hold the reference itself
            if proc is not None:
                mailbox = proc.mailbox
                if mailbox is None or proc.state < WOKEN:
                    deliver(proc, message)
                elif proc.state < EXIT_PENDING:
                    mailbox.append(message)  # deliver(), inlined

    def close(self) -> None:
        """Forgets every timer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._sweep.close()
        for limit in self.limits.values():
            limit.close()
        self._fresh.clear()
        self._buckets.clear()
        self._heap.clear()

    # ---- timers to the dead

    def parts(self, most: int) -> list[dict[Any, float]]:
        """All timers, in dicts of which the first has at most so many."""
        if len(self._fresh) > most:
            self._sort()
        return [self._fresh, *self._buckets.values()]

    def lose(self, part: dict[Any, float]) -> None:
        """Removes the timers to dead processes from one of the `parts`."""
        lost = [
            timer for timer in part if timer._dest.__class__ is Pid and timer._dest._process is None
        ]
        for timer in lost:
            timer._message = None
            self.take_back(timer)

    def have_none(self) -> bool:
        """Whether there are no timers; then the next one will ask for its call."""
        if self._fresh or self._buckets:
            return False
        self._wanted = inf
        return True

    # ---- timers that send

    def left(self, ref: TimerRef) -> float | None:
        """The seconds that are left, or None if it is gone."""
        if ref not in self._fresh and ref not in self._buckets.get(ceil(ref._due * 1000), ()):
            return None
        if ref._dest.__class__ is Pid and not self.reaches(ref._dest):
            return None
        return max(0.0, ref._due - self._now())

    def reaches(self, pid: Pid) -> bool:
        """Whether a timer to a pid still exists: it ends with the process."""
        proc: Process | None = pid._process
        return proc is not None and (proc.state < EXIT_PENDING or is_alive(pid))

    def new_limit(self, seconds: float) -> Limit:
        """The Limit of this time-out, rounded up to a millisecond.

        A computed time-out is hardly ever seen twice; rounded, there are at most as many limits as
        the longest time-out has milliseconds. The timer starts at once, so that the limit is
        dropped even if no call comes to wait.
        """
        check_timeout(seconds)
        seconds = _rounded(seconds)
        limit = self.limits.get(seconds)
        if limit is None:
            limit = self.limits[seconds] = Limit(self._loop, self.limits, seconds)
            limit.call_at(limit.time() + seconds)
            if len(self.limits) > _FEW and not self._many_limits:
                self._many_limits = True
                for other in [*self.limits.values()]:
                    if not other.waiting and other is not limit:
                        self._drop(other)
        return limit

    def _drop(self, limit: Limit) -> None:
        """Drops a limit for which no call waits; few may stay for the next calls."""
        limit.close()
        del self.limits[limit.seconds]
        self._many_limits = len(self.limits) > _FEW

    def call_ended(self, ref: MonitorRef, timeout: float) -> None:
        """A call with this time-out no longer waits."""
        limit = self.limits.get(timeout) or self.limits.get(_rounded(timeout))
        if limit is not None:
            limit.waiting.pop(ref, None)
            if self._many_limits and not limit.waiting:
                self._drop(limit)

    def all(self) -> list[Timer | TimerRef]:
        """All timers that have yet to fire."""
        buckets = [self._fresh, *self._buckets.values()]
        return [timer for bucket in buckets for timer in bucket]

    def pending(self) -> list[TimerRef]:
        """The timers of send_after and start_timer that have yet to fire."""
        refs = [timer for timer in self.all() if isinstance(timer, TimerRef)]
        return [ref for ref in refs if self.left(ref) is not None]


# ---- what users call: process.send_after and so on


def send_after(seconds: float, dest: Any, message: Any, *, abs: bool = False) -> TimerRef:
    """Sends a message later.

    Args:
        seconds: from now, 0 or more.
        dest: a pid, whose end cancels the timer, or a name, looked up when the timer fires.
        message: any term.
        abs: `seconds` is a time on the clock of `monotonic_time`; a past time means now.

    Source: erlang:send_after/3,4.
    """
    node = (at_home() and here.node) or running_node()
    timers = node.timers
    if abs:
        seconds = _from_now(seconds)
    # (Single comparisons are faster than a chain in CPython; NaN is not >= 0.)
    if seconds.__class__ is not float or not seconds >= 0.0 or seconds > LONGEST:
        check_seconds("timer", seconds, LONGEST, forever=False)
    if dest.__class__ is not Pid or dest._process is None:
        if dest.__class__ is Pid:
            return _dead_timer(node, dest)
        if not isinstance(dest, str):
            raise BadArgError(f"a timer sends to a pid or a registered name; got {describe(dest)}")
    ref = TimerRef()
    ref._number = node.next_ref()
    ref._home = node.home
    ref._dest = dest
    ref._message = message
    due = timers._fresh[ref] = ref._due = timers._now() + seconds
    if due < timers._wanted:
        timers._ask_for(ceil(due * 1000))
    return ref


def _dead_timer(node: Node, dest: Pid) -> TimerRef:
    """A timer to a process that is dead: it is over already."""
    ref = TimerRef()
    ref._number = node.next_ref()
    ref._home = node.home
    ref._dest = dest
    ref._message = None
    ref._due = 0.0
    return ref


def start_timer(seconds: float, dest: Any, message: Any, *, abs: bool = False) -> TimerRef:
    """As `send_after`, but sends ``("timeout", timer_ref, message)``.

    Source: erlang:start_timer/3,4.
    """
    ref = send_after(seconds, dest, message, abs=abs)
    if dest.__class__ is not Pid or dest._process is not None:
        ref._message = (TIMEOUT, ref, message)
    return ref


def _from_now(time: Any) -> Any:
    """A time of the node's clock as seconds from now; other values are left to be refused."""
    if not is_number(time, -inf):
        return time
    return max(0, time - running_node().loop.time())


def cancel_timer(timer: TimerRef, *, async_: bool = False, info: bool = True) -> float | None:
    """Cancels a timer; returns the seconds that were left, or None if it had fired or is unknown.

    Args:
        timer: what send_after or start_timer returned.
        async_: the result comes as a message ``("cancel_timer", timer, seconds_left)``;
            returns None.
        info: False asks for no result, returned or sent.

    Source: erlang:cancel_timer/1,2.
    """
    if timer.__class__ is not TimerRef:
        raise _no_timer(timer)
    timers = ((at_home() and here.node) or running_node()).timers
    due = timers._fresh.pop(timer, None)
    if due is None:
        due = timers.take_back(timer)
    if due is None:
        left = None
    else:
        timer._message = None  # it may hold the reference itself
        left = due - timers._now()
        if left < 0.0:  # noqa: PLR1730 - a call of max() costs more
            left = 0.0
        dest = timer._dest
        if dest.__class__ is Pid:
            proc = dest._process
            if (proc is None or proc.state >= EXIT_PENDING) and not timers.reaches(dest):
                left = None
    if not async_:
        return left if info else None
    if info:
        send(current().pid, (_CANCEL_TIMER, timer, left))
    return None


def read_timer(timer: TimerRef, *, async_: bool = False) -> float | None:
    """The seconds until a timer fires, or None if it has fired or is unknown.

    Args:
        timer: what send_after or start_timer returned.
        async_: the result comes as a message ``("read_timer", timer, seconds_left)``; returns
            None.

    Source: erlang:read_timer/1,2.
    """
    if timer.__class__ is not TimerRef:
        raise _no_timer(timer)
    left = running_node().timers.left(timer)
    if not async_:
        return left
    send(current().pid, (_READ_TIMER, timer, left))
    return None


def _no_timer(timer: Any) -> BadArgError:
    return BadArgError(f"expected what send_after or start_timer returned; got {describe(timer)}")


def _rounded(seconds: float) -> float:
    return ceil(seconds * 1000) / 1000


def monotonic_time() -> float:
    """The clock of the node's timers: seconds since an unspecified start; never decreases.

    Works from any thread.

    Source: erlang:monotonic_time/0.
    """
    return (here.node or node_of_any_thread()).loop.time()


@final
class _Alarm:
    """What a sleeping process waits on."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: Pid | None = None

    def take_back(self, value: None) -> None:
        """Is not called: an alarm gives no value."""


@coroutine
def sleep(seconds: float | None) -> Generator[Any, Any, None]:
    """Waits; messages stay in the mailbox.

    Args:
        seconds: 0 or more; 0 lets the other processes run once; None waits forever.

    Source: timer:sleep/1.
    """
    if seconds is not None and (seconds.__class__ is not float or not 0.0 <= seconds <= FINITE):
        check_seconds("sleep", seconds, FINITE)
    alarm = _Alarm()
    timer: Timer | asyncio.Handle | None = None
    if seconds:
        timer = running_node().timers.call_later(seconds, wake, alarm)
    elif seconds is not None:
        timer = running_node().loop.call_soon(wake, alarm)
    try:
        yield from suspend(alarm)  # pyright: ignore[reportGeneralTypeIssues]
    finally:
        if timer is not None:
            timer.cancel()
