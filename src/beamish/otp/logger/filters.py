"""Filters: what a record says of its process, and a limit for storms of reports.

Source: kernel, logger_std_h(3), "burst_limit_max_count" (OTP 25 manual).
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextvars import Context
from typing import Any

from .context import known_in, level_in

__all__ = ["BurstLimit", "ProcessFilter", "passes_level"]


class ProcessFilter(logging.Filter):
    """Gives each record the metadata and the pid of the process that logs; applies its level.

    A record has ``metadata`` (a dict), each of its entries as an attribute, and ``pid``, which is
    ``""`` outside processes.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds them to the record; returns whether it is logged."""
        # A process' report is written when it no longer runs, so it brings its context.
        context: Context | None = getattr(record, "_context", None)
        level = level_in(context)
        if level is not None and record.levelno < level:
            return False
        if not hasattr(record, "metadata"):  # several handlers see it
            known = known_in(context)
            record.metadata = dict(known)
            for key, value in known.items():
                if not hasattr(record, key):
                    setattr(record, key, value)
            if not hasattr(record, "pid"):
                record.pid = _pid_of(record)
        return True


def _pid_of(record: logging.LogRecord) -> str:
    """The pid of the running process, without making a plain Task one; a report has its own."""
    fields: dict[str, Any] = getattr(record, "beamish", {})
    if "pid" in fields:
        return fields["pid"] or ""
    try:
        running: Any = asyncio.current_task()
    except RuntimeError:
        return ""
    pid = getattr(running, "pid", None)
    return "" if pid is None else repr(pid)


def passes_level(logger: logging.Logger, level: int, kind: str, context: Context | None) -> bool:
    """Whether a report passes the level of its process, before it is made."""
    lowest = level_in(context)
    return lowest is None or level >= lowest


class BurstLimit(logging.Filter):
    """Lets a number of reports of one kind pass in a window of time; then it only counts them.

    As a filter it sees records that are made already; `install` puts it before reports are made.

    Args:
        max_count: how many pass in a window.
        window_time: the length of a window in seconds.

    Source: kernel, logger_std_h(3), ``burst_limit_max_count`` and ``burst_limit_window_time``.
    """

    def __init__(self, max_count: int = 500, window_time: float = 1.0) -> None:
        super().__init__()
        self.max_count = max_count
        self.window_time = window_time
        self._windows: dict[str, _Window] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged; one that is not a report always is."""
        kind = getattr(record, "report", None)
        if kind is None or getattr(record, "left_out", None) is not None:
            return True
        return self.passes(record.name, kind)

    def passes(self, name: str, kind: str) -> bool:
        """Counts a report of a kind that is to be written to a logger; returns whether it may."""
        now = time.monotonic()
        window = self._windows.get(kind)
        if window is None or now >= window.end:
            left_out = window.count - self.max_count if window is not None else 0
            window = self._windows[kind] = _Window(name, now + self.window_time)
            if left_out > 0:
                self._tell(name, kind, left_out)
        window.count += 1
        return window.count <= self.max_count

    def gate(self, logger: logging.Logger, level: int, kind: str, context: Context | None) -> bool:
        """Whether a report may be made."""
        return self.passes(logger.name, kind)

    def flush(self) -> None:
        """Says how many were left out so far, without waiting for another report of the kind."""
        for kind, window in self._windows.copy().items():  # any thread may log
            left_out = window.count - self.max_count
            window.count = min(window.count, self.max_count)
            if left_out > 0:
                self._tell(window.name, kind, left_out)

    def _tell(self, name: str, kind: str, left_out: int) -> None:
        logging.getLogger(name).warning(
            "%d reports (%s) were left out: no more than %d in %s s are written",
            left_out,
            kind,
            self.max_count,
            self.window_time,
            extra={"report": kind, "left_out": left_out},
        )


class _Window:
    __slots__ = ("count", "end", "name")

    def __init__(self, name: str, end: float) -> None:
        self.name = name
        self.end = end
        self.count = 0
