# pyright: basic, reportMissingImports=false
"""fauxtp: actors and GenServers on anyio, here on uvloop, which is its fastest backend."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from fauxtp import ANY, Actor, GenServer, send
from fauxtp import call as fauxtp_call
from fauxtp.actor.task import Task

from benchmarks.clock import perf_counter, rate

MEMBERS = SENDERS = 1000


def run(measured: Callable[[int], Coroutine[Any, Any, float]], size: int) -> float:
    """Runs one of the functions below."""
    value: float = anyio.run(measured, size, backend_options={"use_uvloop": True})
    return value


class Server(Actor):
    async def run(self, state: Any) -> Any:
        sender, n = await self.receive((ANY, lambda message: message))
        await send(sender, n)
        return state


class Client(Actor):
    def __init__(self, server: Any, count: int, done: Any) -> None:
        super().__init__()
        self.server, self.count, self.done = server, count, done

    async def run(self, state: Any) -> Any:
        for n in range(self.count):
            await send(self.server, (self.pid, n))
            await self.receive((ANY, lambda message: message))
        self.done.set()
        self.stop()


async def ping_pong(size: int) -> float:
    done = anyio.Event()
    async with anyio.create_task_group() as group:
        server = await Server.start(task_group=group)
        start = perf_counter()
        await Client.start(server, size // 2, done, task_group=group)
        await done.wait()
        value = rate(size, start)
        group.cancel_scope.cancel()
    return value


class Member(Actor):
    def __init__(self, done: Any) -> None:
        super().__init__()
        self.done = done

    async def init(self) -> Any:
        return await self.receive((ANY, lambda after: after))

    async def run(self, state: Any) -> Any:
        n = await self.receive((ANY, lambda message: message))
        if n:
            await send(state, n - 1)
        else:
            self.done.set()
        return state


async def ring(size: int) -> float:
    done = anyio.Event()
    async with anyio.create_task_group() as group:
        members = [await Member.start(done, task_group=group) for _ in range(MEMBERS)]
        for member, after in zip(members, members[1:] + members[:1], strict=True):
            await send(member, after)
        await anyio.wait_all_tasks_blocked()
        start = perf_counter()
        await send(members[0], size)
        await done.wait()
        value = rate(size, start)
        group.cancel_scope.cancel()
    return value


class Sender(Actor):
    def __init__(self, to: Any, count: int) -> None:
        super().__init__()
        self.to, self.count = to, count

    async def run(self, state: Any) -> Any:
        for n in range(self.count):
            await send(self.to, n)
        self.stop()


class Taker(Actor):
    def __init__(self, count: int, done: Any) -> None:
        super().__init__()
        self.count, self.done = count, done

    async def run(self, state: Any) -> Any:
        for _ in range(self.count):
            await self.receive((ANY, lambda message: message))
        self.done.set()
        self.stop()


async def fan_in(size: int) -> float:
    done = anyio.Event()
    start = perf_counter()
    async with anyio.create_task_group() as group:
        each = size // SENDERS
        taker = await Taker.start(each * SENDERS, done, task_group=group)
        for _ in range(SENDERS):
            await Sender.start(taker, each, task_group=group)
        await done.wait()
    return rate(size, start)


async def nothing() -> None:
    pass


async def spawn_exit(size: int) -> float:
    """A `Task`, which is an actor, and `join`."""
    async with anyio.create_task_group() as group:
        start = perf_counter()
        for _ in range(size):
            task = await Task.spawn(nothing, group)
            await task.join()
    return rate(size, start)


class Counter(GenServer):
    async def init(self) -> int:
        return 0

    async def handle_call(self, request: Any, from_ref: Any, state: int) -> tuple[int, int]:
        return state + 1, state + 1


async def call(size: int) -> float:
    async with anyio.create_task_group() as group:
        counter = await Counter.start(task_group=group)
        start = perf_counter()
        for _ in range(size):
            await fauxtp_call(counter, "ping", timeout=5.0)
        value = rate(size, start)
        group.cancel_scope.cancel()
    return value
