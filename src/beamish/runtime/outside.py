"""The asyncio Task of an adopted process, and how it waits.

It keeps running as a Task: receive() waits for an asyncio future, and an exit signal cancels the
Task. How a Task becomes a process, and ends as one, is in adoption.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, final

from beamish.terms import NotRunningError, ProcessExit

from .asyncio_task import cancel
from .here import running_node
from .states import EXIT_PENDING, OUTSIDE, WOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .process import Process

__all__ = ["Outside", "Sentinel", "wait_outside"]


@final
class Sentinel:
    """What receive() gets instead of a message."""

    __slots__ = ()


@final
class Outside:
    """The asyncio Task of an adopted process.

    Args:
        task: the Task.
        leave_behind: ends its process when the Task continues although it was killed.
    """

    __slots__ = ("exit", "future", "leave_behind", "proc", "takes_messages", "task")

    proc: Process

    def __init__(self, task: asyncio.Task[Any], leave_behind: Callable[[Process], None]) -> None:
        self.task: asyncio.Task[Any] = task
        self.leave_behind: Callable[[Process], None] = leave_behind
        self.future: asyncio.Future[Any] | None = None
        self.takes_messages: bool = False  # whether what it waits for is a message
        self.exit: ProcessExit | None = None  # the latest one that it raised itself

    def wake(self, value: Any) -> None:
        """Replaces the coroutine's send: the Task continues when the loop comes to it."""
        self.proc.state = OUTSIDE
        self.proc.value = None  # asyncio reports its crash: its last message need not be kept
        if self.future is not None and not self.future.done():
            self.future.set_result(value)
        else:
            self.put_back(value)  # it was cancelled just before

    def put_back(self, value: Any) -> None:
        """After a cancelled wait: returns a message to its place in the mailbox.

        What was handed over to suspend() is left in `value`, from where that takes it back.
        """
        if type(value) is Sentinel:
            return
        proc = self.proc
        if not self.takes_messages:
            proc.value = value
            return
        if proc.mailbox is None:
            proc.mailbox = deque()
        proc.mailbox.insert(proc.handed_at(), value)

    def end(self, *, force: bool = False) -> None:
        """Cancels the Task, for an exit signal; with `force` it has the grace period to end in."""
        cancel(self.task)
        if force and self.proc.fate is not None:
            node = running_node()
            grace = node.timers.call_later(node.grace, self.leave_behind, self.proc)
            self.proc.fate.grace = grace

    def release(self) -> None:
        """The node ends: the Task continues, but what it waits for will never come."""
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
        message: whether it waits for a message, which then goes back to the mailbox.
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
