"""A program in a terminal, and somebody who types."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from types import TracebackType
from typing import Self

from tests.support.program import PATIENCE

__all__ = ["Terminal"]


class Terminal:
    """Runs a program in a pseudo-terminal; leaving the block kills it, if it still runs."""

    def __init__(self, *command: str) -> None:
        self._screen, keyboard = pty.openpty()
        self._process = subprocess.Popen(
            command,
            stdin=keyboard,
            stdout=keyboard,
            stderr=keyboard,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - the tests run in one thread
        )
        os.close(keyboard)
        self._shown = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)
        os.close(self._screen)

    def type(self, text: str) -> None:
        """Types."""
        os.write(self._screen, text.encode())

    def until(self, text: str) -> str:
        """Looks at the screen until it shows the text; returns what came up to its end."""
        until = time.monotonic() + PATIENCE
        while text.encode() not in self._shown:
            ready = select.select([self._screen], [], [], max(0, until - time.monotonic()))[0]
            assert ready, f"{text!r} did not come up; the screen shows {self._shown!r}"
            try:
                self._shown += os.read(self._screen, 4096)
            except OSError:  # the program has ended
                raise AssertionError(f"it ended; the screen shows {self._shown!r}") from None
        found, _, self._shown = self._shown.partition(text.encode())
        return found.decode() + text

    def wait(self) -> int:
        """Waits for the program's exit code."""
        return self._process.wait(PATIENCE)


def _take_terminal() -> None:
    """Makes standard input the terminal whose Ctrl-C this new session gets."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
