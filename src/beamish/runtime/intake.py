"""asyncio Tasks in the tree: Tasks that others link to, watch, or take for a child.

What a Task that does not know of processes does with an exit signal is what it does with a
cancellation. One that lives on though it was killed cannot be ended by anyone: when the time for
a clean-up is over, its process ends without it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from beamish.terms import BadArgError, Pid
from beamish.terms.errors import describe
from beamish.terms.identity import new_pid

from .adoption import adopt
from .asyncio_task import TaskFace
from .exiting import finish
from .reports import report_left_behind
from .signals import link

if TYPE_CHECKING:
    from .node import Node
    from .process import Process

__all__ = ["leave_behind", "pid_of", "take_in"]


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
    return new_pid(node.next_pid(), node.home, None) if task.done() else adopt(node, task).pid


def take_in(node: Node, parent: Process, task: Any) -> Pid:
    """Makes a Task the child of a process, linked to it: it ends with its parent."""
    pid = pid_of(node, task)
    proc: Process | None = pid._process
    if proc is not None and proc.rare is not None and proc.rare.outside is not None:
        proc.rare.outside.ours = True
        proc.parent = parent.pid
    link(parent, pid)
    return pid


def leave_behind(node: Node, proc: Process) -> None:
    """Ends the process of a Task that goes on although it was killed."""
    outside = proc.rare.outside if proc.rare is not None else None
    if outside is None or node.adopted.pop(outside.task, None) is None:
        return  # it has ended meanwhile
    report_left_behind(proc)
    finish(proc, proc.fate.reason if proc.fate is not None else None, None, None)
