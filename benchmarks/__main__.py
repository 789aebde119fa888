"""``python -m benchmarks``: measures; prints a table, writes JSON lines, draws a picture."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from benchmarks import interpreters, machine, picture, report, runners, systems, workloads
from benchmarks.figures import Figure, compare, to_json
from benchmarks.harness import Figures, measure_all
from benchmarks.runners import Runner

ROUNDS = 5


def main() -> None:
    options = arguments()
    # So that what was started is ended, and the directory removed, on `kill` as on Ctrl-C.
    signal.signal(signal.SIGTERM, stop)
    rounds = options.rounds or (1 if options.quick else ROUNDS)
    here = machine.look()
    pythons = [interpreters.look(path) for path in options.python]
    who = runners.find(options.systems, pythons, options.python[0])
    print(here.header())
    for one in who:
        print(f"  {one.label}: {one.version or f'- ({one.missing})'}")
    print(f"{rounds} round(s): median (min .. max), ratio to OTP of the medians (of the rounds)")
    with tempfile.TemporaryDirectory(prefix="beamish-bench-") as build:
        names = options.only or workloads.NAMES
        groups = measured(names, who, rounds, Path(build), quick=options.quick)
        failed, figures = record(groups, options.json, here)
    options.picture.write_text(picture.draw(figures, report.caption(figures, asdict(here))))
    print(f"drawn in {options.picture}")
    sys.exit(1 if failed else 0)


def stop(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def measured(
    names: Sequence[str], who: Sequence[Runner], rounds: int, build: Path, *, quick: bool
) -> Iterator[list[Figures]]:
    """Yields the measurements of each workload; what cannot be loaded is passed over."""
    for name in names:
        try:
            workload = workloads.load(name)
        except Exception as error:  # noqa: BLE001 - whatever a module does when it is imported
            print(f"\n{name}: cannot be loaded: {error!r}", flush=True)
            yield []
        else:
            yield measure_all(workload, who, rounds, build, quick=quick)


def record(
    groups: Iterator[list[Figures]], path: Path, here: machine.Machine
) -> tuple[bool, list[Figure]]:
    """Prints and writes each workload as soon as it is measured.

    Returns:
        Whether any measurement failed, and the figures.
    """
    failed, figures = False, list[Figure]()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lines:
        for group in groups:
            shown = [figure(one) for one in group]
            compare(shown)
            gone = {one.runner.label: one.missing or one.failure for one in group if not one.values}
            print("\n".join(report.table(shown, gone)), flush=True)
            lines.writelines(f"{to_json(one, asdict(here), gone)}\n" for one in shown if one.values)
            lines.flush()
            failed = failed or not group or any(one.failure for one in group)
            figures += shown
    print(f"\nwritten to {path}")
    return failed, figures


def save(figures: Sequence[Figure], path: Path, here: machine.Machine) -> None:
    """Writes JSON lines, in place of those of an earlier run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{to_json(one, asdict(here), {})}\n" for one in figures))
    print(f"\nwritten to {path}")


def figure(measured: Figures) -> Figure:
    """Returns what is reported of the measurements of one system."""
    workload, runner = measured.workload, measured.runner
    return Figure(
        workload=workload.name,
        title=workload.title,
        unit=workload.unit,
        better=workload.better,
        system=runner.system,
        label=runner.label,
        version=runner.version,
        values=measured.values,
        remark=measured.remark,
        failure=measured.failure,
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, help=f"figures for each system (default {ROUNDS})")
    parser.add_argument(
        "--only", nargs="+", choices=workloads.NAMES, metavar="WORKLOAD", help="these, not all"
    )
    parser.add_argument(
        "--systems",
        nargs="+",
        choices=systems.NAMES,
        default=systems.NAMES,
        metavar="SYSTEM",
        help=f"of {', '.join(systems.NAMES)} (default: all)",
    )
    parser.add_argument(
        "--python",
        nargs="+",
        default=[sys.executable],
        metavar="PATH",
        help="interpreters to compare (default: the one that runs this)",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument(
        "--json",
        type=Path,
        default=report.LATEST,
        metavar="FILE",
        help="where the JSON lines go (default benchmarks/results/latest.jsonl)",
    )
    parser.add_argument(
        "--picture",
        type=Path,
        default=report.LATEST.with_suffix(".svg"),
        metavar="FILE",
        help="where the picture goes (default benchmarks/results/latest.svg)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
