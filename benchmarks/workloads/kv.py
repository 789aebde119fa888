"""The KV server of examples/kv: PUT and GET in turn on 100 connections, to 16 buckets.

Counted: commands that were answered. The same server in Erlang stands in ../otp/bench_kv*.erl: a
registry, a process for each bucket and a task for each connection, each under a supervisor.
"""

from __future__ import annotations

from benchmarks.workload import Echo

WORKLOAD = Echo(
    name="kv",
    title="commands of the KV server over TCP, 100 connections",
    unit="commands/s",
    kind="kv",
    connections=100,
)
