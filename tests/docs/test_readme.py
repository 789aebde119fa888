"""The examples of the README run, and print what their comments say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def _promised(code: str) -> list[str]:
    """What the comments behind `print(...)` say."""
    return re.findall(r"print\(.*\)  # (.*)$", code, re.MULTILINE)


@pytest.mark.parametrize("code", BLOCKS, ids=["processes", "supervisor", "application", "tests"])
def test_example_prints_what_its_comments_say(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout.splitlines() == _promised(code)


def test_examples_are_as_short_as_promised() -> None:
    assert all(len(code.splitlines()) <= 36 for code in BLOCKS)
