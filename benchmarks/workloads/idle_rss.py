"""The workload ``idle_memory``, measured the same way everywhere: the growth of resident memory."""

from __future__ import annotations

from benchmarks.workload import InProcess
from benchmarks.workloads import idle_memory

WORKLOAD = InProcess(
    name="idle_rss",
    title="bytes of an idle process, resident memory",
    unit="bytes",
    better="lower",
    size=100_000,
    quick=100_000,
    on_beamish=idle_memory.on_beamish,
    on_asyncio=idle_memory.on_asyncio,
    repeats=1,
    warm=False,
    loops=False,
)
