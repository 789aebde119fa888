"""A process that has 10,000 other messages in its mailbox takes one that stands behind them.

Counted: messages sent to itself, looked for and taken. asyncio has no mailbox, so there is nothing
to compare.
"""

from __future__ import annotations

from beamish import process
from beamish.process import receive, send
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess

WAITING = 10_000


async def on_beamish(size: int) -> float:
    me = process.self()
    for n in range(WAITING):
        send(me, ("noise", n))
    start = perf_counter()
    for n in range(size):
        send(me, ("wanted", n))
        await receive(("wanted", ...))
    value = rate(size, start)
    process.flush()
    return value


WORKLOAD = InProcess(
    name="selective",
    title="selective receive behind 10,000 other messages",
    unit="messages/s",
    size=10_000,
    quick=2_000,
    on_beamish=on_beamish,
)
