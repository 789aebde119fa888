"""A node: the table of processes, and the parts of the runtime that work on it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import time
from typing import TYPE_CHECKING, Any, Final, cast, final

from beamish.terms import SHUTDOWN, Atom, BadArgError, NotRunningError, Pid, Ref
from beamish.terms.errors import describe
from beamish.terms.identity import Incarnation, MonitorRef, new_monitor, new_pid, new_ref

from .adoption import adopt_current_task, reason_of_task
from .exiting import GRACE, finish
from .fate import doom
from .handing import settle
from .here import here
from .intake import leave_behind, pid_of, take_in
from .journal import new_journal
from .names import Names
from .offload import stop_executor
from .preemption import Preemption
from .process import Process
from .reports import report_crash
from .scheduler import Scheduler
from .signals import alias_destination, exit_signal
from .states import EXIT_PENDING, EXITING
from .timers import Timers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor

__all__ = ["Node"]

_FIRST_PID: Final = 100
_QUICK: Final = 0.001  # seconds
_HURRIED_CLOSE: Final = 0.1  # seconds
_KILL_TIME: Final = 0.001  # seconds at most, of each, for the processes that are killed at the end


@final
class Node:
    """A running node. One at a time in an OS process.

    Attributes:
        processes: all that have not ended, in no order.
        adopted: the process of each adopted asyncio Task.
        closing: asyncio Tasks that close what dead processes owned.
        deaths: set at each death, while the node stops.
        grace: seconds that the clean-up of a process may take.
    """

    __slots__ = (
        "_hurried",
        "_on_stop",
        "_patience",
        "adopted",
        "closing",
        "deaths",
        "executors",
        "grace",
        "home",
        "init_pid",
        "loop",
        "name",
        "names",
        "next_pid",
        "next_ref",
        "preemption",
        "processes",
        "scheduler",
        "things",
        "timers",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        name: str = "nonode@nohost",
        grace: float = GRACE,
        preempt: bool = True,
    ) -> None:
        if here.node is not None:
            raise NotRunningError(
                "a node runs in this OS process already: there is one at a time "
                "(more cores are more OS processes)"
            )
        self.loop = loop
        self.name = Atom(name)
        self.grace = grace
        creation = time.time_ns() // 1_000_000_000 & 0xFFFFFFFF
        self.home = Incarnation(self.name, creation)
        self.processes: set[Process] = set()
        self.adopted: dict[asyncio.Task[Any], Process] = {}
        self.closing: set[asyncio.Task[Any]] = set()
        self.executors: dict[bool, Executor] = {}  # by offload's `cpu`
        self.things: dict[Any, Any] = {}  # what other rooms keep once per node
        self.deaths: asyncio.Event | None = None
        self._hurried = False
        self._patience: asyncio.Timeout | None = None  # with what it waits for in its stop
        self._on_stop: list[Callable[[], object]] = []
        self.next_pid = itertools.count(_FIRST_PID).__next__
        self.next_ref = itertools.count((creation & 0xFFFF) << 36 | 1 << 18).__next__
        self.names = Names()
        here.names = self.names.table
        here.journal = new_journal()
        self.timers = Timers(self, loop)
        self.scheduler = Scheduler(loop)
        self.preemption: Preemption | None = None
        # Who sends the signals that come from no process.
        self.init_pid = new_pid(0, self.home, None)
        here.node = self
        self.scheduler.bind()
        if preempt:
            self.preemption = self.scheduler.preemption = Preemption(self.scheduler, loop)

    # ---- identities

    def mint_ref(self, proc: Process) -> Ref:
        """A new reference, made by this process."""
        # No message that has arrived can hold it.
        mark = proc.removed + len(proc.mailbox) if proc.mailbox else 0
        return new_ref(self.next_ref(), self.home, proc.pid, mark)

    def mint_monitor(self, proc: Process) -> MonitorRef:
        """A new reference for a monitor of this process."""
        mark = proc.removed + len(proc.mailbox) if proc.mailbox else 0
        return new_monitor(self.next_ref(), self.home, proc.pid, mark)

    # ---- processes

    def adopt_current_task(self) -> Process:
        """The process of the current asyncio Task."""
        return adopt_current_task(self)

    def adopted_task_ended(self, task: asyncio.Task[Any]) -> None:
        """An adopted process ends with its Task."""
        proc = self.adopted.pop(task, None)
        if proc is not None:
            reason, error = reason_of_task(proc, task)
            if error is not None and is_ours(proc):
                task.exception()  # asyncio need not report it: we do
                if proc.fate is None:
                    report_crash(proc, error)
            finish(proc, reason, error, None)

    def pid_of(self, task: object) -> Pid:
        """The pid of an asyncio Task, which is adopted on first use, or of a process' face."""
        return pid_of(self, task)

    def take_in(self, parent: Process, task: object) -> Pid:
        """Makes an asyncio Task the child of a process."""
        return take_in(self, parent, task)

    def insist(self, proc: Process) -> None:
        """A killed Task has the time of a clean-up to end in."""
        if proc.fate is not None:
            proc.fate.grace = self.timers.call_later(self.grace, leave_behind, self, proc)

    def is_alive(self, pid: Pid) -> bool:
        """Whether a process is alive, after what the caller has sent it."""
        proc: Process | None = pid._process
        if proc is None or proc.state < EXIT_PENDING:
            return proc is not None
        if proc is here.process:
            return proc.state == EXIT_PENDING  # its end begins at its next switch
        # Now that someone was told, the end is a fact (signals.link asks for this).
        proc.state = max(proc.state, EXITING)
        return False

    def destination(self, dest: Any) -> Process | None:
        """Whom a message to a name, (name, node), alias or via tuple goes to; None: to nobody."""
        if isinstance(dest, str):
            proc = self.names.lookup(dest)
            if proc is None:
                raise BadArgError(f"cannot send to {dest!r}: no process is registered by that name")
            return proc
        if isinstance(dest, Ref):
            if here.handed is not None:
                settle()  # it may be that call's
            return alias_destination(dest)
        if isinstance(dest, tuple):
            parts = cast("tuple[Any, ...]", dest)
            if len(parts) == 2 and isinstance(parts[0], str) and isinstance(parts[1], str):
                return self.names.lookup(parts[0]) if parts[1] == self.name else None
            if len(parts) == 3 and parts[0] == "via":
                pid = parts[1].whereis_name(parts[2])
                if isinstance(pid, Pid):
                    return cast("Process | None", pid._process)
                raise BadArgError(f"cannot send to {dest!r}: no process is registered by that name")
        raise BadArgError(
            "expected a Pid, a registered name, (name, node), an alias or a via tuple; "
            f"got {describe(dest)}"
        )

    # ---- the end

    @property
    def closing_time(self) -> float:
        """Seconds that closing what a process owned may take."""
        return _HURRIED_CLOSE if self._hurried else self.grace

    def on_stop(self, callback: Callable[[], object]) -> None:
        """Calls back when the node stops, after its processes; what it returns may be awaited."""
        self._on_stop.append(callback)

    async def stop(self, seconds: float) -> None:
        """Ends all processes in order, then the node.

        First those whose parent is not a process any more get the exit signal `shutdown`, the
        latest first, then the orphans that they leave, and so on; after `seconds`, or when
        asked to `hurry`, the rest is killed.
        """
        self.deaths = asyncio.Event()
        for task, proc in list(self.adopted.items()):
            if is_ours(proc):
                continue  # its supervisor ends it
            del self.adopted[task]
            finish(proc, SHUTDOWN, None, None)  # their Tasks are not ours to end
            if proc.rare is not None and proc.rare.outside is not None:
                proc.rare.outside.release()
        await self._end_in_order(self.loop.time() + seconds)
        self.kill_all()
        await self._end_in_order(self.loop.time() + self.grace + _KILL_TIME * len(self.processes))
        if self.closing:
            await self._patiently(asyncio.wait(self.closing))
        for callback in reversed(self._on_stop):
            waits = callback()
            if inspect.isawaitable(waits):
                await self._patiently(waits)
        self.close()

    async def _patiently(self, waits: Awaitable[Any]) -> None:
        """Waits for the end of something, but no longer than it may take."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self._hurried else self.grace) as self._patience:
                await waits
        self._patience = None

    def hurry(self) -> None:
        """Kills every process; and whatever the node waits for in its stop has had its time.

        What is being closed is interrupted; the closing of the rest is begun.
        """
        self._hurried = True
        self.kill_all()
        for task in self.closing:
            self.loop.call_soon(task.cancel)  # not before it has begun
        if self._patience is not None:
            self._patience.reschedule(self.loop.time())

    async def _end_in_order(self, deadline: float) -> None:
        told: set[Process] = set()
        assert self.deaths is not None
        while self.processes and (start := self.loop.time()) < deadline:
            self.deaths.clear()
            orphans = [p for p in self.processes if p not in told and _is_orphan(p)]
            looking = self.loop.time() - start
            told.update(orphans)
            for proc in sorted(orphans, key=lambda p: p.pid._key(), reverse=True):
                exit_signal(proc, self.init_pid, SHUTDOWN, link=False)
            try:
                async with asyncio.timeout_at(deadline):
                    await self.deaths.wait()
                    if looking > _QUICK:
                        # Of so many some die in each turn of the loop, and to look through them
                        # all each time would take most of it.
                        await asyncio.sleep(10 * looking)
            except TimeoutError:
                return

    def kill_all(self) -> None:
        """Kills every process."""
        for proc in list(self.processes):
            if proc.rare is None or proc.rare.outside is None:
                doom(proc, "killed", force=True)

    def close(self) -> None:
        """Ends the node itself; what still runs is dropped."""
        self.scheduler.close()
        if self.preemption is not None:
            self.preemption.close()
        self.timers.close()
        for executor in self.executors.values():
            stop_executor(executor)
        here.node = here.process = None
        here.journal.clear()
        self.processes.clear()
        self.adopted.clear()


def is_ours(proc: Process) -> bool:
    """Whether an adopted process was taken into the tree."""
    return proc.rare is not None and proc.rare.outside is not None and proc.rare.outside.ours


def _is_orphan(proc: Process) -> bool:
    return proc.parent is None or proc.parent._process is None
