"""Timers of 1 ms are set, and the messages that they send to the process itself are received.

Counted: timers, from the first one set to the last message. asyncio: ``loop.call_later`` putting
into a queue.
"""

from __future__ import annotations

import asyncio

from beamish import process
from beamish.process import receive
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess


async def on_beamish(size: int) -> float:
    me = process.self()
    start = perf_counter()
    for _ in range(size):
        process.send_after(0.001, me, "tick")
    for _ in range(size):
        await receive()
    return rate(size, start)


async def on_asyncio(size: int) -> float:
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str] = asyncio.Queue()
    start = perf_counter()
    for _ in range(size):
        loop.call_later(0.001, queue.put_nowait, "tick")
    for _ in range(size):
        await queue.get()
    return rate(size, start)


WORKLOAD = InProcess(
    name="timers_fire",
    title="timers set and firing",
    unit="timers/s",
    size=200_000,
    quick=50_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
)
