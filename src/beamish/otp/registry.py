"""Registry: processes under keys of any kind, unique or shared.

What
----
A process registers *itself* under a key, with a value if it likes. With ``keys="unique"`` a key
belongs to one process, and serves as its name; with ``keys="duplicate"`` many may share it, and a
message can be sent to all. Whatever a process has registered goes when it dies: no look-up ever
finds a dead one.

Smallest example
----------------
::

    await Registry.start_link(keys="unique", name="KV.Registry")

    bucket = await Agent.start_link(dict, name=("via", Registry, ("KV.Registry", "shopping")))
    await Agent.get(("via", Registry, ("KV.Registry", "shopping")), len)

    assert Registry.lookup("KV.Registry", "shopping") == [(bucket, None)]

Client and server
-----------------
The table is read and written directly by whoever asks, and nobody waits: these are plain
functions. The registry's process, which is linked to everyone registered, clears up after the
dead.

Supervising
-----------
``Registry.child_spec(keys="unique", name="KV.Registry")`` is a child for a Supervisor. If a
registry dies, the processes registered in it die by their links, as in Elixir.

When not to use it
------------------
For a few processes known when the program is written: give them names.

Source: Elixir's Registry.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast, final, get_args

from beamish import process
from beamish.terms import Atom, BadArgError, Exit, Pid

from .errors import AlreadyRegisteredError, ChildSpecError
from .gen_server import GenServer, start_server
from .supervised import Supervised

__all__ = ["Keys", "Registry"]

Keys: TypeAlias = Literal["unique", "duplicate"]

_TABLE: Final = Atom("$registry")


class Registry(Supervised):
    """Finds processes by keys; see the module's page. The class is a via registry of names."""

    @classmethod
    async def start_link(cls, *, keys: Keys, name: str) -> Pid:
        """Starts a registry linked to the caller.

        Args:
            keys: ``"unique"``: a key belongs to one process; ``"duplicate"``: to any number.
            name: its registered name, by which everybody speaks of it.

        Returns:
            The pid.

        Raises:
            ChildSpecError: `keys` or `name` is none of these.
            StartError: ``("already_started", pid)``.

        Source: Elixir's Registry.start_link/1.
        """
        kind: Any = keys
        if not isinstance(kind, str) or kind not in get_args(Keys):
            raise ChildSpecError("keys", keys, "'unique' or 'duplicate'", where="Registry")
        given: Any = name
        if not isinstance(given, str):
            raise ChildSpecError("name", name, "a string", where="Registry")
        return await start_server(
            _RegistryProcess,
            (keys,),
            {},
            name=name,
            timeout=None,
            link=True,
            label=cls.__name__,
        )

    @staticmethod
    def register(registry: str, key: Hashable, value: Any = None) -> Pid:
        """Registers the calling process under a key.

        Args:
            registry: the registry's name.
            key: any hashable value.
            value: kept beside the pid.

        Returns:
            The registry's pid, to which the caller is now linked.

        Raises:
            AlreadyRegisteredError: the registry is unique and a process, the caller perhaps, has
                the key.
            BadArgError: there is no such registry.

        Source: Elixir's Registry.register/3.
        """
        table = _table_of(registry)
        me = process.self()
        with process.critical():
            holder = table.holder(key) if table.keys == "unique" else None
            if holder is not None:
                raise AlreadyRegisteredError(key, holder)
            table.add(key, me, value)
        process.link(table.pid)
        return table.pid

    @staticmethod
    def unregister(registry: str, key: Hashable) -> None:
        """Takes all entries of the calling process under a key away.

        Args:
            registry: the registry's name.
            key: the key; one that the caller does not have does nothing.

        Source: Elixir's Registry.unregister/2.
        """
        table = _table_of(registry)
        me = process.self()
        with process.critical():
            table.remove(key, me)
            forgotten = me not in table.by_pid
        if forgotten and me is not table.pid:
            process.unlink(table.pid)

    @staticmethod
    def lookup(registry: str, key: Hashable) -> list[tuple[Pid, Any]]:
        """The processes under a key, and their values, in the order of registration.

        Args:
            registry: the registry's name.
            key: the key.

        Returns:
            ``[(pid, value), ...]``: at most one for unique keys. Only living processes.

        Source: Elixir's Registry.lookup/2.
        """
        entries = _table_of(registry).by_key.get(key, ())
        return [(entry.pid, entry.value) for entry in entries if process.alive(entry.pid)]

    @staticmethod
    def values(registry: str, key: Hashable, pid: Pid) -> list[Any]:
        """The values that a process has registered under a key.

        Source: Elixir's Registry.values/3.
        """
        return [value for owner, value in Registry.lookup(registry, key) if owner is pid]

    @staticmethod
    def keys(registry: str, pid: Pid) -> list[Hashable]:
        """The keys of a process, in the order of registration; one for each entry.

        Source: Elixir's Registry.keys/2.
        """
        if not process.alive(pid):
            return []
        return list(_table_of(registry).by_pid.get(pid, ()))

    @staticmethod
    def count(registry: str) -> int:
        """How many entries there are; those of dead processes do not count.

        Source: Elixir's Registry.count/1.
        """
        owned = list(_table_of(registry).by_pid.items())
        return sum(len(keys) for pid, keys in owned if process.alive(pid))

    @staticmethod
    def update_value(
        registry: str, key: Hashable, fn: Callable[[Any], Any]
    ) -> tuple[Any, Any] | None:
        """Changes the value of the calling process under a key of a unique registry.

        Args:
            registry: the registry's name.
            key: the key.
            fn: makes the new value of the old one.

        Returns:
            ``(new, old)``, or None if the caller does not have the key.

        Raises:
            BadArgError: the registry's keys are not unique.

        Source: Elixir's Registry.update_value/3.
        """
        table = _check_unique("for update_value", registry)
        me = process.self()
        for entry in table.by_key.get(key, ()):
            if entry.pid is me:
                new = fn(entry.value)
                table.replace(key, entry, new)
                return new, entry.value
        return None

    @staticmethod
    def dispatch(
        registry: str, key: Hashable, fn: Callable[[list[tuple[Pid, Any]]], object]
    ) -> None:
        """Calls a function with all entries of a key, if there are any.

        Args:
            registry: the registry's name.
            key: the key.
            fn: called once, in the caller, with ``[(pid, value), ...]``.

        Example:
            >>> Registry.dispatch("rooms", "lobby", lambda found: [send(p, msg) for p, _ in found])

        Source: Elixir's Registry.dispatch/3.
        """
        entries = Registry.lookup(registry, key)
        if entries:
            fn(entries)

    # ---- names: ("via", Registry, (registry, key)) or ("via", Registry, (registry, key, value))

    @staticmethod
    def register_name(key: Any, pid: Pid) -> bool:
        """Registers the calling process by a via name; False if the name is taken.

        Source: Elixir's Registry, "Using in :via".
        """
        registry, inner, value = _via_key(key)
        _check_unique("as a registry of names", registry)
        if pid is not process.self():
            raise BadArgError(
                f"Registry: a process registers itself; got {pid!r}, called by {process.self()!r}"
            )
        try:
            Registry.register(registry, inner, value)
        except AlreadyRegisteredError:
            return False
        return True

    @staticmethod
    def unregister_name(key: Any) -> None:
        """Takes a via name of the calling process away."""
        registry, inner, _ = _via_key(key)
        Registry.unregister(registry, inner)

    @staticmethod
    def whereis_name(key: Any) -> Pid | None:
        """The process of a via name; None if there is none, or no such registry."""
        registry, inner, _ = _via_key(key)
        if process.whereis(registry) is None:
            return None
        return _check_unique("as a registry of names", registry).holder(inner)

    @staticmethod
    def send(key: Any, message: Any) -> Any:
        """Sends to the process of a via name; without one exits: ``("badarg", (key, message))``."""
        pid = Registry.whereis_name(key)
        if pid is None:
            process.exit((Atom("badarg"), (key, message)))
        return process.send(pid, message)


class _Entry(NamedTuple):
    pid: Pid
    value: Any


@final
class _Table:
    """The entries of a registry, by key and by process.

    Everybody writes to it, between two awaits and without being preempted. What belongs to a
    process that is dead but not yet cleared up is not there for readers: they ask whether the
    process is alive, which no one who was told of a death can find it to be.
    """

    __slots__ = ("by_key", "by_pid", "keys", "pid")

    def __init__(self, keys: Keys, pid: Pid) -> None:
        self.keys = keys
        self.pid = pid
        self.by_key: dict[Hashable, list[_Entry]] = {}
        self.by_pid: dict[Pid, list[Hashable]] = {}

    def holder(self, key: Hashable) -> Pid | None:
        """The living process that has a unique key."""
        for entry in self.by_key.get(key, ()):
            if process.alive(entry.pid):
                return entry.pid
        return None

    def add(self, key: Hashable, pid: Pid, value: Any) -> None:
        """Adds an entry."""
        self.by_key.setdefault(key, []).append(_Entry(pid, value))
        self.by_pid.setdefault(pid, []).append(key)

    def replace(self, key: Hashable, entry: _Entry, value: Any) -> None:
        """Gives an entry another value."""
        entries = self.by_key[key]
        entries[entries.index(entry)] = entry._replace(value=value)

    def remove(self, key: Hashable, pid: Pid) -> None:
        """Removes the entries of a process under a key."""
        self._keep(key, [entry for entry in self.by_key.get(key, ()) if entry.pid is not pid])
        keys = [other for other in self.by_pid.get(pid, ()) if other != key]
        if keys:
            self.by_pid[pid] = keys
        else:
            self.by_pid.pop(pid, None)

    def remove_all(self, pid: Pid) -> None:
        """Removes all entries of a process."""
        for key in self.by_pid.pop(pid, ()):
            self._keep(key, [entry for entry in self.by_key.get(key, ()) if entry.pid is not pid])

    def _keep(self, key: Hashable, entries: list[_Entry]) -> None:
        if entries:
            self.by_key[key] = entries
        else:
            self.by_key.pop(key, None)


class _RegistryProcess(GenServer):
    """Owns the table, which lives in its process dictionary and so ends with it."""

    table: _Table

    def init(self, keys: Keys) -> None:
        """Makes the table."""
        process.flag(trap_exit=True)
        self.table = _Table(keys, process.self())
        process.put(_TABLE, self.table)

    def handle_info(self, message: Any) -> None:
        """Clears up after the dead."""
        if isinstance(message, Exit):
            with process.critical():
                self.table.remove_all(message.pid)
        else:
            super().handle_info(message)


def _table_of(registry: str) -> _Table:
    pid = process.whereis(registry)
    dictionary = process.info(pid, "dictionary") if pid is not None else None
    table = dictionary.get(_TABLE) if dictionary else None
    if table is None:
        raise BadArgError(
            f"unknown registry: {registry!r}; Registry.start_link(keys=..., name=...) starts one"
        )
    return cast("_Table", table)


def _check_unique(use: str, registry: str) -> _Table:
    table = _table_of(registry)
    if table.keys != "unique":
        raise BadArgError(
            f"Registry: expected a registry of unique keys {use}; got {registry!r}, "
            "whose keys are duplicate"
        )
    return table


def _via_key(key: Any) -> tuple[str, Hashable, Any]:
    match key:
        case (str() as registry, inner):
            return registry, inner, None
        case (str() as registry, inner, value):
            return registry, inner, value
        case _:
            raise BadArgError(
                "Registry: expected ('via', Registry, (registry, key)) or "
                f"('via', Registry, (registry, key, value)); got the key {key!r}"
            )
