"""Line echo with 5000 connections: each has one line of 32 bytes on the way at any time.

Counted: lines that came back. The servers stand in ../echo and in ../otp/bench_echo.erl; there is
one process (or task) a connection, sockets are passive, and the runtime cuts the lines.
"""

from __future__ import annotations

from benchmarks.workload import Echo

WORKLOAD = Echo(
    name="echo_5000",
    title="line echo over TCP, 5000 connections",
    unit="lines/s",
    connections=5000,
)
