"""Compiling the Erlang and C parts, into a directory that is thrown away."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["HERE", "c_program", "erl_command", "erlang_modules"]

HERE = Path(__file__).parent


def erlang_modules(into: Path) -> Path:
    """Compiles ``otp/*.erl`` into the directory, unless it was done, and returns it."""
    if not (into / "bench.beam").exists():
        sources = [str(path) for path in sorted((HERE / "otp").glob("*.erl"))]
        done = subprocess.run(
            ["erlc", "-o", str(into), *sources], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"erlc: {done.stdout.strip()}")
    return into


def erl_command(build: Path, module: str, *arguments: str, flags: Sequence[str] = ()) -> list[str]:
    """Returns the command that calls ``module:main`` on one scheduler."""
    erl = ["erl", "+S", "1:1", *flags, "-noshell", "-noinput", "-pa", str(erlang_modules(build))]
    return [*erl, "-run", module, "main", *arguments]


def c_program(name: str, into: Path) -> Path | None:
    """Compiles ``echo/NAME.c``, unless it was done; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = into / name
    if not program.exists():
        source = HERE / "echo" / f"{name}.c"
        subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
    return program
