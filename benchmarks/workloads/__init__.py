"""The workloads: each is a module of its name here, with a ``WORKLOAD``. A new file is found."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from benchmarks.workload import Workload

__all__ = ["NAMES", "load"]

# The order of the table. A workload that is not named here comes after these.
ORDER = (
    "ping_pong",
    "ring",
    "fan_in",
    "send_by_name",
    "selective",
    "in_order",
    "call",
    "call_busy",
    "responses",
    "spawn_exit",
    "kill",
    "link_chain",
    "monitors",
    "restarts",
    "restarts_long",
    "start_children",
    "timers_cancel",
    "timers_fire",
    "idle_memory",
    "idle_rss",
    "idle_million",
    "echo_1",
    "echo_100",
    "echo_1000",
    "echo_5000",
    "echo_100_p99",
    "echo_1000_p99",
    "echo_1_lines",
    "echo_100_lines",
    "echo_1000_lines",
    "echo_5000_lines",
    "echo_idle",
    "churn",
    "kv",
)


def found(folder: Path) -> tuple[str, ...]:
    """Returns the names of the workloads that lie in a folder, in the order of the table."""
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    listed = [name for name in ORDER if name in names]
    return (*listed, *sorted(names.difference(listed)))


NAMES = found(Path(__file__).parent)


def load(name: str) -> Workload:
    """Returns the workload of that name. Only its own module is imported."""
    if name not in NAMES:
        raise ValueError(f"expected a workload, one of {', '.join(NAMES)}; got {name!r}")
    workload = import_module(f"benchmarks.workloads.{name}").WORKLOAD
    assert isinstance(workload, Workload)
    assert workload.name == name
    return workload
