"""exec: another program takes the place of this one, and must not die of our interval timer.

The timer survives execve, its handler does not: the new program would end with "Virtual timer
expired". If there is no such program the timer comes back with the watchdog's next tick.
"""

from __future__ import annotations

import signal
import sys
import time
from functools import cache
from typing import Any

from .here import here

__all__ = ["watch_exec"]


@cache
def watch_exec() -> None:
    """Turns the timer off at each exec from now on; hooks cannot be removed, so there is one."""
    sys.addaudithook(_on_audit)


def _on_audit(event: str, _args: tuple[Any, ...]) -> None:
    if event == "os.exec":
        node = here.node
        if node is not None and node.preemption is not None and node.preemption.on:
            _turn_timer_off()


def _turn_timer_off() -> None:
    # No other thread gets the GIL for some milliseconds after this. (On a worker thread it may be
    # the main thread, which would turn the timer on again.)
    time.sleep(0)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    while any(signal.getitimer(signal.ITIMER_VIRTUAL)):  # a tick came just before
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    # One that the program has blocked waits, and would be there in the new one.
    if signal.SIGVTALRM in signal.sigpending():
        signal.sigwait({signal.SIGVTALRM})
