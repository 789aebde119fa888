# pyright: basic, reportMissingImports=false
"""TriOTP: mailboxes and gen_servers on the trio that it asks for, a send waits for the receiver."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import Any

import trio
import trio.testing
from triotp import application, gen_server, mailbox, node

from benchmarks.clock import perf_counter, rate

MEMBERS = SENDERS = 1000


class Main:
    """The node's application: it runs one of the functions below."""

    def __init__(self, measured: Callable[[int], Coroutine[Any, Any, float]], size: int) -> None:
        self.__name__ = "measured"
        self.measured, self.size = measured, size
        self.value = 0.0

    async def start(self, _: Any) -> None:
        self.value = await self.measured(self.size)


def run(measured: Callable[[int], Coroutine[Any, Any, float]], size: int) -> float:
    """Runs one of the functions below as the application of a node."""
    main = Main(measured, size)
    node.run(apps=[application.app_spec(module=main, start_arg=None, permanent=False)])
    return main.value


async def server(mine: str) -> None:
    while True:
        sender, n = await mailbox.receive(mine)
        await mailbox.send(sender, n)


async def ping_pong(size: int) -> float:
    pid, me = mailbox.create(), mailbox.create()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server, pid)
        start = perf_counter()
        for n in range(size // 2):
            await mailbox.send(pid, (me, n))
            await mailbox.receive(me)
        value = rate(size, start)
        nursery.cancel_scope.cancel()
    return value


async def member(mine: str, after: str, done: Any) -> None:
    while n := await mailbox.receive(mine):
        await mailbox.send(after, n - 1)
    done.set()


async def ring(size: int) -> float:
    done = trio.Event()
    mailboxes = [mailbox.create() for _ in range(MEMBERS)]
    async with trio.open_nursery() as nursery:
        for mine, after in zip(mailboxes, mailboxes[1:] + mailboxes[:1], strict=True):
            nursery.start_soon(member, mine, after, done)
        start = perf_counter()
        await mailbox.send(mailboxes[0], size)
        await done.wait()
        value = rate(size, start)
        nursery.cancel_scope.cancel()
    return value


async def sender(to: str, count: int) -> None:
    for n in range(count):
        await mailbox.send(to, n)


async def fan_in(size: int) -> float:
    me = mailbox.create()
    start = perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(SENDERS):
            nursery.start_soon(sender, me, size // SENDERS)
        for _ in range(size // SENDERS * SENDERS):
            await mailbox.receive(me)
        return rate(size, start)


async def ending(ended: Any) -> None:
    ended.set()


async def spawn_exit(size: int) -> float:
    """Its processes are trio's tasks; the end of one is told by an event, as in on_trio.py."""
    async with trio.open_nursery() as nursery:
        start = perf_counter()
        for _ in range(size):
            ended = trio.Event()
            nursery.start_soon(ending, ended)
            await ended.wait()
        return rate(size, start)


async def init(_: Any) -> int:
    """The first callback of the gen_server that `call` calls."""
    return 0


async def handle_call(message: Any, _caller: Any, calls: int) -> Any:
    return gen_server.Reply(calls + 1), calls + 1


async def call(size: int) -> float:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gen_server.start, sys.modules[__name__], None, "counter")
        await trio.testing.wait_all_tasks_blocked()
        start = perf_counter()
        for _ in range(size):
            await gen_server.call("counter", "ping", timeout=5.0)
        value = rate(size, start)
        nursery.cancel_scope.cancel()
    return value
