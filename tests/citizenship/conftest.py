"""The fixtures of these tests: the loops, the ways to end a process, real servers."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol, TypeVar

import pytest

from tests.citizenship import harness
from tests.citizenship.harness import LOOPS, WAYS, Way

T = TypeVar("T")


class Run(Protocol):
    """Runs an ``async def`` and returns its result; see the harness."""

    def __call__(self, main: Callable[..., Awaitable[T]], *args: Any, **kw: Any) -> T: ...


@pytest.fixture(scope="session", autouse=True)
def _frozen_heap() -> Iterator[None]:
    """Every test collects garbage; what was imported before need not be looked at each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(params=LOOPS)
def loop_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def run(loop_name: str) -> Run:
    """Runs a process in a node, on each loop."""

    def call(main: Callable[..., Awaitable[T]], *args: Any, **kw: Any) -> T:
        return harness.run(LOOPS[loop_name], main, *args, **kw)

    return call


@pytest.fixture
def embed(loop_name: str) -> Run:
    """Runs an asyncio Task in a loop with a node, on each loop."""

    def call(main: Callable[..., Awaitable[T]], *args: Any, **kw: Any) -> T:
        return harness.embed(LOOPS[loop_name], main, *args, **kw)

    return call


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """How a process is ended: exit(pid, "kill"), an exit signal, asyncio's cancel()."""
    found: Way = request.param
    return found
