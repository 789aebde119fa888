"""Connecting processes and ``logging``, and disconnecting them."""

from __future__ import annotations

import logging
from typing import Final

from beamish import behaviour

from .filters import BurstLimit, ProcessFilter, passes_level

__all__ = ["install", "uninstall"]

_installed: Final[list[tuple[logging.Handler, logging.Filter]]] = []
_limits: Final[list[BurstLimit]] = []


def install(
    *handlers: logging.Handler,
    burst_limit_enable: bool = True,
    burst_limit_max_count: int = 500,
    burst_limit_window_time: float = 1.0,
) -> None:
    """Connects processes and ``logging``.

    From now on reports above the limit, or below the level of their process, are not even made.

    Args:
        handlers: those whose records get pid and metadata; by default those of the root logger.
        burst_limit_enable: whether storms of reports are limited.
        burst_limit_max_count: how many reports of one kind are written in a window.
        burst_limit_window_time: the length of a window in seconds.
    """
    uninstall()
    for handler in handlers or logging.getLogger().handlers:
        added = ProcessFilter()
        handler.addFilter(added)
        _installed.append((handler, added))
    behaviour.report_gates.append(passes_level)
    if burst_limit_enable:
        limit = BurstLimit(burst_limit_max_count, burst_limit_window_time)
        _limits.append(limit)
        behaviour.report_gates.append(limit.gate)


def uninstall() -> None:
    """Removes what `install` has added; says how many reports were left out."""
    for handler, added in _installed:
        handler.removeFilter(added)
    for gate in (passes_level, *(limit.gate for limit in _limits)):
        if gate in behaviour.report_gates:
            behaviour.report_gates.remove(gate)
    for limit in _limits:
        limit.flush()
    _installed.clear()
    _limits.clear()
