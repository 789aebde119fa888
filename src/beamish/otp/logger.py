"""Logger: what a process adds to its log lines, and a limit for storms of crash reports.

Python's ``logging`` stays as it is; in addition a process has metadata and a level of its own. No
more than 500 reports of one kind are written in a second.

Source: Elixir's Logger; kernel, logger_std_h(3), "burst_limit_max_count" (OTP 25 manual).

See the page "logger" in the documentation.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextvars import Context, ContextVar
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from beamish.terms import BadArgError

__all__ = [
    "BurstLimit",
    "Level",
    "ProcessFilter",
    "configure",
    "get_metadata",
    "get_process_level",
    "install",
    "metadata",
    "put_logger_level",
    "put_process_level",
    "reset_metadata",
    "uninstall",
]

Level: TypeAlias = Literal[
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency", "all", "none"
]
"""A level, as Elixir's Logger has them."""

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_METADATA: Final[ContextVar[Mapping[str, Any]]] = ContextVar("beamish.metadata", default=_NOTHING)
_LEVEL: Final[ContextVar[int | None]] = ContextVar("beamish.level", default=None)

# Erlang's levels in Python's numbers.
_LEVELS: Final[Mapping[str, int]] = {
    "all": logging.NOTSET,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "notice": logging.INFO + 5,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "alert": logging.CRITICAL + 10,
    "emergency": logging.CRITICAL + 20,
    "none": logging.CRITICAL + 1000,
}

# What a record already has, so metadata cannot be called that.
_TAKEN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


# ---- metadata


def metadata(**values: Any) -> None:
    """Adds to the metadata of the calling process; None removes an entry.

    Raises:
        BadArgError: a record of ``logging`` has an attribute of that name already.

    Example:
        >>> logger.metadata(request_id="a1", user=None)

    Source: Elixir's Logger.metadata/1.
    """
    if wrong := sorted(_TAKEN & values.keys()):
        raise BadArgError(
            f"logger.metadata: {', '.join(wrong)} is what log records have themselves; "
            "choose another name"
        )
    merged = {**_METADATA.get(), **values}
    _METADATA.set({key: value for key, value in merged.items() if value is not None})


def get_metadata() -> dict[str, Any]:
    """The metadata of the calling process.

    Source: Elixir's Logger.metadata/0.
    """
    return dict(_METADATA.get())


def reset_metadata(**values: Any) -> None:
    """Replaces the metadata of the calling process.

    Source: Elixir's Logger.reset_metadata/1.
    """
    _METADATA.set(_NOTHING)
    metadata(**values)


# ---- levels


def configure(*, level: Level) -> None:
    """Sets the lowest level that is logged at all.

    Source: Elixir's Logger.configure/1.
    """
    logging.getLogger().setLevel(_number(level))


def put_logger_level(name: str, level: Level | None) -> None:
    """Sets the level of a logger and those below it; with None it takes the level of the one above.

    Source: Elixir's Logger.put_module_level/2: Python's loggers are named after modules.
    """
    logging.getLogger(name).setLevel(logging.NOTSET if level is None else _number(level))


def put_process_level(level: Level | None) -> None:
    """Sets the lowest level that the calling process logs; None removes this limit.

    A process can only log less than the loggers let pass, not more.

    Source: Elixir's Logger.put_process_level/2.
    """
    _LEVEL.set(None if level is None else _number(level))


def get_process_level() -> Level | None:
    """The level of the calling process; None if it has none of its own.

    Source: Elixir's Logger.get_process_level/1.
    """
    number = _LEVEL.get()
    names: list[Any] = [name for name, known in _LEVELS.items() if known == number]
    return names[0] if names else None


def _number(level: Any) -> int:
    if not isinstance(level, str) or level not in _LEVELS:
        raise BadArgError(f"level: expected one of {', '.join(_LEVELS)}; got {level!r}")
    return _LEVELS[level]


# ---- the bridge


class ProcessFilter(logging.Filter):
    """Gives each record the metadata and the pid of the process that logs; applies its level.

    A record has ``metadata`` (a dict), each of its entries as an attribute, and ``pid``, which is
    ``""`` outside processes.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds them to the record; returns whether it is logged."""
        # A process' report is written when it no longer runs, so it brings its context.
        # (A supervisor's report also has a field of this name: what it was about to do.)
        brought: Any = getattr(record, "context", None)
        context = brought if isinstance(brought, Context) else None
        level = _LEVEL.get() if context is None else context.get(_LEVEL)
        if level is not None and record.levelno < level:
            return False
        if not hasattr(record, "metadata"):  # several handlers see it
            known = _METADATA.get() if context is None else context.get(_METADATA, _NOTHING)
            record.metadata = dict(known)
            for key, value in known.items():
                if not hasattr(record, key):
                    setattr(record, key, value)
            if not hasattr(record, "pid"):  # a process' report says whose it is
                record.pid = _pid()
        return True


def _pid() -> str:
    """The pid of the running process, without making a plain Task a process."""
    try:
        running: Any = asyncio.current_task()
    except RuntimeError:
        return ""
    pid = getattr(running, "pid", None)
    return "" if pid is None else repr(pid)


class BurstLimit(logging.Filter):
    """Lets a number of reports of one kind pass in a window of time; then it only counts them.

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
        now = time.monotonic()
        window = self._windows.get(kind)
        if window is None or now >= window.end:
            left_out = window.count - self.max_count if window is not None else 0
            window = self._windows[kind] = _Window(now + self.window_time)
            if left_out > 0:
                self._tell(record, kind, left_out)
        window.count += 1
        return window.count <= self.max_count

    def flush(self) -> None:
        """Says how many were left out so far, without waiting for another report of the kind."""
        for kind, window in self._windows.items():
            left_out = window.count - self.max_count
            window.count = min(window.count, self.max_count)
            if left_out > 0:
                self._tell(None, kind, left_out)

    def _tell(self, record: logging.LogRecord | None, kind: str, left_out: int) -> None:
        name = record.name if record is not None else "beamish"
        logging.getLogger(name).warning(
            "%d reports (%s) were left out: no more than %d in %s s are written",
            left_out,
            kind,
            self.max_count,
            self.window_time,
            extra={"report": kind, "left_out": left_out},
        )


class _Window:
    __slots__ = ("count", "end")

    def __init__(self, end: float) -> None:
        self.end = end
        self.count = 0


_installed: Final[list[tuple[logging.Filterer, logging.Filter]]] = []


def install(
    *handlers: logging.Handler,
    burst_limit_enable: bool = True,
    burst_limit_max_count: int = 500,
    burst_limit_window_time: float = 1.0,
) -> None:
    """Connects processes and ``logging``.

    Args:
        handlers: those whose records get pid and metadata; by default those of the root logger.
        burst_limit_enable: whether storms of reports are limited.
        burst_limit_max_count: how many reports of one kind are written in a window.
        burst_limit_window_time: the length of a window in seconds.
    """
    uninstall()
    for handler in handlers or logging.getLogger().handlers:
        _add(handler, ProcessFilter())
    if burst_limit_enable:
        limit = BurstLimit(burst_limit_max_count, burst_limit_window_time)
        _add(logging.getLogger("beamish"), limit)


def _add(where: logging.Filterer, what: logging.Filter) -> None:
    where.addFilter(what)
    _installed.append((where, what))


def uninstall() -> None:
    """Removes what `install` has added; says how many reports were left out."""
    for where, what in _installed:
        where.removeFilter(what)
        if isinstance(what, BurstLimit):
            what.flush()
    _installed.clear()
