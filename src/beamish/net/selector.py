"""A selector that serves our sockets within ``select()``, before asyncio sees their events.

asyncio's loop calls ``select()`` once in each of its rounds. Ours first writes what the processes
sent in the previous round, then polls, then calls each of our sockets that is ready, and returns
only the events of files that asyncio itself registered. So a socket needs neither a Handle of the
loop nor a callback in a Context. What it guarantees:

- No process runs within ``select()``. A socket only makes processes runnable, and the runtime
  schedules a drain. ``select()`` returns right after a poll that found an event, and does not wait
  if the writing before the poll made a process runnable.
- One write for each socket and round, however often its processes sent.

There are two selectors with this behaviour: one for epoll, and one for platforms without it.

Measured (CPython 3.11, line echo, 100 connections): 1.3 times as many lines per second of CPU time
as the same sockets behind ``loop.add_reader``.
"""

from __future__ import annotations

import math
import os
import select
import selectors
import weakref
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

__all__ = ["READ", "WRITE", "NetSelector", "new_selector"]

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

# What a socket can be ready for: epoll's own bits. A broken connection sets other bits as well.
READ: Final = 1
WRITE: Final = 4

OnReady = Callable[[int], None]
Flush = Callable[[], bool]
Events = list[tuple[selectors.SelectorKey, int]]

_MOST_EVENTS: Final = 512


class NetSelector(selectors.BaseSelector):
    """What our selectors share: the list of sockets with writes that were put off."""

    def __init__(self) -> None:
        self._written: list[Flush] = []
        # For sockets: has `flush()` called before the next poll. It returns whether it made a
        # process runnable.
        self.flush_soon: Callable[[Flush], None] = self._written.append
        # Called with a fault of our own, which must not stop the loop.
        self.on_fault: Callable[[Exception], object] = _raise

    def flush(self) -> bool:
        """Does the writes that were put off; returns whether one made a process runnable."""
        todo = self._written[:]
        self._written.clear()
        woken = False
        for flush in todo:
            try:
                if flush():
                    woken = True
            except Exception as error:  # noqa: BLE001
                self.on_fault(error)
        return woken

    @abstractmethod
    def fileno(self) -> int:
        """A descriptor that is readable while a file of this selector is ready."""

    @abstractmethod
    def watch(self, fd: int, before: int, events: int, on_ready: OnReady) -> None:
        """Changes what one of our sockets waits for, from `before` to `events`; 0 is nothing."""


class EpollSelector(NetSelector):
    """A selector on epoll, level-triggered."""

    def __init__(self) -> None:
        super().__init__()
        self._epoll = select.epoll()
        self._keys: dict[int, selectors.SelectorKey] = {}  # asyncio's
        self._sockets: dict[int, OnReady] = {}  # ours
        _living.add(self)

    # ---- for our sockets

    def fileno(self) -> int:
        """Epoll's own descriptor."""
        return self._epoll.fileno()

    def watch(self, fd: int, before: int, events: int, on_ready: OnReady) -> None:
        """Changes what one of our sockets waits for."""
        if not events:
            # Not registered while it waits for nothing: epoll would report a broken connection.
            del self._sockets[fd]
            if not self._epoll.closed:
                self._epoll.unregister(fd)
        elif before:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
            self._sockets[fd] = on_ready

    # ---- for asyncio

    def register(
        self, fileobj: FileDescriptorLike, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        """Registers a file for asyncio."""
        fd = _number(fileobj)
        if fd in self._keys or fd in self._sockets:
            raise KeyError(f"{fileobj!r} (FD {fd}) is already registered")
        self._epoll.register(fd, _to_epoll(events))
        key = self._keys[fd] = selectors.SelectorKey(fileobj, fd, events, data)
        return key

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        """Unregisters a file of asyncio's."""
        key = self._keys.pop(_number(fileobj))
        try:
            self._epoll.unregister(key.fd)
        except (OSError, ValueError):
            pass  # it was closed before, and epoll removed it by itself; or this is a forked child
        return key

    def modify(
        self, fileobj: FileDescriptorLike, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        """Changes what a file of asyncio's waits for."""
        key = self._keys[_number(fileobj)]
        if events != key.events:
            self._epoll.modify(key.fd, _to_epoll(events))
        key = self._keys[key.fd] = key._replace(events=events, data=data)
        return key

    def select(self, timeout: float | None = None) -> Events:
        """Writes, polls, serves our sockets, and returns asyncio's events."""
        if self._written and self.flush():
            timeout = 0
        if timeout is None:
            timeout = -1
        elif timeout > 0:
            # epoll counts milliseconds: round up, or the loop spins until the timer is due.
            timeout = math.ceil(timeout * 1000) * 1e-3
        else:
            timeout = 0
        sockets = self._sockets
        found: Events = []
        for fd, mask in self._epoll.poll(timeout, _MOST_EVENTS):
            on_ready = sockets.get(fd)
            if on_ready is not None:
                try:
                    on_ready(mask)
                except Exception as error:  # noqa: BLE001
                    self.on_fault(error)
            else:
                key = self._keys.get(fd)
                if key is not None:
                    found.append((key, _from_epoll(mask) & key.events))
        return found

    def end_in_child(self) -> None:
        """Lets go of the epoll object: a forked child shares it, and would change its parent's."""
        self._epoll.close()

    def close(self) -> None:
        """Closes the epoll object."""
        self._epoll.close()
        self._keys.clear()
        self._sockets.clear()

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        """The files that asyncio registered, by descriptor."""
        return self._keys  # type: ignore[return-value]  # asyncio looks up numbers only

    def get_key(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        """The entry of a file that asyncio registered."""
        return self._keys[_number(fileobj)]


class WrappedSelector(NetSelector):
    """A selector on the platform's best one, where that is not epoll."""

    def __init__(self) -> None:
        super().__init__()
        self._inner = selectors.DefaultSelector()

    def fileno(self) -> int:
        """The descriptor of the inner selector: of kqueue or /dev/poll."""
        return self._inner.fileno()

    def watch(self, fd: int, before: int, events: int, on_ready: OnReady) -> None:
        """Changes what one of our sockets waits for."""
        if not events:
            self._inner.unregister(fd)
        elif before:
            self._inner.modify(fd, _to_selectors(events), _Ours(on_ready))
        else:
            self._inner.register(fd, _to_selectors(events), _Ours(on_ready))

    def register(
        self, fileobj: FileDescriptorLike, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        """Registers a file for asyncio."""
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        """Unregisters a file of asyncio's."""
        return self._inner.unregister(fileobj)

    def modify(
        self, fileobj: FileDescriptorLike, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        """Changes what a file of asyncio's waits for."""
        return self._inner.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> Events:
        """Writes, polls, serves our sockets, and returns asyncio's events."""
        if self._written and self.flush():
            timeout = 0
        found: Events = []
        for key, mask in self._inner.select(timeout):
            if isinstance(key.data, _Ours):
                # A socket that was served earlier in this round may have closed this one.
                if self._inner.get_map().get(key.fd) is key:
                    try:
                        key.data.on_ready(_from_selectors(mask))
                    except Exception as error:  # noqa: BLE001
                        self.on_fault(error)
            else:
                found.append((key, mask))
        return found

    def close(self) -> None:
        """Closes the inner selector."""
        self._inner.close()

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        """All registered files."""
        return self._inner.get_map()


class _Ours:
    """Marks a key as one of our sockets."""

    __slots__ = ("on_ready",)

    def __init__(self, on_ready: OnReady) -> None:
        self.on_ready = on_ready


def _raise(error: Exception) -> None:
    raise error


def new_selector() -> NetSelector:
    """The best selector that this platform has."""
    return EpollSelector() if hasattr(select, "epoll") else WrappedSelector()


def _number(fileobj: FileDescriptorLike) -> int:
    return fileobj if isinstance(fileobj, int) else fileobj.fileno()


def _to_epoll(events: int) -> int:
    return (events & selectors.EVENT_READ and READ) | (events & selectors.EVENT_WRITE and WRITE)


def _from_epoll(mask: int) -> int:
    events = 0
    if mask & ~READ:  # a broken connection is an event for readers and for writers
        events |= selectors.EVENT_WRITE
    if mask & ~WRITE:
        events |= selectors.EVENT_READ
    return events


_to_selectors = _from_epoll


def _from_selectors(mask: int) -> int:
    return (mask & selectors.EVENT_READ and READ) | (mask & selectors.EVENT_WRITE and WRITE)


_living: Final[weakref.WeakSet[EpollSelector]] = weakref.WeakSet()


def _end_in_child() -> None:
    for selector in [*_living]:
        selector.end_in_child()


os.register_at_fork(after_in_child=_end_in_child)
