"""What an operation costs while many other processes are alive: ``python -m benchmarks.flat``.

At each of five sizes, from 1,000 to 1,000,000 processes that wait in receive:

spawn: ``spawn_monitor`` of a process, until it waits in receive, too;
send: a message to a random one of those that wait, and its answer;
kill: ``exit(pid, kill)``, until its DOWN is received.

The figures are microseconds for each operation, of 20 batches of 1,000. Each size is measured in an
operating-system process of its own, the systems in turn.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from beamish import Pid, Ref, process
from beamish.process import receive, send
from benchmarks import apart, interpreters, machine, report, runners
from benchmarks.__main__ import save, stop
from benchmarks.build import HERE, erl_command
from benchmarks.clock import perf_counter
from benchmarks.figures import Figure, compare, groups
from benchmarks.loops import run_beamish
from benchmarks.runners import Runner

__all__ = ["OPERATIONS", "SIZES", "main", "pivot"]

SIZES = (1_000, 10_000, 100_000, 300_000, 1_000_000)
OPERATIONS = ("spawn", "send", "kill")
BATCHES, BATCH = 20, 1_000
LIMIT_SECONDS = 600.0


async def answering() -> None:
    while True:
        sender, n = await receive()
        send(sender, n)


async def up(main: Pid) -> None:
    """The last of many: it runs after all that were spawned before it have reached receive."""
    send(main, "up")
    await answering()


async def spawn_all(count: int) -> list[tuple[Pid, Ref]]:
    made = [process.spawn_monitor(answering) for _ in range(count - 1)]
    made.append(process.spawn_monitor(up, process.self()))
    await receive("up")
    return made


async def on_beamish(alive: int) -> dict[str, float]:
    """Returns the microseconds of each operation."""
    waiting = [pid for pid, _ in await spawn_all(alive)]
    me, took = process.self(), dict.fromkeys(OPERATIONS, 0.0)
    for _ in range(BATCHES):
        chosen = random.choices(waiting, k=BATCH)
        begin = perf_counter()
        made = await spawn_all(BATCH)
        spawned = perf_counter()
        for n, pid in enumerate(chosen):
            send(pid, (me, n))
            await receive()
        sent = perf_counter()
        for pid, ref in reversed(made):
            process.exit(pid, "kill")
            await receive(("DOWN", ref, ..., ..., ...))
        for name, time in zip(OPERATIONS, lapses(begin, spawned, sent), strict=True):
            took[name] += time
    return {name: time * 1e6 / (BATCHES * BATCH) for name, time in took.items()}


def lapses(begin: float, spawned: float, sent: float) -> tuple[float, float, float]:
    return spawned - begin, sent - spawned, perf_counter() - sent


def main() -> None:
    options = arguments()
    if options.worker:
        logging.disable()
        uvloop = options.systems[0] == "beamish-uvloop"
        print(json.dumps(run_beamish(lambda: on_beamish(options.sizes[0]), uvloop=uvloop)))
        return
    signal.signal(signal.SIGTERM, stop)
    here = machine.look()
    print(here.header())
    pythons = [interpreters.look(path) for path in options.python]
    who = runners.find(options.systems, pythons, sys.executable)
    with tempfile.TemporaryDirectory(prefix="beamish-bench-") as build:
        figures = [
            figure
            for alive in options.sizes
            for figure in measured(alive, who, options.rounds, Path(build))
        ]
    for group in groups(figures):
        compare(group)
    print("\n".join(pivot(figures)))
    save([one for one in figures if one.values], options.json, here)
    sys.exit(1 if any(one.failure for one in figures) else 0)


def measured(alive: int, who: Sequence[Runner], rounds: int, build: Path) -> Iterator[Figure]:
    """Yields the figures of one size."""
    rows = {runner.label: {op: empty(op, alive, runner) for op in OPERATIONS} for runner in who}
    for _ in range(rounds):
        for runner in who:
            if not any(one.failure for one in rows[runner.label].values()):
                add(rows[runner.label], alive, runner, build)
    for op in OPERATIONS:
        yield from (row[op] for row in rows.values())


def empty(operation: str, alive: int, runner: Runner) -> Figure:
    return Figure(
        workload=f"flat_{operation}_{alive}",
        title=f"{operation} among {alive:,} processes",
        unit="us",
        better="lower",
        system=runner.system,
        label=runner.label,
        version=runner.version,
        failure=runner.missing,
    )


def add(row: dict[str, Figure], alive: int, runner: Runner, build: Path) -> None:
    """Measures once, and adds a value to each of the row's figures."""
    command = [runner.python, "-m", "benchmarks.flat", "--worker"]
    command += ["--systems", runner.system, "--sizes", str(alive)]
    if runner.system == "otp":
        command = erl_command(build, "bench_flat", str(alive), flags=("+P", "4000000"))
    outcome = apart.run(command, LIMIT_SECONDS, HERE.parent, runners.surroundings())
    print(f"  {alive:,} alive, {runner.label}: {outcome.failure or outcome.output.strip()}")
    values: dict[str, float] = {} if outcome.failure else json.loads(outcome.output)
    for operation, figure in row.items():
        figure.failure = outcome.failure
        if values:
            figure.values.append(values[operation])


def pivot(figures: Sequence[Figure]) -> Iterator[str]:
    """Yields a table in Markdown: a row a size, a column an operation and system."""
    labels = list(dict.fromkeys(one.label for one in figures if one.values))
    columns = [(op, label) for op in OPERATIONS for label in labels]
    yield f"| alive, us | {' | '.join(f'{op}, {label}' for op, label in columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    cells = {(one.workload, one.label): report.short(one.value) for one in figures if one.values}
    sizes = dict.fromkeys(int(one.workload.rpartition("_")[2]) for one in figures)
    for alive in sizes:
        found = (cells.get((f"flat_{op}_{alive}", label), "-") for op, label in columns)
        yield f"| {alive:,} | {' | '.join(found)} |"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flat", description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, metavar="PROCESSES")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--systems",
        nargs="+",
        choices=("otp", "beamish", "beamish-uvloop"),
        default=("otp", "beamish"),
    )
    parser.add_argument("--python", nargs="+", default=[sys.executable], metavar="PATH")
    parser.add_argument("--json", type=Path, default=HERE / "results" / "flat.jsonl")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
