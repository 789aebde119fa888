"""global: names for processes that are not bound to a node.

There is one node so far. A name goes when its process ends, before anyone who hears of the end
can look.

Source: kernel, global(3) (OTP 25 manual).

See the page "GenServer" in the documentation, "Names".
"""

from __future__ import annotations

from typing import Any, Final, final

from beamish import behaviour, process
from beamish.terms import Atom, BadArgError, CallError, Down, Pid
from beamish.terms.careful import is_a
from beamish.terms.errors import describe
from beamish.terms.keys import as_key, from_key
from beamish.terms.reasons import BADARG

__all__ = [
    "re_register_name",
    "register_name",
    "registered_names",
    "send",
    "unregister_name",
    "whereis_name",
]

_SERVER: Final = Atom("global_name_server")


@final
class _Table:
    """The names of a node; it is the label of the process that keeps them."""

    def __init__(self) -> None:
        self.pids: dict[Any, Pid] = {}

    def __repr__(self) -> str:
        return f"{len(self.pids)} global names"


# An OS process runs one node at a time; the pid of the server says which node a table is of.
_tables: Final[dict[Pid, _Table]] = {}


def register_name(key: Any, pid: Pid) -> bool:
    """Gives a process a global name.

    Args:
        key: any hashable value.
        pid: a process; it may have several names.

    Returns:
        Whether it has the name now: False if another has it, or if it is dead.

    Source: global:register_name/2.
    """
    behaviour.check_thread()
    _check(pid)
    with process.critical():
        if whereis_name(key) is not None or not process.alive(pid):
            return False
        _bind(key, pid)
        return True


def re_register_name(key: Any, pid: Pid) -> bool:
    """Gives a process a global name, even if another has it.

    Source: global:re_register_name/2.
    """
    behaviour.check_thread()
    _check(pid)
    if not process.alive(pid):
        return False
    _bind(key, pid)
    return True


def unregister_name(key: Any) -> None:
    """Takes a global name away; ignores an unknown one.

    Source: global:unregister_name/1.
    """
    _table().pids.pop(as_key(key), None)


def whereis_name(key: Any) -> Pid | None:
    """The process of a global name, or None. Works from any thread.

    Source: global:whereis_name/1.
    """
    pid = _pids().get(as_key(key))
    return pid if pid is not None and process.alive(pid) else None


def registered_names() -> list[Any]:
    """All global names. Works from any thread.

    Source: global:registered_names/0.
    """
    return [from_key(key) for key, pid in _pids().copy().items() if process.alive(pid)]


def send(key: Any, message: Any) -> Pid:
    """Sends to the process of a global name; returns its pid.

    Other threads use ``process.send(("via", global_, key), message)``.

    Raises:
        CallError: ``("badarg", (key, message))`` if there is none.

    Source: global:send/2.
    """
    behaviour.check_thread()
    pid = whereis_name(key)
    if pid is None:
        raise CallError((BADARG, (key, message)), key, message)
    process.send(pid, message)
    return pid


def _check(pid: object) -> None:
    if not isinstance(pid, Pid):
        raise BadArgError(f"global_.register_name: expected a key and a pid; got {describe(pid)}")


def _bind(key: Any, pid: Pid) -> None:
    _table().pids[as_key(key)] = pid
    process.send(_SERVER, pid)


def _table() -> _Table:
    """The names of this node, to be changed; the first use starts the process that keeps them."""
    behaviour.check_thread()
    with process.critical():
        server = process.whereis(_SERVER)
        if server is not None:
            return _table_of(server)
        table = _Table()
        _tables.clear()  # those of nodes that have stopped
        _tables[process.spawn_opt(_forget_the_dead, table, name=_SERVER, label=table)] = table
        return table


def _pids() -> dict[Any, Pid]:
    """The names of this node, for readers on any thread."""
    server = process.whereis(_SERVER)
    return {} if server is None else _table_of(server).pids


def _table_of(server: Pid) -> _Table:
    table = _tables.get(server)
    if table is None:
        raise BadArgError(f"the name {_SERVER} belongs to global, and another process has it")
    return table


async def _forget_the_dead(table: _Table) -> None:
    names = table.pids
    watched: set[Pid] = set()
    while True:
        message = None  # keep nothing alive while it waits
        message = await process.receive()
        if type(message) is Down:
            dead = message.pid
            watched.discard(dead)
            for key in [key for key, pid in names.items() if pid is dead]:
                del names[key]
        elif is_a(message, Pid) and message not in watched:
            watched.add(message)
            process.monitor(message)
