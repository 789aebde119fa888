"""Running a test as the main process of a node of its own: on which clock, its decorator says."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec

import beamish
from beamish.testing import VirtualClockLoop

__all__ = ["on_real_clock", "on_virtual_clock"]

P = ParamSpec("P")


def on_virtual_clock(test: Callable[P, Awaitable[object]]) -> Callable[P, None]:
    """Makes a test the main process of a node whose clock jumps to the next timer.

    A test that waits there for what never comes fails at once: the loop sees that nothing will
    happen any more.
    """
    return _in_node(test, VirtualClockLoop)


def on_real_clock(test: Callable[P, Awaitable[object]]) -> Callable[P, None]:
    """The same on the real clock and the loop that beamish.run makes by itself.

    For tests whose subject is real CPU time, threads, sockets or files.
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
