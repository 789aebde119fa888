"""Notices what a test has left behind, in the OS process and in the loop.

``Surroundings`` are compared from before to after a run: open files, threads, signal handlers,
interval timers, greenlets, and what was logged. ``assert_quiet_loop`` looks at the loop itself
while it still runs, because its owner sweeps it up at the end: Tasks, timers, processes.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from greenlet import greenlet

from beamish.runtime.here import running_node

__all__ = ["Surroundings", "assert_quiet_loop"]

# Real seconds that what is on its way out (a Task being cancelled, a thread being joined) may take.
# They pass only in a test that fails.
PATIENCE: Final = 5.0


class Surroundings:
    """What must be the same after a test as before it.

    Example:
        >>> with Surroundings():
        ...     beamish.run(main)
    """

    def __enter__(self) -> Surroundings:
        gc.collect()
        self._files = _open_files()
        self._threads = set(threading.enumerate())
        self._signals = _signal_handlers()
        self._greenlets = _living_greenlets()
        self._log = _Errors()
        self._log.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del error, traceback
        gc.collect()  # what was forgotten says so now: "was never retrieved", "unclosed"
        self._log.close()
        if kind is not None:
            return  # the test has failed by itself
        assert self._log.records == [], "errors were logged"
        self._wait_for_threads()
        assert _signal_handlers() == self._signals, "signal handlers or timers are left"
        assert _living_greenlets() <= self._greenlets, "greenlets are left"
        left = _open_files().items() - self._files.items()
        assert not left, f"files are left open: {left}"

    def _wait_for_threads(self) -> None:
        for thread in set(threading.enumerate()) - self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), f"a thread is left: {thread}"


class _Errors(logging.Handler):
    """Collects what asyncio and beamish report while nobody expects it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[str] = []

    def open(self) -> None:
        for name in ("asyncio", "beamish"):
            logging.getLogger(name).addHandler(self)

    def close(self) -> None:
        for name in ("asyncio", "beamish"):
            logging.getLogger(name).removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        if not getattr(record, "expected", False):
            self.records.append(record.getMessage())


def _open_files() -> dict[str, str]:
    found: dict[str, str] = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            pass  # the listing's own
    return found


def _signal_handlers() -> dict[str, Any]:
    found: dict[str, Any] = {
        number.name: signal.getsignal(number) for number in signal.valid_signals() if isinstance(number, signal.Signals)
    }
    found["wakeup fd"] = _wakeup_fd()
    for timer in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF, signal.ITIMER_REAL):
        found[f"interval timer {timer}"] = signal.getitimer(timer)
    return found


def _wakeup_fd() -> int:
    number = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(number)
    return number


def _living_greenlets() -> set[int]:
    return {
        id(found)
        for found in gc.get_objects()
        if isinstance(found, greenlet) and found and found.parent is not None
    }


async def assert_quiet_loop(tasks: set[asyncio.Task[Any]]) -> None:
    """Waits until only the given Tasks are left, and asserts that nothing else is.

    What was cancelled by the test is given the time that it needs to end.
    """
    while extra := asyncio.all_tasks() - tasks - {_current()}:
        done, _ = await asyncio.wait(extra, timeout=PATIENCE)
        assert done, f"tasks are left: {extra}"
    node = running_node()
    here = asyncio.current_task()
    others = {proc for proc in node.processes if proc is not here and proc not in node.adopted.values()}
    assert not others, f"processes are left: {others}"
    assert not node.closing
    assert not node.names.all()
    assert not node.timers.pending()
    assert not any(node.timers._buckets.values()), "timers are left"
    assert node.scheduler.parked == 0
    assert node.scheduler.abandoned == []
    _assert_no_handles(asyncio.get_running_loop())


def _current() -> Any:
    return asyncio.current_task()


def _assert_no_handles(loop: Any) -> None:
    """The stock loop shows its timers; uvloop does not."""
    handles = [
        handle
        for handle in getattr(loop, "_scheduled", ())
        if not handle.cancelled() and not _is_of_the_runtime(handle._callback)
    ]
    assert not handles, f"timers of the loop are left: {handles}"


def _is_of_the_runtime(callback: Callable[..., object]) -> bool:
    owner = getattr(callback, "__self__", None)
    return type(owner).__module__.startswith("beamish.runtime")
