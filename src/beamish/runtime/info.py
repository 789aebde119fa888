"""What can be known of a process: read-only snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from beamish.terms import Atom, BadArgError, Pid
from beamish.terms.careful import is_a
from beamish.terms.errors import describe

from .fate import is_alive
from .groups import leader_of
from .handing import establish_handed
from .here import here, node_of_any_thread, running_node
from .home import at_home, refuse
from .mailbox import waiting_messages
from .states import EXITING, OUTSIDE, TICKED, WOKEN
from .ties import tied

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Process

__all__ = ["ANY_THREAD", "ITEMS", "process_info"]


def process_info(pid: Any, item: str | None) -> Any:
    """One item of a process, or all of them; None if it is dead."""
    if not isinstance(pid, Pid):
        raise BadArgError(f"info takes a Pid; got {describe(pid)}")
    if item is not None and not (is_a(item, str) and item in ITEMS):
        raise BadArgError(f"info: expected one of {', '.join(ITEMS)}; got {describe(item)}")
    if not at_home():
        return _info_elsewhere(pid, item)
    if here.handed is not None:
        establish_handed()
    proc: Process | None = pid._process
    if proc is None or not is_alive(pid):
        return None
    if item is not None:
        return ITEMS[item](proc)
    return {name: get(proc) for name, get in ITEMS.items()}


def _info_elsewhere(pid: Pid, item: str | None) -> Any:
    """For another thread: what is one object, or a copy made in one step."""
    node_of_any_thread()
    if item not in ANY_THREAD:
        refuse(f"it tells {', '.join(ANY_THREAD)}; ")
    proc: Process | None = pid._process
    return ITEMS[item](proc) if proc is not None and is_alive(pid) else None


def _status(proc: Process) -> str:
    if proc is here.process or proc.state == OUTSIDE:
        return "running"
    if WOKEN <= proc.state <= TICKED or running_node().scheduler.busy.holds(proc):
        return "runnable"
    return "exiting" if proc.state >= EXITING else "waiting"


def _monitors(proc: Process) -> list[Any]:
    return [(ref._options and ref._options[1]) or ref._watched.pid for ref in tied(proc.monitors)]


def _dictionary(proc: Process) -> dict[Any, Any]:
    return dict(proc.rare.dictionary or {}) if proc.rare is not None else {}


def _owned(proc: Process) -> list[Any]:
    owned = proc.rare.owned if proc.rare is not None else None
    return [entry.resource for entry in (owned or {}).values()]


def _name(proc: Process) -> str:
    return (proc.rare.name if proc.rare is not None else None) or Atom("")


# What other threads than the node's may ask.
ANY_THREAD: Final = (
    *("registered_name", "trap_exit", "parent", "ancestors"),
    *("dictionary", "group_leader"),
)

ITEMS: Final[dict[str, Callable[[Process], Any]]] = {
    "registered_name": _name,
    "label": lambda proc: proc.label(),
    "initial_call": lambda proc: proc.initial_call(),
    "status": _status,
    "trap_exit": lambda proc: proc.trap_exit,
    "message_queue_len": lambda proc: len(waiting_messages(proc)),
    "messages": waiting_messages,
    "links": lambda proc: sorted(tied(proc.links)),
    "monitors": _monitors,
    "monitored_by": lambda proc: [ref._maker for ref in tied(proc.watchers)],
    "parent": lambda proc: proc.parent,
    "ancestors": lambda proc: proc.ancestors(),
    "dictionary": _dictionary,
    "owned": _owned,
    "group_leader": leader_of,
}
