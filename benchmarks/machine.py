"""What the figures were taken on: they mean nothing on another machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.build import HERE

__all__ = ["Machine", "look", "otp_release"]

RELEASE = "io:put_chars(erlang:system_info(otp_release)), halt()."


@dataclass(frozen=True)
class Machine:
    """Hardware and versions, as they stand in every line of the JSON file."""

    cpu: str
    cores: int
    system: str
    python: str
    otp: str | None
    uvloop: str | None
    beamish: str | None
    commit: str | None
    date: str

    def header(self) -> str:
        """Returns the lines above the table."""
        return (
            f"{self.cpu}, {self.cores} cores, {self.system}\n"
            f"beamish {self.beamish} ({self.commit}), {self.python}, uvloop {self.uvloop}, "
            f"OTP {self.otp} (+S 1:1), {self.date}"
        )


def look() -> Machine:
    """Returns this machine."""
    return Machine(
        cpu=cpu_model(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        otp=otp_release(),
        uvloop=installed("uvloop"),
        beamish=installed("beamish"),
        commit=commit(),
        date=datetime.now(tz=UTC).isoformat(timespec="seconds"),
    )


def cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


@cache
def otp_release() -> str | None:
    if shutil.which("erl") is None:
        return None
    command = ["erl", "-noshell", "-eval", RELEASE]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def commit() -> str | None:
    """Returns the commit that is checked out, ``-dirty`` where it was changed."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=HERE, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None  # an unpacked archive, or no git
    return done.stdout.strip()


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
