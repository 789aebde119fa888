"""The log for a terminal: one line for each record, in the format of Elixir's Logger."""

from __future__ import annotations

import logging
from typing import Any, Final

from beamish.otp import logger
from beamish.terms.printable import MESSAGE_LIMIT, STACK_LIMIT, in_lines, one_line
from beamish.terms.tracebacks import describe

__all__ = ["LEVELS", "LogFormatter", "TerminalLog"]

LEVELS: Final = ("debug", "info", "warning", "error")


class LogFormatter(logging.Formatter):
    """Writes ``HH:MM:SS.mmm [level] text``, in local time, with metadata before the level.

    What does not print is escaped, the other lines of a text with several are indented, and a text
    is cut at 32,000 characters.

    Source: Elixir's Logger, default format of the console.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d [%(level)s] %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, of which only the first line looks like the first of a record."""
        text = super().format(record)
        # A report has lines that are safe already, and looks better with them as they are.
        return text if hasattr(record, "beamish") else in_lines(text, MESSAGE_LIMIT + STACK_LIMIT)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The traceback, printable and not too long."""
        return describe(ei[1], ei[2]).text if ei[1] is not None else ""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The text of a record, with its level in lower case."""
        record.level = record.levelname.lower()
        text = super().formatMessage(record)
        metadata: dict[str, object] = getattr(record, "metadata", {})
        if not metadata:
            return text
        shown = " ".join(f"{one_line(key)}={one_line(str(one))}" for key, one in metadata.items())
        time, level, rest = text.split(" ", 2)
        return f"{time} {shown} {level} {rest}"


def _log_to_terminal(level: str) -> logging.Handler | None:
    """Sends the records of all loggers to standard error, unless logging is already set up.

    They are written by a thread, so that no process waits for whoever reads them.

    Args:
        level: the lowest level that is shown: "debug", "info", "warning" or "error".

    Returns:
        The handler that it has added, if any.
    """
    root = logging.getLogger()
    root.setLevel(level.upper())
    added = None
    if not root.handlers:
        added = logger.StderrHandler()
        added.setFormatter(LogFormatter())
        root.addHandler(added)
    logger.install()
    return added


class TerminalLog:
    """The log of a program while it runs; at its end all is written that can be written soon."""

    def __init__(self, level: str) -> None:
        self._level = level
        self._added: logging.Handler | None = None

    def __enter__(self) -> None:
        self._added = _log_to_terminal(self._level)

    def __exit__(self, *_: object) -> None:
        logger.uninstall()  # which says how many reports were left out
        if self._added is not None:
            logging.getLogger().removeHandler(self._added)
            self._added.close()
