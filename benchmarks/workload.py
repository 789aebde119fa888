"""What a workload is: a name, a unit, sizes, and a way to measure it on each system."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Better", "Echo", "InProcess", "Measured", "Outside", "Workload"]

Better = Literal["higher", "lower"]

# Runs the workload once at the given size and returns the figure in the workload's unit.
Measured = Callable[[int], Coroutine[Any, Any, float]]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One line of the table.

    Attributes:
        name: its module under ``workloads/``, and its function in ``otp/bench.erl``.
        title: what is counted, for the reader of the table.
        unit: of the figure, such as ``messages/s``.
        better: whether the higher or the lower figure is the better one.
    """

    name: str
    title: str
    unit: str
    better: Better = "higher"


@dataclass(frozen=True, kw_only=True)
class InProcess(Workload):
    """A workload that runs inside one node.

    Attributes:
        size: how many units of work one measurement has; ``quick`` while developing.
        on_beamish: measures it, called inside a process of a fresh node.
        on_asyncio: the nearest thing in plain asyncio, or None where there is none.
        repeats: how often it is measured in one worker, which prints the median.
        warm: a run of a tenth of the size comes first, and is not counted.
        loops: it depends on the loop, so it is measured on uvloop as well.
        otp_flags: what `erl` must be told besides, such as a higher limit of processes.
    """

    size: int
    quick: int
    on_beamish: Measured
    on_asyncio: Measured | None = None
    repeats: int = 3
    warm: bool = True
    loops: bool = True
    otp_flags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Echo(Workload):
    """A server of TCP on 127.0.0.1: server and client are processes of the operating system.

    Attributes:
        connections: how many clients have one packet each on the way at any time.
        lines: in each packet.
        kind: what the clients do: see echo/client.c.
        figure: packets' worth a second, the 99th percentile of a packet's time, or memory of a
            connection.
        seconds: how long the answers are counted, after a quarter of that to warm up.
    """

    connections: int
    lines: int = 1
    kind: Literal["echo", "churn", "kv", "idle"] = "echo"
    figure: Literal["rate", "p99", "memory"] = "rate"
    seconds: float = 2.0
    quick_seconds: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Outside(Workload):
    """Something of a program that is seen from outside of it, such as the time until it is up.

    Attributes:
        measure: starts the program of the system, once, and returns the figure.
        systems: those that can be measured.
        repeats: how often it is measured in one worker, which prints the median.
    """

    measure: Callable[[str], float]
    systems: tuple[str, ...]
    repeats: int = 5
