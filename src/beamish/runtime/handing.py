"""Calls handed over: an idle server answers within the turn of the process that calls it.

A process that calls a server which waits in `Server.receive` (serving.py) says so by what it
yields; the scheduler then runs the server's next step at once, before anybody else. Mostly that
step answers, and then the call needs no monitor, no alias and no time-out: nobody but the server's
own code could have seen them.

Wherever anybody else could, `establish_handed` makes them first: before the server's process is
parked, before its coroutine goes on (it awaits, it fails, it puts the reply off), before its own
code looks at processes or sends through the alias. From there on it is a call as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .aliases import REPLY
from .here import here, running_node
from .states import WAIT_REPLY
from .ties import watch

if TYPE_CHECKING:
    from beamish.terms.identity import MonitorRef

    from .process import Process

__all__ = ["establish", "establish_handed"]


def establish_handed() -> None:
    """Makes the call that is handed over just now one that others can see."""
    call: Any = here.handed
    here.handed = None
    caller: Process = call[0]
    if caller.state == WAIT_REPLY:  # not ended, cancelled or answered by other means
        establish(caller, call[1], caller.pattern, call[3])


def establish(caller: Process, server: Process, ref: MonitorRef, timeout: float | None) -> None:
    """Makes the monitor of a call, the address of its reply, and its time-out."""
    ref._alias = caller.pid
    ref._kind = REPLY
    watch(caller, server, ref)
    if timeout is not None:
        timers = running_node().timers
        limit = timers.limits.get(timeout) or timers.new_limit(timeout)
        due = limit.waiting[ref] = limit.time() + limit.seconds
        if limit.handle is None:
            limit.call_at(due)
