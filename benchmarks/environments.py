"""The virtual environments of the libraries that are compared: one for each, and each Python.

``python -m benchmarks.environments`` makes them, under ``.venv-bench``. They cannot share one:
TriOTP asks for a trio of 2021, which would be measured in place of today's. What cannot be
installed is said, and stands as ``-`` in the table.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.build import HERE
from benchmarks.interpreters import Interpreter, look

__all__ = ["PACKAGES", "is_made", "main", "make", "python_of"]

ROOT = HERE.parent / ".venv-bench"

STAMP = ".made"

# What is installed in each. "loops" is for beamish and asyncio, on a Python without them.
PACKAGES = {
    "loops": ("greenlet", "uvloop"),
    "trio": ("trio",),
    "pykka": ("pykka",),
    "thespian": ("thespian",),
    "triotp": ("triotp",),
    "fauxtp": ("fauxtp", "uvloop"),
}


def folder(name: str, interpreter: Interpreter) -> Path:
    return ROOT / interpreter.tag / name


def python_of(name: str, interpreter: Interpreter) -> Path:
    """Returns the interpreter of an environment, which may not have been made."""
    return folder(name, interpreter) / "bin" / "python"


def recipe(name: str, interpreter: Interpreter) -> str:
    """Returns what an environment is made of, as its stamp has it."""
    return " ".join((interpreter.home, *PACKAGES[name]))


def is_made(name: str, interpreter: Interpreter) -> bool:
    stamp = folder(name, interpreter) / STAMP
    return stamp.exists() and stamp.read_text() == recipe(name, interpreter)


def make(name: str, interpreter: Interpreter) -> str:
    """Makes one environment; returns why it cannot be made, or nothing."""
    place = folder(name, interpreter)
    shutil.rmtree(place, ignore_errors=True)
    try:
        run(interpreter.path, "-m", "venv", str(place))
        pip = (str(python_of(name, interpreter)), "-m", "pip", "--disable-pip-version-check")
        run(*pip, "install", "--quiet", *PACKAGES[name])
    except subprocess.CalledProcessError as error:
        return last_line(error.stderr)
    (place / STAMP).write_text(recipe(name, interpreter))
    return ""


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "for no stated reason"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.environments", description=__doc__)
    parser.add_argument(
        "--python", nargs="+", default=[sys.executable], metavar="PATH", help="default: this one"
    )
    for path in parser.parse_args().python:
        interpreter = look(path)
        for name in PACKAGES:
            if is_made(name, interpreter):
                continue
            print(f"Installing {name} for {interpreter.name} into {ROOT.name}", flush=True)
            failure = make(name, interpreter)
            if failure:
                print(f"  it cannot be installed: {failure}", flush=True)


if __name__ == "__main__":
    main()
