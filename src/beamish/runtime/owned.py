"""Owned resources: they are closed when their process dies, before anyone hears of the death.

Anything with ``close_owned()``, ``aclose()``, ``close()``, ``cancel()``, ``kill()`` or
``terminate()`` can be owned; for anything else the owner says how to close it. A subprocess is
killed and waited for; an asyncio.Task is cancelled and awaited.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, final

from beamish.terms import BadArgError, Pid
from beamish.terms.errors import describe

from .fate import is_alive
from .here import current
from .reports import report_failed_close

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from .process import Process

    Waiting = tuple[Any, Awaitable[Any]]  # a resource, and what its closing waits for

__all__ = [
    "Owned",
    "add_owned",
    "close_all",
    "close_rest",
    "disown",
    "give_away",
    "own",
    "remove_owned",
]

T = TypeVar("T")


@final
class Owned:
    """A resource and how to close it."""

    __slots__ = ("close", "resource")

    def __init__(self, resource: Any, close: Callable[[], Any]) -> None:
        self.resource: Any = resource
        self.close: Callable[[], Any] = close


def add_owned(proc: Process, resource: Any, close: Callable[[Any], Any] | None = None) -> None:
    """Makes the process the owner of a resource.

    Args:
        resource: what to close when the process dies.
        close: called with the resource; the default depends on its type and methods.

    Raises:
        BadArgError: there is no known way to close it.
    """
    rare = proc.ensure_rare()
    if rare.owned is None:
        rare.owned = {}
    rare.owned[id(resource)] = Owned(resource, _closer(resource, close))


def remove_owned(proc: Process, resource: Any) -> bool:
    """Ends the ownership; returns whether there was one."""
    owned = proc.rare.owned if proc.rare is not None else None
    return owned is not None and owned.pop(id(resource), None) is not None


def _move_owned(proc: Process, resource: Any, heir: Process) -> None:
    """Makes another process the owner."""
    owned = proc.rare.owned if proc.rare is not None else None
    entry = owned.pop(id(resource), None) if owned is not None else None
    if entry is None:
        raise BadArgError(f"{proc.pid!r} does not own {resource!r} and cannot give it away")
    moved = getattr(resource, "give_away_owned", None)
    rare = heir.ensure_rare()
    if rare.owned is None:
        rare.owned = {}
    rare.owned[id(resource)] = entry
    if moved is not None:
        moved(proc.pid, heir.pid)


def _closer(resource: Any, close: Callable[[Any], Any] | None) -> Callable[[], Any]:
    if close is not None:
        return lambda: close(resource)
    own_way: Callable[[], Any] | None = getattr(resource, "close_owned", None)
    if own_way is not None:
        return own_way
    if isinstance(resource, asyncio.Task):
        task = cast("asyncio.Task[Any]", resource)
        return lambda: _end_task(task)
    if isinstance(resource, asyncio.subprocess.Process):
        return lambda: _end_subprocess(resource)
    if isinstance(resource, asyncio.StreamWriter):
        return lambda: _abort_stream(resource)
    for name in ("aclose", "close", "cancel", "kill", "terminate"):
        method: Callable[[], Any] | None = getattr(resource, name, None)
        if callable(method):
            return method
    raise BadArgError(
        f"own: {describe(resource)} has no close(), aclose(), cancel(), kill() "
        "or terminate(); say how to close it: own(resource, close=function)"
    )


async def _end_task(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _end_subprocess(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        try:
            child.kill()
        except ProcessLookupError:
            return
        await child.wait()


async def _abort_stream(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    try:
        await writer.wait_closed()
    except OSError:
        pass  # it was broken before
    except asyncio.CancelledError:
        if _cancelling():
            raise
        # The process waited for this as well, and its end cancelled it for both.
        await asyncio.sleep(0)  # the transport closes its socket in the next turn of the loop


def close_all(proc: Process, seconds: float) -> Coroutine[Any, Any, None] | None:
    """Closes what the process owns, the latest first, one after another.

    Returns:
        None if everything is closed, or else a coroutine that closes the rest. All in all it takes
        hardly longer than `seconds`.
    """
    waiting = _close_next(proc)
    return None if waiting is None else _close_in_order(proc, waiting, seconds)


async def _close_in_order(proc: Process, waiting: Waiting | None, seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while waiting is not None:
        resource, closing = waiting
        try:
            async with asyncio.timeout_at(deadline):
                await closing
        except BaseException as error:
            report_failed_close(proc, resource, error)
            if _is_hurried():
                deadline = 0.0  # closing the others is started, and not awaited
        waiting = _close_next(proc)


def _is_hurried() -> bool:
    """Whether this Task was cancelled (by stopping.hurry); takes the cancellation back."""
    hurried = False
    while task := _cancelling():
        task.uncancel()
        hurried = True
    return hurried


def _cancelling() -> asyncio.Task[Any] | None:
    """This Task if it was itself cancelled, and not only what it awaits."""
    task = asyncio.current_task()
    return task if task is not None and task.cancelling() else None


def close_rest(proc: Process) -> None:
    """Closes what is left, where nothing can be waited for any more."""
    while (waiting := _close_next(proc)) is not None:
        resource, closing = waiting
        report_failed_close(proc, resource, RuntimeError("nothing can wait for its closing"))
        if inspect.iscoroutine(closing):
            closing.close()


def _close_next(proc: Process) -> Waiting | None:
    """Closes resources until closing one has to be awaited; returns that one."""
    owned = proc.rare.owned if proc.rare is not None else None
    while owned:
        entry = owned.popitem()[1]
        try:
            result = entry.close()
            if inspect.isawaitable(result):
                return entry.resource, result
        except BaseException as error:
            report_failed_close(proc, entry.resource, error)
    return None


# ---- what users call: process.own and so on


def own(resource: T, close: Callable[[T], Any] | None = None) -> T:
    """Makes the calling process the owner of a resource; returns the resource.

    When the process ends, for whatever reason, the resource is closed before anyone hears of the
    death.

    Args:
        resource: a file, socket, connection, subprocess, asyncio.Task or anything else with
            ``aclose()``, ``close()``, ``cancel()``, ``kill()`` or ``terminate()``.
        close: closes it, instead of these methods; may return an awaitable.

    Raises:
        BadArgError: there is no known way to close it.

    Example:
        >>> file = own(open("data"))
    """
    add_owned(current(), resource, close)
    return resource


def disown(resource: Any) -> bool:
    """Ends the ownership without closing; returns whether there was one."""
    return remove_owned(current(), resource)


def give_away(resource: Any, pid: Pid) -> Literal[True]:
    """Makes another process the owner of a resource that the calling process owns.

    Raises:
        BadArgError: the caller does not own it, or the other is not alive.
    """
    if not isinstance(pid, Pid) or not is_alive(pid):
        raise BadArgError(f"give_away takes the Pid of a living process; got {pid!r}")
    _move_owned(current(), resource, pid._process)
    return True
