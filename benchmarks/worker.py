"""One measurement: ``python -m benchmarks.worker WORKLOAD SYSTEM`` prints one number.

It is in the workload's unit. What the table should say beside it goes to standard error.
"""

from __future__ import annotations

import argparse
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
from benchmarks.systems import SystemName
from benchmarks.workload import Echo, InProcess, Measured, Workload

__all__ = ["REMARK", "main"]

REMARK = "remark: "

# The warm-up has a tenth of the size, and workloads round down to whole batches of this.
WARM_PART, BATCH = 10, 10_000


def main() -> None:
    options = arguments()
    workload = workloads.load(options.workload)
    if not systems.can_run(workload, options.system):
        sys.exit(f"{options.workload} has no meaning on {options.system}")
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
        value, remark = session.measure(system, workload.connections, seconds, options.build)
        print(f"{REMARK}{remark}", file=sys.stderr)
        return value
    assert isinstance(workload, InProcess)
    size = int(options.size or (workload.quick if options.quick else workload.size))
    repeats = options.repeats or workload.repeats
    warm = max(size // WARM_PART, BATCH) if workload.warm else 0
    if system == "otp":
        return measure_otp(workload.name, size, warm, repeats, options.build)
    return measure_python(workload, system, size, warm, repeats)


def measure_otp(name: str, size: int, warm: int, repeats: int, build: Path) -> float:
    """Runs ``bench:NAME`` in Erlang."""
    command = erl_command(build, "bench", name, str(size), str(warm), str(repeats))
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return float(output)


def measure_python(
    workload: InProcess, system: SystemName, size: int, warm: int, repeats: int
) -> float:
    """Runs the workload on the loop of the system, in this process."""
    name, _, loop = system.partition("-")
    if name == "beamish":
        main = repeated(workload.on_beamish, size, warm, repeats)
        return run_beamish(main, uvloop=loop == "uvloop")
    assert workload.on_asyncio is not None
    main = repeated(workload.on_asyncio, size, warm, repeats)
    return run_asyncio(main(), uvloop=loop == "uvloop")


def repeated(
    measured: Measured, size: int, warm: int, repeats: int
) -> Callable[[], Coroutine[Any, Any, float]]:
    """Returns a main that warms up, measures some times and returns the median."""

    async def main() -> float:
        if warm:
            await measured(warm)
        return statistics.median([await measured(size) for _ in range(repeats)])

    return main


if __name__ == "__main__":
    main()
