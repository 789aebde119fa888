# pyright: basic, reportMissingImports=false
"""trio: tasks in nurseries, and memory channels without a limit between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from typing import Any

import trio
import trio.testing

from benchmarks.clock import perf_counter, rate

MEMBERS = SENDERS = 1000


def run(measured: Callable[[int], Coroutine[Any, Any, float]], size: int) -> float:
    """Runs one of the functions below."""
    value: float = trio.run(measured, size)
    return value


async def server(requests: Any) -> None:
    async for replies, n in requests:
        replies.send_nowait(n)


async def ping_pong(size: int) -> float:
    ask, requests = trio.open_memory_channel(math.inf)
    replies, answers = trio.open_memory_channel(math.inf)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server, requests)
        start = perf_counter()
        for n in range(size // 2):
            ask.send_nowait((replies, n))
            await answers.receive()
        value = rate(size, start)
        nursery.cancel_scope.cancel()
    return value


async def member(mine: Any, after: Any, done: Any) -> None:
    async for n in mine:
        if not n:
            break
        after.send_nowait(n - 1)
    done.set()


async def ring(size: int) -> float:
    done = trio.Event()
    channels = [trio.open_memory_channel(math.inf) for _ in range(MEMBERS)]
    async with trio.open_nursery() as nursery:
        for (_, mine), (after, _) in zip(channels, channels[1:] + channels[:1], strict=True):
            nursery.start_soon(member, mine, after, done)
        await trio.testing.wait_all_tasks_blocked()
        start = perf_counter()
        channels[0][0].send_nowait(size)
        await done.wait()
        value = rate(size, start)
        nursery.cancel_scope.cancel()
    return value


async def sender(to: Any, count: int) -> None:
    for n in range(count):
        to.send_nowait(n)


async def fan_in(size: int) -> float:
    to, taken = trio.open_memory_channel(math.inf)
    start = perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(SENDERS):
            nursery.start_soon(sender, to, size // SENDERS)
        for _ in range(size):
            await taken.receive()
        return rate(size, start)


async def ending(ended: Any) -> None:
    ended.set()


async def spawn_exit(size: int) -> float:
    """Its end is told by an event: a nursery for each task, to await it, takes twice as long."""
    async with trio.open_nursery() as nursery:
        start = perf_counter()
        for _ in range(size):
            ended = trio.Event()
            nursery.start_soon(ending, ended)
            await ended.wait()
        return rate(size, start)


async def call_server(requests: Any) -> None:
    calls = 0
    async for request in requests:
        calls += 1
        request.answer(calls)


class Request:
    """A question, and the event that its answer is there: quicker than a channel for each."""

    def __init__(self, question: str) -> None:
        self.question, self.result = question, 0
        self.answered = trio.Event()

    def answer(self, result: int) -> None:
        self.result = result
        self.answered.set()


async def call(size: int) -> float:
    ask, requests = trio.open_memory_channel(math.inf)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(call_server, requests)
        start = perf_counter()
        for _ in range(size):
            request = Request("ping")
            ask.send_nowait(request)
            with trio.fail_after(5.0):
                await request.answered.wait()
        value = rate(size, start)
        nursery.cancel_scope.cancel()
    return value
