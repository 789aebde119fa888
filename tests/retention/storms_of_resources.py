"""Sockets, files, Tasks, work beside the node, and the stacks of processes that compute."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from beamish import process
from beamish.net import TcpError, gen_tcp

from .table import Boom, Payload, end_by_signal, ended, storm


class Closable:
    """What is closed at once."""

    def __init__(self) -> None:
        self.payload = Payload()

    def close(self) -> None:
        """Closes it."""


@storm
async def owned_resources(number: int) -> None:
    async def work() -> None:
        process.own(Closable())
        process.own(Closable(), close=Closable.close)
        process.own(asyncio.create_task(asyncio.sleep(3600.0)))
        process.disown(process.own(Closable()))

    for _ in range(number):
        await ended(work)


@storm
async def resources_given_away(number: int) -> None:
    async def give(heir: Any) -> None:
        process.give_away(process.own(Closable()), heir)

    for _ in range(number):
        heir = process.spawn(process.receive)
        await ended(give, heir)
        await end_by_signal(heir)


@storm
async def connections(number: int) -> None:
    listener = gen_tcp.listen(0)

    async def client() -> None:
        socket = await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))
        await gen_tcp.send(socket, b"x" * 100)

    for _ in range(number // 4):
        await ended(client)
        socket = await gen_tcp.accept(listener)
        gen_tcp.setopts(socket, active=True)
        gen_tcp.close(socket)
    process.flush()
    gen_tcp.close(listener)


@storm
async def acceptors_that_were_killed(number: int) -> None:
    listener = gen_tcp.listen(0)
    for _ in range(number):
        acceptor = process.spawn(gen_tcp.accept, listener)
        await process.sleep(0)
        await end_by_signal(acceptor)
    gen_tcp.close(listener)


@storm
async def senders_to_who_does_not_read(number: int) -> None:
    listener = gen_tcp.listen(0)
    payload = b"x" * 10_000_000

    async def client() -> None:
        socket = await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener))
        gen_tcp.setopts(socket, linger=(True, 0))
        while True:
            await gen_tcp.send(socket, payload)

    for _ in range(number // 50):
        pid = process.spawn(client)
        socket = await gen_tcp.accept(listener)
        await end_by_signal(pid)
        with contextlib.suppress(TcpError):
            await gen_tcp.recv(socket)
        gen_tcp.close(socket)
    gen_tcp.close(listener)


@storm
async def adopted_tasks(number: int) -> None:
    async def work() -> None:
        process.put("entry", Payload())
        process.send(process.self(), Payload())
        process.send_after(3600.0, process.self(), Payload())
        await process.receive()

    async def fail() -> None:
        process.put("entry", Payload())
        raise Boom

    async def wait() -> None:
        process.put("entry", Payload())
        await process.receive("never", timeout=3600.0)

    for _ in range(number):
        await asyncio.create_task(work())
        with contextlib.suppress(Boom):
            await asyncio.create_task(fail())
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@storm
async def work_beside_the_node(number: int) -> None:
    async def work() -> None:
        await process.offload(Payload)

    for _ in range(number):
        await ended(work)


def compute(seconds: float, _given: Payload) -> None:
    """Uses this much of the CPU."""
    _local = Payload()
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@storm
async def stacks_of_those_who_computed(number: int) -> list[Any]:
    most = min(number, 24)
    computing = [process.spawn_monitor(compute, 0.015, Payload()) for _ in range(most)]
    for _, ref in computing:
        await process.receive(("DOWN", ref, ..., ..., ...))
    return [pid for pid, _ in computing]


@storm
async def stacks_of_those_who_were_killed(number: int) -> list[Any]:
    most = min(number, 24)
    pids = [process.spawn(compute, 3600.0, Payload()) for _ in range(most)]
    for _ in range(3):
        await process.sleep(0)
    references = [process.monitor(pid) for pid in pids]
    for pid in pids:
        process.exit(pid, "kill")
    for ref in references:
        await process.receive(("DOWN", ref, ..., ..., ...))
    return pids
