"""A virtual clock: an event loop in which waiting takes no time.

``beamish.run(main, loop_factory=VirtualClockLoop)`` runs a program in which an hour of timers
passes in milliseconds: when nothing is ready and a timer is set, the loop's time jumps to it.
Nothing else changes: timers fire in their order, at their times, and ``loop.time()`` returns the
virtual time, which starts at 0.

It cannot know about work outside of the loop. Threads and sockets are looked at before each jump,
but not waited for: keep them out of tests on this clock. When nothing is ready and no timer is set
either, the program would wait forever; that is reported as an error instead. So is a program that
is never ready to wait: the clock stands still while a process computes.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from time import thread_time
from types import FrameType
from typing import Any, Final

from .standstill import LIMIT, Standstill

__all__ = ["NothingWillHappenError", "VirtualClockLoop"]

# Real seconds in which something outside of the loop (a signal, a thread) may still arrive when no
# timer is set. They pass only in a test that is about to fail.
_LAST_CHANCE: Final = 1.0


class NothingWillHappenError(RuntimeError):
    """Everything waits and no timer is set, or something computes and never waits."""


class _JumpingSelector(selectors.BaseSelector):
    """The platform's selector, but it moves a clock instead of waiting."""

    def __init__(self, limit: float) -> None:
        self._real = selectors.DefaultSelector()
        self.standstill = Standstill(limit)
        self.now = 0.0
        self.on_idle: Callable[[], bool] = _nobody_waits

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or (timeout is not None and timeout <= 0):
            self.standstill.turned(thread_time())
            if self.standstill.words is not None:
                raise NothingWillHappenError(self.standstill.take_words())
            return ready
        self.standstill.moved(thread_time())
        if self.on_idle():
            return []
        if timeout is not None:
            self.now += timeout
            return ready
        ready = self._real.select(_LAST_CHANCE)
        if not ready:
            raise NothingWillHappenError("every process waits, and no timer is set to wake one")
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


def _nobody_waits() -> bool:
    return False


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """The standard event loop on virtual time.

    Args:
        limit: seconds of CPU time after which a program fails in which something always computes.

    Example:
        >>> async def main() -> float:
        ...     await process.sleep(3600)
        ...     return asyncio.get_running_loop().time()
        >>> beamish.run(main, loop_factory=VirtualClockLoop)
        3600.0
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self._clock = _JumpingSelector(limit)
        self._idle: list[asyncio.Future[None]] = []
        self._clock.on_idle = self._tell_idle
        super().__init__(self._clock)

    def time(self) -> float:
        """The virtual time in seconds, 0 at the start."""
        return self._clock.now

    def on_tick(self, frame: FrameType) -> BaseException | None:
        """Called by the preemption timer where it interrupts; what is to be raised there, if any.

        A process that can be parked does not keep the loop from going round, and from failing.
        """
        words = self._clock.standstill.ticked(frame, thread_time())
        return None if words is None else NothingWillHappenError(words)

    async def idle(self) -> None:
        """Waits until nothing can run without moving the clock."""
        future = self.create_future()
        self._idle.append(future)
        await future

    def _tell_idle(self) -> bool:
        waiting, self._idle = [one for one in self._idle if not one.done()], []
        for future in waiting:
            future.set_result(None)
        return bool(waiting)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Waits for the threads of ``run_in_executor``, in real time, because they run in it.

        Args:
            timeout: ignored: the clock would jump over it at once.
        """
        await super().shutdown_default_executor()
