"""Behaviours: what you need to write one, besides `process`.

A behaviour is the general half of a server: it starts the process, receives, replies, reports and
ends, and calls the functions of a user's module or class for the rest. GenServer, GenStatem,
Supervisor and the other behaviours of ``beamish.otp`` use only this module and `process`; so can
yours.

    start, acknowledge                 a start that waits until the process acknowledges it
    request, reply, receive_reply      a call, in one step; a server's reply; the wait for one
    Server, Unanswered                 a receive loop that wakes a coroutine only if it must
    serving, report_crash, because     what reports and `process.why` show
    report, report_gates               a report of the behaviour's own; who may refuse reports
    init, ending, monitoring           whose exit signals are the parent's; how far an end has come
    call_cycle, doing                  whether a call would wait for its caller; what a callee does
    group_members                      the processes of a group, such as an application's
    at_home, elsewhere, check_thread   what a function does on a thread that is not the node's

The functions raise NotRunningError outside of a node, and BadArgError for an argument that they
cannot take. Times are seconds; None is forever, 0 looks without waiting.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from .runtime.calls import call_cycle, reply, request
from .runtime.doing import doing
from .runtime.groups import members_of as _members_of
from .runtime.here import check_thread
from .runtime.here import current as _current
from .runtime.here import here as _here
from .runtime.here import node_of_any_thread as _node_of_any_thread
from .runtime.here import running_node as _node
from .runtime.home import at_home
from .runtime.inbox import elsewhere
from .runtime.journal import note as _note
from .runtime.mailbox import receive_reply
from .runtime.reporting import Report as _Report
from .runtime.reporting import gates as report_gates
from .runtime.reporting import is_wanted as _is_wanted
from .runtime.reporting import never_raises as _never_raises
from .runtime.reporting import write as _write
from .runtime.reports import report_crash as _report_crash
from .runtime.reports import task_name as _task_name
from .runtime.serving import Server, Unanswered
from .runtime.signals import is_watching as _is_watching
from .runtime.states import EXITING as _EXITING
from .runtime.synchronous_start import acknowledge, start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .terms import Pid, Ref

__all__ = [
    "Server",
    "Unanswered",
    "acknowledge",
    "at_home",
    "because",
    "call_cycle",
    "check_thread",
    "doing",
    "elsewhere",
    "ending",
    "group_members",
    "init",
    "monitoring",
    "receive_reply",
    "reply",
    "report",
    "report_crash",
    "report_gates",
    "request",
    "serving",
    "start",
]

# Imported from the runtime, so that a call costs no further call; users find them here.
for _written in (
    *(start, acknowledge, request, reply, receive_reply, call_cycle),
    *(Server, Unanswered),
    *(elsewhere, check_thread, doing),
):
    _written.__module__ = __name__


def serving(work: Any) -> None:
    """Sets the object that describes the work of the calling process.

    Args:
        work: its attribute ``message`` is the message being worked on, which distinguishes a cycle
            of calls from a request that was put aside; its method ``crash_details(reason)`` returns
            what crash reports show: ``last_message``, ``state``; its ``label`` and
            ``initial_call``, if it has them, are shown unless they were set otherwise; its
            ``supervisor``, if it has one, is the name under which its children's reports show it.
    """
    _current().serving = work


def report_crash(reason: Any, *, last_message: Any = None) -> None:
    """Writes a crash report of the calling process to the logger ``beamish``.

    The runtime reports an uncaught exception; this is for a behaviour that reports an
    ``exit(reason)`` of its own as well. A dict in the process dictionary's entry ``"$report"`` is
    shown with each report: ``{"Function": ..., "Arguments": ...}``.

    Args:
        reason: the exit reason; if it is an exception, its traceback is shown.
        last_message: what the process was working on.
    """
    _report_crash(_current(), reason, last_message=last_message)


@_never_raises
def report(
    level: int,
    kind: str,
    message: str,
    make: Callable[[], tuple[tuple[Any, ...], Mapping[str, Any]]],
    *,
    logger: str = "beamish",
    error: BaseException | None = None,
    exc_text: str | None = None,
) -> None:
    """Writes a report; whatever it shows may be of the user's and raise.

    Nothing is put into words before it is certain that the report is written: its level is on, and
    the limits of `beamish.otp.logger` let it pass. Each value is shown as one printable line.

    Args:
        level: a level of ``logging``.
        kind: the attribute ``report`` of the record.
        message: a constant template, by which collectors group. ``%s`` shows a text or an exit
            reason in words, ``%r`` the short repr of a value.
        make: called if the report is written. Returns the arguments of the template, and the fields
            of the record's ``beamish``.
        logger: the logger that it goes to.
        error: the exception that it is about; shown with its traceback.
        exc_text: what a terminal shows of the error below the message; by default its traceback.

    Example:
        >>> report(logging.WARNING, "late", "Too late: %r", lambda: ((message,), {"pid": pid}))
    """
    to = logging.getLogger(logger)
    if _is_wanted(to, level, kind):
        proc = _here.process if at_home() else None
        task = None if proc is None else _task_name(proc)
        _write(to, level, _Report(kind, message, *make(), error, exc_text, task=task))


def because(pid: Pid | None) -> None:
    """Notes because of whose end the caller acts from now on, for `process.why` to show.

    A supervisor calls it before it stops the siblings of a child that ended.

    Args:
        pid: the process that ended; None when the caller is done with it.
    """
    _note(_current().pid, pid)


def init() -> Pid:
    """The pid ``<0.0.0>``: the sender of the exit signals by which the node stops its processes.

    It is not a process. A behaviour that traps exits treats an Exit from it like its parent's.

    Source: init(3) (OTP 25 manual).
    """
    return (_here.node or _node_of_any_thread()).init_pid


def ending() -> bool:
    """Whether an exit signal has ended the calling process: it is only cleaning up."""
    return _current().state >= _EXITING


def monitoring(ref: Ref) -> bool:
    """Whether a monitor of the calling process is active: its message has not been sent yet.

    It stays active while the process that it watches cleans up; a new monitor would say
    ``noproc``.
    """
    return _is_watching(_current(), ref)


def group_members(leader: Pid) -> list[Pid]:
    """The living processes of a group, in no order; its leader is one of them.

    It costs a tenth of asking each process of the node with ``process.info(pid, "group_leader")``.
    """
    return _members_of(leader, _node())
