"""The workload ``idle_memory`` with a million processes alive at once, and resident memory.

OTP has resident memory here, too; it must be told to allow so many.
"""

from __future__ import annotations

from benchmarks.workload import InProcess
from benchmarks.workloads import idle_memory

WORKLOAD = InProcess(
    name="idle_million",
    title="bytes of an idle process among a million, resident memory",
    unit="bytes",
    better="lower",
    size=1_000_000,
    quick=200_000,
    on_beamish=idle_memory.on_beamish,
    repeats=1,
    warm=False,
    loops=False,
    otp_flags=("+P", "2000000"),
)
