"""What a test must not leave behind in the loop, looked at while the loop still runs.

What is left in the OS process (files, threads, signal handlers, greenlets, Tasks) is found by
tests/support/leaks.py after each test. But the owner of a loop sweeps it up at its end, and the
node its processes: so these look before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, Self

from beamish import process
from beamish.runtime.here import running_node

__all__ = ["Reports", "assert_no_timers", "assert_quiet"]

# Real seconds that what is on its way out (a Task that was cancelled) may take. They pass only in
# a test that fails.
PATIENCE: Final = 5.0


async def assert_quiet(tasks: set[asyncio.Task[Any]]) -> None:
    """Waits until only the given Tasks are left, and asserts that nothing else is.

    Called by the one process that is left, or by an asyncio Task.
    """
    me: Any = asyncio.current_task()
    while extra := asyncio.all_tasks() - tasks - {me}:
        done, _ = await asyncio.wait(extra, timeout=PATIENCE)
        assert done, f"tasks are left: {extra}"
    node = running_node()
    known = {me, *node.adopted.values()}
    for proc in [proc for proc in node.processes if proc not in known]:
        ref = process.monitor(proc.pid)
        try:
            await process.receive((..., ref, ...), (..., ref, ..., ..., ...), timeout=PATIENCE)
        except TimeoutError:
            raise AssertionError(f"a process is left: {proc} ({proc.initial_call()})") from None
    assert not node.closing
    assert not node.names.all()
    assert not node.timers.pending()
    assert not node.timers.all(), "timers of the node are left"
    assert node.scheduler.parked == 0
    assert node.scheduler.abandoned == []
    assert_no_timers(asyncio.get_running_loop(), except_of="beamish.runtime")


def assert_no_timers(loop: Any, *, except_of: str = " ") -> None:
    """Asserts that no timer of the loop is left; asyncio's own loop shows them, uvloop does not."""
    handles = [
        handle
        for handle in getattr(loop, "_scheduled", ())
        if not handle.cancelled() and not _module(handle._callback).startswith(except_of)
    ]
    assert not handles, f"timers of the loop are left: {handles}"


def _module(callback: Callable[..., object]) -> str:
    owner = getattr(callback, "__self__", callback)
    return type(owner).__module__


class Reports(logging.Handler):
    """What beamish reports: a test says which reports it expects.

    That something has blocked the loop for a moment is no fault of the test's.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def __enter__(self) -> Self:
        logging.getLogger("beamish").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("beamish").removeHandler(self)
        self.close()

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the kind of the report: crash, cleanup, close."""
        kind = getattr(record, "report", record.getMessage())
        if kind != "blocked":
            self.found.append(kind)
