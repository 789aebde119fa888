"""Runs functions of the tests in OS processes of their own, quickly: forked from one that waits.

What is tried there may take the interpreter down. A fork of an interpreter that has imported all
and has no node takes some milliseconds, where a new one takes a fifth of a second.

    python -m tests.hostile.apart     reads jobs, a line of JSON each, and answers each by a line
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

__all__ = ["Apart", "Outcome"]

ROOT: Final = Path(__file__).parents[2]
_PATIENCE: Final = 60.0  # seconds, in which nothing passes but a test that fails
_MOST: Final = 20_000  # bytes of its output that are shown


@dataclass(frozen=True)
class Outcome:
    """How a function ended.

    Attributes:
        code: the exit code of its OS process; negative: the signal that ended it; None: it hung.
        output: what it wrote.
        seconds: how long it took.
    """

    code: int | None
    output: str
    seconds: float


class Apart:
    """An OS process that forks others.

    Example:
        >>> with Apart() as apart:
        ...     assert apart.run(function, "argument").code == 0
    """

    def __init__(self, *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *options, "-m", __name__],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def run(self, function: Callable[..., object], *args: Any, patience: float = 20.0) -> Outcome:
        """Runs a function of a module in a fork; it succeeds by returning.

        Args:
            args: plain data.
            patience: seconds after which it is killed.
        """
        job = (function.__module__, function.__qualname__, args, patience)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], patience + _PATIENCE)
        assert ready, "the forking process hangs"
        return Outcome(**json.loads(self._process.stdout.readline()))


def _serve() -> None:
    for line in sys.stdin:
        print(json.dumps(_in_a_fork(*json.loads(line))), flush=True)


def _in_a_fork(module: str, name: str, args: list[Any], patience: float) -> dict[str, Any]:
    function = getattr(importlib.import_module(module), name)
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output:
        pid = os.fork()
        if pid == 0:
            _become(output.fileno())
            function(*args)
            sys.exit(0)
        code = _wait_for(pid, begin + patience)
        output.seek(0)
        text = output.read(_MOST).decode(errors="replace")
    return {"code": code, "output": text, "seconds": time.monotonic() - begin}


def _become(output: int) -> None:
    for number in (1, 2):
        os.dup2(output, number)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)


def _wait_for(pid: int, until: float) -> int | None:
    pause = 0.001
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    os.kill(pid, signal.SIGABRT if os.environ.get("BEAMISH_DUMP") else signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


if __name__ == "__main__":
    faulthandler.enable()
    for _module in ("beamish.otp", "tests.hostile.places"):
        importlib.import_module(_module)
    gc.freeze()  # what is there is not looked at, nor copied, in each fork
    _serve()
