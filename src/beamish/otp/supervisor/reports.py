"""What supervisors log to ``beamish`` and ``beamish.progress``: one record for each event.

Source: sasl, "Error Logging", Supervisor Report and Progress Report (OTP 25 manual).
"""

from __future__ import annotations

import logging
import reprlib
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from beamish.otp.child import ChildSpec
from beamish.terms import Pid, format_exit
from beamish.terms.careful import log, show

__all__ = ["Context", "progress", "progress_is_on", "report", "reports_are_on"]

Context: TypeAlias = Literal["child_terminated", "start_error", "shutdown_error", "shutdown"]

_logger: Final = logging.getLogger("beamish")
_progress: Final = logging.getLogger("beamish.progress")
if _progress.level == logging.NOTSET:
    _progress.setLevel(logging.WARNING)

# Tested on the path of each restart, before a report is made.
reports_are_on: Final = partial(_logger.isEnabledFor, logging.ERROR)
progress_is_on: Final = partial(_progress.isEnabledFor, logging.INFO)

_WORDS: Final[dict[str, str]] = {
    "child_terminated": "Child {id} of Supervisor {supervisor} terminated",
    "start_error": "Child {id} of Supervisor {supervisor} failed to start",
    "shutdown_error": "Child {id} of Supervisor {supervisor} shut down abnormally",
    "shutdown": "Child {id} of Supervisor {supervisor} was restarted too often: it gives up",
}


def report(
    context: Context, reason: Any, supervisor: str, spec: ChildSpec, pid: Pid | None
) -> None:
    """Writes a supervisor report.

    Args:
        context: what happened, in OTP's words.
        reason: the child's exit reason.
        supervisor: the supervisor's name, or pid and class.
        spec: the child's spec.
        pid: its pid; None if it has none.
    """
    if not _logger.isEnabledFor(logging.ERROR):
        return
    lines = [
        _WORDS[context].format(id=show(spec.id), supervisor=supervisor),
        "** (exit) " + show(reason, format_exit),
    ]
    fields = {"report": "supervisor", "context": context, "reason": reason}
    _fill(lines, fields, supervisor, spec, pid)
    log(_logger, logging.ERROR, "\n".join(lines), extra=fields)


def progress(supervisor: str, spec: ChildSpec, pid: Pid | None, *, asked: bool = False) -> None:
    """Writes a progress report: a child has started.

    Args:
        supervisor: the supervisor's name, or pid and class.
        spec: the child's spec.
        pid: its pid; None for a child that is ignored, which is not reported.
        asked: whether the start was requested, by start_child or restart_child.
    """
    level = logging.DEBUG if asked else logging.INFO
    if pid is None or not _progress.isEnabledFor(level):
        return
    lines = [f"Child {show(spec.id)} of Supervisor {supervisor} started"]
    fields: dict[str, Any] = {"report": "progress"}
    _fill(lines, fields, supervisor, spec, pid)
    log(_progress, level, "\n".join(lines), extra=fields)


def _fill(
    lines: list[str], fields: dict[str, Any], supervisor: str, spec: ChildSpec, pid: Pid | None
) -> None:
    """Adds the facts about the child that every report has."""
    fn, args, kwargs = spec.function()
    start = show(fn, _name) + _arguments(args, dict(kwargs))
    lines += [
        f"    Pid: {pid!r}",
        f"    Start call: {start}",
        f"    Restart: {spec.restart}",
        f"    Shutdown: {_shutdown(spec)}",
        f"    Type: {spec.type}",
    ]
    fields |= {
        "supervisor": supervisor,
        "pid": None if pid is None else repr(pid),
        "child_id": spec.id,
        "start": start,
        "restart": spec.restart,
        "shutdown": spec.shutdown,
        "child_type": spec.type,
    }


def _name(fn: Any) -> str:
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, type):  # an inherited start_link is shown as that of the child's class
        return f"{owner.__name__}.{fn.__name__}"
    return getattr(fn, "__qualname__", None) or repr(fn)


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    shown = [show(arg, reprlib.repr) for arg in args]
    shown += [f"{key}={show(value, reprlib.repr)}" for key, value in kwargs.items()]
    return f"({', '.join(shown)})"


def _shutdown(spec: ChildSpec) -> str:
    if spec.shutdown is None:
        return "infinity"
    return spec.shutdown if isinstance(spec.shutdown, str) else f"{spec.shutdown} s"
