"""aiohttp's client and server in processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import pytest
from aiohttp import web as aioweb

from beamish import Down, process
from beamish.otp import GenServer, gen_server
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, Scene, Way, end_midway
from tests.citizenship.web import web

# ---- the client


def owned_session() -> aiohttp.ClientSession:
    """A session that is closed when the process that asks ends, also by a kill."""
    return process.own(aiohttp.ClientSession())


async def text_of(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as response:
        return await response.text()


def test_request_is_answered(run: Run) -> None:
    async def main() -> str:
        async with web() as site, aiohttp.ClientSession() as session:
            return await text_of(session, f"{site.url}/hello")

    assert run(main) == "hello"


def test_session_is_shared_by_many_processes(run: Run) -> None:
    async def main() -> int:
        async with web() as site, aiohttp.ClientSession() as session:

            async def worker() -> None:
                assert await text_of(session, f"{site.url}/hello") == "hello"

            for _ in range(10):
                process.spawn_monitor(worker)
            reasons = [(await process.receive(Down, timeout=PATIENCE)).reason for _ in range(10)]
            return reasons.count("normal")

    assert run(main) == 10


def test_timeout_of_the_client_ends_a_request(run: Run) -> None:
    """aiohttp's time-out cancels the current Task, and takes that back."""

    async def main() -> str:
        async with web() as site, aiohttp.ClientSession() as session:
            with pytest.raises(TimeoutError):
                await session.get(f"{site.url}/hang", timeout=aiohttp.ClientTimeout(total=0.01))
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
            return await text_of(session, f"{site.url}/hello")

    assert run(main) == "hello"


@pytest.mark.parametrize("path", ["hang", "part"])
def test_process_ends_in_a_request(run: Run, way: Way, path: str) -> None:
    async def main() -> Any:
        async with web() as site:

            async def body(scene: Scene) -> None:
                site.on_hang = scene.ready
                await text_of(owned_session(), f"{site.url}/{path}")

            return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_process_ends_inside_of_the_sessions_own_block(run: Run, way: Way) -> None:
    async def main() -> Any:
        async with web() as site:

            async def body(scene: Scene) -> None:
                site.on_hang = scene.ready
                async with aiohttp.ClientSession() as session:
                    await text_of(session, f"{site.url}/hello")
                    await text_of(session, f"{site.url}/hang")

            return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_process_ends_with_several_requests_in_gather(run: Run, way: Way) -> None:
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
                session = owned_session()
                await asyncio.gather(*(text_of(session, f"{site.url}/hang") for _ in range(3)))

            return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_end_of_one_process_leaves_a_shared_session_usable(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, str]:
        async with web() as site, aiohttp.ClientSession() as session:

            async def body(scene: Scene) -> None:
                site.on_hang = scene.ready
                await text_of(session, f"{site.url}/hang")

            reason, _ = await end_midway(way, body)
            return reason, await text_of(session, f"{site.url}/hello")

    assert run(main) == (REASONS[way], "hello")


# ---- the server


class Counter(GenServer):
    """Counts."""

    def init(self) -> None:
        self.n = 0

    def handle_call(self, request: object, caller: object) -> int:
        self.n += 1
        return self.n


async def count(request: aioweb.Request) -> aioweb.Response:
    """Asks a process: the handler runs in an asyncio Task of aiohttp's, which is adopted."""
    return aioweb.Response(text=str(await gen_server.call("counter", "next")))


async def chat(request: aioweb.Request) -> aioweb.WebSocketResponse:
    """A WebSocket whose messages go to a process and back."""
    socket = aioweb.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        n = await gen_server.call("counter", message.data)
        await socket.send_str(f"{message.data} {n}")
    return socket


@contextlib.asynccontextmanager
async def application() -> AsyncGenerator[str]:
    """The application on a free port; its URL."""
    app = aioweb.Application()
    app.router.add_get("/count", count)
    app.router.add_get("/chat", chat)
    runner = aioweb.AppRunner(app)
    process.own(runner, lambda runner: runner.cleanup())
    await runner.setup()
    try:
        await aioweb.TCPSite(runner, "127.0.0.1", 0).start()
        yield "http://{}:{}".format(*runner.addresses[0])
    finally:
        await runner.cleanup()
        process.disown(runner)


@contextlib.asynccontextmanager
async def counter() -> AsyncGenerator[None]:
    """The process `counter`."""
    pid = await Counter.start_link(name="counter")
    yield
    await gen_server.stop(pid)


def test_handler_of_the_server_calls_a_process(run: Run) -> None:
    async def main() -> list[str]:
        async with counter(), application() as url, aiohttp.ClientSession() as session:
            return [await text_of(session, f"{url}/count") for _ in range(3)]

    assert run(main) == ["1", "2", "3"]


def test_web_socket_talks_with_a_process(run: Run) -> None:
    async def main() -> list[str]:
        async with (
            counter(),
            application() as url,
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{url}/chat") as socket,
        ):
            answers: list[str] = []
            for word in ("a", "b"):
                await socket.send_str(word)
                answers.append(await socket.receive_str())
            return answers

    assert run(main) == ["a 1", "b 2"]


def test_server_is_closed_when_its_process_ends(run: Run, way: Way) -> None:
    """Its port is free when the end is told."""

    async def main() -> tuple[Any, str, bool]:
        urls: list[str] = []

        async def body(scene: Scene) -> None:
            async with application() as url:
                urls.append(url)
                scene.ready()
                await process.receive()

        async def ask() -> None:
            async with aiohttp.ClientSession() as session:
                answers.append(await text_of(session, f"{urls[0]}/count"))

        answers: list[str] = []
        async with counter():
            reason, _ = await end_midway(way, body, when=ask)
        async with aiohttp.ClientSession() as session:
            try:
                await text_of(session, urls[0])
            except aiohttp.ClientConnectorError:
                return reason, answers[0], True
        return reason, answers[0], False

    assert run(main) == (REASONS[way], "1", True)


def test_call_to_a_dead_process_fails_the_request_alone(run: Run) -> None:
    """As any exception of a handler does: the client gets an answer."""

    async def main() -> tuple[int, str]:
        async with application() as url, aiohttp.ClientSession() as session:
            async with session.get(f"{url}/count") as response:
                first = response.status
            async with counter():
                return first, await text_of(session, f"{url}/count")

    assert run(main) == (500, "1")
