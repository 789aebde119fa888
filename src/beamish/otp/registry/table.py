"""The entries of a Registry, and the processes that remove those of dead processes.

    the registry (a Supervisor with the registry's name; its dictionary has the table)
      +-- partition 0     linked to the processes registered there, by their pids
      +-- partition 1     ...

All processes read and write the table directly, between two awaits and without being preempted.
Other threads read it, too: whoever reads takes a copy first, which is one step of the interpreter.
Readers skip entries of processes that have died but have not been removed yet: they test whether
the process is alive, and nobody who has seen a death finds it so.

If a partition ends, so do the processes linked to it, and their entries go. In a unique registry
all partitions are then restarted, as in Elixir, because they share the keys.

Source: Elixir's Registry.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final, Literal, TypeAlias, final

from beamish import process
from beamish.otp.directives import NoReply
from beamish.otp.gen import Caller
from beamish.otp.gen_server import GenServer, reply
from beamish.otp.supervisor import Supervisor, SupervisorFlags
from beamish.terms import Atom, BadArgError, Down, Exit, Pid, Ref
from beamish.terms.careful import class_of, is_a
from beamish.terms.keys import as_key
from beamish.terms.words import by_word

__all__ = ["LOCK", "TABLE", "UNLOCK", "Entry", "Keys", "RegistrySupervisor", "Table"]

Keys: TypeAlias = Literal["unique", "duplicate"]
"""Whether a key belongs to one process (``"unique"``), or many share it (``"duplicate"``)."""

TABLE: Final = Atom("$registry")
LOCK: Final = Atom("lock")
UNLOCK: Final = Atom("unlock")
_REGISTER: Final = Atom("register")
_UNREGISTER: Final = Atom("unregister")


@final
class Entry:
    """A process under a key; entries are compared by identity.

    Attributes:
        key: as it was given.
        place: the key of the table: `as_key` of it.
        pid: the process.
        value: what it has registered.
    """

    __slots__ = ("key", "pid", "place", "value")

    def __init__(self, key: Hashable, pid: Pid, value: Any) -> None:
        self.key: Hashable = key
        self.place: Any = as_key(key)
        self.pid: Pid = pid
        self.value: Any = value


@final
class Table:
    """The entries of a registry, by key and by process, each in the order of registration."""

    __slots__ = ("by_key", "by_pid", "keys", "listeners", "meta", "name", "partitions")

    def __init__(
        self,
        name: str,
        keys: Keys,
        partitions: int,
        listeners: Iterable[str],
        meta: dict[Hashable, Any],
    ) -> None:
        self.name: Atom = Atom(name)
        self.keys = keys
        self.partitions: list[Pid | None] = [None] * partitions
        self.listeners: tuple[str, ...] = tuple(listeners)
        self.meta: dict[Hashable, Any] = meta
        self.by_key: dict[Hashable, dict[Entry, None]] = {}
        self.by_pid: dict[Pid, dict[Entry, None]] = {}

    def partition_of(self, thing: Hashable) -> Pid:
        """The partition that a pid, or the key of a lock, belongs to.

        Raises:
            BadArgError: it is being restarted.
        """
        pid = self.partitions[self.number_of(thing)]
        if pid is None:
            raise BadArgError(f"registry {self.name!r} is not ready yet")
        return pid

    def number_of(self, thing: Hashable) -> int:
        """The number of that partition."""
        return hash((thing,)) % len(self.partitions)  # a pid's own hash has fixed low bits

    def find(self, key: Hashable) -> list[Entry]:
        """The entries of living processes under a key."""
        entries = self.by_key.get(as_key(key))
        return [one for one in entries.copy() if process.alive(one.pid)] if entries else []

    def of(self, pid: Pid, key: Hashable) -> list[Entry]:
        """The entries of a process under a key."""
        at_key, at_pid = self.by_key.get(as_key(key), {}), self.by_pid.get(pid, {})
        if len(at_key) < len(at_pid):
            return [entry for entry in at_key if entry.pid is pid]
        return [entry for entry in at_pid if entry in at_key]

    def all(self) -> Iterable[Entry]:
        """The entries of living processes, process by process."""
        for pid, entries in self.by_pid.copy().items():
            if process.alive(pid):
                yield from list(entries)

    def holder(self, key: Hashable) -> Pid | None:
        """The living process that has a unique key."""
        for entry in list(self.by_key.get(as_key(key), ())):
            if process.alive(entry.pid):
                return entry.pid
        return None

    def add(self, key: Hashable, pid: Pid, value: Any) -> None:
        """Adds an entry, and notifies the listeners."""
        entry = Entry(key, pid, value)
        self.by_key.setdefault(entry.place, {})[entry] = None
        self.by_pid.setdefault(pid, {})[entry] = None
        if self.listeners:
            self._tell((_REGISTER, self.name, key, pid, value))

    def remove(self, entries: list[Entry]) -> bool:
        """Removes entries of one process; returns whether it has none left."""
        for entry in entries:
            _drop(self.by_key, entry.place, entry)
            _drop(self.by_pid, entry.pid, entry)
        if self.listeners:
            told = {(entry.place, entry.pid): entry for entry in entries}
            for entry in told.values():
                self._tell((_UNREGISTER, self.name, entry.key, entry.pid))
        return bool(entries) and entries[0].pid not in self.by_pid

    def forget(self, pid: Pid) -> None:
        """Removes all entries of a process."""
        self.remove(list(self.by_pid.get(pid, ())) if is_a(pid, Pid) else [])

    def clear(self, number: int) -> None:
        """Removes all entries of a partition."""
        for pid in list(self.by_pid):
            if self.number_of(pid) == number:
                self.forget(pid)

    def _tell(self, message: Any) -> None:
        for listener in self.listeners:
            pid = process.whereis(listener)
            if pid is not None:
                process.send(pid, message)


def _drop(index: dict[Any, dict[Entry, None]], at: Any, entry: Entry) -> None:
    entries = index.get(at)
    if entries is not None:
        entries.pop(entry, None)
        if not entries:
            del index[at]


class RegistrySupervisor(Supervisor):
    """The process that has the registry's name, and the table in its process dictionary."""

    def init(self, table: Table) -> Any:
        """Returns the partitions as its children."""
        process.put(TABLE, table)
        strategy: Any = "one_for_all" if table.keys == "unique" else "one_for_one"
        names = [f"{table.name}.PIDPartition{n}" for n in range(len(table.partitions))]
        return SupervisorFlags(strategy=strategy), [
            Partition.child_spec(table, number, name=name) for number, name in enumerate(names)
        ]


@final
class _Lock:
    """The processes that wait for a lock, in order; the first one has it."""

    __slots__ = ("queue",)

    def __init__(self) -> None:
        self.queue: deque[tuple[Ref, Caller, Ref]] = deque()  # (token, caller, monitor)


class Partition(GenServer):
    """Watches registered processes, and keeps locks."""

    table: Table
    locks: dict[Hashable, _Lock]
    watches: dict[Ref, Hashable]

    def init(self, table: Table, number: int) -> None:
        """Enters itself in the table; the processes of its predecessor have died with it."""
        process.flag(trap_exit=True)
        self.table = table
        self.locks = {}
        self.watches = {}
        with process.critical():
            table.clear(number)
            table.partitions[number] = process.self()

    def handle_info(self, message: Any) -> None:
        """Removes the entries of a process that has ended."""
        if class_of(message) is Exit:
            with process.critical():
                self.table.forget(message.pid)
        elif class_of(message) is Down and is_a(message.ref, Ref) and message.ref in self.watches:
            key = self.watches[message.ref]
            self._release(key, lambda waiter: waiter[2] is message.ref)
        else:
            super().handle_info(message)

    def handle_call(self, request: Any, caller: Caller) -> Any:
        """Gives a lock, or lets the caller wait for it."""
        match by_word(request):
            case ("lock", key, token):
                return self._lock(as_key(key), token, caller)
            case _:
                return super().handle_call(request, caller)

    def handle_cast(self, request: Any) -> None:
        """Releases a lock, or ends the wait for it."""
        match by_word(request):
            case ("unlock", key, token):
                self._release(as_key(key), lambda waiter: waiter[0] is token)
            case _:
                super().handle_cast(request)

    def _lock(self, key: Hashable, token: Ref, caller: Caller) -> Any:
        lock = self.locks.setdefault(key, _Lock())
        pid = caller[0]
        if lock.queue and lock.queue[0][1][0] is pid:
            return False
        watch = process.monitor(pid)
        self.watches[watch] = key
        lock.queue.append((token, caller, watch))
        return True if len(lock.queue) == 1 else NoReply

    def _release(self, key: Hashable, is_meant: Callable[[tuple[Ref, Caller, Ref]], bool]) -> None:
        lock = self.locks.get(key)
        found = next(filter(is_meant, lock.queue), None) if lock is not None else None
        if lock is None or found is None:
            return
        had_it = lock.queue[0] is found
        lock.queue.remove(found)
        del self.watches[found[2]]
        process.demonitor(found[2], flush=True)
        if not lock.queue:
            del self.locks[key]
        elif had_it:
            reply(lock.queue[0][1], True)
