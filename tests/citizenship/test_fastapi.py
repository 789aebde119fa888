"""A FastAPI application in the loop of a node: its requests are Tasks, which are adopted."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from typing import Any, Literal

import httpx
import uvicorn
from fastapi import FastAPI

import beamish
from beamish import Pid, process
from beamish.otp import GenServer, gen_server
from tests.citizenship.conftest import Run
from tests.citizenship.harness import LOOPS, PATIENCE, REASONS, Scene, Way, end_midway


class Counter(GenServer):
    """Counts."""

    def init(self) -> None:
        self.n = 0

    def handle_call(self, request: object, caller: object) -> int:
        if request == "crash":
            raise ZeroDivisionError
        self.n += 1
        return self.n


@contextlib.asynccontextmanager
async def counter() -> AsyncGenerator[Pid]:
    """The process `counter`."""
    pid = await Counter.start(name="counter")
    yield pid
    if process.alive(pid):
        await gen_server.stop(pid)


def application() -> FastAPI:
    """The application of these tests."""
    app = FastAPI()

    @app.get("/count")
    async def count() -> int:
        answer: int = await gen_server.call("counter", "next")
        return answer

    @app.get("/raw")
    async def raw() -> str:
        """By hand: a message to a process, and its answer."""

        async def answer() -> None:
            sender, ref = await process.receive()
            process.send(sender, (ref, "answer"))

        pid, ref = process.spawn_monitor(answer)
        process.send(pid, (process.self(), ref))
        _, text = await process.receive((ref, str), timeout=PATIENCE)
        process.demonitor(ref, flush=True)
        return str(text)

    @app.get("/sync")
    def sync(dest: str) -> str:
        """FastAPI runs a plain function on a thread."""
        process.send_threadsafe(dest, "from a thread")
        return "sent"

    @app.get("/crash")
    async def crash() -> str:
        try:
            await gen_server.call("counter", "crash")
        except beamish.CallError as error:
            return beamish.format_exit(error.reason)
        return "?"

    @app.get("/timeout")
    async def timeout() -> str:
        try:
            async with asyncio.timeout(0.001):
                await process.receive()
        except TimeoutError:
            return "timed out"
        return "?"

    return app


def direct(app: Any) -> httpx.AsyncClient:
    """A client that calls the application without a socket, in the caller's own Task."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


@contextlib.asynccontextmanager
async def served(app: Any, lifespan: Literal["on", "off"] = "off") -> AsyncGenerator[str]:
    """The application served by uvicorn on a free port; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, lifespan=lifespan, ws="none")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0)
        try:
            yield "http://{}:{}".format(*listener.getsockname())
        finally:
            server.should_exit = True
            await task


def client_of(url: str) -> httpx.AsyncClient:
    """A client that reads no certificates, which would take most of the time here."""
    return httpx.AsyncClient(base_url=url, transport=httpx.AsyncHTTPTransport(verify=False))


async def get(url: str) -> Any:
    async with client_of(url) as client:
        return (await client.get(url)).json()


def test_request_calls_a_process_and_is_answered(embed: Run) -> None:
    async def main() -> list[int]:
        async with counter(), direct(application()) as client:
            return [(await client.get("/count")).json() for _ in range(3)]

    assert embed(main) == [1, 2, 3]


def test_request_is_answered_over_a_socket(embed: Run) -> None:
    async def main() -> list[int]:
        async with counter(), served(application()) as url:
            return [await get(f"{url}/count") for _ in range(3)]

    assert embed(main) == [1, 2, 3]


def test_requests_are_answered_at_the_same_time(embed: Run) -> None:
    async def main() -> list[int]:
        async with counter(), served(application()) as url:
            return sorted(await asyncio.gather(*(get(f"{url}/count") for _ in range(5))))

    assert embed(main) == [1, 2, 3, 4, 5]


def test_request_spawns_monitors_and_receives(embed: Run) -> None:
    async def main() -> str:
        async with served(application()) as url:
            return str(await get(f"{url}/raw"))

    assert embed(main) == "answer"


def test_plain_function_sends_from_its_thread(embed: Run) -> None:
    async def main() -> tuple[str, str]:
        process.register("main", process.self())
        async with served(application()) as url:
            sent = await get(f"{url}/sync?dest=main")
        process.unregister("main")
        return sent, await process.receive(timeout=PATIENCE)

    assert embed(main) == ("sent", "from a thread")


def test_crash_of_the_process_is_an_error_that_the_request_may_catch(embed: Run) -> None:
    async def main() -> str:
        async with counter(), served(application()) as url:
            return str(await get(f"{url}/crash"))

    text = embed(main, reports=("crash",))
    assert "ZeroDivisionError" in text


def test_timeout_of_asyncio_works_in_a_request(embed: Run) -> None:
    async def main() -> str:
        async with served(application()) as url:
            return str(await get(f"{url}/timeout"))

    assert embed(main) == "timed out"


def test_process_of_a_request_ends_with_it(embed: Run) -> None:
    async def main() -> str:
        app = FastAPI()
        pids: list[Pid] = []

        @app.get("/")
        async def root() -> str:
            pids.append(process.self())
            return "done"

        async with served(app) as url:
            text = await get(url)
        ref = process.monitor(pids[0])
        down = await process.receive((..., ref, ..., ..., ...), timeout=PATIENCE)
        assert down[4] in ("normal", "noproc")
        return str(text)

    assert embed(main) == "done"


def test_exit_signal_to_a_request_fails_it_alone(embed: Run) -> None:
    async def main() -> tuple[int, str]:
        app = FastAPI()
        director = process.self()

        @app.get("/waits")
        async def waits() -> None:
            process.send(director, process.self())
            await process.receive()

        @app.get("/answers")
        async def answers() -> str:
            return "answer"

        async with served(app) as url, client_of(url) as client:
            first = asyncio.create_task(client.get("/waits"))
            process.exit(await process.receive(Pid, timeout=PATIENCE), "boom")
            return (await first).status_code, (await client.get("/answers")).json()

    assert embed(main) == (500, "answer")


def test_call_to_a_dead_process_fails_the_request_alone(embed: Run) -> None:
    async def main() -> tuple[int, int]:
        async with served(application()) as url, client_of(url) as client:
            first = (await client.get("/count")).status_code
            async with counter():
                return first, (await client.get("/count")).json()

    assert embed(main) == (500, 1)


def test_node_lives_as_long_as_the_application(loop_name: str) -> None:
    """The usual way: the lifespan of the application holds the node and starts its servers."""
    ends: list[str] = []

    class Noting(Counter):
        def init(self) -> None:
            super().init()
            process.flag(trap_exit=True)

        def terminate(self, reason: object) -> None:
            ends.append(str(reason))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with beamish.node():
            await Noting.start_link(name="counter")
            yield

    async def main() -> list[int]:
        app = FastAPI(lifespan=lifespan)

        @app.get("/count")
        async def count() -> int:
            answer: int = await gen_server.call("counter", "next")
            return answer

        async with served(app, lifespan="on") as url:
            return [await get(f"{url}/count") for _ in range(2)]

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        assert runner.run(main()) == [1, 2]
    assert ends == ["shutdown"]


def test_application_is_served_by_a_process(run: Run) -> None:
    async def main() -> int:
        async with counter(), served(application()) as url:
            answer: int = await get(f"{url}/count")
            return answer

    assert run(main) == 1


def test_server_ends_with_the_process_that_serves(run: Run, way: Way) -> None:
    """uvicorn has no clean-up of its own for this: `own` says how to shut it down."""

    async def main() -> tuple[Any, int, bool]:
        urls: list[str] = []
        answers: list[int] = []

        async def serving(scene: Scene) -> None:
            listener = process.own(socket.create_server(("127.0.0.1", 0)))
            urls.append("http://{}:{}".format(*listener.getsockname()))
            config = uvicorn.Config(application(), log_config=None, lifespan="off", ws="none")
            server = process.own(uvicorn.Server(config), lambda server: server.shutdown())
            asyncio.get_running_loop().call_soon(scene.ready)
            await server.serve(sockets=[listener])

        async def ask() -> None:
            answers.append(await get(f"{urls[0]}/count"))

        async with counter():
            reason, _ = await end_midway(way, serving, when=ask)
        try:
            await get(urls[0])
        except httpx.ConnectError:
            return reason, answers[0], True
        return reason, answers[0], False

    assert run(main) == (REASONS[way], 1, True)
