"""Elixir's own cases for PartitionSupervisor, in our words."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import BadArgError, process
from beamish.otp import (
    Agent,
    DynamicSupervisor,
    GenServer,
    PartitionSupervisor,
    Registry,
    StartError,
    Supervisor,
    gen_server,
)
from beamish.terms import Pid
from tests.otp.support import ended_by, exit_reason, on_real_clock, outcome


class Shard(GenServer):
    def init(self, *args: Any, **kwargs: Any) -> None:
        self.args = (args, kwargs)

    def handle_call(self, request: Any, caller: Any) -> Any:
        return (process.self(), self.args)


def via(key: Any, name: Any = "shards") -> Any:
    return ("via", PartitionSupervisor, (name, key))


async def shard(key: Any, name: Any = "shards") -> Pid:
    pid: Pid = (await gen_server.call(via(key, name), "who"))[0]
    return pid


def test_child_spec_uses_the_name_as_id() -> None:
    """Elixir PartitionSupervisor: child_spec "uses the atom name as id"."""
    spec = PartitionSupervisor.child_spec(Shard, name="shards")

    assert (spec.id, spec.type) == ("shards", "supervisor")


@on_real_clock
async def test_keys_are_routed_to_as_many_children_as_partitions() -> None:
    """Elixir PartitionSupervisor: start_link/1 "on success with atom name"."""
    await PartitionSupervisor.start_link(Shard, name="shards", partitions=3)

    pids = [await shard(key) for key in range(6)]

    assert len(set(pids)) == 3
    assert pids[:3] == pids[3:]
    assert await shard(-1) is pids[1]
    assert await shard("alice") is await shard("alice") is PartitionSupervisor.whereis(via("alice"))


@on_real_clock
async def test_there_are_as_many_partitions_as_processors_by_default() -> None:
    """Elixir PartitionSupervisor: start_link/1 "on success with atom name"."""
    import os

    await PartitionSupervisor.start_link(Shard, name="shards")

    assert PartitionSupervisor.partitions("shards") == (os.cpu_count() or 1)


@on_real_clock
async def test_each_partitions_arguments_are_computed_from_its_number() -> None:
    """Elixir PartitionSupervisor: start_link/1 "with_arguments"."""
    await PartitionSupervisor.start_link(
        (Shard, ("x",), {"k": 1}),
        name="shards",
        partitions=3,
        with_arguments=lambda args, n: (*args, n),
    )

    args = [(await gen_server.call(via(n), "who"))[1] for n in range(3)]

    assert args == [(("x", n), {"k": 1}) for n in range(3)]


@on_real_clock
async def test_a_name_must_be_given() -> None:
    """Elixir PartitionSupervisor: start_link/1 "raises without name"."""
    with pytest.raises(BadArgError, match="expected a name"):
        await PartitionSupervisor.start_link(Shard)


def of_one(args: Any) -> Any:
    return args


def of_three(args: Any, number: int, more: int) -> Any:
    return (args, number, more)


def no_arguments(args: Any, number: int) -> Any:
    return number


@pytest.mark.parametrize("bad", [of_one, of_three, 17])
def test_with_arguments_must_be_a_function_of_two(bad: Any) -> None:
    """Elixir PartitionSupervisor: start_link/1 "raises on bad with_arguments"."""

    @on_real_clock
    async def test() -> None:
        with pytest.raises(BadArgError, match="expected a function of two"):
            await PartitionSupervisor.start_link(Shard, name="shards", with_arguments=bad)

    test()


@on_real_clock
async def test_with_arguments_must_return_arguments() -> None:
    with pytest.raises(BadArgError, match="expected it to return a tuple of arguments"):
        await PartitionSupervisor.start_link(
            Shard,
            name="shards",
            with_arguments=no_arguments,
        )


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "2"])
def test_partitions_must_be_a_number(bad: Any) -> None:
    @on_real_clock
    async def test() -> None:
        with pytest.raises(BadArgError, match="partitions: expected a whole number >= 1"):
            await PartitionSupervisor.start_link(Shard, name="shards", partitions=bad)

    test()


@on_real_clock
async def test_a_taken_name_is_already_started() -> None:
    pid = await PartitionSupervisor.start_link(Shard, name="shards")

    with pytest.raises(StartError) as refused:
        await PartitionSupervisor.start_link(Shard, name="shards")

    assert refused.value.reason == ("already_started", pid)


async def asked_for_partitions() -> None:
    PartitionSupervisor.partitions("nobody")


@on_real_clock
async def test_partitions_of_an_unknown_supervisor_exits_with_noproc() -> None:
    """Elixir PartitionSupervisor: partitions/1 "raises noproc for unknown ..."."""
    reason = await outcome(asked_for_partitions)

    assert reason == ("noproc", ("PartitionSupervisor", "partitions", ("nobody",)))


@on_real_clock
async def test_partitions_are_counted() -> None:
    await PartitionSupervisor.start_link(Shard, name="shards", partitions=4)

    assert PartitionSupervisor.partitions("shards") == 4


# ---- resize


@on_real_clock
async def test_resize_stops_partitions_and_starts_them_again() -> None:
    await PartitionSupervisor.start_link(Shard, name="shards", partitions=4)

    assert await PartitionSupervisor.resize("shards", 2) == 4
    fewer = {await shard(key) for key in range(8)}
    assert await PartitionSupervisor.resize("shards", 4) == 2
    more = {await shard(key) for key in range(8)}

    assert (len(fewer), len(more)) == (2, 4)
    assert fewer < more


@on_real_clock
async def test_a_look_up_after_resizing_to_zero_raises() -> None:
    """Elixir PartitionSupervisor: resize!/1 "raises on lookup after resizing to zero"."""
    await PartitionSupervisor.start_link(Shard, name="shards", partitions=2)

    await PartitionSupervisor.resize("shards", 0)

    with pytest.raises(BadArgError, match="has no partitions"):
        await shard(1)
    assert PartitionSupervisor.partitions("shards") == 0


@pytest.mark.parametrize("bad", [3, -1, 1.5])
def test_resize_goes_no_further_than_the_first_number(bad: Any) -> None:
    """Elixir PartitionSupervisor: resize!/1 "raises if trying to increase the number ..."."""

    @on_real_clock
    async def test() -> None:
        await PartitionSupervisor.start_link(Shard, name="shards", partitions=2)

        with pytest.raises(BadArgError, match="from 0 to 2"):
            await PartitionSupervisor.resize("shards", bad)

    test()


# ---- its children


@on_real_clock
async def test_which_children_returns_all_partitions() -> None:
    """Elixir PartitionSupervisor: which_children/1 "returns all partitions"."""
    await PartitionSupervisor.start_link(Shard, name="shards", partitions=3)

    infos = sorted(
        await PartitionSupervisor.which_children("shards"), key=lambda info: str(info.id)
    )

    assert infos == [(n, await shard(n), "worker", ("Shard",)) for n in range(3)]


@on_real_clock
async def test_count_children_counts_workers() -> None:
    """Elixir PartitionSupervisor: count_children/1 "with workers"."""
    await PartitionSupervisor.start_link(Agent.child_spec(dict), name="shards", partitions=3)

    assert await PartitionSupervisor.count_children("shards") == {
        "specs": 3,
        "active": 3,
        "supervisors": 0,
        "workers": 3,
    }


@on_real_clock
async def test_count_children_counts_supervisors() -> None:
    """Elixir PartitionSupervisor: count_children/1 "with supervisors"."""
    await PartitionSupervisor.start_link(DynamicSupervisor, name="shards", partitions=3)

    assert await PartitionSupervisor.count_children("shards") == {
        "specs": 3,
        "active": 3,
        "supervisors": 3,
        "workers": 0,
    }


@on_real_clock
async def test_count_children_of_an_unknown_supervisor_exits_with_noproc() -> None:
    """Elixir PartitionSupervisor: count_children/1 "raises noproc for unknown ..."."""
    reason = await exit_reason(PartitionSupervisor.count_children("nobody"))

    assert reason[0] == "noproc"


@on_real_clock
async def test_a_via_name_works_as_a_plain_one_does() -> None:
    """Elixir PartitionSupervisor: count_children/1 "with via tuple"."""
    await Registry.start_link(keys="unique", name="names")
    name = ("via", Registry, ("names", "shards"))

    await PartitionSupervisor.start_link(Shard, name=name, partitions=2)

    assert (await PartitionSupervisor.count_children(name))["active"] == 2
    assert await shard(0, name) is not await shard(1, name)


@on_real_clock
async def test_a_partition_that_dies_is_started_again_and_found() -> None:
    sup = await PartitionSupervisor.start_link(Shard, name="shards", partitions=2)
    zero, one = await shard(0), await shard(1)

    await ended_by(zero, "kill")
    await Supervisor.count_children(sup)

    assert await shard(0) not in (zero, one)
    assert await shard(1) is one


@on_real_clock
async def test_dynamic_supervisors_take_children_by_key() -> None:
    await PartitionSupervisor.start_link(DynamicSupervisor, name="shards", partitions=2)

    for key in range(4):
        await DynamicSupervisor.start_child(via(key), Agent.child_spec(dict))

    for key in range(2):
        assert (await DynamicSupervisor.count_children(via(key)))["active"] == 2


@on_real_clock
async def test_it_is_a_child_of_a_supervisor() -> None:
    await Supervisor.start_link(
        [(PartitionSupervisor, (Shard,), {"name": "shards", "partitions": 2})]
    )

    process.send(via(0), "hello")
    assert isinstance(await shard(0), Pid)
    await PartitionSupervisor.stop("shards")


@pytest.mark.parametrize("operation", ["register", "unregister"])
def test_partitions_are_not_registered_by_hand(operation: str) -> None:
    with pytest.raises(BadArgError):
        if operation == "register":
            PartitionSupervisor.register_name(("shards", 1), None)  # type: ignore[arg-type]
        else:
            PartitionSupervisor.unregister_name(("shards", 1))


@on_real_clock
async def test_a_key_of_another_form_is_refused() -> None:
    with pytest.raises(BadArgError, match="expected"):
        PartitionSupervisor.whereis(("via", PartitionSupervisor, "shards"))
