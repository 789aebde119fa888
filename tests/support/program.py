"""A program that runs beside the test: its log line by line, its memory, its exit code."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from types import TracebackType
from typing import Final, Self

__all__ = ["PATIENCE", "ROOT", "Program"]

ROOT: Final = Path(__file__).parents[2]

# Real seconds that a test waits for what will come; they pass only in a test that fails.
PATIENCE: Final = 30.0


class Program:
    """An OS process whose standard error and output are read together.

    Leaving the block kills it, if it still runs.

    Example:
        >>> with Program("beamish", "run", "hello") as program:
        ...     program.wait_for("hello")
        ...     assert program.stop(SIGINT) == 0
    """

    def __init__(self, *command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        self._unread = b""
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Kills it, if it still runs."""
        if self._process.poll() is None:
            os.killpg(self.pid, SIGKILL)
        self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()

    # ---- what it writes

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Reads lines until one has the pattern in it."""
        seen: list[str] = []
        while True:
            line = self.line()
            assert line is not None, f"it ended without {pattern!r}; it wrote: {seen}"
            if match := re.search(pattern, line):
                return match
            seen.append(line)

    def line(self, timeout: float = PATIENCE) -> str | None:
        """The next line that it writes; None when it has ended."""
        until = time.monotonic() + timeout
        while b"\n" not in self._unread:
            if not select.select([self._output], [], [], max(0, until - time.monotonic()))[0]:
                raise AssertionError(f"no line in {timeout} s; so far {self._unread!r}")
            data = os.read(self._output, 65536)
            if not data:
                return None
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def written(self) -> list[str]:
        """The lines that are there already and were not read."""
        while select.select([self._output], [], [], 0)[0] and (
            data := os.read(self._output, 65536)
        ):
            self._unread += data
        lines, self._unread = self._unread.decode().splitlines(), b""
        return lines

    def close_output(self) -> None:
        """Stops reading: whatever it writes from now on fails."""
        assert self._process.stdout is not None
        self._process.stdout.close()

    # ---- its end

    def signal(self, number: Signals) -> None:
        """Sends it a signal."""
        self._process.send_signal(number)

    def stop(self, number: Signals = SIGTERM) -> int:
        """Sends it a signal, and waits for its exit code."""
        self.signal(number)
        return self.wait()

    def wait(self) -> int:
        """Waits for its exit code."""
        return self._process.wait(PATIENCE)

    # ---- what it uses

    def memory(self) -> int:
        """The memory that it has in use, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def cpu_seconds(self) -> float:
        """The CPU time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
