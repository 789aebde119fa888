"""The event loop of ``beamish.run``: asyncio's own, with our selector."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

from beamish.runtime.waiting import as_no_process

from .poller import report_fault
from .selector import NetSelector, new_selector

__all__ = ["EventLoop", "new_event_loop"]


class EventLoop(asyncio.SelectorEventLoop):
    """asyncio's selector loop, with a selector that serves the sockets of processes itself."""

    beamish_poller: NetSelector

    # The same clock as asyncio's, without the method around it.
    time: Callable[[], float] = staticmethod(monotonic)  # pyright: ignore[reportIncompatibleMethodOverride]

    def __init__(self) -> None:
        selector = new_selector()
        super().__init__(selector)
        self.beamish_poller = selector
        selector.on_fault = self._report_fault

    if sys.version_info >= (3, 12):

        def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
            """Makes a Task, which may run at once (asyncio.eager_task_factory).

            It does not run as the process that makes it: it is adopted when it first needs a
            process.
            """
            return as_no_process(super().create_task, coro, **options)

    def end_in_child(self) -> None:
        """Runs nothing any more, in a forked child."""
        loop: Any = self
        for handle in loop._ready:
            # Not cancel(): a Task that only its handle keeps would be closed, here too.
            handle._cancelled = True
        self.stop()

    def _report_fault(self, error: Exception) -> None:
        report_fault(self, error)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new event loop, the quickest for sockets that belong to processes.

    All of asyncio works on it as on the standard loop. ``beamish.run`` uses it by default.

    Example:
        >>> with asyncio.Runner(loop_factory=new_event_loop) as runner:
        ...     runner.run(main())
    """
    return EventLoop()
