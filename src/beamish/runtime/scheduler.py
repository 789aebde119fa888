"""The scheduler: a run queue, drained in slices between the loop's own work.

``drain`` is a callback of the asyncio loop. It runs processes until the queue is empty or about a
millisecond is used, then lets the loop do I/O. The processes run in a *worker* greenlet: when one
of them is preempted in the middle of its code, its worker stays behind with its Python stack, and
another worker continues with the queue (preemption.py decides when that is safe). It waits in a
second queue for its next turn, with others that compute (busy.py).

A slice costs a pop, three stores, ``Context.run`` of ``coro.send`` and one comparison. Everything
but the common case is in `_unusual` and `suspended`.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections import deque
from functools import partial
from inspect import CORO_CLOSED, getcoroutinestate
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, final

from greenlet import GreenletExit, getcurrent, greenlet

from beamish.terms import ProcessExit
from beamish.terms.careful import do_all, is_interrupt
from beamish.terms.ends import ForcedEnd

from .asyncio_task import abandon, cancel, is_cancelled, take_cancellation
from .awaiting import await_future, take_failure, yield_turn
from .busy import Busy
from .calls import reply
from .exiting import end_raised, end_returned, finish, rescue, start_grace
from .forking import leave, wait_in_child
from .giving_up import give_up
from .handing import establish_handed
from .here import enqueue, here, running_node
from .home import at_home, called_function, this_thread
from .serving import Server, Unanswered
from .states import (
    EXIT_PENDING,
    EXITING,
    FORKED,
    OUTSIDE,
    RUNNING,
    THROWING,
    TICKED,
    WAIT_ANY,
    WAIT_REPLY,
    WOKEN,
)
from .turns import give_turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from .fate import Fate
    from .preemption import Preemption
    from .process import Process

__all__ = ["Scheduler", "close_by_force", "run_slice"]

_BUDGET: Final = 0.001  # seconds of one drain
_BATCH: Final = range(64)  # slices between two looks at the clock
_STUBBORN: Final = 3  # how often a process may ignore its forced end
_MOST_SPARES: Final = 8  # worker greenlets that are kept for later
_MOST_THROWS: Final = 30  # how often its clean-up may then try to wait
_A_MOMENT: Final = 0.02  # seconds, in which a thread that has the GIL does a few steps


class _SwappedTasks:
    """From CPython 3.14 on, asyncio's current task is not in a dict but in a slot of the thread."""

    def __setitem__(self, loop: asyncio.AbstractEventLoop, task: Any) -> None:
        asyncio.tasks._swap_current_task(loop, task)  # type: ignore[attr-defined]

    def pop(self, loop: asyncio.AbstractEventLoop, default: Any = None) -> Any:
        return asyncio.tasks._swap_current_task(loop, None)  # type: ignore[attr-defined]


def _current_tasks() -> Any:
    if sys.version_info >= (3, 14):
        return _SwappedTasks()
    return asyncio.tasks._current_tasks  # type: ignore[attr-defined]


@final
class Scheduler:
    """The run queue of a node and what drains it.

    Attributes:
        queue: the processes that can run, in turn.
        busy: those that can run, too, but would compute.
        beat: increases as slices are run; the watchdog looks at it.
        parked: how many processes are parked in the middle of their code.
        running: the greenlet that has the turn: a worker, or that of the loop.
        closed: whether it has ended.
        forked: whether this is a forked child, and its node is the parent's.
    """

    __slots__ = (
        "_hub",
        "_next",
        "_spares",
        "_worker",
        "abandoned",
        "beat",
        "busy",
        "closed",
        "context",
        "deadline",
        "forked",
        "loop",
        "parked",
        "preemption",
        "queue",
        "running",
        "tasks",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: asyncio.AbstractEventLoop = loop
        self.queue: deque[Process] = deque()
        self.busy: Busy = Busy()
        self.beat: int = 0
        self.closed: bool = False
        self.forked: bool = False
        self.parked: int = 0
        self.deadline: float = 0.0
        self.tasks: Any = _current_tasks()
        self.preemption: Preemption | None = None
        # Greenlets of processes that would not end by any means; see _abandon.
        self.abandoned: list[greenlet] = []
        self.running: greenlet = getcurrent()
        self._hub: greenlet = self.running
        self._next: asyncio.Handle | None = None  # the drain that the loop was asked for last
        self._worker = greenlet(self.work)
        self._spares: list[greenlet] = []
        # The loop's callbacks run in a context of the scheduler's: a process' own context may
        # be entered by a parked greenlet at any time.
        self.context: contextvars.Context = contextvars.Context()

    def bind(self) -> None:
        """Makes this the scheduler of `here`."""
        here.push = self._push_first
        here.armed = False

    def _push_first(self, proc: Process) -> None:
        """The first push asks for a drain; until that is over a push is a mere append."""
        if not at_home():
            self._push_from_elsewhere(proc)
            return
        self.arm()
        self.queue.append(proc)

    def arm(self) -> None:
        """Asks the loop for a drain."""
        self._next = self.loop.call_soon(self._drain, context=self.context)
        here.armed = True
        here.push = self.queue.append

    def _push_from_elsewhere(self, proc: Process) -> None:
        """The net under what other threads must not do: it is done, and its caller is named."""
        where = f"{called_function()}() on {this_thread()}"
        told = {"message": f"{where} has changed a process; only the node's thread may do that"}
        self.loop.call_soon_threadsafe(self._push_later, proc, told, context=self.context)

    def _push_later(self, proc: Process, told: dict[str, Any]) -> None:
        """Whoever pushes a process changes its state after that: it must not run before."""
        self.loop.call_later(_A_MOMENT, self._push_now, proc)
        self.loop.call_exception_handler(told)

    def _push_now(self, proc: Process) -> None:
        if not self.closed:
            here.push(proc)

    def _drain(self) -> None:
        try:
            self._hub = getcurrent()
            now = monotonic()
            self.deadline = now + _BUDGET
            self.beat += 1
            if self.busy.procs:
                self.busy.turn(now, quiet=not self.queue)
                if not self.queue and not self.busy.is_due(now):
                    return
            preemption = self.preemption
            if preemption is not None and not preemption.on:
                preemption.start()
            if self._worker.dead:
                self._worker = greenlet(self.work)
            give_turn(self, self._worker)
        finally:
            if self.forked:
                wait_in_child()
            here.process = None
            self.tasks.pop(self.loop, None)
            here.armed = False
            here.push = self._push_first
            if self.queue or self.busy.procs:
                self._drain_on()

    def _drain_on(self) -> None:
        """Asks for the next drain; one that nobody asks for is one for which others wait."""
        try:
            self.arm()
        except MemoryError:
            give_up()

    def work(self, _turn: object) -> None:  # noqa: C901 - a slice costs no call more than it must
        """The body of a worker greenlet: runs slices forever."""
        queue, tasks, loop = self.queue, self.tasks, self.loop
        popleft = queue.popleft
        while True:
            for _ in _BATCH:
                try:
                    proc = popleft()
                except (IndexError, MemoryError):  # it is empty; perhaps nothing can say so
                    break
                try:
                    state = proc.state
                    if state > RUNNING:
                        if (
                            state == EXIT_PENDING
                            and proc.rare is None
                            and proc.waiter is None
                            and proc.parked is None
                        ):
                            self._end(proc)
                        elif self._unusual(proc):
                            # This worker may stay here for long: it keeps no process alive.
                            proc = None  # type: ignore[assignment]
                            give_turn(self, self._worker)
                        continue
                    here.process = proc
                    tasks[loop] = proc
                    try:
                        yielded = proc.context.run(proc.send, proc.value)
                    except StopIteration as stop:
                        end_returned(proc, stop.value)
                    except BaseException as error:
                        end_raised(proc, error)
                    else:
                        # A process in receive() yields None and has said what it waits for.
                        if yielded is not None or proc.state >= WOKEN:
                            if proc.state == WAIT_REPLY:
                                self.hand_over(yielded)
                            else:
                                suspended(proc, yielded)
                            yielded = None
                except BaseException as failure:
                    self._rescue(proc, failure)
            self.beat += 1
            if (queue and monotonic() < self.deadline) or (self.busy.procs and self._take_busy()):
                continue
            proc = None  # type: ignore[assignment]  # keep nothing alive while idle
            self._worker = getcurrent()
            give_turn(self, self._hub)

    def _rescue(self, proc: Process | None, failure: BaseException) -> None:
        """What has left the runtime ends the process whose turn it was, and nothing else."""
        if self.forked:
            leave(failure)
        if self.closed or proc is None:
            raise failure  # the end of the worker itself
        rescue(proc, failure)
        if is_interrupt(failure):
            raise failure

    def hand_over(self, call: Any) -> None:
        """Runs the call of an idle server at once, in the caller's turn (see handing.py)."""
        while True:
            caller, proc, message, _ = call
            try:
                server: Server = proc.pattern
                here.handed = call
                here.process = proc
                self.tasks[self.loop] = proc
                proc.state = WOKEN
                proc.value = message
                try:
                    result = proc.context.run(server.handle_call, message)
                except BaseException as error:
                    call = _slice(proc, server._fail, error)
                else:
                    if type(result) is Unanswered:
                        call = _slice(proc, server._go_on, result.outcome)
                    else:
                        if here.handed is not call:
                            reply(message[1], result)
                        else:
                            # reply(), inlined: nobody else knows of this call.
                            if caller.state == WAIT_REPLY:
                                answer = (caller.pattern, result)
                                self.queue.append(caller)
                                caller.value = answer
                                caller.pattern = len(caller.mailbox) if caller.mailbox else 0
                                caller.state = WOKEN
                            here.handed = None
                        if not proc.mailbox and proc.state <= RUNNING:
                            proc.value = None
                            proc.state = WAIT_ANY
                            return
                        call = _slice(proc, server._go_on, None)
                if call is None:
                    return
            except BaseException as failure:
                if here.handed is not None:
                    establish_handed()
                self._rescue(proc, failure)
                return
            # Else the server in turn calls another one.

    # ---- preemption

    def park(self, proc: Process) -> None:
        """Leaves a running process where it is and continues with the others.

        Called in the process' own stack; returns at its next turn.
        """
        if here.handed is not None:
            establish_handed()
        worker = self._spares.pop() if self._spares else greenlet(self.work, self._hub)
        if proc.state == TICKED:
            self.busy.add(proc, None, monotonic())
        else:
            self.queue.append(proc)  # its end does not wait longer than it must
        proc.parked = getcurrent()
        self.parked += 1
        self.beat += 1
        self._worker = worker
        give_turn(self, self._hub)  # its time is used up, and so is the drain's

    def _take_busy(self) -> bool:
        """Puts a busy process first in the run queue, if it is its turn."""
        proc = self.busy.take() if self.busy.is_due(monotonic()) else None
        if proc is None:
            return False
        try:
            self.queue.appendleft(proc)
        except MemoryError:
            give_up()
        if proc.parked is not None and self.preemption is not None:
            self.preemption.begin_slice()
        return True

    def promote(self, proc: Process) -> None:
        """Moves a parked process to the run queue, because something was asked of it."""
        if self.busy.remove(proc):
            enqueue(proc)

    def computes(self, proc: Process, state: int) -> bool:
        """Whether a process that gives up its turn has computed in it.

        A tick alone says little: it may come in a slice that has just begun.
        """
        return self.busy.served is proc or (state == TICKED and monotonic() >= self.deadline)

    def _resume(self, proc: Process, state: int) -> bool:
        """Has a parked process continue: its worker is to be given the turn, which is True."""
        if len(self._spares) >= _MOST_SPARES:
            self.loop.call_soon(self._end_spares, context=self.context)
        self.tasks[self.loop] = proc
        self._spares.append(getcurrent())
        target, proc.parked = proc.parked, None
        assert target is not None
        proc.state = state
        self.parked -= 1
        here.process = proc
        self._worker = target
        return True

    def _end_spares(self) -> None:
        """Ends the workers that are more than will soon be needed again."""
        spares, self._spares = self._spares[_MOST_SPARES:], self._spares[:_MOST_SPARES]
        for spare in spares:
            spare.parent = getcurrent()
            spare.throw(GreenletExit)

    # ---- the uncommon

    def _end(self, proc: Process) -> None:
        """Ends a process that waits in receive() or has not begun: a short cut."""
        fate = proc.fate
        assert fate is not None
        proc.state = EXITING
        fate.thrown = True
        here.process = proc
        self.tasks[self.loop] = proc
        try:
            yielded = proc.context.run(proc.coro.throw, ProcessExit(fate.reason))
        except StopIteration as stop:
            end_returned(proc, stop.value)
        except BaseException as error:
            end_raised(proc, error)
        else:
            if yielded is not None or proc.state >= WOKEN:
                suspended(proc, yielded)

    def close(self) -> None:
        """Ends the worker greenlets. Processes on the queue, now or later, are dropped.

        A drain that was asked for must not run any more: it would start the preemption timer, whose
        signal ends the OS process if nobody handles it.
        """
        if self._next is not None:
            self._next.cancel()
        self.queue.clear()
        self.busy.procs.clear()
        here.push = _drop
        here.armed = True
        self.closed = True
        workers = [self._worker, *self._spares]
        self._spares.clear()
        do_all([partial(worker.throw, GreenletExit) for worker in workers])

    def forget(self) -> None:
        """Runs nothing any more, in a forked child."""
        self.forked = True
        if self._next is not None:
            self._next.cancel()
        self.queue.clear()
        self.busy.procs.clear()
        if sys.version_info >= (3, 14):
            asyncio._set_running_loop(self.loop)
            self.tasks.pop(self.loop)
            asyncio._set_running_loop(None)

    def _unusual(self, proc: Process) -> bool:
        """A turn of a process that is not in the common state; returns as `_resume`."""
        state = proc.state
        if state in (EXIT_PENDING, EXITING):
            return self._go_on_ending(proc)
        if state == THROWING:
            error, proc.value = proc.value, None
            proc.state = TICKED if is_cancelled(proc) else RUNNING
            run_slice(proc, proc.coro.throw, error)
        elif state == TICKED:
            if proc.parked is not None:
                return self._resume(proc, TICKED)  # it computes: the first tick parks it again
            if not is_cancelled(proc):
                proc.state = RUNNING
            run_slice(proc, proc.send, proc.value)
            if self.busy.served is proc:
                self.busy.stop(monotonic())
        # Nothing is to be done for an adopted process that has already continued, or a dead one.
        return False

    def _go_on_ending(self, proc: Process) -> bool:
        fate = proc.fate
        assert fate is not None
        proc.state = EXITING
        fate.ticked = False
        if proc.rare is not None and proc.rare.outside is not None:
            return False  # it was handed a message just before: its Task is cancelled
        if proc.parked is not None:
            if fate.tries >= _STUBBORN:
                self._abandon(proc, fate)
            else:
                start_grace(proc)
                return self._resume(proc, EXITING)  # preemption.py raises the ProcessExit there
        elif fate.thrown:
            if fate.force:
                close_by_force(proc, fate)
            elif proc.waiter is None:
                error = take_cancellation(proc) or take_failure(proc)
                if error is not None:
                    run_slice(proc, proc.coro.throw, error)
                else:
                    run_slice(proc, proc.send, None)
        elif proc.waiter is not None and not fate.force and cancel(proc.waiter):
            # As for a cancelled Task: what it awaits ends first, which wakes the process.
            start_grace(proc)
        else:
            waiter, proc.waiter = proc.waiter, None
            if waiter is not None:
                cancel(waiter)
            take_cancellation(proc)  # the ProcessExit raised now answers it
            fate.thrown = True
            run_slice(proc, proc.coro.throw, ProcessExit(fate.reason))
        return False

    def _abandon(self, proc: Process, fate: Fate) -> None:
        """Gives up on code that catches every ProcessExit and never awaits.

        Its greenlet is never switched to again and must never be collected: greenlet would raise
        GreenletExit in it, which such code would catch too, and never return. So the thread's main
        greenlet keeps it, which outlives the node and the last collection at the interpreter's
        exit. Until CPython 3.14 it would keep itself alive, by what its own stack refers to; in
        3.15 the collector sees through the stack of a suspended greenlet.
        """
        assert proc.parked is not None
        self.abandoned.append(proc.parked)
        keeper = proc.parked
        while keeper.parent is not None:
            keeper = keeper.parent
        vars(keeper).setdefault("beamish_abandoned", []).append(proc.parked)
        self.parked -= 1
        finish(proc, fate.reason, ProcessExit(fate.reason), None)


def _drop(_proc: Process) -> None:
    """Replaces `here.push` when the node has ended."""


def run_slice(proc: Process, function: Callable[..., Any], *args: Any) -> None:
    """Runs a process by other means than a plain send."""
    call = _slice(proc, function, *args)
    if call is not None:
        node = here.node
        assert node is not None
        node.scheduler.hand_over(call)


def _slice(proc: Process, function: Callable[..., Any], *args: Any) -> Any:
    """The same; returns the call to hand over next, if there is one."""
    node = here.node or running_node()
    here.process = proc
    node.scheduler.tasks[node.loop] = proc
    try:
        yielded = proc.context.run(function, *args)
    except StopIteration as stop:
        end_returned(proc, stop.value)
    except BaseException as error:
        if here.handed is not None:
            establish_handed()  # the call of a server that did not even see it
        end_raised(proc, error)
    else:
        if proc.state == WAIT_REPLY:
            return yielded
        if yielded is not None or proc.state >= WOKEN:
            suspended(proc, yielded)
    return None


def suspended(proc: Process, yielded: Any) -> None:
    """Finds out what a process waits for that has yielded, but not in receive()."""
    state = proc.state
    if state == OUTSIDE:
        return
    if state <= TICKED:
        proc.state = RUNNING
        if yielded is None:
            scheduler = running_node().scheduler
            yield_turn(proc, scheduler.busy if scheduler.computes(proc, state) else None)
        else:
            await_future(proc, yielded)
    elif state == EXIT_PENDING:
        # The signal came while it ran: this is its next switch point.
        if yielded is not None:
            await_future(proc, yielded)
        if proc.state == EXIT_PENDING:
            enqueue(proc)
    elif state == EXITING:
        fate = proc.fate
        if fate is not None and fate.force:
            abandon(yielded)
            close_by_force(proc, fate)
        else:
            start_grace(proc)
            if yielded is None:
                yield_turn(proc)
            else:
                await_future(proc, yielded)
    elif state == FORKED:
        wait_in_child(proc)


def close_by_force(proc: Process, fate: Fate) -> None:
    """Ends a coroutine at once: its clean-up continues, but each wait in it raises.

    First ProcessExit: it is a CancelledError, on which libraries let go of their sockets and
    timers. Some code still waits again and again (asyncio.TaskGroup, Condition): ForcedEnd gets
    out of it. ``coro.close()`` is for the rest. It cannot come first: libraries do not notice it,
    until CPython 3.13 it skips the `finally` blocks of an ``@asynccontextmanager``, and if one of
    the coroutines being closed waits again, the outer ones get a RuntimeError.
    """
    node = here.node
    assert node is not None
    for turn in range(2 * _MOST_THROWS + _STUBBORN):
        here.process = proc
        node.scheduler.tasks[node.loop] = proc
        try:
            if turn < _MOST_THROWS:
                abandon(proc.context.run(proc.coro.throw, ProcessExit(fate.reason)))
            elif turn < 2 * _MOST_THROWS:
                abandon(proc.context.run(proc.coro.throw, ForcedEnd()))
            else:
                proc.context.run(proc.coro.close)
        except StopIteration:
            break
        except BaseException as error:  # close() raises if a coroutine waits again
            if getcoroutinestate(proc.coro) == CORO_CLOSED:
                end_raised(proc, error)
                return
        if getcoroutinestate(proc.coro) == CORO_CLOSED:
            break
    finish(proc, fate.reason, ProcessExit(fate.reason), None)
