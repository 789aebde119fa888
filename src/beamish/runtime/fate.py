"""How a process must end, once an exit signal has decided it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from .asyncio_task import cancel
from .here import enqueue, here, running_node
from .home import at_home
from .states import DEAD, EXIT_PENDING, EXITING, TICKED, WAIT_WAKE

if TYPE_CHECKING:
    from beamish.terms import Pid

    from .process import Process
    from .timers import Timer

__all__ = ["Fate", "doom", "hasten", "is_alive"]


@final
class Fate:
    """A decided end: the reason that others will see, and how far the end has come."""

    __slots__ = ("force", "grace", "reason", "thrown", "ticked", "tries")

    # Filled by doom(): an __init__ would cost as much again.
    reason: Any
    force: bool  # it has no time to clean up, or no more
    thrown: bool  # whether the process has been given its ProcessExit
    grace: Timer | None  # ends the time for cleaning up
    ticked: bool  # whether a preemption tick has found it in this turn
    tries: int  # how often it ignored its ProcessExit


def doom(proc: Process, reason: Any, *, force: bool = False) -> None:
    """Decides the end of a process, unless that is decided already.

    From here on it is not alive: its name is free and messages to it are dropped. Its clean-up
    runs when the run queue comes to it; a running process continues to its next switch.

    Args:
        reason: the exit reason that others will see.
        force: as for `kill`: its clean-up may not wait for anything.
    """
    state = proc.state
    if state >= EXIT_PENDING:
        if force and state != DEAD:
            hasten(proc)
        return
    fate = Fate()
    fate.reason = reason
    fate.force = force
    fate.thrown = fate.ticked = False
    fate.grace = None
    fate.tries = 0
    rare = proc.rare
    if state <= WAIT_WAKE and proc is not here.process and (rare is None or rare.outside is None):
        here.push(proc)
    elif state == TICKED and proc.parked is not None:
        running_node().scheduler.promote(proc)
    # In every other state it is running or on the run queue.
    proc.fate = fate
    proc.state = EXIT_PENDING
    if rare is not None:
        running_node().names.release(proc)
        if rare.outside is not None:
            rare.outside.end(force=force)


def hasten(proc: Process) -> None:
    """Ends the time that a process has for cleaning up."""
    fate = proc.fate
    if fate is None or fate.force:
        return
    fate.force = True
    if proc.rare is not None and proc.rare.outside is not None:
        proc.rare.outside.end(force=True)
    elif proc.state == EXITING and proc.waiter is not None:
        waiter, proc.waiter = proc.waiter, None
        cancel(waiter)
        enqueue(proc)


def is_alive(pid: Pid) -> bool:
    """Whether a process is alive, once the caller's own signals have reached it.

    Raises:
        NotRunningError: no node is running.
    """
    if here.node is None:
        running_node()
    proc: Process | None = pid._process
    if proc is None or proc.state < EXIT_PENDING:
        return proc is not None
    if not at_home():
        return False
    if proc is here.process:
        return proc.state == EXIT_PENDING  # its end begins at its next switch
    # Somebody has seen it dead: from now on it must not look alive (see signals.link).
    proc.state = max(proc.state, EXITING)
    return False
