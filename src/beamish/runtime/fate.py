"""How a process must end, once an exit signal has decided it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from .here import enqueue, here, running_node
from .states import DEAD, EXIT_PENDING, EXITING, OUTSIDE, WAIT_ANY, WAIT_WAKE

if TYPE_CHECKING:
    from .process import Process
    from .timers import Timer

__all__ = ["Fate", "doom", "hasten"]


@final
class Fate:
    """A decided end: the reason that others will see, and how far it has come."""

    __slots__ = ("force", "grace", "reason", "thrown", "ticked", "tries")

    def __init__(self, reason: Any, force: bool) -> None:
        self.reason = reason
        self.force = force  # no (more) time to clean up
        self.thrown = False  # whether the process has been given its ProcessExit
        self.grace: Timer | None = None  # ends the time for cleaning up
        self.ticked = False  # whether a preemption tick has found it in this turn
        self.tries = 0  # how often it would not go


def doom(proc: Process, reason: Any, *, force: bool = False) -> None:
    """Decides the end of a process, unless that is decided already.

    From here on it is not alive: its name is free and messages to it are dropped. Its clean-up
    runs when the run queue comes to it; a process that is running goes on to its next switch.

    Args:
        reason: the exit reason that others will see.
        force: `kill`: its clean-up may not wait for anything.
    """
    state = proc.state
    if state >= EXIT_PENDING:
        if force and state != DEAD:
            hasten(proc)
        return
    proc.fate = Fate(reason, force)
    proc.state = EXIT_PENDING
    rare = proc.rare
    if rare is not None:
        running_node().names.release(proc)
        if rare.outside is not None:
            rare.outside.end(force=force)
            return
    if WAIT_ANY <= state <= WAIT_WAKE and proc is not here.process:
        enqueue(proc)
    # In every other state it is running or on the run queue.
    assert state != OUTSIDE


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
        waiter.cancel()
        enqueue(proc)
