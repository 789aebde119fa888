"""10,000 timers of 10 to 20 seconds are set, then all are cancelled; and again.

Counted: timers set and cancelled. asyncio: ``loop.call_later`` and ``cancel``.
"""

from __future__ import annotations

import asyncio

from beamish import process
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess

TIMERS = 10_000


async def on_beamish(size: int) -> float:
    me = process.self()
    start = perf_counter()
    for _ in range(size // TIMERS):
        timers = [process.send_after(10.0 + n / 1000, me, "tick") for n in range(TIMERS)]
        for timer in timers:
            process.cancel_timer(timer)
    return rate(size, start)


def tick() -> None:
    pass


async def on_asyncio(size: int) -> float:
    loop = asyncio.get_running_loop()
    start = perf_counter()
    for _ in range(size // TIMERS):
        handles = [loop.call_later(10.0 + n / 1000, tick) for n in range(TIMERS)]
        for handle in handles:
            handle.cancel()
    return rate(size, start)


WORKLOAD = InProcess(
    name="timers_cancel",
    title="timers set and cancelled",
    unit="timers/s",
    size=200_000,
    quick=50_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
)
