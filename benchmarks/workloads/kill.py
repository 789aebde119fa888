"""100,000 processes that wait in receive are spawned under monitors, then killed one by one.

One by one: ``exit(pid, kill)``, wait for its DOWN, the next.

Counted: processes, from the first spawn to the last DOWN. asyncio: tasks that wait at a queue,
each cancelled and awaited.
"""

from __future__ import annotations

import asyncio

from beamish import Pid, process
from beamish.process import receive, send
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess


async def idle() -> None:
    await receive()


async def idle_up(main: Pid) -> None:
    """The last of many: it runs after all that were spawned before it reached their receive."""
    send(main, "up")
    await receive()


async def on_beamish(size: int) -> float:
    start = perf_counter()
    watched = [process.spawn_monitor(idle) for _ in range(size - 1)]
    watched.append(process.spawn_monitor(idle_up, process.self()))
    await receive("up")
    for pid, ref in watched:
        process.exit(pid, "kill")
        await receive(("DOWN", ref, ..., ..., ...))
    return rate(size, start)


async def queue_idle(queue: asyncio.Queue[int]) -> None:
    await queue.get()


async def on_asyncio(size: int) -> float:
    start = perf_counter()
    tasks = [asyncio.create_task(queue_idle(asyncio.Queue())) for _ in range(size)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
        await asyncio.wait([task])
    return rate(size, start)


WORKLOAD = InProcess(
    name="kill",
    title="100,000 processes spawned, then killed one by one",
    unit="processes/s",
    size=100_000,
    quick=20_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
    repeats=1,
)
