"""10,000 connections that have each echoed one line, and wait: what each costs.

Counted: the growth of the server's resident memory.
"""

from __future__ import annotations

from benchmarks.workload import Echo

WORKLOAD = Echo(
    name="echo_idle",
    title="memory of an idle connection, 10,000 of them",
    unit="bytes",
    better="lower",
    kind="idle",
    figure="memory",
    connections=10000,
)
