"""global: names for processes that are not bound to a node.

There is one node so far. A name goes when its process ends, before anyone who hears of the end
can look.

Source: kernel, global(3) (OTP 25 manual).

See the page "GenServer" in the documentation, "Names".
"""

from __future__ import annotations

from typing import Any, Final, final

from beamish import process
from beamish.terms import Atom, BadArgError, Down, Pid
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
    """The names of a node; it is the label of the process that forgets the dead."""

    def __init__(self) -> None:
        self.pids: dict[Any, Pid] = {}

    def __repr__(self) -> str:
        return f"{len(self.pids)} global names"


def register_name(key: Any, pid: Pid) -> bool:
    """Gives a process a global name.

    Args:
        key: any hashable value.
        pid: a process; it may have several names.

    Returns:
        Whether it has the name now: False if another has it, or if it is dead.

    Source: global:register_name/2.
    """
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
    """The process of a global name, or None.

    Source: global:whereis_name/1.
    """
    pid = _table().pids.get(as_key(key))
    return pid if pid is not None and process.alive(pid) else None


def registered_names() -> list[Any]:
    """All global names.

    Source: global:registered_names/0.
    """
    return [from_key(key) for key, pid in _table().pids.items() if process.alive(pid)]


def send(key: Any, message: Any) -> Pid:
    """Sends to the process of a global name; returns its pid.

    Exits:
        ``("badarg", (key, message))`` if there is none.

    Source: global:send/2.
    """
    pid = whereis_name(key)
    if pid is None:
        process.exit((BADARG, (key, message)))
    process.send(pid, message)
    return pid


def _check(pid: object) -> None:
    if not isinstance(pid, Pid):
        raise BadArgError(f"global_.register_name: expected a key and a pid; got {describe(pid)}")


def _bind(key: Any, pid: Pid) -> None:
    _table().pids[as_key(key)] = pid
    process.send(_SERVER, pid)


def _table() -> _Table:
    """The names of this node; the first use starts the process that keeps them."""
    with process.critical():
        server = process.whereis(_SERVER)
        if server is None:
            server = process.spawn_opt(_forget_the_dead, name=_SERVER, label=_Table())
        table = process.info(server, "label")
    if not isinstance(table, _Table):
        raise BadArgError(f"the name {_SERVER} belongs to global, and another process has it")
    return table


async def _forget_the_dead() -> None:
    names: dict[Any, Pid] = _table().pids
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
