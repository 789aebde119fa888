"""The systems that are compared, and which of them can run here."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import Literal, get_args

from benchmarks.workload import Echo, InProcess, Workload

__all__ = ["NAMES", "SystemName", "available", "can_run"]

# otp: one BEAM scheduler (+S 1:1). c: the limit of the machine, for echo only.
SystemName = Literal["otp", "beamish", "beamish-uvloop", "asyncio", "asyncio-uvloop", "c"]

NAMES: tuple[SystemName, ...] = get_args(SystemName)


def available() -> list[SystemName]:
    """Returns the systems whose programs and packages are installed."""
    missing: set[str] = set()
    if shutil.which("erl") is None or shutil.which("erlc") is None:
        missing.add("otp")
    if find_spec("uvloop") is None:
        missing |= {"beamish-uvloop", "asyncio-uvloop"}
    if shutil.which("cc") is None:
        missing.add("c")
    return [name for name in NAMES if name not in missing]


def can_run(workload: Workload, system: SystemName) -> bool:
    """Whether the workload has a meaning on the system."""
    if system == "c":
        return isinstance(workload, Echo)
    if system.startswith("asyncio") and isinstance(workload, InProcess):
        return workload.on_asyncio is not None
    return True
