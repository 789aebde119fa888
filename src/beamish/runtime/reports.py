"""Crash reports: the one place of the runtime that writes to the ``beamish`` logger.

A report is one record. Its message is for people at a terminal; its fields are attributes of the
record, for a log collector: ``report``, ``pid``, ``registered_name``, ``label``, ``initial_call``,
``ancestors``, ``reason``, ``last_message``, ``state``, ``message_queue_len``, ``links``,
``stack``, ``details`` (what a behaviour adds: a task's caller, function and arguments), ``context``
(the context of the process, for log filters).

A report is made of objects of the user's, and goes through filters and handlers of theirs. Any of
them may raise whatever it likes: what cannot be shown is left out, and no report ever raises.
"""

from __future__ import annotations

import functools
import logging
import reprlib
import traceback
from typing import TYPE_CHECKING, Any, Final, ParamSpec, cast

from beamish.terms import format_exit
from beamish.terms.careful import entries, is_a, print_error, show, traceback_of

from .ties import tied

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Process

__all__ = [
    "logger",
    "report_crash",
    "report_error",
    "report_failed_cleanup",
    "report_failed_close",
    "report_failure",
    "report_left_behind",
    "report_missing",
    "who",
]

logger: Final = logging.getLogger("beamish")

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 400
_short.maxtuple = _short.maxlist = _short.maxdict = 12
_short.maxlevel = 4


P = ParamSpec("P")


def _never_raises(report: Callable[P, None]) -> Callable[P, None]:
    """A log that fails (on a full disk, for example) must not prevent a death."""

    @functools.wraps(report)
    def safe(*args: P.args, **kw: P.kwargs) -> None:
        try:
            report(*args, **kw)
        except BaseException:
            print_error()

    return safe


@_never_raises
def report_crash(proc: Process, reason: Any, *, last_message: Any = None) -> None:
    """Reports a process that dies of an error.

    Args:
        reason: the exit reason; if it is an exception, its traceback is shown.
        last_message: shown instead of the last message that the runtime knows of.
    """
    if not logger.isEnabledFor(logging.ERROR):
        return
    fields = _fields(proc, reason if is_a(reason, BaseException) else None)
    details = _details(proc, reason)
    reason = details.get("reason", reason)  # a behaviour may keep something secret
    fields["report"] = "crash"
    fields["reason"] = reason
    if last_message is not None:
        fields["last_message"] = _shown(last_message)
    elif "last_message" in details:
        fields["last_message"] = _shown(details["last_message"])
    fields["state"] = _shown(details["state"]) if "state" in details else None
    stack = _traceback(reason) if is_a(reason, BaseException) else ""
    fields["stack"] = stack
    lines = [f"Process {who(proc)} terminating"]
    lines += [
        f"    {title}: {fields[key]}" for title, key in _SHOWN if fields[key] not in (None, [])
    ]
    fields["details"] = more = _more(proc)
    lines += [f"    {title}: {text}" for title, text in more.items()]
    lines.append("** (exit) " + _words(reason))
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
    except BaseException:
        return {}


def _more(proc: Process) -> dict[str, str]:
    """What else to show: the entry ``$report`` of the process dictionary."""
    rare = proc.rare
    try:
        found = rare.dictionary.get("$report") if rare is not None and rare.dictionary else None
        if not is_a(found, dict):
            return {}
        return {
            _text(title): _text(value)
            for title, value in entries(cast("dict[Any, Any]", found)).items()
        }
    except BaseException:
        return {}


def _fields(proc: Process, error: BaseException | None = None) -> dict[str, Any]:
    rare = proc.rare
    last = proc.value
    return {
        "pid": repr(proc.pid),
        "registered_name": rare.name if rare else None,
        "label": proc.label(),
        "initial_call": _initial_call(proc, error),
        "ancestors": [repr(pid) for pid in proc.ancestors()],
        "last_message": None if last is None else _shown(last),
        "message_queue_len": len(proc.mailbox or ()),
        "links": sorted(repr(pid) for pid in tied(proc.links)),
        "context": proc.context,
    }


def _initial_call(proc: Process, error: BaseException | None = None) -> str:
    try:
        return _text(proc.initial_call(error))
    except BaseException:
        return "?"


def who(proc: Process) -> str:
    """The pid of a process, with its name or label if it has one."""
    called: Any = proc.rare.name if proc.rare is not None else None
    try:
        called = called or proc.label() or ""
    except BaseException:
        called = proc.label()  # which has no truth value
    text = _text(called)
    return f"{proc.pid!r} ({text})" if text else repr(proc.pid)


def _shown(value: Any) -> str:
    """The repr of a value, not too long."""
    return show(value, _short.repr)


def _text(value: Any) -> str:
    """A text as it is, and the repr of anything else."""
    return str.__str__(value) if is_a(value, str) else _shown(value)


def _traceback(error: BaseException) -> str:
    """The traceback without the runtime's own frames at its head."""
    whole = tb = traceback_of(error)
    while tb is not None and "/beamish/runtime/" in tb.tb_frame.f_code.co_filename.replace(
        "\\", "/"
    ):
        tb = tb.tb_next
    if tb is None:
        tb = whole
    try:
        return "".join(traceback.format_exception(type(error), error, tb))
    except BaseException:  # it will not be looked at
        return "".join([*traceback.format_tb(tb), show(error)])


@_never_raises
def report_failed_cleanup(proc: Process, error: BaseException) -> None:
    """Reports an exception in the clean-up of a process that was ended by a signal."""
    fields = _fields(proc, error)
    fields["report"] = "cleanup"
    fields["reason"] = error
    text = f"Process {proc.pid!r} failed while it cleaned up after an exit signal"
    _write(logging.ERROR, f"{text}\n{_traceback(error).rstrip()}", fields)


@_never_raises
def report_failed_close(proc: Process, resource: Any, error: BaseException) -> None:
    """Reports a resource that could not be closed at its owner's death."""
    fields = _fields(proc)
    fields["report"] = "close"
    fields["reason"] = error
    what = f"Closing {_shown(resource)}, which {proc.pid!r} owned, failed"
    _write(logging.ERROR, f"{what}: {_words(error)}", fields)


@_never_raises
def report_left_behind(proc: Process) -> None:
    """Reports an asyncio Task that continues although it was killed."""
    fields = _fields(proc)
    fields["report"] = "left_behind"
    text = (
        f"Process {proc.pid!r} ({_initial_call(proc)}) was killed, and its Task goes on: it "
        "swallows every CancelledError. It is not a process any more"
    )
    _write(logging.ERROR, text, fields)


@_never_raises
def report_blocked(proc: Process, seconds: float, stack: str, rlock: str | None = None) -> None:
    """Reports a process that has not let any other run for a while.

    Args:
        rlock: the line that it is at with an RLock, for which it is not preempted.
    """
    cure = "Use `await process.offload(function)` for blocking calls."
    if rlock is not None:
        cure = (
            f"It is not preempted, because it holds an RLock at {rlock}: hold it for a short time."
        )
    text = (
        f"Process {proc.pid!r} ({_initial_call(proc)}) has blocked the node for "
        f"{seconds * 1000:.0f} ms: no other process ran meanwhile. {cure} It is here:"
    )
    fields = {
        "report": "blocked",
        "pid": repr(proc.pid),
        "initial_call": _initial_call(proc),
        "seconds": seconds,
        "rlock": rlock,
        "stack": stack,
    }
    _write(logging.WARNING, f"{text}\n{stack.rstrip()}", fields)


@_never_raises
def report_failure(proc: Process, what: str, error: BaseException) -> None:
    """Reports what went wrong in the runtime itself, mostly by an object of the user's.

    Args:
        what: of the process; completes the sentence.
    """
    fields = _fields(proc)
    fields["report"] = "failure"
    fields["reason"] = error
    text = f"Process {proc.pid!r} {what}"
    _write(logging.ERROR, f"{text}\n{_traceback(error).rstrip()}", fields)


_missed: Final[set[str]] = set()


@_never_raises
def report_missing(what: str, error: BaseException) -> None:
    """Warns, once in an OS process, of what the system has not given the node."""
    if what not in _missed:
        _missed.add(what)
        _write(logging.WARNING, f"{what}: {_words(error)}", {"report": "missing"})


@_never_raises
def report_error(what: str, error: BaseException) -> None:
    """Reports what has failed beside all processes."""
    fields = {"report": "failure", "reason": error}
    _write(logging.ERROR, f"{what}\n{_traceback(error).rstrip()}", fields)


def _words(reason: Any) -> str:
    return show(reason, format_exit)


def _write(level: int, text: str, fields: dict[str, Any]) -> None:
    logger.log(level, "%s", text, extra=fields)
