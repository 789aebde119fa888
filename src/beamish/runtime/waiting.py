"""The seam for sockets: how code outside the runtime makes processes wait, and wakes them.

A process waits on an object, with ``suspend(on)``. Any code that has the object ends the wait, with
``wake(on, value)`` or ``wake_error(on, error)``, in a callback of the loop or in another process.
What it guarantees:

- ``on.waiting`` is the pid of the process that waits, and None as soon as the wait has ended, in
  whatever way. So a wake ends the wait on this object and never a later wait of the process.
- A value arrives exactly once. If ``wake`` returns False, no process waits and the caller still has
  the value. If an exit signal or a cancellation reaches the process between the wake and its turn,
  the value is passed to ``on.take_back``.
- Waking a process only puts it on the run queue. None of its code runs during the call.
- A process is known by its pid alone. Its state can be neither seen nor changed from outside.

One process at a time can wait on an object. Where several wait in a queue, each has an object of
its own.
"""

from __future__ import annotations

import asyncio
from types import coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import mailbox, owned
from .here import check_thread, current, here, running_node
from .home import at_home
from .outside import wait_outside
from .states import OUTSIDE, RUNNING, THROWING, WAIT_WAKE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from beamish.terms import Pid

    from .process import Process
    from .timers import Timer

    class Waited(Protocol):
        """What a process can wait on; the seam alone sets `waiting`."""

        waiting: Pid | None

        def take_back(self, value: Any) -> object:
            """Takes a value back that ``wake`` was given, and no process received; not None."""
            ...


__all__ = [
    "as_no_process",
    "call_later",
    "check_thread",
    "disown",
    "exit_reason",
    "loop",
    "move_messages",
    "on_node_stop",
    "own",
    "per_node",
    "suspend",
    "wake",
    "wake_error",
]


T = TypeVar("T")


# ---- waiting


class _Raise:
    """An exception on its way into an adopted process."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


@coroutine
def suspend(on: Waited) -> Generator[Any, Any, Any]:
    """Waits until the calling process is woken; returns the value that ``wake`` was given.

    Args:
        on: an object that no process waits on.

    Raises:
        Exception: the one that ``wake_error`` was given.
    """
    proc = (at_home() and here.process) or current()
    if proc.state > RUNNING:
        mailbox.check(proc)
        if proc.state == OUTSIDE:
            return (yield from _suspend_outside(proc, on))
    on.waiting = proc.pid
    proc.value = None
    proc.state = WAIT_WAKE
    try:
        return (yield)
    except BaseException:
        _end_wait(proc, on)
        raise


def _suspend_outside(proc: Process, on: Waited) -> Generator[Any, Any, Any]:
    """suspend() in an adopted process."""
    on.waiting = proc.pid
    proc.value = None
    proc.state = WAIT_WAKE
    try:
        value = yield from wait_outside(proc, message=False)
        if value.__class__ is _Raise:
            raise value.error
        return value
    except BaseException:
        _end_wait(proc, on)
        raise


def _end_wait(proc: Process, on: Waited) -> None:
    """A wait ends in an exception: takes back the value that the process has not received."""
    if on.waiting is proc.pid:
        on.waiting = None
    value, proc.value = proc.value, None
    if value is not None and not isinstance(value, BaseException | _Raise):
        on.take_back(value)


def wake(on: Waited, value: Any = None) -> bool:
    """Ends the wait on an object: ``suspend`` returns `value`, which must not be an exception.

    Returns:
        False if no process waits on it.
    """
    pid = on.waiting
    if pid is None:
        return False
    on.waiting = None
    proc: Process | None = pid._process
    if proc is None or proc.state != WAIT_WAKE:  # an exit signal or a cancellation came first
        return False
    proc.state = RUNNING
    proc.value = value
    here.push(proc)
    return True


def wake_error(on: Waited, error: Exception) -> bool:
    """Ends the wait on an object: ``suspend`` raises `error`.

    Returns:
        False if no process waits on it.
    """
    pid, on.waiting = on.waiting, None
    proc: Process | None = pid._process if pid is not None else None
    if proc is None or proc.state != WAIT_WAKE:
        return False
    outside = proc.rare is not None and proc.rare.outside is not None
    proc.state = RUNNING if outside else THROWING
    proc.value = _Raise(error) if outside else error
    here.push(proc)
    return True


# ---- ownership


def own(pid: Pid, resource: Any) -> None:
    """Makes a living process the owner of a resource, which is closed when the process ends.

    The runtime calls ``resource.close_owned()`` at that end, and
    ``resource.give_away_owned(old, new)``, with both pids, after ``process.give_away``.
    """
    owned.add_owned(pid._process, resource)


def disown(pid: Pid, resource: Any) -> bool:
    """Ends the ownership without closing the resource; returns whether there was one."""
    proc: Process | None = pid._process
    return proc is not None and owned.remove_owned(proc, resource)


def exit_reason(pid: Pid) -> Any:
    """The exit reason of an owner, for use in ``close_owned``."""
    proc: Process | None = pid._process
    return proc.rare.reason if proc is not None and proc.rare is not None else None


def move_messages(source: Pid, target: Pid, wanted: Callable[[Any], bool]) -> None:
    """Moves the messages that `wanted` accepts to the end of another mailbox, in order."""
    if source._process is not None and target._process is not None:
        mailbox.move_messages(source._process, target._process, wanted)


# ---- the node


def call_later(seconds: float, callback: Callable[..., object], *args: Any) -> Timer:
    """Calls ``callback(*args)`` from the loop after `seconds`.

    Returns:
        The timer; its ``cancel()`` prevents the call.
    """
    return running_node().timers.call_later(seconds, callback, *args)


def loop() -> asyncio.AbstractEventLoop:
    """The event loop of the running node."""
    return running_node().loop


def per_node(make: Callable[[], T]) -> T:
    """Returns ``make()``, which is called once in each node."""
    things = running_node().things
    if make not in things:
        things[make] = make()
    thing: T = things[make]
    return thing


def on_node_stop(callback: Callable[[], object]) -> None:
    """Has `callback` called after the processes have ended; it may be a coroutine function."""
    running_node().on_stop.append(callback)


def as_no_process(function: Callable[..., T], *args: Any, **kw: Any) -> T:
    """Calls a function as the loop would, so that it does not run as the calling process."""
    caller, here.process = here.process, None
    try:
        return function(*args, **kw)
    finally:
        here.process = caller
