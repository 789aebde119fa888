"""One process holds 10,000 monitors on another, which ends; every DOWN is received.

Counted: DOWN messages, from the message that ends it to the last of them; making the monitors is
not timed. asyncio: 10,000 done-callbacks of one task, each putting into a queue.
"""

from __future__ import annotations

import asyncio

from beamish import Down, process
from beamish.process import receive, send
from benchmarks.clock import perf_counter
from benchmarks.workload import InProcess

MONITORS = 10_000


async def monitored() -> None:
    await receive("die")


async def fire() -> float:
    pid = process.spawn(monitored)
    for _ in range(MONITORS):
        process.monitor(pid)
    start = perf_counter()
    send(pid, "die")
    for _ in range(MONITORS):
        await receive(Down)
    return perf_counter() - start


async def on_beamish(size: int) -> float:
    rounds = size // MONITORS
    return rounds * MONITORS / sum([await fire() for _ in range(rounds)])


async def fire_callbacks() -> float:
    downs: asyncio.Queue[asyncio.Task[bool]] = asyncio.Queue()
    die = asyncio.Event()
    task = asyncio.create_task(die.wait())
    for _ in range(MONITORS):
        task.add_done_callback(downs.put_nowait)
    await asyncio.sleep(0)
    start = perf_counter()
    die.set()
    for _ in range(MONITORS):
        await downs.get()
    return perf_counter() - start


async def on_asyncio(size: int) -> float:
    rounds = size // MONITORS
    return rounds * MONITORS / sum([await fire_callbacks() for _ in range(rounds)])


WORKLOAD = InProcess(
    name="monitors",
    title="10,000 monitors firing",
    unit="monitors/s",
    size=200_000,
    quick=50_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
)
