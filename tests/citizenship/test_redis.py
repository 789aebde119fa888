"""The redis client in processes, against a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import redis.asyncio as redis

from beamish import Down, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, Scene, Way, end_midway


@contextlib.asynccontextmanager
async def client_of(path: str) -> AsyncGenerator[Any]:
    async with redis.Redis(unix_socket_path=path, decode_responses=True) as client:
        yield client


def owned_client(path: str) -> Any:
    """A client that is closed when the process that asks ends, also by a kill."""
    return process.own(
        redis.Redis(unix_socket_path=path, decode_responses=True), lambda client: client.aclose()
    )


async def one_is_blocked(path: str) -> None:
    """Waits until the server keeps a client waiting.

    Before that the client is still sending, in asyncio.wait_for, which in CPython 3.11 forgets a
    cancellation that comes with the result (python/cpython#86296).
    """
    async with asyncio.timeout(PATIENCE), client_of(path) as client:
        while (await client.info("clients"))["blocked_clients"] != 1:
            pass


@pytest.fixture(autouse=True)
def _empty(redis_socket: str) -> None:
    async def flush() -> None:
        async with client_of(redis_socket) as client:
            await client.flushall()

    asyncio.run(flush())


def test_commands_are_answered(run: Run, redis_socket: str) -> None:
    async def main() -> tuple[str, int]:
        async with client_of(redis_socket) as client:
            await client.set("word", "hello")
            return await client.get("word"), await client.incrby("count", 3)

    assert run(main) == ("hello", 3)


def test_pipeline_is_answered(run: Run, redis_socket: str) -> None:
    async def main() -> list[Any]:
        async with client_of(redis_socket) as client, client.pipeline() as pipe:
            answers: list[Any] = await pipe.set("a", 1).incr("a").get("a").execute()
            return answers

    assert run(main) == [True, 2, "2"]


def test_one_client_is_shared_by_many_processes(run: Run, redis_socket: str) -> None:
    async def main() -> str:
        async with client_of(redis_socket) as client:

            async def worker() -> None:
                await client.incr("count")

            for _ in range(20):
                process.spawn_monitor(worker)
            for _ in range(20):
                assert (await process.receive(Down, timeout=PATIENCE)).reason == "normal"
            return await client.get("count")

    assert run(main) == "20"


def test_subscription_forwards_to_a_process(run: Run, redis_socket: str) -> None:
    async def main() -> str:
        parent = process.self()

        async def listener() -> None:
            async with client_of(redis_socket) as client, client.pubsub() as pubsub:
                await pubsub.subscribe("news")
                async for message in pubsub.listen():
                    process.send(parent, (message["type"], message["data"]))
                    if message["type"] == "message":
                        return

        _, ref = process.spawn_monitor(listener)
        await process.receive(("subscribe", ...), timeout=PATIENCE)
        async with client_of(redis_socket) as client:
            await client.publish("news", "hello")
        _, text = await process.receive(("message", ...), timeout=PATIENCE)
        await process.receive((..., ref, ..., ..., ...), timeout=PATIENCE)
        return text

    assert run(main) == "hello"


def test_timeout_ends_a_command_and_the_client_goes_on(run: Run, redis_socket: str) -> None:
    async def main() -> str:
        async def expire() -> None:
            await one_is_blocked(redis_socket)
            timeout.reschedule(0)

        async with client_of(redis_socket) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(60) as timeout, asyncio.TaskGroup() as group:
                    group.create_task(expire())
                    await client.blpop("empty", timeout=60)
            await client.set("word", "hello")
            return await client.get("word")

    assert run(main) == "hello"


def test_process_ends_while_it_waits_for_an_answer(run: Run, way: Way, redis_socket: str) -> None:
    async def main() -> tuple[Any, list[str]]:
        async def body(scene: Scene) -> None:
            client = owned_client(redis_socket)
            await client.ping()
            with scene.noting("left"):
                scene.ready()
                await client.blpop("empty", timeout=60)

        return await end_midway(way, body, when=lambda: one_is_blocked(redis_socket))

    assert run(main) == (REASONS[way], ["left"])


def test_process_ends_inside_of_the_clients_own_block(
    run: Run, way: Way, redis_socket: str
) -> None:
    """`async with` closes for an exit signal; `own` closes for a kill as well."""

    async def main() -> Any:
        async def body(scene: Scene) -> None:
            async with owned_client(redis_socket) as client:
                scene.ready()
                await client.blpop("empty", timeout=60)

        return (await end_midway(way, body, when=lambda: one_is_blocked(redis_socket)))[0]

    assert run(main) == REASONS[way]


def test_process_ends_while_it_listens(run: Run, way: Way, redis_socket: str) -> None:
    async def main() -> Any:
        async def body(scene: Scene) -> None:
            client = owned_client(redis_socket)
            pubsub = process.own(client.pubsub(), lambda pubsub: pubsub.aclose())
            await pubsub.subscribe("news")
            async for message in pubsub.listen():
                if message["type"] == "subscribe":
                    scene.ready()

        return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_process_ends_while_it_holds_a_lock_and_the_lock_is_released(
    run: Run, redis_socket: str
) -> None:
    """An exit signal leaves time to tell the server."""

    async def main() -> tuple[Any, bool]:
        async def body(scene: Scene) -> None:
            client = owned_client(redis_socket)
            async with client.lock("lock", timeout=60):
                scene.ready()
                await process.receive()

        reason, _ = await end_midway("boom", body)
        async with client_of(redis_socket) as client:
            return reason, await client.exists("lock") == 0

    assert run(main) == ("boom", True)


def test_end_of_one_process_leaves_a_shared_client_usable(
    run: Run, way: Way, redis_socket: str
) -> None:
    async def main() -> tuple[Any, str]:
        async with client_of(redis_socket) as client:

            async def body(scene: Scene) -> None:
                await client.ping()
                scene.ready()
                await client.blpop("empty", timeout=60)

            reason, _ = await end_midway(way, body, when=lambda: one_is_blocked(redis_socket))
            await client.set("word", "hello")
            return reason, await client.get("word")

    assert run(main) == (REASONS[way], "hello")
