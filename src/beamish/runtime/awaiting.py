"""How a process that the scheduler runs awaits an asyncio future, as asyncio.Task does."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from beamish.terms.careful import show

from .here import enqueue, here, running_node
from .states import EXIT_PENDING, EXITING, THROWING, TICKED, WAIT_FUTURE

if TYPE_CHECKING:
    import asyncio

    from .busy import Busy
    from .process import Process

__all__ = ["await_future", "take_failure", "yield_turn"]


def yield_turn(proc: Process, busy: Busy | None = None) -> None:
    """asyncio.sleep(0): the loop goes round once, so everything started before has its turn.

    Args:
        proc: what has yielded.
        busy: the queue in which it waits for its next turn, because it has computed.
    """
    loop = running_node().loop
    future = loop.create_future()
    if busy is None:
        loop.call_soon(_end_turn, future)
    else:
        busy.add(proc, future, monotonic())
    future._asyncio_future_blocking = True
    await_future(proc, future)


def _end_turn(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def await_future(proc: Process, future: Any) -> None:
    """Waits for an asyncio future, as asyncio.Task does.

    It may be anything that has been yielded. What it raises here is raised where it is awaited.
    """
    node = here.node
    assert node is not None
    proc.waiter = future
    try:
        if getattr(future, "_asyncio_future_blocking", None) is not True:
            raise RuntimeError(
                f"{proc!r} yielded {show(future)}: a process awaits asyncio futures only"
            )
        future._asyncio_future_blocking = False
        if future.get_loop() is not node.loop:
            raise RuntimeError(f"{proc!r} awaits {show(future)}, which is attached to another loop")
        if proc.state <= TICKED:  # a tick may come here, too
            proc.state = WAIT_FUTURE
        future.add_done_callback(proc.wake_up, context=node.scheduler.context)
        if proc.state != EXIT_PENDING:  # else it is about to be cancelled anyway
            task = proc.rare.task if proc.rare is not None else None
            if task is not None and task.must_cancel and future.cancel(msg=task.message):
                task.must_cancel = False
    except BaseException as error:
        if proc.waiter is future:  # else it has called back at once, and that counts
            proc.waiter = None
            _fail(proc, error)


class _Failed:
    """What a clean-up is to be given when it goes on: an exception, where it awaited nonsense."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _fail(proc: Process, error: BaseException) -> None:
    """Raises an exception in a process that awaits what cannot be awaited."""
    if proc.state <= TICKED:
        proc.state = THROWING
        proc.value = error
        enqueue(proc)
    elif proc.state == EXITING:
        proc.value = _Failed(error)
        enqueue(proc)
    # One whose end is decided is given that.


def take_failure(proc: Process) -> BaseException | None:
    """What `_fail` has left for a clean-up."""
    failed = proc.value
    if type(failed) is not _Failed:
        return None
    proc.value = None
    return failed.error
