"""A thousand processes each send their share of a million numbers to one, which takes them all.

Counted: messages, from the first spawn to the last receive. asyncio: a thousand tasks put into
one queue.
"""

from __future__ import annotations

import asyncio

from beamish import Pid, process
from beamish.process import receive, send
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess

SENDERS = 1000


async def sender(to: Pid, count: int) -> None:
    for n in range(count):
        send(to, n)


async def on_beamish(size: int) -> float:
    me = process.self()
    start = perf_counter()
    for _ in range(SENDERS):
        process.spawn(sender, me, size // SENDERS)
    for _ in range(size):
        await receive()
    return rate(size, start)


async def queue_sender(to: asyncio.Queue[int], count: int) -> None:
    for n in range(count):
        to.put_nowait(n)


async def on_asyncio(size: int) -> float:
    queue: asyncio.Queue[int] = asyncio.Queue()
    start = perf_counter()
    tasks = [asyncio.create_task(queue_sender(queue, size // SENDERS)) for _ in range(SENDERS)]
    for _ in range(size):
        await queue.get()
    value = rate(size, start)
    await asyncio.gather(*tasks)
    return value


WORKLOAD = InProcess(
    name="fan_in",
    title="1000 processes send to one",
    unit="messages/s",
    size=1_000_000,
    quick=100_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
    repeats=1,
)
