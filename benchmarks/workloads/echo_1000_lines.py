"""Line echo: each of 1000 connections has a packet of 20 lines of 32 bytes on the way at any time.

Counted: lines that came back. The servers stand in ../echo and in ../otp/bench_echo.erl; there is
one process (or task) a connection, sockets are passive, and the runtime cuts the lines.
"""

from __future__ import annotations

from benchmarks.workload import Echo

WORKLOAD = Echo(
    name="echo_1000_lines",
    title="line echo over TCP, 1000 connections, 20 lines in a packet",
    unit="lines/s",
    lines=20,
    connections=1000,
)
