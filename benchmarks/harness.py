"""Measuring in turn: every system once, then every system again, so that noise meets all alike."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import apart
from benchmarks.build import HERE
from benchmarks.plan import Plan
from benchmarks.runners import Runner, surroundings
from benchmarks.systems import PEERS, SERVERS, lacking
from benchmarks.worker import REMARK
from benchmarks.workload import Echo, InProcess, Workload

__all__ = ["Figures", "measure_all"]

LIMIT_SECONDS = 300.0

# The peers are slow: they get a tenth of the work, and do it once in a worker.
PEERS_PART = 10


@dataclass
class Figures:
    """The measurements of one workload by one runner, in the order they were taken.

    Attributes:
        remark: what the worker has to say beside its figure.
        failure: why there are fewer values than rounds.
        missing: why there is none at all, and none was tried for.
    """

    workload: Workload
    runner: Runner
    values: list[float] = field(default_factory=list[float])
    remark: str = ""
    failure: str = ""
    missing: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def measure_all(
    workload: Workload, runners: Sequence[Runner], rounds: int, build: Path, *, quick: bool
) -> list[Figures]:
    """Measures one workload by those of the runners that can.

    Args:
        workload: what is measured.
        runners: in the order of each round.
        rounds: how many figures each of them gets.
        build: directory for what is compiled.
        quick: with the small size.
    """
    figures = [
        Figures(workload, one, missing=lacking(workload, one.system) or one.missing)
        for one in runners
        if one.system not in SERVERS or isinstance(workload, Echo)
    ]
    for _ in range(rounds):
        for one in figures:
            if not (one.failure or one.missing):
                measure_once(one, build, quick=quick)
    return figures


def measure_once(figures: Figures, build: Path, *, quick: bool) -> None:
    """Adds one figure, taken in a process of its own, or notes why there is none."""
    command = list(worker_command(figures, build, quick=quick))
    outcome = apart.run(command, LIMIT_SECONDS, HERE.parent, surroundings())
    if outcome.failure:
        figures.failure = outcome.failure
        return
    try:
        figures.values.append(float(outcome.output.splitlines()[-1]))
    except (IndexError, ValueError):
        figures.failure = f"expected a number, got {outcome.output[-80:]!r}"
    figures.remark = remark(outcome.errors)


def worker_command(figures: Figures, build: Path, *, quick: bool) -> Iterator[str]:
    workload, runner = figures.workload, figures.runner
    yield runner.python
    yield "-m"
    if runner.system in PEERS:
        assert isinstance(workload, InProcess)
        plan = Plan.of(workload, quick=quick).part(PEERS_PART)
        yield from ("benchmarks.peers", runner.system, workload.name)
        yield from (str(plan.size), str(plan.warm), str(plan.repeats))
        return
    yield from ("benchmarks.worker", workload.name, runner.system, "--build", str(build))
    if quick:
        yield "--quick"


def remark(text: str) -> str:
    """Returns what the worker has to say for the table, among whatever else it printed."""
    lines = [line for line in text.splitlines() if line.startswith(REMARK)]
    return lines[-1].removeprefix(REMARK) if lines else ""
