"""One measurement: ``python -m benchmarks.worker WORKLOAD SYSTEM`` prints one number.

It is in the workload's unit. What the table should say beside it goes to standard error.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from benchmarks import systems, workloads
from benchmarks.build import erl_command
from benchmarks.echo import session
from benchmarks.loops import run_asyncio, run_beamish
from benchmarks.plan import Plan
from benchmarks.systems import SystemName
from benchmarks.workload import Echo, InProcess, Measured, Outside, Workload

__all__ = ["REMARK", "main"]

REMARK = "remark: "


def main() -> None:
    options = arguments()
    logging.disable()  # as in Erlang: reports of what a workload kills are not what it measures
    workload = workloads.load(options.workload)
    lacking = systems.lacking(workload, options.system)
    if lacking or options.system in systems.PEERS:
        sys.exit(f"cannot measure {options.workload} on {options.system}: {lacking or 'a peer'}")
    if options.build is not None:
        print(measure(workload, options.system, options))
        return
    with tempfile.TemporaryDirectory(prefix="beamish-bench-") as build:
        options.build = Path(build)
        print(measure(workload, options.system, options))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker", description=__doc__)
    parser.add_argument("workload", choices=workloads.NAMES)
    parser.add_argument("system", choices=systems.NAMES)
    parser.add_argument("--quick", action="store_true", help="a small size")
    parser.add_argument("--size", type=float, help="units of work; for echo, seconds")
    parser.add_argument("--repeats", type=int, help="measurements, of which the median is printed")
    parser.add_argument("--build", type=Path, help="directory with what is compiled already")
    return parser.parse_args()


def measure(workload: Workload, system: SystemName, options: argparse.Namespace) -> float:
    """Measures the workload once on the system."""
    if isinstance(workload, Echo):
        seconds = options.size or (workload.quick_seconds if options.quick else workload.seconds)
        value, remark = session.measure(workload, system, seconds, options.build)
        print(f"{REMARK}{remark}", file=sys.stderr)
        return value
    if isinstance(workload, Outside):
        repeats = options.repeats or workload.repeats
        return statistics.median([workload.measure(system) for _ in range(repeats)])
    assert isinstance(workload, InProcess)
    size = int(options.size) if options.size else None
    plan = Plan.of(workload, quick=options.quick, size=size, repeats=options.repeats)
    if system == "otp":
        return measure_otp(workload, plan, options.build)
    return measure_python(workload, system, plan)


def measure_otp(workload: InProcess, plan: Plan, build: Path) -> float:
    """Runs ``bench:NAME`` in Erlang."""
    sizes = (str(plan.size), str(plan.warm), str(plan.repeats))
    command = erl_command(build, "bench", workload.name, *sizes, flags=workload.otp_flags)
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return float(output)


def measure_python(workload: InProcess, system: SystemName, plan: Plan) -> float:
    """Runs the workload on the loop of the system, in this process."""
    name, _, loop = system.partition("-")
    if name == "beamish":
        main = repeated(workload.on_beamish, plan)
        return run_beamish(main, uvloop=loop == "uvloop")
    assert workload.on_asyncio is not None
    main = repeated(workload.on_asyncio, plan)
    return run_asyncio(main(), uvloop=loop == "uvloop")


def repeated(measured: Measured, plan: Plan) -> Callable[[], Coroutine[Any, Any, float]]:
    """Returns a main that warms up, measures some times and returns the median."""

    async def main() -> float:
        if plan.warm:
            await measured(plan.warm)
        return statistics.median([await measured(plan.size) for _ in range(plan.repeats)])

    return main


if __name__ == "__main__":
    main()
