"""The watchdog: a thread that notices when one process has held the loop for too long.

It sleeps while the node is idle. It reports a process that cannot be preempted (a C call,
``time.sleep``) with its stack, once for each time it blocks. And if nothing moves while other
processes are parked, one of those may hold the lock that the running one waits for. Then it
*nudges* the main thread with the preemption signal, which is handled in the blocking call, so that
the waiting process is parked too and the holder of the lock gets its turn.
"""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from time import monotonic
from typing import TYPE_CHECKING, Final, final

from .here import here
from .reports import report_blocked

if TYPE_CHECKING:
    from .process import Process
    from .scheduler import Scheduler

__all__ = ["Watchdog"]

LIMIT: Final = 0.1  # seconds after which a process that blocks is reported
_POLL: Final = 0.025  # seconds between two looks


@final
class Watchdog:
    """Watches the thread that made it."""

    __slots__ = ("_active", "_closed", "_nudges", "_scheduler", "_thread", "_watched")

    def __init__(self, scheduler: Scheduler, *, nudges: bool) -> None:
        self._scheduler = scheduler
        self._nudges = nudges
        self._watched = threading.get_ident()
        self._active = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def resume(self) -> None:
        """Begins to look, because the node runs processes."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="beamish-watchdog", daemon=True)
            self._thread.start()
        self._active.set()

    def pause(self) -> None:
        """Stops looking, because the node is idle."""
        self._active.clear()

    def close(self) -> None:
        """Ends the thread."""
        self._closed.set()
        self._active.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        seen: tuple[Process | None, int] = (None, 0)
        since = 0.0
        reported = False
        while not self._closed.wait(_POLL):
            self._active.wait()
            now = (here.process, self._scheduler.beat)
            if now[0] is None or now != seen:
                seen, since, reported = now, monotonic(), False
                continue
            held = monotonic() - since
            if held < LIMIT:
                continue
            if self._nudges and self._scheduler.parked:
                signal.pthread_kill(self._watched, signal.SIGVTALRM)
            if not reported:
                reported = True
                self._report(now[0], held)

    def _report(self, proc: Process, held: float) -> None:
        frame = sys._current_frames().get(self._watched)
        if frame is not None and here.process is proc:
            report_blocked(proc, held, "".join(traceback.format_stack(frame)))
