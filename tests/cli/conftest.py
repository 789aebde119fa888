"""Programs to be run, in a folder of their own."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.program import Program


class Write(Protocol):
    """Writes a module into the folder; the text may be indented."""

    def __call__(self, name: str, text: str) -> None: ...


class Beamish(Protocol):
    """Starts the command ``beamish`` with these arguments, in the folder."""

    def __call__(self, *arguments: str) -> Program: ...


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_module(name: str, text: str) -> None:
        path = tmp_path / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    return write_module


@pytest.fixture
def beamish(tmp_path: Path) -> Beamish:
    def start(*arguments: str) -> Program:
        return Program(sys.executable, "-m", "beamish", *arguments, cwd=tmp_path)

    return start


@pytest.fixture
def outcome(beamish: Beamish) -> Callable[..., tuple[int, list[str]]]:
    """Runs the command to its end: the exit code, and the lines that it wrote."""

    def run(*arguments: str) -> tuple[int, list[str]]:
        with beamish(*arguments) as program:
            lines: list[str] = []
            while (line := program.line()) is not None:
                lines.append(line)
            return program.wait(), lines

    return run
