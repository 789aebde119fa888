"""``import beamish`` in a fresh interpreter; in the row of asyncio, ``import asyncio``.

Counted: milliseconds, from before the import statement to after it.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.workload import Outside

SOURCE = """
from time import perf_counter
start = perf_counter()
import {module}
print((perf_counter() - start) * 1000)
"""


def measure(system: str) -> float:
    command = [sys.executable, "-c", SOURCE.format(module=system)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


WORKLOAD = Outside(
    name="startup_import",
    title="import of the package",
    unit="ms",
    better="lower",
    measure=measure,
    systems=("beamish", "asyncio"),
)
