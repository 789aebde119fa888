"""The log for a terminal: one line for each record, in the format of Elixir's Logger."""

from __future__ import annotations

import logging
import sys
from typing import Final

__all__ = ["LEVELS", "LogFormatter", "log_to_terminal"]

LEVELS: Final = ("debug", "info", "warning", "error")


class LogFormatter(logging.Formatter):
    """Writes ``HH:MM:SS.mmm [level] text``, in local time, with metadata before the level.

    Source: Elixir's Logger, default format of the console.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d [%(level)s] %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The text of a record, with its level in lower case."""
        record.level = record.levelname.lower()
        text = super().formatMessage(record)
        metadata: dict[str, object] = getattr(record, "metadata", {})
        if not metadata:
            return text
        shown = " ".join(f"{key}={value}" for key, value in metadata.items())
        time, level, rest = text.split(" ", 2)
        return f"{time} {shown} {level} {rest}"


def log_to_terminal(level: str = "info") -> None:
    """Sends the records of all loggers to standard error, unless logging is already set up.

    Args:
        level: the lowest level that is shown: "debug", "info", "warning" or "error".
    """
    root = logging.getLogger()
    root.setLevel(level.upper())
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(LogFormatter())
        root.addHandler(handler)
    if "beamish.otp" in sys.modules:  # else there is no metadata; and it takes long to import
        from beamish.otp import logger  # noqa: PLC0415 - see above

        logger.install()
