"""asyncio's streams, servers and transports in processes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from beamish import Down, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, Scene, Way, end_midway

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def server_of(serve: Serve) -> AsyncGenerator[tuple[str, int]]:
    """A server on a free port."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield host, port


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def ask(address: tuple[str, int], text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(text)
        await writer.drain()
        return await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


def test_process_talks_with_a_server(run: Run) -> None:
    async def main() -> bytes:
        async with server_of(echo) as address:
            return await ask(address, b"hello\n")

    assert run(main) == b"HELLO\n"


def test_many_processes_talk_with_a_server_at_once(run: Run) -> None:
    async def main() -> set[bytes]:
        parent = process.self()

        async def client(n: int) -> None:
            process.send(parent, await ask(address, b"%d\n" % n))

        async with server_of(echo) as address:
            for n in range(20):
                process.spawn(client, n)
            return {await process.receive(timeout=PATIENCE) for _ in range(20)}

    assert run(main) == {b"%d\n" % n for n in range(20)}


def test_unix_socket_is_served(run: Run, tmp_path: Path) -> None:
    async def main() -> bytes:
        path = str(tmp_path / "socket")
        async with await asyncio.start_unix_server(echo, path):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"hello\n")
            line = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return line

    assert run(main) == b"HELLO\n"


def test_handler_of_a_server_is_adopted_and_asks_a_process(run: Run) -> None:
    """asyncio runs it as a Task: it takes part as any other process."""

    async def main() -> bytes:
        async def counter() -> None:
            count = 0
            while True:
                sender, ref = await process.receive()
                count += 1
                process.send(sender, (ref, count))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            ref = process.monitor(pid)
            process.send(pid, (process.self(), ref))
            _, count = await process.receive((ref, int), timeout=PATIENCE)
            process.demonitor(ref, flush=True)
            writer.write(b"%d\n" % count)
            writer.close()
            await writer.wait_closed()

        pid, monitor = process.spawn_monitor(counter)
        async with server_of(serve) as address:
            answers = [await ask(address, b"next\n") for _ in range(3)]
        process.exit(pid, "shutdown")
        await process.receive((..., monitor, ..., ..., ...), timeout=PATIENCE)
        return b"".join(answers)

    assert run(main) == b"1\n2\n3\n"


@pytest.mark.parametrize("step", ["read", "readline", "readexactly", "readuntil"])
def test_process_ends_while_it_reads(run: Run, way: Way, step: str) -> None:
    async def main() -> Any:
        async def body(scene: Scene) -> None:
            reader, writer = await asyncio.open_connection(*address)
            try:
                scene.ready()
                match step:
                    case "read":
                        await reader.read()
                    case "readline":
                        await reader.readline()
                    case "readexactly":
                        await reader.readexactly(10)
                    case _:
                        await reader.readuntil(b"end")
            finally:
                writer.close()

        async with server_of(echo) as address:
            return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_connection_is_closed_when_its_owner_ends(run: Run, way: Way) -> None:
    """`own` is what closes where no `finally` does; the other side reads the end."""

    async def main() -> tuple[Any, str]:
        parent = process.self()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
            process.send(parent, "closed")

        async def body(scene: Scene) -> None:
            _, writer = await asyncio.open_connection(*address)
            process.own(writer)
            scene.ready()
            await process.receive()

        async with server_of(serve) as address:
            reason, _ = await end_midway(way, body)
            return reason, await process.receive(timeout=PATIENCE)

    assert run(main) == (REASONS[way], "closed")


def test_process_ends_while_it_writes_to_one_that_does_not_read(run: Run, way: Way) -> None:
    async def main() -> Any:
        done = asyncio.Event()

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await done.wait()
            writer.transport.abort()

        async def body(scene: Scene) -> None:
            _, writer = await asyncio.open_connection(*address)
            process.own(writer)
            writer.write(bytes(10_000_000))
            scene.ready()
            await writer.drain()

        async with server_of(serve) as address:
            reason, _ = await end_midway(way, body)
            done.set()
            return reason

    assert run(main) == REASONS[way]


def test_process_ends_while_it_waits_for_the_close(run: Run, way: Way) -> None:
    async def main() -> Any:
        done = asyncio.Event()

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await done.wait()
            writer.transport.abort()

        async def body(scene: Scene) -> None:
            _, writer = await asyncio.open_connection(*address)
            process.own(writer)
            writer.write(bytes(10_000_000))
            writer.close()
            scene.ready()
            await writer.wait_closed()

        async with server_of(serve) as address:
            reason, _ = await end_midway(way, body)
            done.set()
            return reason

    assert run(main) == REASONS[way]


def test_process_ends_while_it_connects(run: Run, way: Way) -> None:
    """A connection that nobody accepts: the backlog is full."""

    async def body(scene: Scene, address: tuple[str, int]) -> None:
        scene.ready()
        await asyncio.open_connection(*address)

    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        assert run(end_midway, way, body, listener.getsockname()) == (REASONS[way], [])


def test_server_is_closed_when_the_process_that_serves_ends(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, bool]:
        addresses: list[tuple[str, int]] = []

        async def body(scene: Scene) -> None:
            server = process.own(await asyncio.start_server(echo, "127.0.0.1", 0))
            addresses.append(server.sockets[0].getsockname())
            scene.ready()
            await server.serve_forever()

        reason, _ = await end_midway(way, body)
        try:
            await asyncio.open_connection(*addresses[0])
        except ConnectionRefusedError:
            return reason, True
        return reason, False

    assert run(main) == (REASONS[way], True)


def test_connect_that_is_refused_is_an_error(run: Run) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            address = closed.getsockname()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)

    run(main)


def test_host_name_is_resolved(run: Run) -> None:
    async def main() -> bytes:
        async with server_of(echo) as (_, port):
            return await ask(("localhost", port), b"hello\n")

    assert run(main) == b"HELLO\n"


def test_sockets_of_the_loop_are_read_and_written(run: Run) -> None:
    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        one, other = socket.socketpair()
        with one, other:
            one.setblocking(False)
            other.setblocking(False)
            await loop.sock_sendall(one, b"hello")
            return await loop.sock_recv(other, 100)

    assert run(main) == b"hello"


def test_process_ends_in_sock_recv_and_the_loop_forgets_the_socket(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, bytes]:
        loop = asyncio.get_running_loop()
        one, other = socket.socketpair()
        with one, other:
            one.setblocking(False)
            other.setblocking(False)

            async def body(scene: Scene) -> None:
                scene.ready()
                await loop.sock_recv(one, 100)

            reason, _ = await end_midway(way, body)
            other.send(b"hello")
            return reason, await loop.sock_recv(one, 100)

    assert run(main) == (REASONS[way], b"hello")


def test_reader_of_the_loop_sends_to_a_process(run: Run) -> None:
    async def main() -> bytes:
        loop, me = asyncio.get_running_loop(), process.self()
        one, other = socket.socketpair()
        with one, other:
            loop.add_reader(one, lambda: process.send(me, one.recv(100)))
            other.send(b"hello")
            try:
                return await process.receive(timeout=PATIENCE)
            finally:
                loop.remove_reader(one)

    assert run(main) == b"hello"


def test_datagrams_go_to_a_process(run: Run) -> None:
    class Mailbox(asyncio.DatagramProtocol):
        def __init__(self, pid: Any) -> None:
            self.pid = pid

        def datagram_received(self, data: bytes, addr: object) -> None:
            process.send(self.pid, data)

    async def main() -> bytes:
        loop, me = asyncio.get_running_loop(), process.self()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Mailbox(me), local_addr=("127.0.0.1", 0)
        )
        transport.sendto(b"hello", transport.get_extra_info("sockname"))
        try:
            return await process.receive(timeout=PATIENCE)
        finally:
            transport.close()

    assert run(main) == b"hello"


def test_handshake_that_fails_closes_the_connection(run: Run) -> None:
    async def main() -> None:
        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 no TLS here\r\n")
            writer.close()
            await writer.wait_closed()

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        async with server_of(serve) as address:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection(*address, ssl=context)

    run(main)


def test_death_of_the_serving_process_is_told_after_its_port_is_free(run: Run) -> None:
    """Who hears of it can listen on the same port at once: a supervisor that restarts it."""

    async def main() -> bytes:
        async def serving(port: int) -> None:
            server = process.own(await asyncio.start_server(echo, "127.0.0.1", port))
            process.send(parent, server.sockets[0].getsockname()[1])
            await process.receive()

        parent = process.self()
        pid, _ = process.spawn_monitor(serving, 0)
        port = await process.receive(int, timeout=PATIENCE)
        process.exit(pid, "kill")
        await process.receive(Down, timeout=PATIENCE)
        pid, _ = process.spawn_monitor(serving, port)
        await process.receive(int, timeout=PATIENCE)
        answer = await ask(("127.0.0.1", port), b"again\n")
        process.exit(pid, "kill")
        await process.receive(Down, timeout=PATIENCE)
        return answer

    assert run(main) == b"AGAIN\n"
