"""Two processes send one message to and fro: ``(self(), n)`` there, ``n`` back.

Counted: messages. asyncio: two tasks, each with a queue.
"""

from __future__ import annotations

import asyncio

from beamish import process
from beamish.process import receive, send
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess


async def server() -> None:
    while True:
        sender, n = await receive()
        send(sender, n)


async def on_beamish(size: int) -> float:
    pid, me = process.spawn(server), process.self()
    start = perf_counter()
    for n in range(size // 2):
        send(pid, (me, n))
        await receive()
    value = rate(size, start)
    process.exit(pid, "kill")
    return value


async def queue_server(requests: asyncio.Queue[tuple[asyncio.Queue[int], int]]) -> None:
    while True:
        replies, n = await requests.get()
        replies.put_nowait(n)


async def on_asyncio(size: int) -> float:
    requests: asyncio.Queue[tuple[asyncio.Queue[int], int]] = asyncio.Queue()
    replies: asyncio.Queue[int] = asyncio.Queue()
    task = asyncio.create_task(queue_server(requests))
    start = perf_counter()
    for n in range(size // 2):
        requests.put_nowait((replies, n))
        await replies.get()
    value = rate(size, start)
    task.cancel()
    return value


WORKLOAD = InProcess(
    name="ping_pong",
    title="two processes, one message to and fro",
    unit="messages/s",
    size=600_000,
    quick=100_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
)
