"""Every test of sockets runs on three event loops: ours, asyncio's own, and uvloop."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import beamish
from beamish.net import new_event_loop

Main = Callable[[], Coroutine[Any, Any, Any]]
RunNode = Callable[[Main], Any]


def _loops() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
        "beamish": new_event_loop,
        "asyncio": asyncio.SelectorEventLoop,
    }
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:  # not made for this Python yet
        return loops
    loops["uvloop"] = uvloop.new_event_loop
    return loops


_LOOPS = _loops()


@pytest.fixture(scope="session", autouse=True)
def _loops_have_run_once() -> None:
    """One of them, uvloop, opens a pipe when it first runs: that is no test's leak."""
    for factory in _LOOPS.values():
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.sleep(0))


@pytest.fixture(params=list(_LOOPS))
def run_node(request: pytest.FixtureRequest) -> RunNode:
    """Runs a main process in a fresh node on one of the loops."""
    factory = _LOOPS[request.param]

    def run(main: Main) -> Any:
        return beamish.run(main, loop_factory=factory)

    return run
