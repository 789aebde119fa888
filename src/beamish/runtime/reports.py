"""Crash reports: the one place of the runtime that writes to the ``beamish`` logger.

A report is one record. Its message is for people at a terminal; its fields are attributes of the
record, for a log collector: ``report``, ``pid``, ``registered_name``, ``label``, ``initial_call``,
``ancestors``, ``reason``, ``last_message``, ``state``, ``message_queue_len``, ``links``,
``stack``, ``details`` (what a behaviour adds: a task's caller, function and arguments), ``context``
(the context of the process, for log filters).
"""

from __future__ import annotations

import logging
import reprlib
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, cast

from beamish.terms import format_exit

from .ties import tied

if TYPE_CHECKING:
    from .process import Process

__all__ = [
    "logger",
    "report_crash",
    "report_failed_cleanup",
    "report_failed_close",
    "report_left_behind",
]

logger: Final = logging.getLogger("beamish")

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 400
_short.maxtuple = _short.maxlist = _short.maxdict = 12
_short.maxlevel = 4


def report_crash(proc: Process, reason: Any, *, last_message: Any = None) -> None:
    """Reports a process that dies of an error.

    Args:
        reason: the exit reason; if it is an exception, its traceback is shown.
        last_message: shown instead of the last message that the runtime knows of.
    """
    if not logger.isEnabledFor(logging.ERROR):
        return
    fields = _fields(proc, reason if isinstance(reason, BaseException) else None)
    details = _details(proc, reason)
    reason = details.get("reason", reason)  # a behaviour may keep something secret
    fields["report"] = "crash"
    fields["reason"] = reason
    if last_message is not None:
        fields["last_message"] = _short.repr(last_message)
    elif "last_message" in details:
        fields["last_message"] = _short.repr(details["last_message"])
    fields["state"] = _short.repr(details["state"]) if "state" in details else None
    shown = fields["registered_name"] or fields["label"]
    if shown and not isinstance(shown, str):
        shown = _short.repr(shown)  # which survives a repr that raises
    who = f"{proc.pid!r} ({shown})" if shown else repr(proc.pid)
    stack = _traceback(reason) if isinstance(reason, BaseException) else ""
    fields["stack"] = stack
    lines = [f"Process {who} terminating"]
    lines += [
        f"    {title}: {fields[key]}" for title, key in _SHOWN if fields[key] not in (None, [])
    ]
    fields["details"] = more = _more(proc)
    lines += [f"    {title}: {text}" for title, text in more.items()]
    lines.append("** (exit) " + format_exit(reason))
    if stack:
        lines.append(stack.rstrip())
    _write(logging.ERROR, "\n".join(lines), fields)


_SHOWN: Final = (
    ("Initial call", "initial_call"),
    ("Ancestors", "ancestors"),
    ("Last message", "last_message"),
    ("State", "state"),
    ("Message queue length", "message_queue_len"),
    ("Links", "links"),
)


def _details(proc: Process, reason: Any) -> dict[str, Any]:
    """What a behaviour says about its process."""
    serving = proc.serving
    if serving is None:
        return {}
    try:
        return serving.crash_details(reason)
    except Exception:
        return {}


def _more(proc: Process) -> dict[str, str]:
    """What else to show: the entry ``$report`` of the process dictionary."""
    rare = proc.rare
    found = rare.dictionary.get("$report") if rare is not None and rare.dictionary else None
    if not isinstance(found, dict):
        return {}
    details = cast("dict[str, Any]", found)
    return {
        title: value if isinstance(value, str) else _short.repr(value)
        for title, value in details.items()
    }


def _fields(proc: Process, error: BaseException | None = None) -> dict[str, Any]:
    rare = proc.rare
    last = proc.value
    return {
        "pid": repr(proc.pid),
        "registered_name": rare.name if rare else None,
        "label": proc.label(),
        "initial_call": proc.initial_call(error),
        "ancestors": [repr(pid) for pid in proc.ancestors()],
        "last_message": None if last is None else _short.repr(last),
        "message_queue_len": len(proc.mailbox or ()),
        "links": sorted(repr(pid) for pid in tied(proc.links)),
        "context": proc.context,
    }


def _traceback(error: BaseException) -> str:
    """The traceback without the runtime's own frames at its head."""
    tb = error.__traceback__
    while tb is not None and "/beamish/runtime/" in tb.tb_frame.f_code.co_filename.replace(
        "\\", "/"
    ):
        tb = tb.tb_next
    if tb is None:
        tb = error.__traceback__
    return "".join(traceback.format_exception(type(error), error, tb))


def report_failed_cleanup(proc: Process, error: BaseException) -> None:
    """Reports an exception in the clean-up of a process that was ended by a signal."""
    fields = _fields(proc, error)
    fields["report"] = "cleanup"
    fields["reason"] = error
    text = f"Process {proc.pid!r} failed while it cleaned up after an exit signal"
    _write(logging.ERROR, f"{text}\n{_traceback(error).rstrip()}", fields)


def report_failed_close(proc: Process, resource: Any, error: BaseException) -> None:
    """Reports a resource that could not be closed at its owner's death."""
    fields = _fields(proc)
    fields["report"] = "close"
    fields["reason"] = error
    what = f"Closing {_short.repr(resource)}, which {proc.pid!r} owned, failed"
    _write(logging.ERROR, f"{what}: {format_exit(error)}", fields)


def report_left_behind(proc: Process) -> None:
    """Reports an asyncio Task that continues although it was killed."""
    fields = _fields(proc)
    fields["report"] = "left_behind"
    text = (
        f"Process {proc.pid!r} ({proc.initial_call()}) was killed, and its Task goes on: it "
        "swallows every CancelledError. It is not a process any more"
    )
    _write(logging.ERROR, text, fields)


def report_blocked(proc: Process, seconds: float, stack: str) -> None:
    """Reports a process that has not let any other run for a while."""
    text = (
        f"Process {proc.pid!r} ({proc.initial_call()}) has blocked the node for "
        f"{seconds * 1000:.0f} ms: no other process ran meanwhile. Use "
        "`await process.offload(function)` for blocking calls. It is here:"
    )
    fields = {
        "report": "blocked",
        "pid": repr(proc.pid),
        "initial_call": proc.initial_call(),
        "seconds": seconds,
        "stack": stack,
    }
    _write(logging.WARNING, f"{text}\n{stack.rstrip()}", fields)


def _write(level: int, text: str, fields: dict[str, Any]) -> None:
    """Writes a record; a log that fails (on a full disk, for example) must not prevent a death."""
    try:
        logger.log(level, "%s", text, extra=fields)
    except Exception:
        traceback.print_exc(file=sys.stderr)
