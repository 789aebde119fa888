"""Type checkers know what a program may do: mypy and pyright, both strict, agree on each line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
REFUSED = PROGRAMS / "refused.py"
REVEALED = PROGRAMS / "revealed.py"

# Message of a checker by line; a revealed type without the modules of its names.
Messages = dict[int, str]


def mypy(path: Path) -> Messages:
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--output=json", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["line"]: one["message"] for one in found}


def pyright(path: Path) -> Messages:
    # The project's own settings leave these programs out.
    settings = ["--project", str(PROGRAMS), "--pythonpath", sys.executable, "--outputjson"]
    command = [sys.executable, "-m", "pyright", *settings]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["generalDiagnostics"]
    return {
        one["range"]["start"]["line"] + 1: one["message"]
        for one in found
        if one["file"] == str(path)
    }


def revealed(message: str) -> str:
    shown = re.findall(r'"([^"]*)"', message)[-1]
    return re.sub(r"[\w.]+\.(\w+)", r"\1", shown)


def marked(path: Path, comment: str) -> dict[int, str]:
    lines = enumerate(path.read_text().splitlines(), 1)
    found = {number: re.search(rf"  # ({comment})$", line) for number, line in lines}
    return {number: match[1] for number, match in found.items() if match}


checkers = pytest.mark.parametrize("checker", [mypy, pyright], ids=lambda one: one.__name__)


@pytest.mark.slow  # a type checker reads the package
@checkers
def test_a_wrong_use_is_refused_and_a_right_one_is_not(checker: Any) -> None:
    assert sorted(checker(REFUSED)) == sorted(marked(REFUSED, "refused"))


@pytest.mark.slow  # a type checker reads the package
@checkers
def test_the_type_of_a_result_is_known(checker: Any) -> None:
    found = {line: revealed(message) for line, message in checker(REVEALED).items()}

    assert found == marked(REVEALED, ".*")
