"""What ``sys.get_status`` and crash reports show of a process, by way of its format_status."""

from __future__ import annotations

from typing import Any, cast

from .debugging import Debug

__all__ = ["formatted"]


def formatted(
    callbacks: Any, status: dict[str, Any], debug: Debug | None = None, *, hidden: str = "state"
) -> dict[str, Any]:
    """A status after the user's ``format_status``, with the logged events in it.

    A format_status that fails harms nobody: a note replaces what it may have meant to hide.

    Args:
        callbacks: the user's object, which has the method ``format_status(status)``.
        status: what there is to show.
        debug: the debugging of the process, whose log is shown as ``log``; None to show none.
        hidden: the key of what is replaced if format_status fails.
    """
    if debug is not None and (log := debug.log("get")):
        status["log"] = log
    name = f"{type(callbacks).__qualname__}.format_status"
    try:
        shown: Any = callbacks.format_status(dict(status))
    except Exception:  # noqa: BLE001  # whatever the callback raises, Throw included
        return {**status, hidden: f"{name} crashed"}
    if not isinstance(shown, dict):
        return {**status, hidden: f"{name} did not return a dict"}
    return {**status, **cast("dict[str, Any]", shown)}
