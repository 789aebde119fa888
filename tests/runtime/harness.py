"""How the tests of the runtime run: each is the main process of a node of its own."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final, ParamSpec, TypeVar

import beamish
from beamish import Pid, process
from tests.support.clock import VirtualClockLoop

__all__ = ["PATIENCE", "end_of", "in_node", "in_real_node", "sleeper"]

P = ParamSpec("P")
T = TypeVar("T")

# Seconds that a test waits for what will come. On the real clock they pass only in a test that
# fails; on the virtual one they cost nothing.
PATIENCE: Final = 30.0


def in_node(test: Callable[P, Awaitable[object]]) -> Callable[P, None]:
    """Makes a test the main process of a node, on the virtual clock.

    There a test that waits for what never comes fails at once: the loop sees that nothing will
    happen any more.
    """
    return _in_node(test, VirtualClockLoop)


def in_real_node(test: Callable[P, Awaitable[object]]) -> Callable[P, None]:
    """The same on the real clock and the loop that beamish.run makes: where real CPU time, threads
    or sockets are the subject."""
    return _in_node(test, None)


def _in_node(
    test: Callable[P, Awaitable[object]],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
) -> Callable[P, None]:
    @functools.wraps(test)
    def run(*args: P.args, **kw: P.kwargs) -> None:
        beamish.run(functools.partial(test, *args, **kw), loop_factory=loop_factory)

    return run


async def end_of(pid: Pid) -> Any:
    """The exit reason of a process that has not ended yet, once it ends."""
    ref = process.monitor(pid)
    return (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4]


async def sleeper() -> None:
    """A process that takes no message and waits for ever."""
    await process.sleep(None)
