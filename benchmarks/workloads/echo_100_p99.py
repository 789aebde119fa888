"""Line echo with 100 connections: each has one line of 32 bytes on the way at any time.

Counted: microseconds from sending a line to its answer, of which 99 of 100 take no more.
"""

from __future__ import annotations

from benchmarks.workload import Echo

WORKLOAD = Echo(
    name="echo_100_p99",
    title="time of a line, 99th percentile, 100 connections",
    unit="us",
    better="lower",
    figure="p99",
    connections=100,
)
