"""Measuring in turn: every system once, then every system again, so that noise meets all alike."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.build import HERE
from benchmarks.systems import SystemName, can_run
from benchmarks.worker import REMARK
from benchmarks.workload import Workload

__all__ = ["Figures", "measure_all"]

LIMIT_SECONDS = 300.0


@dataclass
class Figures:
    """The measurements of one workload on one system, in the order they were taken."""

    workload: Workload
    system: SystemName
    values: list[float] = field(default_factory=list[float])
    remark: str = ""
    failure: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def measure_all(
    workload: Workload, systems: Sequence[SystemName], rounds: int, build: Path, *, quick: bool
) -> list[Figures]:
    """Measures one workload on those of the systems that can run it.

    Args:
        workload: what is measured.
        systems: in the order of each round.
        rounds: how many figures each system gets.
        build: directory for what is compiled.
        quick: with the small size.
    """
    figures = [Figures(workload, system) for system in systems if can_run(workload, system)]
    for _ in range(rounds):
        for one in figures:
            if not one.failure:
                measure_once(one, build, quick=quick)
    return figures


def measure_once(figures: Figures, build: Path, *, quick: bool) -> None:
    """Adds one figure, taken in a process of its own, or notes why there is none."""
    command = list(worker_command(figures, build, quick=quick))
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=HERE.parent,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        figures.failure = f"not done in {LIMIT_SECONDS:.0f} s"
        return
    if done.returncode:
        figures.failure = last_line(done.stderr) or f"ended with {done.returncode}"
        return
    figures.values.append(float(done.stdout))
    figures.remark = remark(done.stderr)


def worker_command(figures: Figures, build: Path, *, quick: bool) -> Iterator[str]:
    yield from (sys.executable, "-m", "benchmarks.worker", figures.workload.name, figures.system)
    yield from ("--build", str(build))
    if quick:
        yield "--quick"


def remark(text: str) -> str:
    """Returns what the worker has to say for the table, among whatever else it printed."""
    lines = [line for line in text.splitlines() if line.startswith(REMARK)]
    return lines[-1].removeprefix(REMARK) if lines else ""


def last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
