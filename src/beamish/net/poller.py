"""The seam between sockets and the event loop: what calls a socket when it is ready.

On the loop that ``beamish.run`` makes, it is the loop's own selector, which is ours (selector.py).
Any other loop, such as uvloop or asyncio's default, watches a selector of ours with ``add_reader``.
The sockets do not notice the difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, final

from .selector import READ, WRITE, NetSelector, OnReady, new_selector

__all__ = ["READ", "WRITE", "GuestPoller", "Poller", "Watch", "poller_of", "report_fault"]

POLLER: Final = "beamish_poller"  # the attribute of a loop that has our selector


class Watch(Protocol):
    """The function that changes what a socket waits for."""

    def __call__(self, fd: int, before: int, events: int, on_ready: OnReady, /) -> None:
        """Changes it from `before` to `events`: READ, WRITE, both, or 0.

        While that is not 0, ``on_ready(mask)`` is called as long as the socket is ready, in the
        loop's thread and in no process. Bits other than READ and WRITE in the mask mean a broken
        connection.
        """
        ...


class Poller(Protocol):
    """Calls sockets when they are ready."""

    @property
    def flush_soon(self) -> Callable[[Callable[[], bool]], object]:
        """``flush_soon(flush)`` has `flush()` called after the processes that can run have run."""
        ...

    @property
    def watch(self) -> Watch:
        """Changes what a socket waits for."""
        ...


@final
class GuestPoller:
    """The poller on a loop that is not ours: a selector of ours, which the loop sees as one file.

    The descriptor of epoll (and of kqueue) is readable while a socket in it is ready. So the loop
    makes one callback for all sockets that are ready, instead of one for each. And the loop does
    not decide what an error on a socket means: libuv, under uvloop, would stop watching it.
    """

    __slots__ = ("_is_armed", "_loop", "_selector", "watch")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._selector = new_selector()
        self._selector.on_fault = self._report_fault
        self._is_armed = False  # whether the loop will call _flush()
        self.watch: Watch = self._selector.watch
        loop.add_reader(self._selector.fileno(), self._selector.select, 0)

    def flush_soon(self, flush: Callable[[], bool]) -> None:
        """Has `flush()` called in the next round of the loop."""
        self._selector.flush_soon(flush)
        if not self._is_armed:
            self._is_armed = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_armed = False
        self._selector.flush()

    def close(self) -> None:
        """Removes the selector from the loop."""
        self._loop.remove_reader(self._selector.fileno())
        self._selector.close()

    def _report_fault(self, error: Exception) -> None:
        report_fault(self._loop, error)


def report_fault(loop: asyncio.AbstractEventLoop, error: Exception) -> None:
    """Reports a fault of our own, which must not stop the loop."""
    loop.call_exception_handler(
        {"message": "a fault in beamish.net; please report it", "exception": error}
    )


def poller_of(loop: asyncio.AbstractEventLoop) -> Poller:
    """The poller of a loop: its own, or a new one if the loop is not ours."""
    selector = getattr(loop, POLLER, None)
    return selector if isinstance(selector, NetSelector) else GuestPoller(loop)
