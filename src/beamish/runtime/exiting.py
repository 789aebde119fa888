"""The end of a process.

The order (rule C1 of docs/semantics.md): its end is decided (fate.py: not alive, name free); a
ProcessExit is raised where it is, and its clean-up runs; its resources are closed; then its links
get exit signals and its monitors Down messages. So whoever hears of a death finds the name free and
the socket closed.
"""

from __future__ import annotations

import asyncio
from inspect import CORO_CLOSED, getcoroutinestate
from typing import TYPE_CHECKING, Any, Final

from beamish.terms import NORMAL, ProcessExit
from beamish.terms.careful import forget_traceback, is_a
from beamish.terms.ends import exit_in, failure_in
from beamish.terms.reasons import CANCELLED, keep_stack

from .asyncio_task import finish_task
from .fate import doom, hasten
from .forking import leave
from .giving_up import give_up
from .here import here, running_node
from .journal import plain, where_in
from .owned import close_all, close_rest
from .reports import report_crash, report_failed_cleanup, report_failure
from .signals import die
from .states import DEAD, EXITING, FORKED, WAIT_WAKE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .process import Process

__all__ = [
    "GRACE",
    "end_raised",
    "end_returned",
    "finish",
    "rescue",
    "start_grace",
]

GRACE: Final = 5.0  # seconds that the clean-up of a process may take


def start_grace(proc: Process) -> None:
    """Starts the time that a process has for cleaning up."""
    fate = proc.fate
    if fate is not None and fate.grace is None and not fate.force:
        node = running_node()
        fate.grace = node.timers.call_later(node.grace, hasten, proc)


def end_returned(proc: Process, result: Any) -> None:
    """Its function returned."""
    if proc.fate is None and proc.rare is None:
        die(proc, NORMAL)  # the common case
    elif proc.state == EXITING and proc.fate is not None:
        finish(proc, proc.fate.reason, None, result)
    else:
        finish(proc, NORMAL, None, result)


def end_raised(proc: Process, error: BaseException) -> None:
    """Its function raised, or was made to."""
    if proc.state == FORKED:
        leave(error)
    fate = proc.fate
    if proc.state == EXITING and fate is not None:
        if type(error) is ProcessExit and fate.grace is None and proc.rare is None:
            error.__traceback__ = None
            die(proc, fate.reason)  # the common case
            return
        reason = fate.reason
        _look_through(proc, error, _report_cleanup)
    else:
        # Should even looking at the exception fail, it is the reason itself.
        reason = _look_through(proc, error, _reason_of)
    finish(proc, reason, error, None)


def _look_through(
    proc: Process, error: BaseException, look: Callable[[Process, BaseException], Any]
) -> Any:
    """What is made of an exception; itself where that fails, for it may be of any class."""
    if is_a(error, MemoryError):
        running_node().reserve.open()
    try:
        return look(proc, error)
    except BaseException as failure:
        report_failure(proc, "has raised what cannot be looked at", failure)
        if not _is_quiet(proc):
            forget_traceback(error)
        return error


def _report_cleanup(proc: Process, error: BaseException) -> None:
    failure = failure_in(error)
    if failure is not None:
        report_failed_cleanup(proc, failure)
    forget_traceback(error)


def _reason_of(proc: Process, error: BaseException) -> Any:
    """The exit reason of a process that has raised this; a crash is reported."""
    exits = exit_in(error)
    if exits is not None:
        reason = exits.reason
        if not is_a(error, Exception):
            forget_traceback(error)
        elif not _is_quiet(proc):
            keep_stack(exits)  # in a group it has a stack of its own
            keep_stack(error)
        return reason
    if is_a(error, asyncio.CancelledError):
        forget_traceback(error)
        return CANCELLED
    if is_a(error, SystemExit) or is_a(error, KeyboardInterrupt):
        forget_traceback(error)
        return error  # as exit/1: it ends the process, not the interpreter
    if not _is_quiet(proc):
        report_crash(proc, error)
        keep_stack(error)
    return error


def _is_quiet(proc: Process) -> bool:
    """Whether its failure is raised by beamish.run, and reported by nobody."""
    return proc.rare is not None and proc.rare.quiet


def finish(proc: Process, reason: Any, error: BaseException | None, result: Any) -> None:
    """Ends a process whose code is done: closes what it owns, then sends its signals.

    They are sent whatever else fails.
    """
    if proc.state == FORKED:
        leave(error)
    try:
        closing = _begin_closing(proc, reason, error)
        if closing is not None:
            _finish_after(closing, proc, reason, error, result)
            return
    except BaseException as failure:
        report_failure(proc, "could not be ended in order", failure)
        close_rest(proc)
    _finish_now(proc, reason, error, result)


def _begin_closing(
    proc: Process, reason: Any, error: BaseException | None
) -> Coroutine[Any, Any, None] | None:
    """Closes what the process owns; what is to be awaited for that, if anything is."""
    fate = proc.fate
    if fate is not None and fate.grace is not None:
        fate.grace.cancel()
    rare = proc.rare
    if rare is not None:
        running_node().names.release(proc)
    # With a fate of another reason it has ended before the signal reached it.
    if reason is not NORMAL if fate is None else reason is not fate.reason:
        here.journal.append((proc.pid, plain(reason), None, False, where_in(error)))
    if rare is None or not rare.owned:
        return None
    # While resources are being closed the process is still exiting.
    proc.state = EXITING
    rare.reason = reason
    return close_all(proc, running_node().closing_time)


def _finish_now(proc: Process, reason: Any, error: BaseException | None, result: Any) -> None:
    die(proc, reason)
    rare = proc.rare
    if rare is not None:
        # Code that sees a Task in it may keep it forever; what it refers to must be freed now.
        proc.mailbox = proc.value = proc.waiter = None
        finish_task(proc, error, result)
        if rare.on_end is not None:
            rare.on_end(_told(reason, error), result)


def _told(reason: Any, error: BaseException | None) -> Any:
    """What run() and call_threadsafe() raise: of a failed call the exception, not its reason."""
    if not is_a(error, Exception):
        return reason
    try:
        exits = exit_in(error)
        return reason if exits is None or exits.reason is not reason else error
    except BaseException:
        return reason


def rescue(proc: Process, failure: BaseException) -> None:
    """The net under each turn of a process: what leaves the runtime there ends that process alone.

    Its end goes the usual way; where that is what has failed, the others are told at once.
    """
    try:
        here.process = None
        if is_a(failure, MemoryError):
            running_node().reserve.open()
        if proc.state == DEAD:
            if is_a(failure, MemoryError):
                give_up()  # perhaps before everybody was told
            report_failure(proc, "has ended, but not in order", failure)
            return
        report_failure(proc, "could not go on, and ends", failure)
        keep_stack(failure)
        if proc.fate is not None or getcoroutinestate(proc.coro) == CORO_CLOSED:
            finish(proc, failure if proc.fate is None else proc.fate.reason, failure, None)
            return
        waits = proc.state <= WAIT_WAKE
        doom(proc, failure)
        if not waits and (proc.rare is None or proc.rare.outside is None):
            here.push(proc)  # it was taken off the queue for this turn
    except BaseException:
        _at_last(proc, failure)


def _at_last(proc: Process, reason: Any) -> None:
    """The second, smaller net: nothing but the end is told; where not even that can be, see there.

    What it owns it has still, if that was not closed.
    """
    try:
        if proc.state != DEAD:
            die(proc, reason)
    except BaseException:
        give_up()


def _leave_behind(proc: Process, closing: asyncio.Task[None]) -> None:
    """Gives up on a closing that ignores its cancellation, or awaits what never calls back.

    asyncio waits for every Task that it knows of when its loop is closed.
    """
    asyncio.tasks._unregister_task(closing)
    close_rest(proc)


def _finish_after(
    closing: Coroutine[Any, Any, None],
    proc: Process,
    reason: Any,
    error: BaseException | None,
    result: Any,
) -> None:
    """Ends it when the closing is done."""

    async def close() -> None:
        inner = asyncio.Task(closing, loop=node.loop)
        while not inner.done():
            try:
                _, left = await asyncio.wait([inner], timeout=2 * node.closing_time)
                if left:
                    _leave_behind(proc, inner)
                return
            except asyncio.CancelledError:
                inner.cancel()  # stopping.hurry; it continues with the remaining resources

    def closed(task: asyncio.Task[None]) -> None:
        node.closing.discard(task)
        _finish_now(proc, reason, error, result)

    node = running_node()
    was, here.process = here.process, None
    try:
        # Tasks of asyncio's own, whatever factory the loop has.
        task = asyncio.Task(close(), loop=node.loop)
    finally:
        here.process = was
    node.closing.add(task)
    task.add_done_callback(closed)
