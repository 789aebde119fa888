"""100,000 processes wait in receive: what each costs.

beamish and asyncio: the growth of resident memory. OTP: the growth of ``erlang:memory(processes)``,
which is what its emulator counts as processes (``idle_rss`` has its resident memory). asyncio: a
task that waits at a queue of its own.
"""

from __future__ import annotations

import asyncio

from beamish import process
from beamish.process import receive
from benchmarks.clock import resident_bytes
from benchmarks.workload import InProcess
from benchmarks.workloads.kill import idle, idle_up, queue_idle


async def on_beamish(size: int) -> float:
    before = resident_bytes()
    for _ in range(size - 1):
        process.spawn(idle)
    process.spawn(idle_up, process.self())
    await receive("up")
    return (resident_bytes() - before) / size


async def on_asyncio(size: int) -> float:
    before = resident_bytes()
    tasks = [asyncio.create_task(queue_idle(asyncio.Queue())) for _ in range(size)]
    await asyncio.sleep(0)
    value = (resident_bytes() - before) / size
    for task in tasks:
        task.cancel()
    return value


WORKLOAD = InProcess(
    name="idle_memory",
    title="bytes of an idle process (OTP: memory(processes))",
    unit="bytes",
    better="lower",
    size=100_000,
    quick=100_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
    repeats=1,
    warm=False,
    loops=False,
)
