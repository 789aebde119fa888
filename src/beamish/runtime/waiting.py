"""The seam for sockets: how code outside the runtime makes processes wait, and wakes them.

A process waits in ``suspend``. Any code that has its pid ends the wait with ``wake`` or
``wake_error``, in a callback of the loop or in another process. What it guarantees:

- A value arrives exactly once. If ``wake`` returns False, the process no longer waits and the
  caller still has the value. If an exit signal or a cancellation reaches the process between the
  wake and its turn, ``suspend`` passes the value to `take_back`.
- `take_back` is called whenever the wait ends in an exception, even if no value was given. So it is
  also the place to remove the process from a list of those that wait.
- Waking a process only puts it on the run queue. None of its code runs during the call.
- A process is known by its pid alone. Its state can be neither seen nor changed from outside.

Remove a pid from your list before you wake the process: by its next turn it may wait for something
else. A time-out is a timer (``call_later``) that does both.
"""

from __future__ import annotations

import asyncio
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from . import mailbox, owned
from .here import current, here, running_node
from .outside import wait_outside
from .states import OUTSIDE, RUNNING, THROWING, WAIT_WAKE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from beamish.terms import Pid

    from .process import Process
    from .timers import Timer

    TakeBack = Callable[[Pid, Any], object]

__all__ = [
    "as_no_process",
    "call_later",
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
def suspend(take_back: TakeBack | None = None) -> Generator[Any, Any, Any]:
    """Waits until the calling process is woken; returns the value that ``wake`` was given.

    Args:
        take_back: called as ``take_back(pid, value)`` if the wait ends in an exception. `value` is
            what ``wake`` was given and the process has not received; None if there is no such
            value. Must not raise.

    Raises:
        Exception: the one that ``wake_error`` was given.
    """
    proc = here.process or current()
    if proc.state > RUNNING and _is_outside(proc, take_back):
        return (yield from _suspend_outside(proc, take_back))
    proc.value = None
    proc.state = WAIT_WAKE
    try:
        return (yield)
    except BaseException:
        _take_back(proc, take_back)
        raise


def _is_outside(proc: Process, take_back: TakeBack | None) -> bool:
    """Whether the process is an adopted one. Raises if it is to end, or was cancelled."""
    try:
        mailbox.check(proc)
    except BaseException:
        if take_back is not None:
            take_back(proc.pid, None)
        raise
    return proc.state == OUTSIDE


def _suspend_outside(proc: Process, take_back: TakeBack | None) -> Generator[Any, Any, Any]:
    proc.value = None
    proc.state = WAIT_WAKE
    try:
        value = yield from wait_outside(proc, message=False)
        if value.__class__ is _Raise:
            raise value.error
        return value
    except BaseException:
        _take_back(proc, take_back)
        raise


def _take_back(proc: Process, take_back: TakeBack | None) -> None:
    value, proc.value = proc.value, None
    if take_back is not None:
        take_back(proc.pid, None if isinstance(value, BaseException | _Raise) else value)


def wake(pid: Pid, value: Any = None) -> bool:
    """Ends the wait of a process: ``suspend`` returns `value`, which must not be an exception.

    Returns:
        False if the process does not wait in ``suspend``. It does not get the value then.
    """
    proc: Process | None = pid._process
    if proc is None or proc.state != WAIT_WAKE:
        return False
    here.push(proc)
    proc.state = RUNNING
    proc.value = value
    return True


def wake_error(pid: Pid, error: Exception) -> bool:
    """Ends the wait of a process: ``suspend`` raises `error`.

    Returns:
        False if the process does not wait in ``suspend``.
    """
    proc: Process | None = pid._process
    if proc is None or proc.state != WAIT_WAKE:
        return False
    outside = proc.rare is not None and proc.rare.outside is not None
    value = _Raise(error) if outside else error
    here.push(proc)
    proc.state = RUNNING if outside else THROWING
    proc.value = value
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
