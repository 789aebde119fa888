"""Sweeping: finds the timers to processes that have died.

A timer to a pid ends with its process (rule W3). If each process knew its timers, each timer that
is set and cancelled would cost half as much again, and most are. So they are looked for, soon after
a death: the node rings once (its `deaths`), and rings no more until this sweep has begun.

Looking costs time for each timer that lives. So a sweep has pauses, in proportion to what it has
looked at: it takes about 4 % of the time, and never more than a millisecond or so at once.
"""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Final, final

from .here import here

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator

    from .timers import Timers

__all__ = ["Sweep"]

_PART: Final = 10_000  # timers that are looked at without a pause
_PAUSE: Final = 1e-6  # seconds for each of them: about 25 times what that takes


@final
class Sweep:
    """Removes the timers to processes that have died.

    Args:
        timers: those of the node.
        loop: the node's.
    """

    __slots__ = ("_handle", "_loop", "_missed", "_seen", "_steps", "_timers")

    def __init__(self, timers: Timers, loop: asyncio.AbstractEventLoop) -> None:
        self._timers = timers
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._steps: Generator[int, None, None] | None = None  # of a sweep that has begun
        self._missed = False  # there was a death since that
        self._seen = 0  # timers, in the last one

    def watch(self) -> None:
        """Asks to be told of the next death; the node's stop has no use for sweeps."""
        node = here.node
        if node is not None and node.deaths is None and (self._handle is None or self._steps):
            node.deaths = self

    def set(self) -> None:
        """A process has died."""
        node = here.node
        if node is not None:
            node.deaths = None
        if self._steps is None:
            self._after(self._seen)
        else:
            self._missed = True

    def close(self) -> None:
        """Looks no more."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._steps = None

    def _after(self, seen: int) -> None:
        self._handle = self._loop.call_later(seen * _PAUSE, self._go_on, context=Context())

    def _go_on(self) -> None:
        if self._steps is None:
            self._steps = self._look()
        for seen in self._steps:
            self._after(seen)
            return
        self._handle = self._steps = None
        if self._missed:
            self._missed = False
            self._after(self._seen)

    def _look(self) -> Generator[int, None, None]:
        timers = self._timers
        self._seen = seen = 0
        if not timers.have_none():
            self.watch()
        for part in timers.parts(_PART):
            seen += len(part)
            timers.lose(part)
            if seen > _PART:
                self._seen += seen
                yield seen
                seen = 0
        self._seen += seen
        timers.have_none()
