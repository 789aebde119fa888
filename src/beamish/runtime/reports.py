"""Crash reports, and the other reports of the runtime, which go to the logger ``beamish``.

A report is one record. Its message is for people at a terminal; for a log collector it has
``exc_info`` and one structured record, ``beamish``: a dict of what JSON knows. How a report is
written, and what of it is shown, is said in `reporting`.

A report is made of objects of the user's, and goes through filters and handlers of theirs. Any of
them may raise whatever it likes: what cannot be shown is left out, and no report ever raises.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, cast

from beamish.terms.careful import entries, is_a
from beamish.terms.printable import MESSAGE_LIMIT, STACK_LIMIT, cut, in_lines, shown, text_of

from .reporting import Report, Safe, is_wanted, never_raises, write
from .ties import tied

if TYPE_CHECKING:
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
    "task_name",
    "who",
]

logger: Final = logging.getLogger("beamish")


@never_raises
def report_crash(proc: Process, reason: Any, *, last_message: Any = None) -> None:
    """Reports a process that dies of an error.

    Args:
        reason: the exit reason; if it is an exception, its traceback is shown.
        last_message: shown instead of the last message that the runtime knows of.
    """
    if not is_wanted(logger, logging.ERROR, "crash", proc.context):
        return
    error = reason if is_a(reason, BaseException) else None
    said = _details(proc, reason)
    reason = said.get("reason", reason)  # a behaviour may keep something secret
    if not is_a(reason, BaseException):
        error = None
    fields = _fields(proc, error) | {"reason": reason, "details": _more(proc)}
    if "state" in said:
        fields["state"] = Safe(shown(said["state"]))
    message = last_message if last_message is not None else said.get("last_message")
    if message is not None:
        fields["last_message"] = Safe(shown(message))
    text = "Process %s terminating%s\n** (exit) %s"
    args = (who(proc), _lines(fields), reason)
    _write(logging.ERROR, "crash", text, args, fields, proc, error)


_SHOWN: Final = (
    ("Initial call", "initial_call"),
    ("Ancestors", "ancestors"),
    ("Last message", "last_message"),
    ("State", "state"),
    ("Message queue length", "message_queue_len"),
    ("Links", "links"),
)
_REST: Final = 3_000  # characters of a message for what is not in these lines


def _lines(fields: dict[str, Any]) -> Safe:
    """The fields that people want to see, a line each."""
    told = [(title, fields[key]) for title, key in _SHOWN if fields[key] not in (None, [])]
    told += fields["details"].items()
    lines = [f"\n    {title}: {value}" for title, value in told]
    return Safe(cut("".join(lines), MESSAGE_LIMIT - _REST))


# ---- what is known of a process


def _fields(proc: Process, error: BaseException | None = None) -> dict[str, Any]:
    """What each report on a process has in its record."""
    ancestors = proc.ancestors()
    last = proc.value
    return {
        "pid": repr(proc.pid),
        "registered_name": proc.rare.name if proc.rare else None,
        "label": _label(proc),
        "initial_call": _initial_call(proc, error),
        "parent": repr(ancestors[0]) if ancestors else None,
        "ancestors": [repr(pid) for pid in ancestors],
        "supervisor": _supervisor(proc),
        "last_message": None if last is None else Safe(shown(last)),
        "state": None,
        "message_queue_len": len(proc.mailbox or ()),
        "links": sorted(repr(pid) for pid in tied(proc.links)),
        "details": {},
        "reason": None,
        "exception": None,
        "stack": None,
    }


def _initial_call(proc: Process, error: BaseException | None = None) -> str:
    try:
        return Safe(text_of(proc.initial_call(error)))
    except BaseException:
        return "?"


def _label(proc: Process) -> str | None:
    label = proc.label()
    return None if label is None else Safe(text_of(label))


def who(proc: Process) -> str:
    """The pid of a process, with its name or label if it has one."""
    called: Any = proc.rare.name if proc.rare is not None else None
    text = _label(proc) if called is None else text_of(called)
    return f"{proc.pid!r} ({text})" if text else repr(proc.pid)


def _supervisor(proc: Process) -> str | None:
    """The supervisor under which a process is: the nearest of its ancestors that is one."""
    for pid in proc.ancestors():
        found = getattr(getattr(pid._process, "serving", None), "supervisor", None)
        if found is not None:
            return Safe(text_of(found))
    return None


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
        more = entries(cast("dict[Any, Any]", found))
        return {text_of(title): Safe(text_of(value)) for title, value in more.items()}
    except BaseException:
        return {}


# ---- the other reports on a process


@never_raises
def report_failed_cleanup(proc: Process, error: BaseException) -> None:
    """Reports an exception in the clean-up of a process that was ended by a signal."""
    text = "Process %s failed while it cleaned up after an exit signal"
    _report_on(proc, "cleanup", text, (repr(proc.pid),), error)


@never_raises
def report_failed_close(proc: Process, resource: Any, error: BaseException) -> None:
    """Reports a resource that could not be closed at its owner's death."""
    text = "Closing %r, which %s owned, failed: %s"
    _report_on(proc, "close", text, (resource, repr(proc.pid), error), error)


@never_raises
def report_left_behind(proc: Process) -> None:
    """Reports an asyncio Task that continues although it was killed."""
    text = (
        "Process %s (%s) was killed, and its Task goes on: it swallows every CancelledError. "
        "It is not a process any more"
    )
    _report_on(proc, "left_behind", text, (repr(proc.pid), _initial_call(proc)), None)


@never_raises
def report_failure(proc: Process, what: str, error: BaseException) -> None:
    """Reports what went wrong in the runtime itself, mostly by an object of the user's.

    Args:
        what: of the process; completes the sentence.
    """
    _report_on(proc, "failure", f"Process %s {what}", (repr(proc.pid),), error)


def _report_on(
    proc: Process, kind: str, text: str, args: tuple[Any, ...], error: BaseException | None
) -> None:
    if is_wanted(logger, logging.ERROR, kind, proc.context):
        fields = _fields(proc, error)
        if error is not None:
            fields["reason"] = error
        _write(logging.ERROR, kind, text, args, fields, proc, error)


@never_raises
def report_blocked(proc: Process, seconds: float, stack: str, rlock: str | None = None) -> None:
    """Reports a process that has not let any other run for a while.

    Args:
        rlock: the line that it is at with an RLock, for which it is not preempted.
    """
    if not is_wanted(logger, logging.WARNING, "blocked", proc.context):
        return
    text = (
        "Process %s (%s) has blocked the node for %s ms: no other process ran meanwhile. %s "
        "It is here:\n%s"
    )
    cure = "Use `await process.offload(function)` for blocking calls."
    if rlock is not None:
        cure = (
            f"It is not preempted, because it holds an RLock at {rlock}: hold it for a short time."
        )
    fields = {  # no more of it: this is another thread's
        "pid": repr(proc.pid),
        "initial_call": _initial_call(proc),
        "seconds": seconds,
        "rlock": rlock,
        "stack": Safe(in_lines(stack.rstrip(), STACK_LIMIT)),
    }
    milliseconds = f"{seconds * 1000:.0f}"
    args = (repr(proc.pid), fields["initial_call"], milliseconds, cure, fields["stack"])
    _write(logging.WARNING, "blocked", text, args, fields, proc, None)


def _write(
    level: int,
    kind: str,
    text: str,
    args: tuple[Any, ...],
    fields: dict[str, Any],
    proc: Process,
    error: BaseException | None,
) -> None:
    report = Report(kind, text, args, fields, error, context=proc.context, task=task_name(proc))
    write(logger, level, report)


def task_name(proc: Process) -> str:
    """The name that asyncio knows it by."""
    state = proc.rare.task if proc.rare is not None else None
    return repr(proc.pid) if state is None or state.name is None else state.name


# ---- reports on the node


_missed: Final[set[str]] = set()


@never_raises
def report_missing(what: str, error: BaseException) -> None:
    """Warns, once in an OS process, of what the system has not given the node."""
    if what not in _missed:
        _missed.add(what)
        _report(logging.WARNING, "missing", f"{what}: %s", (error,), error)


@never_raises
def report_error(what: str, error: BaseException) -> None:
    """Reports what has failed beside all processes."""
    _report(logging.ERROR, "failure", what, (), error)


def _report(level: int, kind: str, text: str, args: tuple[Any, ...], error: BaseException) -> None:
    if is_wanted(logger, level, kind):
        write(logger, level, Report(kind, text, args, {"reason": error}, error))
