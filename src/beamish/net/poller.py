"""The seam between sockets and the event loop: who calls a socket when it is ready.

On the loop that ``beamish.run`` makes, our own selector does (selector.py). On any other, uvloop or
asyncio's default, the loop's add_reader and add_writer do. A socket does not see the difference.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Final, Protocol, final

from .selector import READ, WRITE, NetSelector

__all__ = ["READ", "WRITE", "LoopPoller", "Poller", "UvPoller", "poller_of"]

POLLER: Final = "beamish_poller"  # the attribute of a loop that has our selector


class Poller(Protocol):
    """Calls sockets when they are ready."""

    @property
    def flush_soon(self) -> Callable[[Callable[[], bool]], object]:
        """``flush_soon(flush)`` has `flush()` called once the processes that can run have run."""
        ...

    def watch(self, fd: int, before: int, events: int, on_ready: Callable[[int], None]) -> None:
        """Changes what a socket waits for, from `before` to `events` (READ, WRITE, both, 0).

        While that is not 0, ``on_ready(mask)`` is called, in the loop's thread and outside of every
        process, as long as the socket is ready. A mask that has other bits than READ and
        WRITE means a broken connection.
        """
        ...


@final
class LoopPoller:
    """The seam on a loop that is not ours."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def flush_soon(self, flush: Callable[[], bool]) -> object:
        """Has `flush()` called in the next round of the loop."""
        return self._loop.call_soon(flush)

    def watch(self, fd: int, before: int, events: int, on_ready: Callable[[int], None]) -> None:
        """Changes what a socket waits for."""
        added, removed = events & ~before, before & ~events
        if added & READ:
            self._loop.add_reader(fd, on_ready, READ)
        elif removed & READ:
            self._loop.remove_reader(fd)
        if added & WRITE:
            self._loop.add_writer(fd, on_ready, WRITE)
        elif removed & WRITE:
            self._loop.remove_writer(fd)


@final
class UvPoller:
    """The seam on uvloop.

    libuv stops watching a file once epoll has reported an error on it, with one last call. Where
    data and a reset have come together, that call gets the data, and nobody would ever hear of
    the reset. So after each call the socket is asked whether it is broken.
    """

    __slots__ = ("_loop", "_watched", "flush_soon")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = LoopPoller(loop)
        self._watched: dict[int, _Watched] = {}
        self.flush_soon = self._loop.flush_soon

    def watch(self, fd: int, before: int, events: int, on_ready: Callable[[int], None]) -> None:
        """Changes what a socket waits for."""
        if not before:
            self._watched[fd] = _Watched(fd, on_ready)
        watched = self._watched[fd]
        watched.events = events
        if not events:
            del self._watched[fd]
        self._loop.watch(fd, before, events, watched)


@final
class _Watched:
    """A socket that uvloop watches."""

    __slots__ = ("_on_ready", "_poll", "events")

    def __init__(self, fd: int, on_ready: Callable[[int], None]) -> None:
        self._on_ready = on_ready
        self._poll = select.poll()
        self._poll.register(fd, 0)  # errors are always reported
        self.events = 0

    def __call__(self, mask: int) -> None:
        self._on_ready(mask)
        while self.events & mask and self._poll.poll(0):
            self._on_ready(mask)


def poller_of(loop: asyncio.AbstractEventLoop) -> Poller:
    """The poller that belongs to a loop."""
    selector = getattr(loop, POLLER, None)
    if isinstance(selector, NetSelector):
        return selector
    if type(loop).__module__.partition(".")[0] == "uvloop":
        return UvPoller(loop)
    return LoopPoller(loop)
