"""Where we are: the current process and the running node.

The only mutable state of the package beside the atom table. There is one node in an OS
process at a time (more cores are more OS processes), so that the hot path needs neither a
thread-local look-up nor a node in every call.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from beamish.terms.errors import NotRunningError

from .giving_up import give_up
from .home import at_home, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from .node import Node
    from .process import Process

__all__ = ["Here", "check_thread", "current", "here", "node_of_any_thread", "running_node"]


def _no_node(*_: object) -> NoReturn:
    raise NotRunningError(
        "no node is running: call this inside beamish.run(main), "
        "or in an asyncio Task inside `async with beamish.node():`"
    )


@final
class Here:
    """The current process (None outside of a slice), the node, and its run queue."""

    __slots__ = (
        "adopt",
        "armed",
        "due",
        "handed",
        "journal",
        "names",
        "node",
        "process",
        "push",
        "rest",
    )

    def __init__(self) -> None:
        self.process: Process | None = None
        self.node: Node | None = None
        # Bound by the node's scheduler: puts a process at the end of the run queue, and asks the
        # loop for a drain if that has not been done.
        self.push: Callable[[Process], object] = _no_node
        self.armed: bool = True
        # Bound by the node: gives the current asyncio Task a process, see adoption.py.
        self.adopt: Callable[[], Process] = _no_node
        self.journal: deque[tuple[Any, ...]] = deque(maxlen=0)  # see journal.py
        self.names: dict[str, Process] = {}  # the node's name table
        # The call being answered in its caller's turn, as long as nobody else can see it:
        # (caller, server, message, timeout); see handing.py.
        self.handed: tuple[Any, ...] | None = None
        # A process whose turn is over but which was in the runtime when the tick came: it is
        # preempted at the end of that call (Preemption.take_a_break).
        self.due: Process | None = None
        self.rest: Callable[[], None] = _no_node


here: Final = Here()


def current() -> Process:
    """The calling process; a plain asyncio Task is adopted on its first use.

    Raises:
        NotRunningError: no node is running, or not in a Task of its loop.
    """
    if not at_home():
        _not_at_home()
    return here.process or here.adopt()


def running_node() -> Node:
    """The running node, for its own thread.

    Raises:
        NotRunningError: there is none, or this is another thread.
    """
    node = here.node
    if node is None or not at_home():
        _not_at_home()
    return node


def check_thread() -> None:
    """Refuses a call from another thread than the node's.

    For functions of your own that change what only the node's thread may change, as their first
    line; those that begin with ``process.self()`` need no other.

    Raises:
        NotRunningError: no node is running, or this is another thread; the text says what to call
            there.
    """
    if not at_home():
        _not_at_home()


def node_of_any_thread() -> Node:
    """The running node, for code that leaves it as it is, or asks for a call on its thread.

    Raises:
        NotRunningError: there is none.
    """
    node = here.node
    if node is None:
        _no_node()
    return node


def _not_at_home() -> NoReturn:
    node_of_any_thread()
    refuse()


def enqueue(proc: Process) -> None:
    """Puts a process at the end of the run queue, where nobody could be told that it failed."""
    try:
        here.push(proc)
    except MemoryError:
        give_up()
