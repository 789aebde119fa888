"""asyncio's libraries beside processes that compute without end: they are preempted for them."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import anyio
import httpx
import pytest
import redis.asyncio as redis

from beamish import Down, Pid, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, SOON
from tests.citizenship.web import web


async def hog(log: list[str], starter: Pid) -> None:
    process.send(starter, "computing")
    try:
        while True:
            pass
    finally:
        log.append("killed")


@contextlib.asynccontextmanager
async def hogs() -> AsyncGenerator[None]:
    """Two processes that never wait; they are killed at the end, and clean up."""
    log: list[str] = []
    watched = [process.spawn_monitor(hog, log, process.self()) for _ in range(2)]
    for _ in watched:
        await process.receive("computing", timeout=PATIENCE)
    try:
        yield
    finally:
        for pid, ref in watched:
            process.exit(pid, "kill")
            down = await process.receive((..., ref, ..., ..., ...), timeout=PATIENCE)
            assert down == Down(ref, "process", pid, "killed")
        assert log == ["killed"] * 2


async def with_timeout() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await process.receive()


async def with_task_group() -> None:
    async def double(n: int) -> int:
        await asyncio.sleep(SOON)
        return 2 * n

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(double(n)) for n in range(3)]
    assert [task.result() for task in tasks] == [0, 2, 4]


async def with_anyio() -> None:
    with anyio.move_on_after(SOON) as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            await process.receive()
    assert scope.cancelled_caught


async def with_threads() -> None:
    assert await asyncio.to_thread(sum, (1, 2)) == 3
    assert await process.offload(sum, (1, 2)) == 3


async def with_subprocess() -> None:
    child = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    output, _ = await child.communicate(b"hello")
    assert output == b"hello"


async def with_httpx() -> None:
    transport = httpx.AsyncHTTPTransport(verify=False)  # reads no certificates: it takes long
    async with web() as site, httpx.AsyncClient(transport=transport) as client:
        assert (await client.get(f"{site.url}/hello")).text == "hello"


async def with_aiohttp() -> None:
    async with (
        web() as site,
        aiohttp.ClientSession() as session,
        session.get(f"{site.url}/hello") as response,
    ):
        assert await response.text() == "hello"


@pytest.mark.slow  # the hogs have their share of the time
@pytest.mark.parametrize(
    "work",
    [
        with_timeout,
        with_task_group,
        with_anyio,
        with_threads,
        with_subprocess,
        with_httpx,
        with_aiohttp,
    ],
)
def test_library_works_beside_hogs(run: Run, work: Any) -> None:
    async def main() -> str:
        async with hogs():
            await work()
        return "done"

    assert run(main) == "done"


@pytest.mark.slow  # the hogs have their share of the time
def test_redis_answers_beside_hogs(run: Run, redis_socket: str) -> None:
    async def main() -> bool:
        client: Any = redis.Redis(unix_socket_path=redis_socket)
        async with hogs(), client:
            return bool(await client.ping())

    assert run(main)


@pytest.mark.slow  # the hogs have their share of the time
def test_task_of_an_embedding_loop_works_beside_hogs(embed: Run) -> None:
    async def main() -> str:
        async with hogs():
            await with_timeout()
            await with_task_group()
        return "done"

    assert embed(main) == "done"


@pytest.mark.slow  # it computes until it is preempted
def test_cancellation_of_a_preempted_process_is_raised_at_its_next_receive(run: Run) -> None:
    async def main() -> Any:
        stop: list[str] = []

        async def computes(parent: Any) -> None:
            process.send(parent, asyncio.current_task())
            while not stop:
                pass
            await process.receive()

        _, ref = process.spawn_monitor(computes, process.self())
        task = await process.receive(timeout=PATIENCE)
        # This runs, so the other was preempted: it is parked in the middle of its loop.
        task.cancel()
        stop.append("stop")
        return (await process.receive((..., ref, ..., ..., ...), timeout=PATIENCE))[4]

    assert run(main) == "cancelled"


@pytest.mark.slow  # it computes until it is preempted several times
def test_hog_keeps_its_variables_and_its_task_across_preemptions(run: Run) -> None:
    async def main() -> tuple[bool, str]:
        async def computes(parent: Any) -> None:
            me, task = process.self(), asyncio.current_task()
            total = 0
            for n in range(300_000):
                total += n
            process.send(
                parent,
                (me is process.self() and task is asyncio.current_task(), str(total)),
            )

        process.spawn(computes, process.self())
        process.spawn(computes, process.self())
        first = await process.receive(timeout=PATIENCE)
        second = await process.receive(timeout=PATIENCE)
        assert first == second
        return first

    assert run(main) == (True, str(sum(range(300_000))))
