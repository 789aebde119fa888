"""Connections that come and go: each sends one line, takes the answer and closes; 64 at any time.

Counted: connections. The servers stand in ../echo and in ../otp/bench_echo.erl; there is
one process (or task) a connection, sockets are passive, and the runtime cuts the lines.
"""

from __future__ import annotations

from benchmarks.workload import Echo

WORKLOAD = Echo(
    name="churn",
    title="connections that come, echo a line and go, 64 at a time",
    unit="connections/s",
    kind="churn",
    connections=64,
)
