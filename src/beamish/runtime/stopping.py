"""The end of a node: its processes in order, then their resources, then the node itself."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from beamish.terms import SHUTDOWN
from beamish.terms.careful import do_all

from .exiting import finish
from .fate import doom
from .here import here
from .home import leave_home
from .offload import stop_executor
from .reports import report_error
from .signals import exit_signal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .node import Node
    from .process import Process

__all__ = ["close", "hurry", "kill_all", "stop"]

_QUICK: Final = 0.001  # seconds
_HURRIED_CLOSE: Final = 0.1  # seconds
_KILL_TIME: Final = 0.001  # seconds at most for each process that is killed at the end


async def stop(node: Node, seconds: float) -> None:
    """Ends all processes in order, then the node.

    First those whose parent is no longer a process get the exit signal `shutdown`, the latest
    first, then the orphans that they leave, and so on; after `seconds`, or when asked to `hurry`,
    the rest is killed.
    """
    if node.scheduler.forked:
        return  # a child must not end what is its parent's
    try:
        node.stopping = True
        node.deaths = deaths = asyncio.Event()
        _let_tasks_go(node)
        await _end_in_order(node, deaths, node.loop.time() + seconds)
        kill_all(node)
        killed = node.grace + _KILL_TIME * len(node.processes)
        await _end_in_order(node, deaths, node.loop.time() + killed)
        if node.closing:
            await _patiently(node, asyncio.wait(node.closing))
        for callback in reversed(node.on_stop):
            await _call_back(node, callback)
    finally:
        close(node)


async def _call_back(node: Node, callback: Callable[[], object]) -> None:
    try:
        waits = callback()
        if inspect.isawaitable(waits):
            await _patiently(node, waits)
    except Exception as error:
        report_error("The node's stop goes on, but this has failed in it", error)


def hurry(node: Node) -> None:
    """Kills every process, and ends what the node waits for in its stop.

    Closing a resource is interrupted; closing the remaining ones is started, not awaited.
    """
    node.hurried = True
    node.closing_time = _HURRIED_CLOSE
    kill_all(node)
    for task in node.closing:
        node.loop.call_soon(task.cancel)  # not before it has begun
    if node.patience is not None:
        node.patience.reschedule(node.loop.time())


def kill_all(node: Node) -> None:
    """Kills every process."""
    for proc in list(node.processes):
        if proc.rare is None or proc.rare.outside is None:
            doom(proc, "killed", force=True)


def close(node: Node) -> None:
    """Ends the node itself; processes that still run are dropped. What fails is reported."""
    preemption = [] if node.preemption is None else [node.preemption.close]
    executors = [partial(stop_executor, executor) for executor in node.executors.values()]
    steps: list[Callable[[], object]] = [
        *preemption,
        node.scheduler.close,
        node.timers.close,
        *executors,
        node.inbox.close,
        node.guard.close,
        node.reserve.end,
        partial(_leave, node),
    ]
    try:
        do_all(steps)
    except Exception as error:
        report_error("The node has ended, but this has failed in it", error)


def _leave(node: Node) -> None:
    """Another node may begin."""
    here.node = here.process = here.handed = here.due = None
    leave_home()
    here.journal.clear()
    node.processes.clear()
    node.adopted.clear()


def _let_tasks_go(node: Node) -> None:
    """Ends the processes of asyncio Tasks that have no parent; the Tasks continue."""
    for task, proc in list(node.adopted.items()):
        if proc.parent is not None:
            continue  # its supervisor ends it
        del node.adopted[task]
        finish(proc, SHUTDOWN, None, None)
        if proc.rare is not None and proc.rare.outside is not None:
            proc.rare.outside.release()


async def _end_in_order(node: Node, deaths: asyncio.Event, deadline: float) -> None:
    told: set[Process] = set()
    while node.processes and (start := node.loop.time()) < deadline:
        deaths.clear()
        orphans = [p for p in node.processes if p not in told and _is_orphan(p)]
        looking = node.loop.time() - start
        told.update(orphans)
        for proc in sorted(orphans, key=lambda p: p.pid._key(), reverse=True):
            exit_signal(proc, node.init_pid, SHUTDOWN, link=False)
        try:
            async with asyncio.timeout_at(deadline):
                await deaths.wait()
                if looking > _QUICK:
                    # With so many, some die in each turn of the loop, and looking through all of
                    # them each time would take most of it.
                    await asyncio.sleep(10 * looking)
        except TimeoutError:
            return


def _is_orphan(proc: Process) -> bool:
    return proc.parent is None or proc.parent._process is None


async def _patiently(node: Node, waits: Awaitable[Any]) -> None:
    """Waits for the end of something, but no longer than it may take."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0 if node.hurried else node.grace) as node.patience:
            await waits
    node.patience = None
