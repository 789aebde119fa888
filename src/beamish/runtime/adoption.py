"""Adopted processes: a plain asyncio Task that takes part.

A Task of the node's loop (a FastAPI handler, a test) is given a process of its own on the first
use of a process operation. It goes on running as the Task that it is; receive() waits for an
asyncio future; an exit signal cancels the Task; the process ends with the Task.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from typing import TYPE_CHECKING, Any, final

from beamish.terms import NORMAL, NotRunningError, ProcessExit
from beamish.terms.reasons import CANCELLED

from .here import running_node
from .process import new_process
from .states import EXIT_PENDING, OUTSIDE, WOKEN

if TYPE_CHECKING:
    from collections.abc import Generator

    from .node import Node
    from .process import Process

__all__ = ["Outside", "Word", "adopt", "adopt_current_task", "wait_outside"]


@final
class Word:
    """What receive() is told in the place of a message."""

    __slots__ = ()


@final
class Outside:
    """The asyncio Task that an adopted process is."""

    __slots__ = ("exit", "future", "ours", "proc", "takes_messages", "task")

    proc: Process

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task = task
        self.future: asyncio.Future[Any] | None = None
        self.takes_messages = False  # whether what it waits for is a message
        self.exit: ProcessExit | None = None  # the latest that it raised itself
        self.ours = False  # whether it was taken into the tree: it ends with its parent

    def wake(self, value: Any) -> None:
        """Stands for the coroutine's send: the Task goes on when the loop comes to it."""
        self.proc.state = OUTSIDE
        self.proc.value = None  # asyncio reports its crash: its last message need not be kept
        if self.future is not None and not self.future.done():
            self.future.set_result(value)
        else:
            self.put_back(value)  # it was cancelled just before

    def put_back(self, value: Any) -> None:
        """Puts a message where it came into the mailbox: its receive() was cancelled."""
        if not self.takes_messages or value.__class__ is Word:
            return
        proc = self.proc
        if proc.mailbox is None:
            proc.mailbox = deque()
        proc.mailbox.insert(proc.pattern if isinstance(proc.pattern, int) else 0, value)

    def end(self, *, force: bool = False) -> None:
        """An exit signal has decided its end; with `force` it may not take long."""
        self.task.cancel()
        if force:
            running_node().insist(self.proc)

    def release(self) -> None:
        """The node ends: its Task goes on, but what it waits for will never come."""
        if self.future is not None and not self.future.done():
            self.future.set_exception(
                NotRunningError("the node has ended while this Task waited for a message")
            )

    def name(self) -> str:
        """What it runs, for reports."""
        return f"asyncio.Task {self.task.get_name()}"


def wait_outside(proc: Process, *, message: bool) -> Generator[Any, Any, Any]:
    """Waits until the process is handed something; a cancelled wait loses no message.

    Args:
        message: whether what it waits for is a message, which goes back to the mailbox then.
    """
    outside = proc.rare.outside if proc.rare is not None else None
    assert outside is not None
    outside.takes_messages = message
    future = outside.future = outside.task.get_loop().create_future()
    try:
        return (yield from future)
    except asyncio.CancelledError:
        if proc.state == WOKEN:
            outside.put_back(proc.value)
        elif future.done() and not future.cancelled():
            outside.put_back(future.result())
        if proc.state < EXIT_PENDING:
            proc.state = OUTSIDE
        raise
    finally:
        outside.future = None


def adopt_current_task(node: Node) -> Process:
    """The process of the current asyncio Task, made on first use.

    Raises:
        NotRunningError: there is no current Task, or it is another loop's.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    if task is None or task.get_loop() is not node.loop:
        raise NotRunningError(
            "this needs a process: call it in a process or in an asyncio Task of the node's loop "
            "(a callback has none, and from another thread use process.send_threadsafe)"
        )
    proc = node.adopted.get(task)
    if proc is None:
        proc = adopt(node, task)
    return proc


def adopt(node: Node, task: asyncio.Task[Any]) -> Process:
    """Gives a Task a process."""
    outside = Outside(task)
    proc = outside.proc = new_process(node, outside.wake, contextvars.copy_context(), None)
    proc.state = OUTSIDE
    proc.extra().outside = outside
    node.adopted[task] = proc
    task.add_done_callback(node.adopted_task_ended, context=node.scheduler.context)
    return proc


def reason_of_task(proc: Process, task: asyncio.Task[Any]) -> tuple[Any, BaseException | None]:
    """The exit reason of an adopted process whose Task is done, and what the Task raised."""
    # Not task.exception(): asyncio still warns of an exception that nobody asks for.
    error: BaseException | None = task._exception
    if proc.fate is not None:
        return proc.fate.reason, error
    if task.cancelled():
        outside = proc.rare.outside if proc.rare is not None else None
        exits = outside.exit if outside is not None else None
        return (exits.reason if exits is not None else CANCELLED), error
    return (NORMAL if error is None else error), error
