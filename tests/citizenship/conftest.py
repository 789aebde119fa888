"""The fixtures of these tests: the loops, the ways to end a process, real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol, TypeVar

import pytest

from tests.citizenship import harness
from tests.citizenship.harness import LOOPS, WAYS, Way
from tests.citizenship.servers import postgres_server, redis_server

T = TypeVar("T")


class Run(Protocol):
    """Runs an ``async def`` and returns its result; see the harness."""

    def __call__(
        self,
        main: Callable[..., Awaitable[T]],
        /,
        *args: Any,
        reports: tuple[str, ...] = (),
        **kw: Any,
    ) -> T: ...


@pytest.fixture(scope="session", autouse=True)
def _warm_loops() -> None:
    """What a loop opens once in an OS process (uvloop: a pipe for signals) is no leak."""
    for factory in LOOPS.values():
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.sleep(0))


@pytest.fixture(params=LOOPS)
def loop_name(request: pytest.FixtureRequest) -> str:
    """On which loop."""
    name: str = request.param
    return name


@pytest.fixture
def run(loop_name: str) -> Run:
    """Runs a process in a node of its own, on each loop."""

    def call(
        main: Callable[..., Awaitable[T]],
        /,
        *args: Any,
        reports: tuple[str, ...] = (),
        **kw: Any,
    ) -> T:
        return harness.run(LOOPS[loop_name], main, *args, reports=reports, **kw)

    return call


@pytest.fixture
def embed(loop_name: str) -> Run:
    """Runs an asyncio Task in a loop with a node, on each loop."""

    def call(
        main: Callable[..., Awaitable[T]],
        /,
        *args: Any,
        reports: tuple[str, ...] = (),
        **kw: Any,
    ) -> T:
        return harness.embed(LOOPS[loop_name], main, *args, reports=reports, **kw)

    return call


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """How a process is ended: exit(pid, "kill"), another exit signal, asyncio's cancel()."""
    found: Way = request.param
    return found


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[str]:
    """The path of the socket of a real Redis."""
    with redis_server() as path:
        yield path


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[str]:
    """The folder of the socket of a real PostgreSQL."""
    with postgres_server() as folder:
        yield folder
