"""One process: its state and what belongs to it.

Most of it is made on first use, because an idle process must be small. Nothing here decides
anything: the rules are in signals.py, exiting.py and mailbox.py.
"""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from beamish.terms.identity import Pid

from .asyncio_task import TaskFace, cancellation, forget
from .here import enqueue
from .states import EXITING, RUNNING, THROWING, WAIT_FUTURE
from .trampoline import name_of

if TYPE_CHECKING:
    import asyncio
    from collections import deque
    from collections.abc import Callable, Coroutine
    from contextvars import Context

    import greenlet

    from beamish.terms import Atom

    from .fate import Fate
    from .node import Node
    from .outside import Outside
    from .owned import Owned
    from .priority import Urgent
    from .ties import Links, Monitors

# A label that was not set: None is a label.
UNSET: Final = object()

__all__ = ["Process", "Rare", "Serving", "new_process"]


@final
class Process(TaskFace):
    """A process, as the runtime sees it; users hold its pid.

    Attributes:
        state: one of states.py.
        value: what its coroutine is sent next; afterwards, the last message it was given.
        send: the coroutine's ``send``, or a replacement.
        context: its own contextvars context.
        mailbox: messages not yet received, oldest first; None until there is one.
        removed: how many messages have ever been taken out of the mailbox.
        pattern: what it waits for, in WAIT_MATCH; in WOKEN, see handed_at.
        waiter: the asyncio future that it awaits.
        parked: the greenlet it was preempted in.
        links: the pids it is linked to; see ties.py.
        monitors: the references of the monitors that it has made.
        watchers: the references of the monitors that others have on it.
        fate: how it must end, once an exit signal has decided that.
        serving: what a behaviour works on in it.
    """

    __slots__ = (
        "__weakref__",
        "context",
        "fate",
        "links",
        "mailbox",
        "monitors",
        "parent",
        "parked",
        "pattern",
        "pid",
        "rare",
        "removed",
        "send",
        "serving",
        "state",
        "trap_exit",
        "value",
        "waiter",
        "watchers",
    )

    pid: Pid
    parent: Pid | None
    state: int
    value: Any
    send: Callable[[Any], Any]
    context: Context
    mailbox: deque[Any] | None
    removed: int
    pattern: Any
    links: Links
    monitors: Monitors
    watchers: Monitors
    trap_exit: bool
    waiter: asyncio.Future[Any] | None
    parked: greenlet.greenlet | None
    fate: Fate | None
    rare: Rare | None
    serving: Serving | None

    @property
    def coro(self) -> Coroutine[Any, Any, Any]:
        """The coroutine that it runs."""
        owner: Any = self.send.__self__  # type: ignore[attr-defined]
        if owner.__class__ is CoroutineType:
            return owner
        coro: Coroutine[Any, Any, Any] = getattr(owner, "_coro", owner)  # of a serving.Server
        return coro

    def wake_up(self, future: asyncio.Future[Any]) -> None:
        """The asyncio future that it awaits is done."""
        if self.waiter is not future:
            forget(future)
            return
        self.waiter = None
        if self.state == WAIT_FUTURE:
            try:
                self.value = cancellation(self, future)
            except BaseException as error:
                self.value = error  # the future is of the user's own making
            self.state = RUNNING if self.value is None else THROWING
            enqueue(self)
        elif self.state == EXITING:
            if self.fate is not None and not self.fate.thrown:
                forget(future)  # a ProcessExit is raised instead
            enqueue(self)

    def initial_call(self, error: BaseException | None = None) -> str:
        """What it runs, or ran until it raised this error, for reports."""
        rare = self.rare
        if rare is not None and rare.initial_call is not None:
            call = rare.initial_call
            return call if isinstance(call, str) else name_of(call)
        call = getattr(self.serving, "initial_call", None)
        if call is not None:
            return name_of(call)
        if rare is not None and rare.outside is not None:
            return rare.outside.name()
        tb = error.__traceback__ if error is not None else None
        return name_of(self.coro, tb)

    def label(self) -> Any:
        """What reports call it: the label that was set, else that of its work."""
        rare = self.rare
        if rare is not None and rare.label is not UNSET:
            return rare.label
        return getattr(self.serving, "label", None)

    def ancestors(self) -> list[Pid]:
        """Its parent, the parent's parent and so on, as far as they are alive."""
        pids: list[Pid] = []
        parent = self.parent
        while parent is not None:
            pids.append(parent)
            process: Process | None = parent._process
            parent = process.parent if process is not None else None
        return pids

    def handed_at(self) -> int:
        """How many older messages are in the mailbox than the one that it was just handed."""
        return self.pattern if isinstance(self.pattern, int) else 0

    def ensure_rare(self) -> Rare:
        """The rarely used part, made on first use."""
        rare = self.rare
        if rare is None:
            rare = self.rare = Rare()
        return rare

    def __repr__(self) -> str:
        return f"<Process {self.pid!r}>"


def new_process(
    node: Node, send: Callable[[Any], Any], context: Context, parent: Pid | None
) -> Process:
    """A process that the node does not know yet (no ``__init__``: see terms.identity)."""
    proc = Process()
    pid = proc.pid = Pid()
    pid._number = node.next_pid()
    pid._home = node.home
    pid._process = proc
    proc.parent = parent
    proc.state = RUNNING
    proc.removed = 0
    proc.send = send
    proc.context = context
    proc.trap_exit = False
    proc.value = proc.mailbox = proc.pattern = proc.waiter = proc.parked = None
    proc.links = proc.monitors = proc.watchers = proc.fate = proc.rare = proc.serving = None
    return proc


class Serving(Protocol):
    """What a behaviour's process works on, as the runtime sees it.

    Attributes:
        message: what it works on, unless that is its process' last message; ``(tag, (pid, ref),
            request)`` if that is a request. Nothing of what it is done with.

    It may also have a `label` and an `initial_call`, which reports show if none was set.
    """

    message: Any

    def crash_details(self, reason: Any) -> dict[str, Any]:
        """What a crash report shows as well: ``last_message``, ``state``, ``reason``."""
        ...


@final
class Rare:
    """What few processes have."""

    __slots__ = (
        "critical",
        "dictionary",
        "initial_call",
        "label",
        "name",
        "on_end",
        "outside",
        "owned",
        "quiet",
        "reason",
        "task",
        "urgent",
    )

    def __init__(self) -> None:
        self.name: Atom | None = None
        self.label: Any = UNSET
        self.dictionary: dict[Any, Any] | None = None
        self.owned: dict[int, Owned] | None = None
        self.critical: int = 0
        self.outside: Outside | None = None  # the asyncio Task that an adopted process is
        self.initial_call: Any = None  # a str or a function
        self.on_end: Callable[[Any, Any], None] | None = None  # (reason, result), for the runtime
        self.quiet: bool = False  # its failure is reported by someone else
        self.urgent: Urgent | None = None  # priority messages
        self.reason: Any = None  # why it ends, while what it owned is closed
        self.task: Any = None  # TaskState: what asyncio's cancel() and callbacks need
