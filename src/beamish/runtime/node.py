"""A node: the record of what runs in it. The modules around work on it."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any, Final, final

from beamish.terms import Atom, NotRunningError, Pid
from beamish.terms.identity import Incarnation, new_pid

from .adoption import adopt_current_task
from .exiting import GRACE
from .forking import forget_parents_pids, watch_fork
from .giving_up import LoopGuard
from .here import here
from .home import take_home
from .inbox import Inbox
from .journal import new_journal
from .preemption import Preemption
from .registered_names import RegisteredNames
from .reserve import Reserve
from .scheduler import Scheduler
from .timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from .process import Process
    from .sweeping import Sweep

__all__ = ["Node"]

_FIRST_PID: Final = 100


@final
class Node:
    """A running node. One at a time in an OS process.

    Attributes:
        processes: those that have not ended, in no order.
        adopted: the process of each adopted asyncio Task.
        executors: where offloaded work runs, by `cpu`.
        things: objects that other rooms keep once per node.
        init_pid: the sender of signals that come from no process.
        grace: seconds that the clean-up of a process may take.
        closing: asyncio Tasks that close the resources of dead processes.
        closing_time: seconds that each of them may take.
        on_stop: callbacks for when the processes have been stopped, called in reverse order; an
            awaitable result is awaited.
        deaths: set at each death, where somebody wants to know: the node's stop, or a sweep.
        in_child: callbacks for a forked child, called in reverse order: they undo what the node has
            changed in the OS process.
        forker: in a forked child, the asyncio Task that has forked, if one has.
        guard: ends the OS process where the loop has no memory to call the runtime.
        inbox: what other threads ask of it.
        stopping: whether it is being stopped.
        hurried: whether its stop may not wait any longer.
        reserve: memory for telling the end of a process that has used up all other.
        patience: limits what its stop waits for.
    """

    __slots__ = (
        "adopted",
        "closing",
        "closing_time",
        "deaths",
        "executors",
        "forker",
        "grace",
        "guard",
        "home",
        "hurried",
        "in_child",
        "inbox",
        "init_pid",
        "loop",
        "name",
        "names",
        "next_pid",
        "next_ref",
        "on_stop",
        "patience",
        "preemption",
        "processes",
        "reserve",
        "scheduler",
        "stopping",
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
        watch_fork()
        forget_parents_pids()
        self.loop: asyncio.AbstractEventLoop = loop
        self.name: Atom = Atom(name)
        creation = time.time_ns() // 1_000_000_000 & 0xFFFFFFFF
        self.home: Incarnation = Incarnation(self.name, creation)
        self.processes: set[Process] = set()
        self.adopted: dict[asyncio.Task[Any], Process] = {}
        self.executors: dict[bool, Executor] = {}
        self.things: dict[Any, Any] = {}
        self.grace: float = grace
        self.closing_time: float = grace
        self.closing: set[asyncio.Task[Any]] = set()
        self.on_stop: list[Callable[[], object]] = []
        self.in_child: list[Callable[[], object]] = []
        self.forker: Any = None
        self.deaths: asyncio.Event | Sweep | None = None
        self.stopping: bool = False
        self.hurried: bool = False
        self.patience: asyncio.Timeout | None = None
        self.next_pid: Callable[[], int] = itertools.count(_FIRST_PID).__next__
        refs = itertools.count((creation & 0xFFFF) << 36 | 1 << 18)
        self.next_ref: Callable[[], int] = refs.__next__
        self.init_pid: Pid = new_pid(0, self.home, None)
        self.names: RegisteredNames = RegisteredNames()
        self.timers: Timers = Timers(loop)
        self.scheduler: Scheduler = Scheduler(loop)
        self.inbox: Inbox = Inbox(loop, self.scheduler.context, new_pid(1, self.home, None))
        self.reserve: Reserve = Reserve(loop)
        self.guard: LoopGuard = LoopGuard(loop)
        self.preemption: Preemption | None = None
        if preempt:
            self.preemption = self.scheduler.preemption = Preemption(self.scheduler, loop)
            self.in_child.append(self.preemption.forget)
        take_home()
        here.names = self.names.table
        here.journal = new_journal()
        here.adopt = adopt_current_task
        here.node = self
        self.scheduler.bind()
