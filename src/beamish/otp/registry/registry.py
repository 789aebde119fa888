"""The class Registry: its functions read and write the table of a registry directly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Mapping
from typing import Any, ClassVar, Literal, TypeVar, cast, get_args, overload

from beamish import behaviour, process
from beamish.otp.child import ChildType, Supervised
from beamish.otp.errors import AlreadyRegisteredError, ChildSpecError, not_one_of
from beamish.otp.gen import failed, is_coroutine
from beamish.otp.task import Task
from beamish.terms import BadArgError, Pid
from beamish.terms.keys import as_key
from beamish.terms.numbers import is_whole
from beamish.terms.reasons import BADARG

from .lock import RegistryLock, run_locked
from .select import Select, selected
from .table import TABLE, Keys, RegistrySupervisor, Table

__all__ = ["Keys", "Registry", "Select"]

T = TypeVar("T")

Guard = Callable[[Any], object]
Found = list[tuple[Pid, Any]]


class Registry(Supervised):
    """Finds processes by key; see the page "Registry". The class is a registry for via names."""

    _spec_type: ClassVar[ChildType] = "supervisor"

    @classmethod
    async def start_link(
        cls,
        *,
        keys: Keys,
        name: str,
        partitions: int = 1,
        listeners: Iterable[str] = (),
        meta: Mapping[Hashable, Any] | None = None,
    ) -> Pid:
        """Starts a registry linked to the caller.

        Args:
            keys: ``"unique"``: a key belongs to one process; ``"duplicate"``: to any number.
            name: its registered name, by which all functions refer to it.
            partitions: how many processes watch the registered ones, 1 or more; for duplicate keys
                also how many tasks run in a parallel ``dispatch``.
            listeners: names of processes that get the messages ``("register", registry, key, pid,
                value)`` and ``("unregister", registry, key, pid)``, the latter also when a process
                ends.
            meta: the initial values for :meth:`meta`.

        Returns:
            The pid, which is that of the supervisor of the partitions.

        Raises:
            ChildSpecError: an option has a value that it cannot have.
            StartError: ``("already_started", pid)``.

        Source: Elixir's Registry.start_link/1.
        """
        names = tuple(listeners)
        _check_options(keys, name, partitions, names)
        stored = {as_key(key): value for key, value in (meta or {}).items()}
        table = Table(name, keys, partitions, names, stored)
        return await RegistrySupervisor.start_link(table, name=name)

    # ---- one's own entries

    @staticmethod
    def register(registry: str, key: Hashable, value: Any = None) -> Pid:
        """Registers the calling process under a key.

        Args:
            registry: the registry's name.
            key: any hashable value.
            value: kept with the pid.

        Returns:
            The pid of the registry's partition that the caller is now linked to.

        Raises:
            AlreadyRegisteredError: the keys are unique, and a process has the key, perhaps the
                caller itself.
            BadArgError: there is no such registry.

        Source: Elixir's Registry.register/3.
        """
        me = process.self()
        table = _table_of(registry)
        with process.critical():
            holder = table.holder(key) if table.keys == "unique" else None
            if holder is not None:
                raise AlreadyRegisteredError(key, holder)
            owner = table.partition_of(me)
            process.link(owner)
            table.add(key, me, value)
        return owner

    @staticmethod
    def unregister(registry: str, key: Hashable) -> None:
        """Removes all entries of the calling process under a key.

        Args:
            registry: the registry's name.
            key: the key; nothing happens if the caller does not have it.

        Source: Elixir's Registry.unregister/2.
        """
        Registry.unregister_match(registry, key, ...)

    @staticmethod
    def unregister_match(
        registry: str, key: Hashable, pattern: Any, guard: Guard | None = None
    ) -> None:
        """Removes the entries of the calling process under a key whose values match.

        Args:
            registry: the registry's name.
            key: the key.
            pattern: a pattern for the value, as in ``process.receive``.
            guard: called with a value that matches; it returns whether to take the entry.

        Source: Elixir's Registry.unregister_match/4.
        """
        me = process.self()
        table = _table_of(registry)
        entries = [one for one in table.of(me, key) if _matches(pattern, guard, one.value)]
        with process.critical():
            if table.remove(entries):
                process.unlink(table.partition_of(me))

    @staticmethod
    def update_value(
        registry: str, key: Hashable, fn: Callable[[Any], Any]
    ) -> tuple[Any, Any] | None:
        """Changes the value of the calling process under a key of a unique registry.

        Args:
            registry: the registry's name.
            key: the key.
            fn: makes the new value from the old one.

        Returns:
            ``(new, old)``, or None if the caller does not have the key.

        Raises:
            BadArgError: the registry's keys are not unique.

        Source: Elixir's Registry.update_value/3.
        """
        me = process.self()
        table = _check_unique("for update_value", registry)
        for entry in table.of(me, key):
            old = entry.value
            entry.value = fn(old)
            return entry.value, old
        return None

    # ---- look-ups: from any thread

    @staticmethod
    def lookup(registry: str, key: Hashable) -> Found:
        """The processes under a key, and their values, in the order of registration.

        Works from any thread.

        Args:
            registry: the registry's name.
            key: the key.

        Returns:
            ``[(pid, value), ...]``, of living processes only; at most one if the keys are unique.

        Source: Elixir's Registry.lookup/2.
        """
        return [(entry.pid, entry.value) for entry in _table_of(registry).find(key)]

    @staticmethod
    def match(registry: str, key: Hashable, pattern: Any, guard: Guard | None = None) -> Found:
        """The entries of a key whose value matches. Works from any thread.

        Args:
            registry: the registry's name.
            key: the key itself, not a pattern.
            pattern: a pattern for the value, as in ``process.receive``: ``...`` matches anything, a
                type its instances, a tuple a tuple whose elements match.
            guard: called with a value that matches; it returns whether to take the entry.

        Returns:
            ``[(pid, value), ...]``.

        Example:
            >>> Registry.match("jobs", "mail", (int, ...), lambda value: value[0] > 3)

        Source: Elixir's Registry.match/4.
        """
        found = Registry.lookup(registry, key)
        return [(pid, value) for pid, value in found if _matches(pattern, guard, value)]

    @staticmethod
    def count_match(registry: str, key: Hashable, pattern: Any, guard: Guard | None = None) -> int:
        """How many entries of a key match; see :meth:`match`. Works from any thread.

        Source: Elixir's Registry.count_match/4.
        """
        return len(Registry.match(registry, key, pattern, guard))

    @staticmethod
    def select(registry: str, *specs: Select | tuple[Any, Any, Any]) -> list[Any]:
        """The entries of a registry that specs select. Works from any thread.

        Args:
            registry: the registry's name.
            specs: each a :class:`Select`, or ``(key, pid, value)`` patterns. The first one that
                takes an entry counts. Without any spec, all entries are selected.

        Returns:
            ``(key, pid, value)`` for each entry, or what `give` of its Select returns. The order is
            not defined.

        Raises:
            BadArgError: an argument is not a spec.

        Example:
            >>> Registry.select("jobs", Select(value=int, give=lambda entry: entry.pid))

        Source: Elixir's Registry.select/2.
        """
        return selected(_table_of(registry), specs)

    @staticmethod
    def count_select(registry: str, *specs: Select | tuple[Any, Any, Any]) -> int:
        """How many entries the specs take; see :meth:`select`. Works from any thread.

        Source: Elixir's Registry.count_select/2.
        """
        return len(Registry.select(registry, *specs))

    @staticmethod
    def values(registry: str, key: Hashable, pid: Pid) -> list[Any]:
        """The values of a process under a key. Works from any thread.

        Source: Elixir's Registry.values/3.
        """
        return [value for owner, value in Registry.lookup(registry, key) if owner is pid]

    @staticmethod
    def keys(registry: str, pid: Pid) -> list[Hashable]:
        """The keys of a process in the order of registration, one for each entry.

        Works from any thread.

        Source: Elixir's Registry.keys/2.
        """
        table = _table_of(registry)
        return (
            [entry.key for entry in list(table.by_pid.get(pid, ()))] if process.alive(pid) else []
        )

    @staticmethod
    def count(registry: str) -> int:
        """How many entries there are; those of processes that have ended do not count.

        Works from any thread.

        Source: Elixir's Registry.count/1.
        """
        owned = _table_of(registry).by_pid.copy()
        return sum(len(entries) for pid, entries in owned.items() if process.alive(pid))

    # ---- dispatch

    @overload
    @staticmethod
    def dispatch(
        registry: str,
        key: Hashable,
        fn: Callable[[Found], object],
        *,
        parallel: Literal[False] = ...,
    ) -> None: ...

    @overload
    @staticmethod
    def dispatch(
        registry: str,
        key: Hashable,
        fn: Callable[[Found], object],
        *,
        parallel: Literal[True],
    ) -> Coroutine[Any, Any, None]: ...

    @staticmethod
    def dispatch(
        registry: str,
        key: Hashable,
        fn: Callable[[Found], object],
        *,
        parallel: bool = False,
    ) -> Coroutine[Any, Any, None] | None:
        """Calls a function with all entries of a key, if there are any.

        Works from any thread, which calls the function; not with `parallel`.

        Args:
            registry: the registry's name.
            key: the key.
            fn: called with ``[(pid, value), ...]``; once, or, if the keys are duplicate, once for
                each partition that has entries.
            parallel: runs it in a task for each partition, linked to the caller. Then the call must
                be awaited, ``await Registry.dispatch(..., parallel=True)``, and `fn` may be ``async
                def``. With one partition, or unique keys, it runs in the caller.

        Raises:
            CallError: a task has failed, if `parallel`; the reason is that of ``Task.await_many``.

        Example:
            >>> Registry.dispatch("rooms", "lobby", lambda found: [send(p, msg) for p, _ in found])

        Source: Elixir's Registry.dispatch/4.
        """
        table = _table_of(registry)
        groups = _groups(table, key)
        if parallel:
            alone = table.keys == "unique" or len(table.partitions) == 1
            return _dispatch_alone(groups, fn) if alone else _dispatch_in_tasks(groups, fn)
        for group in groups:
            result = fn(group)
            if is_coroutine(result):
                result.close()  # so that asyncio does not warn that it was never awaited
                raise BadArgError(
                    "Registry.dispatch: expected a plain function; got an async def: "
                    "write await Registry.dispatch(registry, key, fn, parallel=True)"
                )
        return None

    # ---- metadata, locks

    @staticmethod
    def meta(registry: str, key: Hashable, default: Any = None) -> Any:
        """The value that :meth:`put_meta` stored in a registry; `default` if there is none.

        Works from any thread.

        Source: Elixir's Registry.meta/2.
        """
        return _table_of(registry).meta.get(as_key(key), default)

    @staticmethod
    def put_meta(registry: str, key: Hashable, value: Any) -> None:
        """Stores a value in a registry, until the registry ends.

        Source: Elixir's Registry.put_meta/3.
        """
        behaviour.check_thread()
        _table_of(registry).meta[as_key(key)] = value

    @staticmethod
    def delete_meta(registry: str, key: Hashable) -> None:
        """Deletes a value that :meth:`put_meta` stored.

        Source: Elixir's Registry.delete_meta/2.
        """
        behaviour.check_thread()
        _table_of(registry).meta.pop(as_key(key), None)

    @overload
    @staticmethod
    def lock(registry: str, key: Hashable) -> RegistryLock: ...

    @overload
    @staticmethod
    def lock(registry: str, key: Hashable, fn: Callable[[], Awaitable[T]]) -> Awaitable[T]: ...

    @overload
    @staticmethod
    def lock(registry: str, key: Hashable, fn: Callable[[], T]) -> Awaitable[T]: ...

    @staticmethod
    def lock(registry: str, key: Hashable, fn: Callable[[], Any] | None = None) -> Any:
        """Locks a key: one process at a time has its lock.

        The key need not be registered; it is a name that the processes agree on. The lock is
        released when its process ends.

        Args:
            registry: the registry's name.
            key: any hashable value.
            fn: ``await Registry.lock(registry, key, fn)`` runs it, ``async def`` or plain, with the
                lock, and returns its result. Without one: ``async with Registry.lock(...):``.

        Raises:
            BadArgError: there is no such registry, or the caller already has the lock.

        Example:
            >>> async with Registry.lock("KV.Registry", "shopping"):
            ...     if not Registry.lookup("KV.Registry", "shopping"):
            ...         await start_bucket("shopping")

        Source: Elixir's Registry.lock/3.
        """
        lock = RegistryLock(_table_of(registry).partition_of(key), key)
        return lock if fn is None else run_locked(lock, fn)

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
        """Removes a via name of the calling process."""
        registry, inner, _ = _via_key(key)
        Registry.unregister(registry, inner)

    @staticmethod
    def whereis_name(key: Any) -> Pid | None:
        """The process with a via name; None if there is none, or no such registry.

        Works from any thread.
        """
        registry, inner, _ = _via_key(key)
        if process.whereis(registry) is None:
            return None
        return _check_unique("as a registry of names", registry).holder(inner)

    @staticmethod
    def send(key: Any, message: Any) -> Any:
        """Sends to the process with a via name. Works from any thread.

        Raises:
            CallError: ``("badarg", (key, message))`` if there is none.
        """
        if not behaviour.at_home():
            return process.send(("via", Registry, key), message)
        pid = Registry.whereis_name(key)
        if pid is None:
            raise failed((BADARG, (key, message)), key, message)
        return process.send(pid, message)


def _check_options(keys: Any, name: Any, partitions: Any, listeners: tuple[Any, ...]) -> None:
    if not isinstance(keys, str) or keys not in get_args(Keys):
        raise not_one_of("keys", keys, get_args(Keys), "Registry")
    if not isinstance(name, str):
        raise ChildSpecError("name", name, "a string", where="Registry")
    if not is_whole(partitions, 1):
        raise ChildSpecError("partitions", partitions, "a whole number >= 1", where="Registry")
    for listener in listeners:
        if not isinstance(listener, str):
            raise ChildSpecError("listeners", listener, "registered names", where="Registry")


def _matches(pattern: Any, guard: Guard | None, value: Any) -> bool:
    return process.matches(pattern, value) and (guard is None or bool(guard(value)))


def _groups(table: Table, key: Hashable) -> list[Found]:
    """The entries of a key, by the partitions of their processes."""
    groups: dict[int, Found] = {}
    for entry in table.find(key):
        groups.setdefault(table.number_of(entry.pid), []).append((entry.pid, entry.value))
    return [groups[number] for number in sorted(groups)]


async def _dispatch_alone(groups: list[Found], fn: Callable[[Found], object]) -> None:
    behaviour.check_thread()
    for group in groups:
        result = fn(group)
        if is_coroutine(result):
            await result


async def _dispatch_in_tasks(groups: list[Found], fn: Callable[[Found], object]) -> None:
    for task in [Task.run_async(fn, group) for group in groups]:
        await task.await_(None)


def _table_of(registry: str) -> Table:
    pid = process.whereis(registry)
    dictionary = process.info(pid, "dictionary") if pid is not None else None
    table = dictionary.get(TABLE) if dictionary else None
    if table is None:
        raise BadArgError(
            f"unknown registry: {registry!r}; Registry.start_link(keys=..., name=...) starts one"
        )
    return cast("Table", table)


def _check_unique(use: str, registry: str) -> Table:
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
