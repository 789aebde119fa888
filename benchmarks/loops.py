"""Running a coroutine on the loop that a system stands for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any, TypeVar

import beamish

__all__ = ["loop_factory", "run_asyncio", "run_beamish"]

T = TypeVar("T")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def loop_factory(*, uvloop: bool) -> LoopFactory | None:
    """Returns uvloop's factory, or None for the default loop."""
    if not uvloop:
        return None
    factory: LoopFactory = import_module("uvloop").new_event_loop
    return factory


def run_asyncio(main: Coroutine[Any, Any, T], *, uvloop: bool) -> T:
    """Runs ``main`` in plain asyncio."""
    with asyncio.Runner(loop_factory=loop_factory(uvloop=uvloop)) as runner:
        return runner.run(main)


def run_beamish(main: Callable[[], Coroutine[Any, Any, T]], *, uvloop: bool) -> T:
    """Runs ``main`` as a process of a fresh node."""
    result: T = beamish.run(main, loop_factory=loop_factory(uvloop=uvloop))
    return result
