"""The face of a process as an asyncio Task.

In a process ``asyncio.current_task()`` is the process, so asyncio libraries treat the process as
the current Task (asyncio.timeout, TaskGroup, anyio's cancel scopes). ``cancel()`` is asyncio's: it
raises CancelledError in the process, which may catch it. It is not an exit signal.
"""

from __future__ import annotations

import asyncio
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, cast

from beamish.terms.careful import show

from .here import enqueue, node_of_any_thread, running_node
from .states import (
    DEAD,
    EXIT_PENDING,
    EXITING,
    RUNNING,
    THROWING,
    TICKED,
    WAIT_ANY,
    WAIT_WAKE,
    WOKEN,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .process import Process

__all__ = ["TaskFace", "TaskState"]


class TaskState:
    """What a process needs once asyncio treats it as a Task.

    Attributes:
        must_cancel: a CancelledError is to be raised in it.
        deferred: not before it awaits.
        ignored: seconds of its own CPU time that it has computed since that was asked for.
        resumed: its thread's CPU time when it was resumed last.
    """

    __slots__ = (
        "callbacks",
        "cancels",
        "deferred",
        "ignored",
        "message",
        "must_cancel",
        "name",
        "outcome",
        "resumed",
    )

    def __init__(self) -> None:
        self.must_cancel: bool = False
        self.deferred: bool = False
        self.ignored: float = 0.0
        self.resumed: float | None = None
        self.cancels: int = 0
        self.message: Any = None
        self.name: str | None = None
        self.callbacks: list[tuple[Callable[[Any], object], Context | None]] = []
        self.outcome: tuple[BaseException | None, Any] | None = None


class TaskFace:
    """asyncio.Task's methods, for a process."""

    __slots__ = ()

    # asyncio marks what can be awaited; libraries ask `asyncio.isfuture(task)`. A process cannot
    # be awaited (monitor it), so it does not have the mark.

    @property
    def _self(self) -> Process:
        return cast("Process", self)

    @property
    def _must_cancel(self) -> bool:
        state = state_or_none(self._self)
        return state is not None and state.must_cancel

    @_must_cancel.setter
    def _must_cancel(self, flag: bool) -> None:  # anyio clears it
        state_of(self._self).must_cancel = flag

    @property
    def _fut_waiter(self) -> asyncio.Future[Any] | None:
        return self._self.waiter

    @property
    def _cancel_message(self) -> Any:
        state = state_or_none(self._self)
        return state.message if state else None

    def cancel(self, msg: Any = None) -> bool:
        """Asks for a CancelledError in the process, as asyncio.Task.cancel does.

        Returns:
            False if the process has ended.
        """
        proc = self._self
        if proc.state == DEAD:
            return False
        state = state_of(proc)
        state.cancels += 1
        if _is_being_raised(proc):
            return True  # one error answers all cancellations until it is seen
        if proc.waiter is not None and proc.waiter.cancel(msg=msg):
            # The future's end wakes the process, as it does for a Task.
            return True
        state.message = msg
        if WAIT_ANY <= proc.state <= WAIT_WAKE and proc.waiter is None:
            proc.value = asyncio.CancelledError(*_args(msg))
            proc.state = THROWING
            enqueue(proc)
        else:
            if not state.must_cancel:
                state.must_cancel = True
                state.ignored, state.resumed = 0.0, None
            if proc.state in (RUNNING, WOKEN):
                proc.state = TICKED  # so that its next receive() looks at the cancellation
            elif proc.parked is not None:
                running_node().scheduler.promote(proc)
        return True

    def cancelling(self) -> int:
        """How many cancellations were asked for and not taken back."""
        state = state_or_none(self._self)
        return state.cancels if state else 0

    def uncancel(self) -> int:
        """Takes one back; returns how many are left."""
        state = state_or_none(self._self)
        if state is None or state.cancels == 0:
            return 0
        state.cancels -= 1
        if state.cancels == 0:
            state.must_cancel = False
        return state.cancels

    def done(self) -> bool:
        """Whether the process has ended."""
        return self._self.state == DEAD

    def cancelled(self) -> bool:
        """Whether it ended by a CancelledError."""
        state = state_or_none(self._self)
        if state is None or state.outcome is None:
            return False
        return isinstance(state.outcome[0], asyncio.CancelledError)

    def result(self) -> Any:
        """What its function returned, once it has ended."""
        outcome = self._outcome()
        if outcome[0] is not None:
            raise outcome[0]
        return outcome[1]

    def exception(self) -> BaseException | None:
        """What it raised, once it has ended."""
        outcome = self._outcome()
        if isinstance(outcome[0], asyncio.CancelledError):
            raise outcome[0]
        return outcome[0]

    def _outcome(self) -> tuple[BaseException | None, Any]:
        state = state_or_none(self._self)
        if not self.done():
            raise asyncio.InvalidStateError("the process has not ended")
        return (state.outcome if state else None) or (None, None)

    def get_name(self) -> str:
        """The name that asyncio shows: the one given to set_name, or the pid."""
        proc = self._self
        state = state_or_none(proc)
        if state is not None and state.name is not None:
            return state.name
        return repr(proc.pid)

    def set_name(self, value: object) -> None:
        """Sets the name that asyncio shows; it is not a registered name."""
        state_of(self._self).name = str(value)

    def get_coro(self) -> Coroutine[Any, Any, Any]:
        """The coroutine that it runs."""
        return self._self.coro

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that hosts its node; for any thread, which may need it to get there."""
        return node_of_any_thread().loop

    def get_context(self) -> Context:
        """Its contextvars context."""
        return self._self.context

    def get_stack(self, *, limit: int | None = None) -> list[Any]:
        """The frame that it waits in."""
        frame = getattr(self._self.coro, "cr_frame", None)
        return [frame][:limit] if frame is not None else []

    def add_done_callback(
        self, callback: Callable[[Any], object], /, *, context: Context | None = None
    ) -> None:
        """Calls back, from the loop, when the process has ended."""
        if self.done():
            asyncio.get_running_loop().call_soon(callback, self, context=context)
        else:
            state_of(self._self).callbacks.append((callback, context or copy_context()))

    def remove_done_callback(self, callback: Callable[[Any], object], /) -> int:
        """Removes a callback; returns how often it was there."""
        state = state_or_none(self._self)
        if state is None:
            return 0
        kept = [pair for pair in state.callbacks if pair[0] != callback]
        gone = len(state.callbacks) - len(kept)
        state.callbacks = kept
        return gone


def state_or_none(proc: Process) -> TaskState | None:
    return proc.rare.task if proc.rare is not None else None


def _is_being_raised(proc: Process) -> bool:
    """Whether a CancelledError, which may be a ProcessExit, is on its way into the process."""
    if proc.state == THROWING:
        return isinstance(proc.value, asyncio.CancelledError)
    if proc.state == EXIT_PENDING:
        return True
    if proc.state == EXITING:
        fate = proc.fate
        return fate is None or fate.force or not fate.thrown
    return proc.waiter is not None and proc.waiter.cancelled()


def state_of(proc: Process) -> TaskState:
    """Its TaskState, made on first use."""
    rare = proc.ensure_rare()
    if rare.task is None:
        rare.task = TaskState()
    state: TaskState = rare.task
    return state


def take_cancellation(proc: Process) -> BaseException | None:
    """The CancelledError to raise now in a process that awaits, if one was asked for."""
    state = state_or_none(proc)
    if state is None or not state.must_cancel:
        return None
    state.must_cancel = False
    return asyncio.CancelledError(*_args(state.message))


def is_cancelled(proc: Process) -> bool:
    """Whether a cancellation waits for the process' next wait."""
    state = state_or_none(proc)
    return state is not None and state.must_cancel


def cancellation(proc: Process, future: asyncio.Future[Any]) -> BaseException | None:
    """The CancelledError to raise in a process when the future that it awaits is done, if any.

    As in asyncio, a cancellation that was asked for in the meantime takes precedence over a result.
    """
    asked = take_cancellation(proc)  # if the future was cancelled too, one error answers both
    if future.cancelled():
        try:
            future.result()
        except asyncio.CancelledError as error:
            return error
    elif asked is not None:
        forget(future)
    return asked


def cancel(future: Any) -> bool:
    """Cancels what a process awaits; False if that is over, or cannot be cancelled."""
    try:
        return bool(future.cancel())
    except BaseException:
        return False  # whatever the future is: others must not suffer from it


def abandon(future: Any) -> None:
    """Cancels what a process awaits although it may not wait any more, as for a cancelled Task."""
    try:
        if asyncio.isfuture(future):
            future.cancel()
            future.add_done_callback(forget, context=Context())
    except BaseException:
        return


def forget(future: asyncio.Future[Any]) -> None:
    """Marks the exception of a future that a process no longer awaits as seen.

    Nobody will look at its exception any more, so asyncio must not report it. A Task that failed
    during its clean-up is still reported; gather's future is not, since it says by an exception
    that it was cancelled.
    """
    try:
        if future.cancelled():
            return
        error = getattr(future, "_exception", None)
        if isinstance(error, asyncio.CancelledError) or not isinstance(future, asyncio.Task):
            future.exception()
    except BaseException:
        return


def _args(message: Any) -> tuple[Any, ...]:
    return () if message is None else (message,)


def finish_task(proc: Process, error: BaseException | None, result: Any) -> None:
    """Runs the done callbacks of an ended process."""
    state = state_or_none(proc)
    if state is None:
        return
    state.outcome = (error, result)
    callbacks, state.callbacks = state.callbacks, []
    if callbacks:
        loop = asyncio.get_running_loop()
        for callback, context in callbacks:
            loop.call_soon(_call_back, proc, callback, context=context)


def _call_back(proc: Process, callback: Callable[[Any], object]) -> None:
    """As the loop would, which ends by what is no callback and cannot be shown."""
    try:
        callback(proc)
    except BaseException as error:
        try:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"Exception in callback {show(callback)}", "exception": error}
            )
        except BaseException:
            return
