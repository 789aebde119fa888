"""The seam for sockets, and for whatever else wakes a process that is no process.

``suspend`` waits, ``wake`` ends the wait: a future without the future. Exit signals and
cancellations are raised in ``suspend``; so clean up in a ``finally``.
"""

from __future__ import annotations

import asyncio
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from .fate import is_alive
from .here import current, enqueue, here, running_node
from .mailbox import check, deliver, move_messages
from .outside import wait_outside
from .owned import add_owned, remove_owned
from .process import Process
from .states import OUTSIDE, RUNNING, THROWING, WAIT_WAKE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from beamish.terms import Pid

    from .timers import Timer

__all__ = [
    "RUNNING",
    "WAIT_WAKE",
    "Process",
    "add_owned",
    "as_no_process",
    "call_later",
    "current",
    "deliver",
    "here",
    "loop",
    "move_messages",
    "on_node_stop",
    "per_node",
    "process_of",
    "remove_owned",
    "suspend",
    "wake",
    "wake_error",
]


T = TypeVar("T")


class _Raise:
    """An exception on its way into an adopted process."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


@coroutine
def suspend(proc: Process) -> Generator[Any, Any, Any]:
    """Waits until ``wake(proc, value)`` and returns the value. `proc` is the calling process."""
    if proc.state > RUNNING:
        check(proc)
        if proc.state == OUTSIDE:
            proc.value = None
            proc.state = WAIT_WAKE
            value = yield from wait_outside(proc, message=False)
            if value.__class__ is _Raise:
                raise value.error
            return value
    proc.value = None
    proc.state = WAIT_WAKE
    return (yield)


def wake(proc: Process, value: Any) -> bool:
    """Ends the wait of a process in suspend(); False if it does not wait (any more)."""
    if proc.state != WAIT_WAKE:
        return False
    proc.state = RUNNING
    proc.value = value
    here.push(proc)
    return True


def wake_error(proc: Process, error: BaseException) -> bool:
    """Ends the wait by raising an exception in it; False if it does not wait (any more)."""
    if proc.state != WAIT_WAKE:
        return False
    outside = proc.rare is not None and proc.rare.outside is not None
    proc.state = RUNNING if outside else THROWING
    proc.value = _Raise(error) if outside else error
    enqueue(proc)
    return True


def process_of(pid: Pid) -> Process | None:
    """The living process of a pid."""
    proc: Process | None = pid._process
    return proc if proc is not None and is_alive(pid) else None


def call_later(seconds: float, callback: Callable[..., object], *args: Any) -> Timer:
    """Calls `callback(*args)` in `seconds`; the timer has ``cancel()``."""
    return running_node().timers.call_later(seconds, callback, *args)


def loop() -> asyncio.AbstractEventLoop:
    """The loop of the running node."""
    return running_node().loop


def per_node(make: Callable[[], T]) -> T:
    """What `make` made at its first use in the running node."""
    things = running_node().things
    if make not in things:
        things[make] = make()
    thing: T = things[make]
    return thing


def as_no_process(function: Callable[..., T], *args: Any, **kw: Any) -> T:
    """Calls a function as the loop would: what runs in it is no part of the calling process."""
    caller, here.process = here.process, None
    try:
        return function(*args, **kw)
    finally:
        here.process = caller


def on_node_stop(callback: Callable[[], object]) -> None:
    """Calls back when the node has stopped its processes; what it returns may be awaited."""
    running_node().on_stop.append(callback)
