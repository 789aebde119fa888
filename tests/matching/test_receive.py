"""Rule R12: a value that cannot be compared disturbs neither its receiver nor its sender."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from tests.support.nodes import on_virtual_clock
from tests.support.program import PATIENCE, ROOT

from .program import problems
from .values import APART, VALUES, needs


def skip_unless_installed(name: str) -> None:
    library = needs(name)
    if library is not None and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")


@pytest.mark.parametrize("name", [name for name in VALUES if name not in APART])
@on_virtual_clock
async def test_r12_a_value_that_cannot_be_compared_is_no_match(name: str) -> None:
    skip_unless_installed(name)

    assert await problems(name) == []


@pytest.mark.parametrize("name", APART)
def test_r12_nor_is_one_that_would_end_more_than_a_process(name: str) -> None:
    """In an OS process of its own, where Python refuses to compare bytes with texts."""
    command = [sys.executable, "-bb", "-m", "tests.matching.program", name]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=PATIENCE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
