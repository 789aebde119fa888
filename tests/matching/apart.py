"""Trying a value in an OS process of its own, where Python refuses to compare bytes with texts."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from tests.support.program import PATIENCE, ROOT

from .values import needs

__all__ = ["run", "skip_unless_installed"]


def run(module: str, *args: str) -> tuple[int, str]:
    """Runs a module of these tests; its exit code, and what it has written."""
    done = subprocess.run(
        [sys.executable, "-bb", "-m", module, *args],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=4 * PATIENCE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def skip_unless_installed(name: str) -> None:
    """Skips the test of a value of a library that is not there."""
    library = needs(name)
    if library is not None and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
