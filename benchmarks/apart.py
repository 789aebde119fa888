"""Running a command in a session of its own, of which nothing is left when it is over."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Outcome", "run"]


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and why it failed, if it did."""

    output: str
    errors: str
    failure: str = ""


def run(
    command: Sequence[str], seconds: float, folder: Path, surroundings: Mapping[str, str]
) -> Outcome:
    """Runs a command; ends it, and whatever it has started, after that many seconds.

    Its output goes to files: from a pipe one would have to read until the last of its children,
    perhaps a forgotten one, is gone.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=folder,
            env=dict(surroundings),
            start_new_session=True,
        )
        failure = ""
        try:
            code = started.wait(seconds)
        except subprocess.TimeoutExpired:
            failure = f"not done in {seconds:.0f} s"
        else:
            failure = f"ended with {code}" if code else ""
        finally:
            end_session(started)
        outcome = Outcome(read(output.fileno()), read(errors.fileno()), failure)
    if failure.startswith("ended") and outcome.errors.strip():
        return Outcome(outcome.output, outcome.errors, outcome.errors.strip().splitlines()[-1])
    return outcome


def end_session(started: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):  # there is nobody left, as it should be
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def read(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).decode(errors="replace")
