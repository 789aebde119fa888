"""Who runs a system: which Python, with which libraries, or why it cannot be run here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import machine
from benchmarks.build import HERE
from benchmarks.environments import is_made, python_of
from benchmarks.interpreters import Interpreter
from benchmarks.systems import PEERS, SystemName

__all__ = ["Runner", "find", "surroundings"]

# Says the versions of what it can import, or fails at the first that it cannot.
_PROBE = """
import sys
from importlib import import_module
from importlib.metadata import version
for name in sys.argv[1:]:
    import_module(name)
print(", ".join(f"{name} {version(name)}" for name in sys.argv[1:] if name != "beamish"))
"""

IMPORTS = {
    "beamish": ("beamish",),
    "beamish-uvloop": ("beamish", "uvloop"),
    "asyncio": ("beamish",),  # the workloads import it; asyncio's part does not use it
    "asyncio-uvloop": ("beamish", "uvloop"),
    "protocol-uvloop": ("beamish", "uvloop"),
    "fauxtp": ("fauxtp", "uvloop"),
}

SET_UP = "not installed: `make bench`, or `python -m benchmarks.environments`, installs it"


@dataclass(frozen=True)
class Runner:
    """One system, on one Python.

    Attributes:
        system: its name.
        label: how the table calls it: with the version where several Pythons are compared.
        python: the executable that runs the worker; unused where `missing` says something.
        version: of the Python and the libraries, or of the other system.
        missing: why it cannot be run here.
    """

    system: SystemName
    label: str
    python: str = ""
    version: str = ""
    missing: str = ""


def find(
    systems: Sequence[SystemName], interpreters: Sequence[Interpreter], own: str
) -> list[Runner]:
    """Returns a runner for each system, and each interpreter where it is one of Python.

    Args:
        systems: those that were asked for.
        interpreters: the Pythons that are compared, one or more.
        own: the Python that starts the workers of systems that are not Python.
    """
    runners: list[Runner] = []
    for system in systems:
        if system in ("otp", "otp-active"):
            runners.append(otp(system, own))
        elif system == "c":
            missing = "" if shutil.which("cc") else "there is no C compiler named cc"
            runners.append(Runner(system, system, python=own, missing=missing))
        else:
            several = len(interpreters) > 1
            runners += [on_python(system, one, several=several) for one in interpreters]
    return runners


def otp(system: SystemName, own: str) -> Runner:
    if shutil.which("erl") is None or shutil.which("erlc") is None:
        return Runner(system, system, missing="there is no erl, or no erlc, on the PATH")
    return Runner(system, system, python=own, version=f"OTP {machine.otp_release()} +S 1:1")


def on_python(system: SystemName, interpreter: Interpreter, *, several: bool) -> Runner:
    label = f"{system} {interpreter.short}" if several else system
    environment = system if system in PEERS else "loops"
    made = str(python_of(environment, interpreter))
    candidates = [made] if is_made(environment, interpreter) else []
    if system not in PEERS:
        candidates.insert(0, interpreter.path)
    reason = SET_UP
    for python in candidates:
        version, reason = probe(python, system)
        if not reason:
            version = ", ".join(part for part in (interpreter.name, version) if part)
            return Runner(system, label, python=python, version=version)
    return Runner(system, label, missing=reason)


def probe(python: str, system: SystemName) -> tuple[str, str]:
    """Returns the versions of a system's libraries, and why they cannot be imported."""
    command = [python, "-c", _PROBE, *IMPORTS.get(system, (system,))]
    done = subprocess.run(
        command, capture_output=True, text=True, env=surroundings(), cwd=HERE.parent, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return "", lines[-1] if lines else f"the interpreter ended with {done.returncode}"
    return done.stdout.strip(), ""


def surroundings() -> dict[str, str]:
    """Returns the environment variables of a worker: the beamish of this checkout is measured."""
    return {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
