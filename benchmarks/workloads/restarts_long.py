"""As ``restarts``, but one supervisor lives through 2,000 restarts: its record of them grows long.

Counted: restarts, from ``exit(pid, kill)`` to the message that the new child's ``init`` sends. The
supervisor allows a million in an hour, so it has to remember all of them: OTP walks its list at
each restart. Reports are switched off.
"""

from __future__ import annotations

from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess
from benchmarks.workloads.restarts import one_supervisor

RESTARTS = 2_000


async def on_beamish(size: int) -> float:
    start = perf_counter()
    for _ in range(size // RESTARTS):
        await one_supervisor(RESTARTS, max_restarts=1_000_000, max_seconds=3600)
    return rate(size, start)


WORKLOAD = InProcess(
    name="restarts_long",
    title="children restarted by a supervisor that remembers 2,000 restarts",
    unit="restarts/s",
    size=20_000,
    quick=2_000,
    on_beamish=on_beamish,
)
