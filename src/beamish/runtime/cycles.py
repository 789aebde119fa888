"""Calls that would wait for each other forever: A calls B, which calls A, also over several hops.

The search begins only when a call is about to wait for a process that itself waits for a reply, so
an ordinary call pays nothing. Starting at the callee, follow each process to the one it waits for.
Arriving back at the caller means a cycle.

A step counts only if nobody else can end that wait: the process waited for works on the request
now, or has it in its mailbox. A process that has put the request aside, to reply later or through
another process, breaks the chain. So every cycle found is a deadlock, and what is not a deadlock
in OTP is not refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beamish.terms.careful import elements

from .handing import establish_handed
from .here import here
from .states import WAIT_REPLY

if TYPE_CHECKING:
    from .process import Process

__all__ = ["find_cycle"]


def find_cycle(caller: Process, callee: Process) -> list[tuple[Any, Any]] | None:
    """The calls by which `callee` waits for `caller`: (caller, request) of each, or None."""
    if here.handed is not None:
        establish_handed()
    steps: list[tuple[Any, Any]] = []
    seen: set[Process] = set()
    waiting = callee
    while waiting.state == WAIT_REPLY and waiting not in seen:
        seen.add(waiting)
        ref = waiting.pattern
        server: Process | None = getattr(ref, "_watched", None)
        request = _owed(server, ref) if server is not None else None
        if server is None or request is None:
            return None
        steps.append((called(waiting), request[2]))
        if server is caller:
            return steps
        waiting = server
    return None


def _owed(server: Process, ref: Any) -> tuple[Any, Any, Any] | None:
    """The request with that reference that a process has yet to answer."""
    serving = server.serving
    # What a server works on is in `value` while its step runs, and noted by itself afterwards.
    current = () if serving is None else (serving.message, server.value)
    for message in (*current, *(server.mailbox or ())):
        if _asks(message, ref):
            return message  # type: ignore[no-any-return]
    return None


def _asks(message: Any, ref: Any) -> bool:
    parts = elements(message)
    asker = elements(parts[1]) if len(parts) == 3 else []
    return len(asker) == 2 and asker[1] is ref


def called(proc: Process) -> Any:
    """The registered name of a process, or else its pid."""
    rare = proc.rare
    return proc.pid if rare is None or rare.name is None else rare.name
