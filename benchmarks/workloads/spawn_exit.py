"""A process that returns at once is spawned under a monitor, its DOWN received; then the next.

Counted: processes. asyncio: a task is created and awaited.
"""

from __future__ import annotations

import asyncio

from beamish import process
from beamish.process import receive
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess


async def nothing() -> None:
    pass


async def on_beamish(size: int) -> float:
    start = perf_counter()
    for _ in range(size):
        _pid, ref = process.spawn_monitor(nothing)
        await receive(("DOWN", ref, ..., ..., ...))
    return rate(size, start)


async def on_asyncio(size: int) -> float:
    start = perf_counter()
    for _ in range(size):
        await asyncio.create_task(nothing())
    return rate(size, start)


WORKLOAD = InProcess(
    name="spawn_exit",
    title="spawn and exit, seen by a monitor",
    unit="processes/s",
    size=200_000,
    quick=30_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
)
