"""Calls handed over: an idle server replies within the turn of the process that calls it.

A process that calls a server which waits in `Server.receive` (serving.py) yields the call. The
scheduler then runs the server's next step at once, before any other process. Usually that step
replies, and then the call needs no monitor, no alias and no time-out: only the server's own code
could have seen them.

Wherever other code could see them, `establish_handed` makes them first: before the server's process
is parked, before its coroutine continues (because it awaits, fails or postpones the reply), and
before its own code looks at processes or sends through the alias. From then on it is an ordinary
call.
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
    """Makes the call that is being handed over one that others can see."""
    call: Any = here.handed
    here.handed = None
    caller: Process = call[0]
    if caller.state == WAIT_REPLY:  # else it was ended, cancelled or answered by other means
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
