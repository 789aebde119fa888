"""The workload ``call`` by a process that has 10,000 unrelated messages in its mailbox.

Counted: calls and their replies. asyncio has no mailbox, so there is nothing to compare.
"""

from __future__ import annotations

from beamish import process
from benchmarks.workload import InProcess
from benchmarks.workloads import call

WAITING = 10_000


async def on_beamish(size: int) -> float:
    me = process.self()
    for n in range(WAITING):
        process.send(me, ("unrelated", n))
    value = await call.on_beamish(size)
    process.flush()
    return value


WORKLOAD = InProcess(
    name="call_busy",
    title="call with 10,000 unrelated messages waiting",
    unit="calls/s",
    size=200_000,
    quick=30_000,
    on_beamish=on_beamish,
)
