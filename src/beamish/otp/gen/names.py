"""Where a process is found: pids, registered names and via tuples.

A behaviour takes a *dest* wherever it speaks to a process, and a *name* where it starts one.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, cast

from beamish import behaviour, process
from beamish.otp import global_
from beamish.terms import BadArgError, Pid
from beamish.terms.careful import is_a
from beamish.terms.errors import describe
from beamish.terms.words import by_word

__all__ = [
    "Dest",
    "Name",
    "ViaModule",
    "check_dest",
    "check_name",
    "register",
    "unregister",
    "whereis",
]

Dest: TypeAlias = Pid | str | tuple[str, Any] | tuple[str, Any, Any]
"""Whom to send to or ask.

A pid, a name, ``(name, node)``, ``("global", key)`` or ``("via", registry, key)``.
"""

Name: TypeAlias = str | tuple[str, Any] | tuple[str, Any, Any]
"""What a process is registered by as it starts.

A string, ``("global", key)`` or ``("via", registry, key)``.
"""


class ViaModule(Protocol):
    """A registry of names, usable in ``("via", registry, key)``.

    Source: gen_server(3), server_ref() and server_name(); kernel's global has the same functions.
    """

    def register_name(self, key: Any, pid: Pid) -> bool:
        """Binds the key to the process; False if the key is taken."""
        ...

    def unregister_name(self, key: Any) -> Any:
        """Frees the key."""
        ...

    def whereis_name(self, key: Any) -> Pid | None:
        """The process of that key; None if there is none."""
        ...

    def send(self, key: Any, message: Any) -> Any:
        """Sends to the process of that key, or raises CallError(("badarg", (key, message)))."""
        ...


def whereis(dest: Dest) -> Pid | tuple[str, str] | None:
    """The process that a dest denotes now. Works from any thread, if a via module does.

    Args:
        dest: a pid, a registered name, ``(name, node)``, or ``("via", registry, key)``.

    Returns:
        The pid, ``(name, node)`` for a name of another node, or None if nothing has that name.

    Raises:
        BadArgError: it is none of these.

    Source: Elixir's GenServer.whereis/1.
    """
    if is_a(dest, str):  # first: whoever has a pid rarely asks
        return process.whereis(dest)
    if is_a(dest, Pid):
        return dest
    match by_word(dest):
        case ("global", key):
            return global_.whereis_name(key)
        case ("via", module, key):
            return cast("ViaModule", module).whereis_name(key)
        case (str() as name, str() as node):
            return process.whereis(name) if node == behaviour.init().node else (name, node)
        case _:
            pass
    raise _no_dest(dest)


def check_dest(dest: object) -> None:
    """Refuses what cannot be a dest, before a message is sent there later."""
    if not (is_a(dest, Pid) or is_a(dest, str) or isinstance(dest, tuple)):
        raise _no_dest(dest)


def _no_dest(dest: object) -> BadArgError:
    return BadArgError(
        f"dest: expected a pid, a registered name, (name, node) or ('via', registry, key); "
        f"got {describe(dest)}"
    )


def check_name(name: object) -> None:
    """Refuses what cannot be a name, before a process is started under it."""
    match by_word(name):
        case ("global", _) | ("via", _, _):
            return
        case (word,) if word != "undefined" and is_a(name, str):
            return
        case _ if name is None:
            return
        case _:
            pass
    raise BadArgError(
        f"name: expected a string, ('global', key) or ('via', registry, key); got {describe(name)}"
    )


def register(name: Name, pid: Pid) -> bool:
    """Gives a process a name, local or via; False if the name is taken."""
    if isinstance(name, str):
        if process.whereis(name) is not None:
            return False
        process.register(name, pid)
        return True
    match name:
        case ("global", key):
            return global_.register_name(key, pid)
        case ("via", module, key):
            return bool(cast("ViaModule", module).register_name(key, pid))
        case _:
            return False  # check_name has refused it before


def unregister(name: Name) -> None:
    """Takes a global or via name back; a local name frees itself when its process ends."""
    match name:
        case ("global", key):
            global_.unregister_name(key)
        case ("via", module, key):
            cast("ViaModule", module).unregister_name(key)
        case _:
            pass
