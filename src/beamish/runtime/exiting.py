"""The end of a process.

The order (rule C1 of docs/semantics.md): its end is decided (fate.py: not alive, name free); a
ProcessExit is raised where it is, and its clean-up runs; its resources are closed; then its links
get exit signals and its monitors Down messages. So whoever hears of a death finds the name free and
the socket closed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from beamish.terms import NORMAL, ProcessExit
from beamish.terms.reasons import CANCELLED, keep_stack

from .asyncio_task import finish_task
from .fate import hasten
from .here import here, running_node
from .journal import plain
from .owned import close_all
from .reports import report_crash, report_failed_cleanup
from .signals import die
from .states import EXITING

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .process import Process

__all__ = ["GRACE", "ForcedEnd", "end_raised", "end_returned", "finish", "start_grace"]

GRACE: Final = 5.0  # seconds that the clean-up of a process may take


class ForcedEnd(BaseException):
    """Raised in a clean-up that waits again each time ProcessExit is raised in it."""


_ENDS: Final = (asyncio.CancelledError, ForcedEnd, GeneratorExit)


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
    fate = proc.fate
    if proc.state == EXITING and fate is not None:
        if error.__class__ is ProcessExit and fate.grace is None and proc.rare is None:
            error.__traceback__ = None
            die(proc, fate.reason)  # the common case
            return
        failure = failure_in(error)
        if failure is not None:
            report_failed_cleanup(proc, failure)
        error.__traceback__ = None
        finish(proc, fate.reason, error, None)
        return
    exits = is_exit(error) if failure_in(error) is None else None
    if exits is not None:
        reason: Any = exits.reason
        error.__traceback__ = None
    elif isinstance(error, asyncio.CancelledError):
        reason = CANCELLED
        error.__traceback__ = None
    elif isinstance(error, SystemExit | KeyboardInterrupt):
        reason = error  # as exit/1: it ends the process, not the interpreter
        error.__traceback__ = None
    else:
        reason = error
        if proc.rare is None or not proc.rare.quiet:
            report_crash(proc, error)
            keep_stack(error)
    finish(proc, reason, error, None)


def failure_in(error: BaseException) -> BaseException | None:
    """The part of an exception that is a failure; a TaskGroup may wrap failures with exits."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(_ENDS)[1]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return None if isinstance(error, _ENDS) else error


def is_exit(error: BaseException) -> ProcessExit | None:
    """The exception if it is a ProcessExit, or the ProcessExit that a TaskGroup wrapped in it."""
    if isinstance(error, ProcessExit):
        return error
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            found = is_exit(inner)  # pyright: ignore[reportUnknownArgumentType]
            if found is not None:
                return found
    return None


def finish(proc: Process, reason: Any, error: BaseException | None, result: Any) -> None:
    """Ends a process whose code is done: closes what it owns, then sends its signals."""
    fate = proc.fate
    if fate is None:
        if reason is not NORMAL:
            here.journal.append((proc.pid, plain(reason), None, False))
    else:
        if fate.grace is not None:
            fate.grace.cancel()
        if reason is not fate.reason:  # it has ended before the signal reached it
            here.journal.append((proc.pid, plain(reason), None, False))
    rare = proc.rare
    if rare is not None:
        running_node().names.release(proc)
        if rare.owned:
            # While resources are being closed the process is still exiting.
            proc.state = EXITING
            rare.reason = reason
            closing = close_all(proc, running_node().closing_time)
            if closing is not None:
                _finish_after(closing, proc, reason, error, result)
                return
    _finish_now(proc, reason, error, result)


def _finish_now(proc: Process, reason: Any, error: BaseException | None, result: Any) -> None:
    die(proc, reason)
    rare = proc.rare
    if rare is not None:
        # Code that sees a Task in it may keep it forever; what it refers to must be freed now.
        proc.mailbox = proc.value = proc.waiter = None
        finish_task(proc, error, result)
        if rare.on_end is not None:
            rare.on_end(reason, result)


def _finish_after(
    closing: Coroutine[Any, Any, None],
    proc: Process,
    reason: Any,
    error: BaseException | None,
    result: Any,
) -> None:
    async def close() -> None:
        inner = asyncio.ensure_future(closing)
        while not inner.done():
            try:
                # Closing that ignores its cancellation as well is left behind.
                await asyncio.wait([inner], timeout=2 * node.closing_time)
                return
            except asyncio.CancelledError:
                inner.cancel()  # stopping.hurry; it continues with the remaining resources

    def closed(task: asyncio.Task[None]) -> None:
        node.closing.discard(task)
        _finish_now(proc, reason, error, result)

    node = running_node()
    was, here.process = here.process, None
    task = node.loop.create_task(close())
    here.process = was
    node.closing.add(task)
    task.add_done_callback(closed)
