"""The metadata and the level that a process has of its own.

Source: Elixir's Logger.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import Context, ContextVar
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from beamish.terms import BadArgError

__all__ = [
    "Level",
    "configure",
    "get_metadata",
    "get_process_level",
    "known_in",
    "level_in",
    "metadata",
    "put_logger_level",
    "put_process_level",
    "reset_metadata",
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


def known_in(context: Context | None) -> Mapping[str, Any]:
    """The metadata in a context; None means that of the caller."""
    return _METADATA.get() if context is None else context.get(_METADATA, _NOTHING)


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


def level_in(context: Context | None) -> int | None:
    """The level in a context; None means that of the caller."""
    return _LEVEL.get() if context is None else context.get(_LEVEL)
