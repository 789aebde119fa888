"""The watchdog: a thread that notices when one process has held the loop for too long.

It sleeps while the node is idle. It reports a process that cannot be preempted (a C call,
``time.sleep``, an RLock) with its stack, once for each time it blocks. And if that waits for a
lock, another process may hold it, or be the one to release it. Then it *nudges* the main thread
with the preemption signal, which is handled in the blocking call, so that the waiting process is
parked too and the others get their turn. Nothing else is nudged: a file would be left in the middle
of its buffer. While the process is at the prompt of a debugger, neither is done.

The timer of preemption counts the time in the user's code, but not in the kernel: a loop of system
calls is ticked late. So whoever uses the CPU from one look to the next is given a tick from here.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final, final

from .debugging import is_in_debugger
from .here import here
from .instruction import is_at_a_lock
from .reports import report_blocked, report_error, report_missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Process
    from .scheduler import Scheduler

__all__ = ["Watchdog"]

LIMIT: Final = 0.1  # seconds after which a process that blocks is reported
_POLL: Final = 0.025  # seconds between two looks
_CLOSE_POLL: Final = 0.015  # the same, while processes are parked, which wait for the next tick
_COMPUTES: Final = 0.004  # seconds of CPU time between two looks that are worth a tick
_PATIENCE: Final = 1.0  # seconds that a look may take when the node ends


@final
class Watchdog:
    """Watches the thread that made it."""

    __slots__ = (
        "_active",
        "_closed",
        "_cpu_time",
        "_held",
        "_nudged",
        "_nudges",
        "_reported",
        "_scheduler",
        "_seen",
        "_since",
        "_thread",
        "_used",
        "_watched",
    )

    def __init__(self, scheduler: Scheduler, *, nudges: bool) -> None:
        self._scheduler = scheduler
        self._nudges = nudges
        self._watched = threading.get_ident()
        self._cpu_time = _cpu_clock(self._watched)
        self._used = 0.0  # CPU time at the last look
        self._active = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: tuple[Process | None, int] = (None, 0)
        self._since = 0.0
        self._reported: set[str | None] = set()
        self._nudged = False
        self._held: tuple[Process | None, int, str] = (None, 0, "")

    def take_nudge(self) -> bool:
        """Whether the signal that is being handled is a nudge; asked once for each."""
        nudged, self._nudged = self._nudged, False
        return nudged

    def note_held(self, proc: Process, where: str) -> None:
        """Remembers that a process is not preempted because it holds an RLock."""
        if self._held[:2] != (proc, self._scheduler.beat):
            self._held = (proc, self._scheduler.beat, where)

    def resume(self) -> None:
        """Begins to look, because the node runs processes."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="beamish-watchdog", daemon=True)
            try:
                thread.start()
            except Exception as error:  # none is to be had: it is tried again next time
                report_missing("The watchdog does not run, and what blocks is not reported", error)
                return
            self._thread = thread
        self._active.set()

    def pause(self) -> None:
        """Stops looking, because the node is idle."""
        self._active.clear()

    def close(self) -> None:
        """Ends the thread."""
        self._closed.set()
        self._active.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)  # a handler of the log's may never return

    def _run(self) -> None:
        while not self._closed.wait(_CLOSE_POLL if self._scheduler.parked else _POLL):
            self._active.wait()
            try:
                self._look()
            except BaseException as error:
                report_error("The watchdog has failed", error)

    def _look(self) -> None:
        now = (here.process, self._scheduler.beat)
        computes = self._has_computed()
        if now[0] is None or now != self._seen:
            self._seen, self._since, self._reported = now, monotonic(), set()
            return
        if computes:
            signal.pthread_kill(self._watched, signal.SIGVTALRM)
        held = monotonic() - self._since
        frame = sys._current_frames().get(self._watched)
        if held < LIMIT or frame is None or here.process is not now[0]:
            return
        if is_in_debugger(frame):
            self._since = monotonic()
            return
        if self._nudges and (_timer_is_lost() or is_at_a_lock(frame)):
            self._nudged = True
            signal.pthread_kill(self._watched, signal.SIGVTALRM)
        rlock = self._held[2] if self._held[:2] == now else None
        if not self._reported or rlock not in self._reported:
            self._reported.add(rlock)
            report_blocked(now[0], held, "".join(traceback.format_stack(frame)), rlock)

    def _has_computed(self) -> bool:
        """Whether the thread has used the CPU since the last look, and can be given a tick."""
        before, self._used = self._used, self._cpu_time()
        return self._nudges and self._used - before >= _COMPUTES


def _cpu_clock(thread: int) -> Callable[[], float]:
    """What tells the CPU time of a thread: always 0 on macOS, which has no clock for that."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return float
    return partial(time.clock_gettime, time.pthread_getcpuclockid(thread))


def _timer_is_lost() -> bool:
    """Whether no tick will come: its handler could not set the next, for want of memory perhaps."""
    return not any(signal.getitimer(signal.ITIMER_VIRTUAL))
