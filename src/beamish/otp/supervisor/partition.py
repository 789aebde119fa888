"""The class PartitionSupervisor: its start, its requests, its names, and its process."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Callable, Hashable
from typing import Any, ClassVar, Final, NoReturn, cast, final

from beamish import behaviour, process
from beamish.otp.child import ChildLike, ChildSpec, ChildType, Supervised, child_spec
from beamish.otp.gen import Addressed, Caller, Dest, Name, failed, whereis
from beamish.otp.gen_server import start_server
from beamish.terms import NOPROC, Atom, BadArgError, Pid
from beamish.terms.careful import elements, is_a, is_awaitable
from beamish.terms.numbers import is_whole
from beamish.terms.reasons import BADARG
from beamish.terms.words import FAILED, OK, by_word

from . import client
from .children import ChildCount, ChildInfo, Outcome
from .flags import SupervisorFlags
from .process import SupervisorProcess
from .strategies import Strategy
from .supervisor import Supervisor

__all__ = ["PartitionSupervisor"]

_TABLE: Final = Atom("$partitions")
_NAME: Final = Atom("PartitionSupervisor")

WithArguments = Callable[[tuple[Any, ...], int], tuple[Any, ...]]


class PartitionSupervisor(Addressed, Supervised):
    """Starts a child several times, as partitions; see the page "PartitionSupervisor".

    The class is a registry for via names.
    """

    _spec_type: ClassVar[ChildType] = "supervisor"

    @classmethod
    async def start_link(
        cls,
        child: ChildLike,
        *,
        name: Name | None = None,
        partitions: int | None = None,
        with_arguments: WithArguments | None = None,
        strategy: Strategy = "one_for_one",
        max_restarts: int = 3,
        max_seconds: float = 5,
        timeout: float | None = None,
    ) -> Pid:
        """Starts the partitions, linked to the caller, and returns when all have started.

        Args:
            child: the child to start several times, in any form that a Supervisor takes.
            name: the name by which its partitions are found; required.
            partitions: how many to start; by default, as many as the machine has processors.
            with_arguments: computes the start arguments of a partition from those of the child's
                spec (a tuple) and the number of the partition, counted from 0.
            strategy: as for a Supervisor.
            max_restarts: as for a Supervisor.
            max_seconds: as for a Supervisor.
            timeout: seconds that the start may take, or None for no limit.

        Returns:
            The supervisor's pid.

        Raises:
            BadArgError: an argument makes no sense.
            StartError: ``("already_started", pid)``, or a partition did not start: as for a
                Supervisor.

        Source: Elixir's PartitionSupervisor.start_link/1.
        """
        _check_name(name)
        count = _checked_count(partitions)
        flags = SupervisorFlags(strategy, max_restarts, max_seconds)
        specs = _specs(child_spec(child), count, with_arguments)
        return await start_server(
            _PartitionProcess,
            (_Partitions, (flags, specs), {}),
            {},
            name=name,
            timeout=timeout,
            link=True,
            label=cls.__name__,
            initial_call=cls.start_link,
        )

    @staticmethod
    def partitions(name: Dest) -> int:
        """How many partitions there are now. Works from any thread.

        Raises:
            CallError: ``("noproc", ...)`` if there is no such partition supervisor.

        Source: Elixir's PartitionSupervisor.partitions/1.
        """
        return _table_of(name).size

    @staticmethod
    async def resize(name: Dest, partitions: int) -> int:
        """Stops partitions, or starts stopped ones again.

        Args:
            name: the partition supervisor.
            partitions: how many to have, from 0 to the number that it was started with.

        Returns:
            How many there were before.

        Raises:
            BadArgError: `partitions` is not in that range.
            StartError: a partition did not start.

        Source: Elixir's PartitionSupervisor.resize!/2.
        """
        behaviour.check_thread()
        table = _table_of(name)
        if not is_whole(partitions, 0, table.limit):
            raise BadArgError(
                f"resize: expected a whole number from 0 to {table.limit}, with which it was "
                f"started; got {partitions!r} ({type(partitions).__name__})"
            )
        before: int = await client.request(name, ("resize", partitions), name)
        return before

    @staticmethod
    async def which_children(name: Dest) -> list[ChildInfo]:
        """All partitions, including those that resize has stopped; their ids are their numbers.

        Source: Elixir's PartitionSupervisor.which_children/1.
        """
        return await client.which_children(name)

    @staticmethod
    async def count_children(name: Dest) -> ChildCount:
        """How many partitions there are, of each kind.

        Source: Elixir's PartitionSupervisor.count_children/1.
        """
        return await client.count_children(name)

    # ---- via

    @staticmethod
    def whereis_name(key: Any) -> Pid | None:
        """The partition for the key in ``("via", PartitionSupervisor, (name, key))``.

        Works from any thread.
        """
        name, inner = _via_key(key)
        return _table_of(name).find(inner, name)

    @staticmethod
    def send(key: Any, message: Any) -> Any:
        """Sends a message to the partition for a key. Works from any thread."""
        if not behaviour.at_home():
            return process.send(("via", PartitionSupervisor, key), message)
        pid = PartitionSupervisor.whereis_name(key)
        if pid is None:
            raise failed((BADARG, (key, message)), key, message)
        return process.send(pid, message)

    @staticmethod
    def register_name(key: Any, pid: Pid) -> NoReturn:
        """Refused: only their supervisor starts partitions."""
        raise BadArgError(f"{pid!r} cannot be registered as a partition: {key!r}")

    @staticmethod
    def unregister_name(key: Any) -> NoReturn:
        """Refused: only their supervisor stops partitions."""
        raise BadArgError(f"a partition cannot be unregistered: {key!r}")


@final
class _Table:
    """The pids of the partitions; in the supervisor's process dictionary, where all can read it."""

    __slots__ = ("limit", "pids", "size")

    def __init__(self, limit: int) -> None:
        self.limit = self.size = limit
        self.pids: list[Pid | None] = [None] * limit

    def find(self, key: Hashable, name: Dest) -> Pid | None:
        size = self.size
        if not size:
            raise BadArgError(f"{name!r} has no partitions: it was resized to 0")
        number = abs(key) if is_a(key, int) else hash(key)
        return self.pids[number % size]


def _table_of(name: Dest) -> _Table:
    pid = whereis(name)
    dictionary = process.info(pid, "dictionary") if isinstance(pid, Pid) else None
    if not dictionary or _TABLE not in dictionary:
        called = (_NAME, Atom("partitions"), (name,))
        raise failed(NOPROC, name, None, called=called)
    return cast("_Table", dictionary[_TABLE])


def _via_key(key: Any) -> tuple[Dest, Hashable]:
    if isinstance(key, tuple) and len(cast("tuple[Any, ...]", key)) == 2:
        return cast("tuple[Dest, Hashable]", key)
    raise BadArgError(
        "PartitionSupervisor: expected ('via', PartitionSupervisor, (name, key)); "
        f"got the key {key!r}"
    )


# ---- the supervisor's process


class _Partitions(Supervisor):
    def init(self, flags: SupervisorFlags, specs: list[ChildSpec]) -> Any:
        process.put(_TABLE, _Table(len(specs)))
        return flags, specs


class _PartitionProcess(SupervisorProcess):
    """A supervisor's process that can be resized, by one request at a time."""

    def handle_call(self, request: Any, caller: Caller) -> Any:
        match by_word(request):
            case ("resize", int() as size):
                return self._resize(process.get(_TABLE), size)
            case _:
                return super().handle_call(request, caller)

    async def _resize(self, table: _Table, size: int) -> Outcome:
        before = table.size
        for number in range(before, size):
            outcome = await self._restart_child(number)
            if outcome[0] is FAILED:
                return outcome
            table.size = number + 1
        table.size = size  # first, so that nobody finds a partition that is being stopped
        for number in range(size, before):
            await self._terminate_child(number)
            table.pids[number] = None
        return OK, before


async def _start_partition(spec: ChildSpec, args: tuple[Any, ...], number: int) -> Any:
    fn, _, kwargs = spec.function()
    result: Any = fn(*args, **kwargs)
    if is_awaitable(result):
        result = await result
    pid: Any = (elements(result) or [result])[0]
    if is_a(pid, Pid):
        process.get(_TABLE).pids[number] = pid
    return result


# ---- arguments


def _check_name(name: Name | None) -> None:
    if name is None:
        raise BadArgError(
            "PartitionSupervisor: expected a name, by which its partitions are found; got none; "
            "write PartitionSupervisor.start_link(Child, name='children')"
        )


def _checked_count(partitions: int | None) -> int:
    if partitions is None:
        return os.cpu_count() or 1
    if is_whole(partitions, 1):
        return partitions
    raise BadArgError(
        f"partitions: expected a whole number >= 1; got {partitions!r} "
        f"({type(partitions).__name__})"
    )


def _specs(spec: ChildSpec, count: int, with_arguments: WithArguments | None) -> list[ChildSpec]:
    _check_with_arguments(with_arguments)
    args = spec.function()[1]
    return [
        dataclasses.replace(
            spec,
            id=number,
            start=(_start_partition, (spec, _args(with_arguments, args, number), number)),
        )
        for number in range(count)
    ]


def _args(
    with_arguments: WithArguments | None, args: tuple[Any, ...], number: int
) -> tuple[Any, ...]:
    if with_arguments is None:
        return args
    given: Any = with_arguments(args, number)
    if isinstance(given, list | tuple):
        return tuple(cast("list[Any]", given))
    raise BadArgError(
        f"with_arguments: expected it to return a tuple of arguments; got {given!r} "
        f"({type(given).__name__})"
    )


def _check_with_arguments(fn: Any) -> None:
    if fn is None:
        return
    try:
        inspect.signature(fn).bind((), 0)
    except (TypeError, ValueError):
        raise BadArgError(
            "with_arguments: expected a function of two: the arguments (a tuple) and the "
            f"partition's number; got {fn!r} ({type(fn).__name__})"
        ) from None
