"""The workloads, in the order of the table. Each is a module of its name with a ``WORKLOAD``."""

from __future__ import annotations

from importlib import import_module

from benchmarks.workload import Workload

__all__ = ["NAMES", "load"]

NAMES = (
    "ping_pong",
    "ring",
    "fan_in",
    "send_by_name",
    "call",
    "call_busy",
    "selective",
    "spawn_exit",
    "kill",
    "link_chain",
    "monitors",
    "restarts",
    "timers_cancel",
    "timers_fire",
    "idle_memory",
    "idle_rss",
    "echo_1",
    "echo_100",
    "echo_1000",
)


def load(name: str) -> Workload:
    """Returns the workload of that name. Only its own module is imported."""
    if name not in NAMES:
        raise ValueError(f"expected a workload, one of {', '.join(NAMES)}; got {name!r}")
    workload = import_module(f"benchmarks.workloads.{name}").WORKLOAD
    assert isinstance(workload, Workload)
    assert workload.name == name
    return workload
