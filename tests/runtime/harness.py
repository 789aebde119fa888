"""How the tests of the runtime run: each is the main process of a node of its own."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final, ParamSpec

import beamish
from beamish import Pid, Ref, process
from beamish.testing import VirtualClockLoop, settle

__all__ = [
    "PATIENCE",
    "down_of",
    "end_of",
    "ended",
    "equal_to",
    "in_node",
    "in_real_node",
    "settle",
    "sleeper",
    "watched_end",
]

P = ParamSpec("P")

# Seconds that a test waits for what will come. On the real clock they pass only in a test that
# fails; on the virtual one they cost nothing.
PATIENCE: Final = 30.0


def in_node(test: Callable[P, Awaitable[object]]) -> Callable[P, None]:
    """Makes a test the main process of a node, on the virtual clock.

    A test that waits there for what never comes fails at once: the loop sees that nothing will
    happen any more.
    """
    return _in_node(test, VirtualClockLoop)


def in_real_node(test: Callable[P, Awaitable[object]]) -> Callable[P, None]:
    """The same on the real clock and the loop that beamish.run makes by itself.

    For tests whose subject is real CPU time, threads or files.
    """
    return _in_node(test, None)


def _in_node(
    test: Callable[P, Awaitable[object]],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
) -> Callable[P, None]:
    @functools.wraps(test)
    def run(*args: P.args, **kw: P.kwargs) -> None:
        beamish.run(functools.partial(test, *args, **kw), loop_factory=loop_factory)

    return run


async def down_of(ref: Ref) -> Any:
    """The reason in the Down of a monitor."""
    return (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4]


async def end_of(pid: Pid) -> Any:
    """The exit reason of a process that is alive still, once it has ended."""
    return await down_of(process.monitor(pid))


async def watched_end(fn: Callable[..., Any], *args: Any) -> Any:
    """The exit reason of a process that runs ``fn(*args)``."""
    _, ref = process.spawn_monitor(fn, *args)
    return await down_of(ref)


async def ended(fn: Callable[..., Any] = lambda: None) -> Pid:
    """The pid of a process that has ended."""
    pid, ref = process.spawn_monitor(fn)
    await down_of(ref)
    return pid


def equal_to(wanted: object) -> Callable[[object], bool]:
    """A predicate for receive, where a value would do: it is the predicate that is the subject."""

    def look(message: object) -> bool:
        return message == wanted

    return look


async def sleeper() -> None:
    """A process that takes no message and waits for ever."""
    await process.sleep(None)
