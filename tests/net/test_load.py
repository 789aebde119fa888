"""Many connections."""

from __future__ import annotations

import pytest

from beamish import Down, Pid, process
from beamish.net import ListenSocket, Socket, gen_tcp

from .conftest import RunNode
from .sockets import SOON, watched

MANY = 5_000


async def echo(socket: Socket) -> None:
    while True:
        await gen_tcp.send(socket, await gen_tcp.recv(socket))


async def serve(listener: ListenSocket) -> None:
    while True:
        socket = await gen_tcp.accept(listener)
        gen_tcp.controlling_process(socket, process.spawn(quietly, socket))


async def quietly(socket: Socket) -> None:
    try:
        await echo(socket)
    except ConnectionError:
        pass


@pytest.mark.slow  # five thousand connections
def test_5000_connections_are_served_at_once_and_leave_nothing_behind(run_node: RunNode) -> None:
    async def client(port: int, n: int, parent: Pid) -> None:
        socket = await gen_tcp.connect("127.0.0.1", port, packet="line")
        process.send(parent, "connected")
        await process.receive("go")
        await gen_tcp.send(socket, b"%d\n" % n)
        assert await gen_tcp.recv(socket) == b"%d\n" % n
        process.send(parent, "answered")

    async def main() -> None:
        listener = gen_tcp.listen(0, packet="line")
        acceptor = process.spawn(serve, listener)
        before = len(process.list())
        clients = [watched(client, gen_tcp.port(listener), n, process.self()) for n in range(MANY)]
        for _ in range(MANY):
            await process.receive("connected", timeout=SOON)
        for pid, _ in clients:
            process.send(pid, "go")
        for _ in range(MANY):
            await process.receive("answered", timeout=SOON)
        ends = [await process.receive(Down, timeout=SOON) for _ in range(MANY)]
        assert {down.reason for down in ends} == {"normal"}

        while len(process.list()) > before:  # the server's processes see the ends
            await process.sleep(0)
        assert process.info(acceptor, "owned") == []

    run_node(main)


@pytest.mark.slow  # two thousand connections, one after the other
def test_connections_that_come_and_go_leave_nothing_behind(run_node: RunNode) -> None:
    async def main() -> None:
        listener = gen_tcp.listen(0, packet="line")
        process.spawn(serve, listener)
        before = len(process.list())
        for n in range(2_000):
            socket = await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))
            await gen_tcp.send(socket, b"%d\n" % n)
            assert await gen_tcp.recv(socket, timeout=SOON) == b"%d\n" % n
            gen_tcp.close(socket)

        while len(process.list()) > before:
            await process.sleep(0)

    run_node(main)
