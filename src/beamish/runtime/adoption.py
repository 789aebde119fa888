"""Adoption: a plain asyncio Task is given a process of its own.

A Task of the node's loop (a FastAPI handler, a test) is adopted on the first use of a process
operation, or when another process links to it, monitors it or adopts it as its child. It keeps
running as a Task (outside.py), and the process ends with it.

A Task that knows nothing of processes treats an exit signal as a cancellation. Nobody can end a
Task that survives being killed: when the grace period is over, its process ends without it.
"""

from __future__ import annotations

import asyncio
import contextvars
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from beamish.terms import NORMAL, BadArgError, NotRunningError, Pid
from beamish.terms.ends import exit_in
from beamish.terms.errors import describe
from beamish.terms.identity import new_pid
from beamish.terms.reasons import CANCELLED

from .asyncio_task import TaskFace
from .exiting import finish
from .here import running_node
from .outside import Outside
from .process import new_process
from .reports import report_crash, report_left_behind
from .signals import link
from .states import OUTSIDE

if TYPE_CHECKING:
    from .node import Node
    from .process import Process

__all__ = ["adopt_as_child", "adopt_current_task", "pid_of"]


def adopt_current_task() -> Process:
    """The process of the current asyncio Task, made on first use.

    Raises:
        NotRunningError: no node is running, or there is no current Task, or it is another loop's.
    """
    node = running_node()
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    if task is None or task.get_loop() is not node.loop:
        raise NotRunningError(
            "this needs a process: call it in a process or in an asyncio Task of the node's loop "
            "(a callback has none)"
        )
    return node.adopted.get(task) or _adopt(node, task)


def pid_of(node: Node, what: Any) -> Pid:
    """The pid of an asyncio Task, or of a process seen as one; a Task is adopted on first use.

    Raises:
        BadArgError: it is neither, or the Task of another loop.
    """
    if isinstance(what, TaskFace):
        return cast("Process", what).pid
    if not isinstance(what, asyncio.Task):
        hint = "; to start a function there is spawn_link" if callable(what) else ""
        raise BadArgError(f"expected a Pid or an asyncio.Task; got {describe(what)}{hint}")
    task = cast("asyncio.Task[Any]", what)
    if task.get_loop() is not node.loop:
        raise BadArgError(f"expected a Task of the node's loop; got {describe(task)}")
    proc = node.adopted.get(task)
    if proc is not None:
        return proc.pid
    return new_pid(node.next_pid(), node.home, None) if task.done() else _adopt(node, task).pid


def adopt_as_child(node: Node, parent: Process, task: Any) -> Pid:
    """Adopts a Task as the child of a process, linked to it: it ends with its parent."""
    pid = pid_of(node, task)
    proc: Process | None = pid._process
    if proc is not None and proc.rare is not None and proc.rare.outside is not None:
        proc.parent = parent.pid
    link(parent, pid)
    return pid


def _adopt(node: Node, task: asyncio.Task[Any]) -> Process:
    outside = Outside(task, partial(_leave_behind, node))
    proc = outside.proc = new_process(node, outside.wake, contextvars.copy_context(), None)
    proc.state = OUTSIDE
    proc.ensure_rare().outside = outside
    node.processes.add(proc)
    node.adopted[task] = proc
    task.add_done_callback(partial(_task_ended, node), context=node.scheduler.context)
    return proc


def _task_ended(node: Node, task: asyncio.Task[Any]) -> None:
    """An adopted process ends with its Task."""
    proc = node.adopted.pop(task, None)
    if proc is not None:
        reason, error = _reason_of(proc, task)
        if error is not None and proc.parent is not None:
            task.exception()  # marks it as seen: we report it, asyncio need not
            if reason is error:
                report_crash(proc, error)
        finish(proc, reason, error, None)


def _reason_of(proc: Process, task: asyncio.Task[Any]) -> tuple[Any, BaseException | None]:
    """The exit reason of an adopted process whose Task is done, and what the Task raised."""
    # Not task.exception(): asyncio should still warn of an exception that is never retrieved.
    error: BaseException | None = task._exception
    if proc.fate is not None:
        return proc.fate.reason, error
    if task.cancelled():
        outside = proc.rare.outside if proc.rare is not None else None
        exits = outside.exit if outside is not None else None
        return (exits.reason if exits is not None else CANCELLED), error
    if error is None:
        return NORMAL, None
    try:
        ends = exit_in(error)
        return (error if ends is None else ends.reason), error
    except BaseException:  # it may be of any class
        return error, error


def _leave_behind(node: Node, proc: Process) -> None:
    """Ends the process of a Task that continues although it was killed."""
    outside = proc.rare.outside if proc.rare is not None else None
    if outside is None or node.adopted.pop(outside.task, None) is None:
        return  # it has ended
    report_left_behind(proc)
    finish(proc, proc.fate.reason if proc.fate is not None else None, None, None)
