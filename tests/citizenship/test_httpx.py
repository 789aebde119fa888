"""httpx in processes."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import httpx
import pytest

from beamish import Down, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, Scene, Way, end_midway
from tests.citizenship.web import web

# Made once: reading the certificates takes most of the time of such a test.
CERTIFICATES = ssl.create_default_context()


def new_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=60, verify=CERTIFICATES)


def owned_client() -> httpx.AsyncClient:
    """A client that is closed when the process that asks ends, also by a kill."""
    return process.own(new_client())


def test_request_is_answered(run: Run) -> None:
    async def main() -> str:
        async with web() as site, new_client() as client:
            return (await client.get(f"{site.url}/hello")).text

    assert run(main) == "hello"


def test_answer_is_streamed(run: Run) -> None:
    async def main() -> bytes:
        async with (
            web() as site,
            new_client() as client,
            client.stream("GET", f"{site.url}/hello") as response,
        ):
            return b"".join([chunk async for chunk in response.aiter_bytes()])

    assert run(main) == b"hello"


def test_client_is_shared_by_many_processes(run: Run) -> None:
    async def main() -> int:
        async with web() as site, new_client() as client:

            async def worker() -> None:
                assert (await client.get(f"{site.url}/hello")).text == "hello"

            for _ in range(10):
                process.spawn_monitor(worker)
            reasons = [(await process.receive(Down, timeout=PATIENCE)).reason for _ in range(10)]
            return reasons.count("normal")

    assert run(main) == 10


def test_timeout_of_the_client_ends_a_request(run: Run) -> None:
    async def main() -> str:
        async with web() as site, new_client() as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(f"{site.url}/hang", timeout=httpx.Timeout(60, read=0.01))
            return (await client.get(f"{site.url}/hello")).text

    assert run(main) == "hello"


def test_timeout_of_asyncio_ends_a_request(run: Run) -> None:
    async def main() -> str:
        async with web() as site, new_client() as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(60) as timeout:
                    site.on_hang = lambda: timeout.reschedule(0)
                    await client.get(f"{site.url}/hang")
            return (await client.get(f"{site.url}/hello")).text

    assert run(main) == "hello"


@pytest.mark.parametrize("path", ["hang", "part"])
def test_process_ends_in_a_request(run: Run, way: Way, path: str) -> None:
    """The connection is closed: the server sees the end of it."""

    async def main() -> Any:
        async with web() as site:

            async def body(scene: Scene) -> None:
                site.on_hang = scene.ready
                await owned_client().get(f"{site.url}/{path}")

            return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_process_ends_inside_of_the_clients_own_block(run: Run, way: Way) -> None:
    async def main() -> Any:
        async with web() as site:

            async def body(scene: Scene) -> None:
                site.on_hang = scene.ready
                async with new_client() as client:
                    await client.get(f"{site.url}/hello")
                    await client.get(f"{site.url}/hang")

            return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_process_ends_while_it_reads_a_stream(run: Run, way: Way) -> None:
    async def main() -> Any:
        async with web() as site:

            async def body(scene: Scene) -> None:
                client = owned_client()
                async with client.stream("GET", f"{site.url}/part") as response:
                    async for _ in response.aiter_bytes():
                        scene.ready()

            return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_process_ends_with_several_requests_in_a_task_group(run: Run, way: Way) -> None:
    async def main() -> Any:
        async with web() as site:

            async def body(scene: Scene) -> None:
                waiting = 3

                def one_more() -> None:
                    nonlocal waiting
                    waiting -= 1
                    if not waiting:
                        scene.ready()

                site.on_hang = one_more
                client = owned_client()
                async with asyncio.TaskGroup() as group:
                    for _ in range(3):
                        group.create_task(client.get(f"{site.url}/hang"))

            return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_process_ends_with_idle_connections_in_its_client(run: Run, way: Way) -> None:
    async def main() -> Any:
        async with web() as site:

            async def body(scene: Scene) -> None:
                client = owned_client()
                async with asyncio.TaskGroup() as group:
                    for _ in range(3):
                        group.create_task(client.get(f"{site.url}/hello"))
                scene.ready()
                await process.receive()

            return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_end_of_one_process_leaves_a_shared_client_usable(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, str]:
        async with web() as site, new_client() as client:

            async def body(scene: Scene) -> None:
                site.on_hang = scene.ready
                await client.get(f"{site.url}/hang")

            reason, _ = await end_midway(way, body)
            return reason, (await client.get(f"{site.url}/hello")).text

    assert run(main) == (REASONS[way], "hello")


def test_refused_connection_is_the_exit_reason(run: Run) -> None:
    async def main() -> Any:
        async with web() as site:
            url = site.url

        async def body() -> None:
            await owned_client().get(url)

        process.spawn_monitor(body)
        return (await process.receive(Down, timeout=PATIENCE)).reason

    assert isinstance(run(main, reports=("crash",)), httpx.ConnectError)
