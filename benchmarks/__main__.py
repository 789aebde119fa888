"""``python -m benchmarks``: measures, prints the table, writes the JSON lines."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import machine, report, systems, workloads
from benchmarks.build import HERE
from benchmarks.harness import Figures, measure_all

ROUNDS = 5


def main() -> None:
    options = arguments()
    rounds = options.rounds or (1 if options.quick else ROUNDS)
    here = machine.look()
    print(here.header())
    print(f"{rounds} round(s): median (min .. max), ratio to OTP of the medians (of the rounds)")
    lines: list[str] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="beamish-bench-") as build:
        for name in options.only or workloads.NAMES:
            group = measure_all(
                workloads.load(name), options.systems, rounds, Path(build), quick=options.quick
            )
            print("\n".join(report.table(group)), flush=True)
            lines += report.json_lines(group, here)
            failed = failed or any_failed(group)
    write(options.json, lines)
    sys.exit(1 if failed else 0)


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
        default=systems.available(),
        metavar="SYSTEM",
        help=f"of {', '.join(systems.NAMES)} (default: all that are installed)",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument(
        "--json",
        type=Path,
        default=HERE / "results" / "latest.jsonl",
        metavar="FILE",
        help="where the JSON lines go (default benchmarks/results/latest.jsonl)",
    )
    return parser.parse_args()


def any_failed(group: list[Figures]) -> bool:
    return any(figures.failure for figures in group)


def write(path: Path, lines: list[str]) -> None:
    """Writes the JSON lines, in place of those of an earlier run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    print(f"\nwritten to {path}")


if __name__ == "__main__":
    main()
