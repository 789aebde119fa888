"""Elixir's Registry: cases of its own suites, in our words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    Agent,
    AlreadyRegisteredError,
    ChildSpecError,
    GenServer,
    Registry,
    Select,
    Supervisor,
)
from beamish.otp.registry import Keys
from beamish.terms import BadArgError, Exit, Pid
from tests.otp.support import down, ended_by, exit_reason, on_real_clock, outcome

REG = "reg"

both_kinds = pytest.mark.parametrize("keys", ["unique", "duplicate"])
partitions = pytest.mark.parametrize("partitions", [1, 8])
everywhere = pytest.mark.parametrize(
    ("keys", "partitions"), [("unique", 1), ("unique", 8), ("duplicate", 1), ("duplicate", 8)]
)


async def registry(keys: Keys, **options: Any) -> Pid:
    pid = await Registry.start_link(keys=keys, name=REG, **options)
    process.unlink(pid)
    return pid


async def registered(*entries: tuple[Any, Any]) -> Pid:
    """A process that has registered these keys with these values."""

    async def register(owner: Pid) -> None:
        for key, value in entries:
            Registry.register(REG, key, value)
        process.send(owner, ("registered", process.self()))
        await process.receive("end")

    process.spawn(register, process.self())
    _, pid = await process.receive(("registered", Pid))
    assert isinstance(pid, Pid)
    return pid


def table() -> Any:
    pid = process.whereis(REG)
    assert pid is not None
    return process.info(pid, "dictionary")["$registry"]


# ---- the processes


@everywhere
def test_a_registry_has_one_child_for_each_partition(keys: Keys, partitions: int) -> None:
    """Elixir Registry: "starts configured number of partitions"."""

    @on_real_clock
    async def test() -> None:
        pid = await registry(keys, partitions=partitions)

        counted = await Supervisor.count_children(pid)
        assert (counted["workers"], counted["active"]) == (partitions, partitions)
        assert {info.id for info in await Supervisor.which_children(pid)} == {
            f"reg.PIDPartition{number}" for number in range(partitions)
        }

    test()


@everywhere
def test_all_entries_of_a_killed_process_go(keys: Keys, partitions: int) -> None:
    """Elixir Registry: "clean up registry on process crash"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys, partitions=partitions)
        pids = [await registered(((n, key), "value")) for n in range(4) for key in range(3)]
        many = await registered(*[(("many", key), None) for key in range(20)])

        for pid in [*pids, many]:
            await ended_by(pid, "kill")

        assert Registry.count(REG) == 0
        for number in range(partitions):  # each has worked off what it was told
            await GenServer.call(f"reg.PIDPartition{number}", ("lock", "k", None))
        assert (table().by_key, table().by_pid) == ({}, {})

    test()


@both_kinds
def test_a_dead_partition_takes_its_processes_with_it(keys: Keys) -> None:
    @on_real_clock
    async def test() -> None:
        pid = await registry(keys, partitions=2)
        one, other = await registered((1, 1)), await registered((2, 2))
        while table().number_of(one) == table().number_of(other):
            other = await registered((process.make_ref(), 2))
        end = process.monitor(one)
        await ended_by(table().partition_of(one), "kill")

        assert await down(end) == "killed"
        await Supervisor.count_children(pid)  # it has started the partition anew
        assert process.alive(other) == (keys == "duplicate")
        assert Registry.lookup(REG, 1) == []

    test()


@pytest.mark.parametrize(
    ("option", "value"),
    [("partitions", 0), ("partitions", True), ("listeners", [7]), ("keys", "many"), ("name", 7)],
)
def test_a_bad_option_is_refused(option: str, value: Any) -> None:
    @on_real_clock
    async def test() -> None:
        options: Any = {"keys": "unique", "name": REG, option: value}

        with pytest.raises(ChildSpecError, match=f"Registry: {option}: expected"):
            await Registry.start_link(**options)

    test()


@both_kinds
def test_an_unknown_registry_is_refused(keys: Keys) -> None:
    """Elixir Registry: "raises on unknown registry name"."""
    calls: list[Callable[[], Any]] = [
        lambda: Registry.register("nobody", "k"),
        lambda: Registry.unregister("nobody", "k"),
        lambda: Registry.lookup("nobody", "k"),
        lambda: Registry.match("nobody", "k", ...),
        lambda: Registry.keys("nobody", process.self()),
        lambda: Registry.select("nobody"),
        lambda: Registry.count("nobody"),
        lambda: Registry.dispatch("nobody", "k", list),
        lambda: Registry.meta("nobody", "k"),
        lambda: Registry.lock("nobody", "k"),
    ]

    @on_real_clock
    async def test() -> None:
        for call in calls:
            with pytest.raises(BadArgError, match="unknown registry: 'nobody'"):
                call()

    test()


# ---- unique keys


@partitions
def test_a_unique_key_is_registered_once(partitions: int) -> None:
    """Elixir Registry, unique: "has unique registrations"."""

    @on_real_clock
    async def test() -> None:
        await registry("unique", partitions=partitions)
        me = process.self()

        owner = Registry.register(REG, "hello", "value")
        with pytest.raises(AlreadyRegisteredError) as refused:
            Registry.register(REG, "hello", "other")
        assert refused.value.pid is me
        assert process.info(me, "links") == [owner]
        Registry.register(REG, "world", "value2")

        assert (Registry.keys(REG, me), Registry.count(REG)) == (["hello", "world"], 2)
        assert Registry.lookup(REG, "hello") == [(me, "value")]
        assert Registry.values(REG, "world", me) == ["value2"]

    test()


@partitions
def test_a_unique_key_is_one_processes_and_the_error_says_whose(partitions: int) -> None:
    """Elixir Registry, unique: "has unique registrations across processes"."""

    @on_real_clock
    async def test() -> None:
        await registry("unique", partitions=partitions)
        owner = await registered(("hello", "value"))
        Registry.register(REG, "world", "mine")

        with pytest.raises(AlreadyRegisteredError) as refused:
            Registry.register(REG, "hello")
        assert refused.value.pid is owner
        assert Registry.keys(REG, process.self()) == ["world"]
        assert Registry.keys(REG, owner) == ["hello"]
        assert Registry.values(REG, "hello", owner) == ["value"]
        assert Registry.values(REG, "hello", process.self()) == []

    test()


@on_real_clock
async def test_a_dead_owners_key_is_free_although_its_partition_is_late() -> None:
    """Elixir Registry, unique: "has unique registrations even if partition is delayed"."""
    await registry("unique")
    owner = await registered(("hello", "old"))

    await ended_by(owner, "kill")  # in this very moment the partition has not run yet
    Registry.register(REG, "hello", "new")

    await process.sleep(0)
    assert Registry.lookup(REG, "hello") == [(process.self(), "new")]
    assert Registry.keys(REG, process.self()) == ["hello"]


@both_kinds
def test_values_are_looked_up_by_pattern(keys: Keys) -> None:
    """Elixir Registry: "supports match patterns"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys, partitions=4)
        me = process.self()
        value = (1, "atom", 1)
        Registry.register(REG, "hello", value)

        assert Registry.match(REG, "hello", (1, ..., ...)) == [(me, value)]
        assert Registry.match(REG, "hello", (1.0, str, int)) == [(me, value)]
        assert Registry.match(REG, "hello", (..., "other", ...)) == []
        assert Registry.match(REG, "world", ...) == []
        assert Registry.count_match(REG, "hello", (1, ..., ...)) == 1
        assert Registry.count_match(REG, "hello", list) == 0

    test()


@both_kinds
def test_guards_decide_what_patterns_cannot(keys: Keys) -> None:
    """Elixir Registry: "supports guard conditions"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys)
        value = (1, "atom", 2)
        Registry.register(REG, "hello", value)

        guards: list[tuple[Callable[[Any], bool], bool]] = [
            (lambda v: v[0] < v[2], True),
            (lambda v: v[0] > v[2], False),
            (lambda v: v[0] > 1, False),
        ]
        for guard, matches in guards:
            expected = [(process.self(), value)] if matches else []
            assert Registry.match(REG, "hello", (int, str, int), guard) == expected
            assert Registry.count_match(REG, "hello", (int, str, int), guard) == len(expected)

    test()


@both_kinds
def test_unregister_match_takes_only_what_matches(keys: Keys) -> None:
    """Elixir Registry: "unregister_match supports patterns"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys)
        owner = Registry.register(REG, "hello", (1, "atom", 1))

        Registry.unregister_match(REG, "hello", (2, ..., ...))
        assert Registry.lookup(REG, "hello") == [(process.self(), (1, "atom", 1))]
        assert process.info(process.self(), "links") == [owner]
        Registry.unregister_match(REG, "hello", (1, ..., ...))
        assert Registry.lookup(REG, "hello") == []
        assert process.info(process.self(), "links") == []

    test()


@both_kinds
def test_unregister_match_takes_only_what_its_guard_takes(keys: Keys) -> None:
    """Elixir Registry: "unregister_match supports guards"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys)
        Registry.register(REG, "hello", (1, "atom", 2))

        Registry.unregister_match(REG, "hello", (int, str, int), lambda v: v[0] > v[2])
        assert Registry.count(REG) == 1
        Registry.unregister_match(REG, "hello", (int, str, int), lambda v: v[0] < v[2])
        assert Registry.count(REG) == 0

    test()


@on_real_clock
async def test_unregister_match_leaves_the_other_entries_of_the_key() -> None:
    """Elixir Registry, duplicate: "unregister_match supports patterns", several entries."""
    await registry("duplicate")
    for value in (("a", 1), ("b", 2), ("a", 3)):
        Registry.register(REG, "hello", value)

    Registry.unregister_match(REG, "hello", ("a", ...))

    assert Registry.lookup(REG, "hello") == [(process.self(), ("b", 2))]


@partitions
def test_only_the_owner_updates_a_value(partitions: int) -> None:
    """Elixir Registry, unique: "updates current process value"."""

    @on_real_clock
    async def test() -> None:
        await registry("unique", partitions=partitions)
        await registered(("theirs", 1))
        Registry.register(REG, "mine", 1)

        assert Registry.update_value(REG, "mine", lambda n: n + 1) == (2, 1)
        assert Registry.lookup(REG, "mine") == [(process.self(), 2)]
        assert Registry.update_value(REG, "theirs", lambda n: n + 1) is None
        assert Registry.update_value(REG, "nobody's", lambda n: n + 1) is None

    test()


@on_real_clock
async def test_an_update_that_fails_leaves_the_value() -> None:
    await registry("unique")
    Registry.register(REG, "mine", 1)

    with pytest.raises(TypeError):
        Registry.update_value(REG, "mine", lambda n: n + "x")
    assert Registry.lookup(REG, "mine") == [(process.self(), 1)]


@everywhere
def test_unregister_frees_a_key_and_only_that(keys: Keys, partitions: int) -> None:
    """Elixir Registry: "unregisters process by key", "unregisters by key"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys, partitions=partitions)
        for key in ("hello", "world"):
            Registry.register(REG, key, "value")
        if keys == "duplicate":
            Registry.register(REG, "hello", "again")

        Registry.unregister(REG, "hello")
        assert Registry.keys(REG, process.self()) == ["world"]
        Registry.unregister(REG, "world")
        assert Registry.keys(REG, process.self()) == []

    test()


@both_kinds
def test_unregister_without_entries_does_nothing(keys: Keys) -> None:
    """Elixir Registry: "unregisters with no entries"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys)

        Registry.unregister(REG, "hello")

        assert Registry.count(REG) == 0

    test()


@everywhere
def test_listeners_hear_of_registrations_and_of_their_end(keys: Keys, partitions: int) -> None:
    """Elixir Registry: "allows listeners"."""

    @on_real_clock
    async def test() -> None:
        process.register("listener", process.self())
        await registry(keys, partitions=partitions, listeners=["listener", "nobody"])
        me = process.self()

        Registry.register(REG, "hello", "world")
        assert await process.receive() == ("register", REG, "hello", me, "world")
        Registry.unregister(REG, "hello")
        assert await process.receive() == ("unregister", REG, "hello", me)

        pid = await registered(("hello", "world"))
        assert await process.receive() == ("register", REG, "hello", pid, "world")
        await ended_by(pid, "kill")
        assert await process.receive() == ("unregister", REG, "hello", pid)

    test()


@everywhere
def test_an_owner_is_linked_while_it_has_entries(keys: Keys, partitions: int) -> None:
    """Elixir Registry: "links and unlinks on register/unregister"."""

    @on_real_clock
    async def test() -> None:
        pid = await registry(keys, partitions=partitions)
        me = process.self()

        owner = Registry.register(REG, "hello", "value")
        assert owner is not pid
        assert process.info(me, "links") == [owner]
        Registry.register(REG, "world", "value")
        Registry.unregister(REG, "hello")
        assert process.info(me, "links") == [owner]
        Registry.unregister(REG, "world")
        assert process.info(me, "links") == []

    test()


@on_real_clock
async def test_a_unique_registry_is_a_via_module() -> None:
    """Elixir Registry, unique: "via callbacks"."""
    await registry("unique")
    name: Any = ("via", Registry, (REG, "hello"))

    pid = await Agent.start_link(lambda: 7, name=name)
    assert Registry.whereis_name((REG, "hello")) is pid
    assert await Agent.get(name, int) == 7
    assert Registry.send((REG, "hello"), "message") == "message"
    await Agent.stop(name)
    assert Registry.whereis_name((REG, "hello")) is None
    assert Registry.register_name((REG, "mine"), process.self())
    Registry.unregister_name((REG, "mine"))
    assert Registry.whereis_name((REG, "mine")) is None


@on_real_clock
async def test_a_via_name_gives_its_value() -> None:
    """Elixir Registry, unique: "uses value provided in via"."""
    await registry("unique")

    pid = await Agent.start_link(dict, name=("via", Registry, (REG, "hello", "value")))

    assert Registry.lookup(REG, "hello") == [(pid, "value")]


@both_kinds
def test_select_of_everything(keys: Keys) -> None:
    """Elixir Registry: "select all", "empty list for empty registry"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys, partitions=4)
        assert Registry.select(REG) == []

        Registry.register(REG, "hello", "value")
        pid = await registered(("world", "other"))
        assert set(Registry.select(REG)) == {
            ("hello", process.self(), "value"),
            ("world", pid, "other"),
        }
        assert set(Registry.select(REG, Select(give=lambda entry: entry.key))) == {
            "hello",
            "world",
        }

    test()


@both_kinds
def test_select_by_patterns_guards_and_results(keys: Keys) -> None:
    """Elixir Registry: "select supports full match specs"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys)
        me = process.self()
        value = (1, "atom", 1)
        Registry.register(REG, "hello", value)

        assert Registry.select(REG, ("hello", me, (1, ..., ...))) == [("hello", me, value)]
        assert Registry.select(REG, Select(value=(2, ..., ...))) == []
        assert Registry.select(REG, Select(key=int)) == []
        assert Registry.select(REG, Select(where=lambda entry: entry.value[0] > 1)) == []
        assert Registry.select(
            REG,
            Select(
                key=str,
                where=lambda entry: entry.pid is me,
                give=lambda entry: (entry.value[1], entry.key),
            ),
        ) == [("atom", "hello")]

    test()


@both_kinds
def test_select_takes_several_specs_and_the_first_that_matches_decides(keys: Keys) -> None:
    """Elixir Registry: "select allows multiple specs"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys)
        for key, value in (("hello", 1), ("world", 2), ("other", 3)):
            Registry.register(REG, key, value)

        specs = [
            Select("hello", give=lambda entry: ("first", entry.value)),
            Select(where=lambda entry: entry.value < 3, give=lambda e: ("second", e.value)),
        ]
        assert sorted(Registry.select(REG, *specs)) == [("first", 1), ("second", 2)]
        assert Registry.count_select(REG, *specs) == 2

    test()


@pytest.mark.parametrize("spec", [("key", "value"), ..., [], Select, None])
def test_a_spec_of_wrong_shape_is_refused(spec: Any) -> None:
    """Elixir Registry: "select raises on incorrect shape of match spec", and count_select."""

    @on_real_clock
    async def test() -> None:
        await registry("unique")

        with pytest.raises(BadArgError, match="expected Select"):
            Registry.select(REG, spec)
        with pytest.raises(BadArgError, match="expected Select"):
            Registry.count_select(REG, spec)

    test()


def test_a_guard_of_a_spec_is_a_function() -> None:
    guard: Any = "x > 3"

    with pytest.raises(BadArgError, match="Select: where: expected a function"):
        Select(where=guard)


@both_kinds
def test_count_select_counts_what_guards_take(keys: Keys) -> None:
    """Elixir Registry: "count_select supports guard conditions"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys)
        for key in range(5):
            Registry.register(REG, key, key)

        assert Registry.count_select(REG) == 5
        assert Registry.count_select(REG, Select(where=lambda entry: entry.value > 2)) == 2
        assert Registry.count_select(REG, Select(value=str)) == 0

    test()


@on_real_clock
async def test_a_failed_registration_leaves_nothing_behind() -> None:
    """Elixir Registry, unique: "doesn't grow ets on already_registered"."""
    await registry("unique")
    Registry.register(REG, "hello")
    for _ in range(3):
        with pytest.raises(AlreadyRegisteredError):
            Registry.register(REG, "hello")

    assert (len(table().by_key), [len(e) for e in table().by_pid.values()]) == (1, [1])


# ---- duplicate keys


@partitions
def test_an_empty_registry_counts_nothing(partitions: int) -> None:
    """Elixir Registry, duplicate: "counts 0 keys in an empty registry"."""

    @on_real_clock
    async def test() -> None:
        await registry("duplicate", partitions=partitions)

        assert Registry.count(REG) == 0

    test()


@partitions
def test_a_process_may_stand_under_a_key_several_times(partitions: int) -> None:
    """Elixir Registry, duplicate: "has duplicate registrations"."""

    @on_real_clock
    async def test() -> None:
        await registry("duplicate", partitions=partitions)
        me = process.self()
        for key, value in (("hello", "one"), ("hello", "two"), ("world", "three")):
            Registry.register(REG, key, value)

        assert Registry.keys(REG, me) == ["hello", "hello", "world"]
        assert Registry.values(REG, "hello", me) == ["one", "two"]
        assert Registry.lookup(REG, "hello") == [(me, "one"), (me, "two")]
        assert Registry.count(REG) == 3

    test()


@partitions
def test_several_processes_stand_under_one_key(partitions: int) -> None:
    """Elixir Registry, duplicate: "has duplicate registrations across processes"."""

    @on_real_clock
    async def test() -> None:
        await registry("duplicate", partitions=partitions)
        pid = await registered(("hello", "theirs"))
        Registry.register(REG, "hello", "mine")

        assert Registry.lookup(REG, "hello") == [(pid, "theirs"), (process.self(), "mine")]
        assert Registry.keys(REG, pid) == ["hello"]
        await ended_by(pid, "kill")
        assert Registry.lookup(REG, "hello") == [(process.self(), "mine")]

    test()


async def entries_in_many_partitions() -> dict[int, list[Any]]:
    """Entries of the key "hello", by partition; at least two partitions have some."""
    found: dict[int, list[Any]] = {}
    while len(found) < 2:
        pid = await registered(("hello", len(found)))
        found.setdefault(table().number_of(pid), []).append(pid)
    return found


@on_real_clock
async def test_dispatch_calls_a_function_for_each_partition_in_the_caller() -> None:
    """Elixir Registry, duplicate: "dispatches to multiple keys in serial"."""
    await registry("duplicate", partitions=8)
    expected = await entries_in_many_partitions()
    calls: list[tuple[Pid, list[Pid]]] = []

    Registry.dispatch(
        REG, "hello", lambda found: calls.append((process.self(), [pid for pid, _ in found]))
    )
    Registry.dispatch(REG, "nobody", _raise)

    assert {caller for caller, _ in calls} == {process.self()}
    assert sorted(pids for _, pids in calls) == sorted(expected.values())


@on_real_clock
async def test_dispatch_runs_in_a_process_for_each_partition() -> None:
    """Elixir Registry, duplicate: "dispatches to multiple keys in parallel"."""
    await registry("duplicate", partitions=8)
    expected = await entries_in_many_partitions()
    calls: list[tuple[Pid, list[Pid]]] = []

    async def note(found: list[tuple[Pid, Any]]) -> None:
        await process.sleep(0)
        calls.append((process.self(), [pid for pid, _ in found]))

    await Registry.dispatch(REG, "hello", note, parallel=True)

    assert process.self() not in {caller for caller, _ in calls}
    assert len({caller for caller, _ in calls}) == len(expected)
    assert sorted(pids for _, pids in calls) == sorted(expected.values())
    assert process.flush() == []


@on_real_clock
async def test_an_error_in_a_parallel_dispatch_reaches_the_caller() -> None:
    """Elixir Registry, duplicate: "dispatches to multiple keys in parallel", with an error."""
    await registry("duplicate", partitions=8)
    Registry.register(REG, "hello")
    process.flag(trap_exit=True)

    def fail(found: Any) -> None:
        raise ValueError("oops")

    reason, _ = await exit_reason(Registry.dispatch(REG, "hello", fail, parallel=True))
    assert isinstance(reason, ValueError)
    message = await process.receive()
    assert isinstance(message, Exit)
    assert message.reason is reason


@both_kinds
def test_a_parallel_dispatch_with_one_partition_runs_in_the_caller(keys: Keys) -> None:
    """Elixir Registry: dispatch in parallel without partitions."""

    @on_real_clock
    async def test() -> None:
        await registry(keys)
        Registry.register(REG, "hello", 1)
        calls: list[Any] = []

        await Registry.dispatch(
            REG, "hello", lambda found: calls.append((process.self(), found)), parallel=True
        )

        assert calls == [(process.self(), [(process.self(), 1)])]

    test()


@on_real_clock
async def test_a_serial_dispatch_takes_no_async_function() -> None:
    await registry("duplicate")
    Registry.register(REG, "hello")

    with pytest.raises(BadArgError, match="parallel=True"):
        Registry.dispatch(REG, "hello", lambda _: process.sleep(1))


@both_kinds
def test_keys_are_compared_whole_and_never_patterns(keys: Keys) -> None:
    """Elixir Registry, duplicate: "uses exact complex keys in lookup and match"."""

    @on_real_clock
    async def test() -> None:
        await registry(keys)
        me = process.self()
        Registry.register(REG, ("$1", ..., int), "complex")
        Registry.register(REG, "plain", "plain")

        assert Registry.lookup(REG, ("$1", ..., int)) == [(me, "complex")]
        assert Registry.lookup(REG, ...) == []
        assert Registry.lookup(REG, ("$1", "x", 7)) == []
        assert Registry.match(REG, (..., ..., ...), ...) == []
        assert Registry.match(REG, ("$1", ..., int), ...) == [(me, "complex")]

    test()


@on_real_clock
async def test_a_duplicate_registry_is_no_via_module() -> None:
    """Elixir Registry, duplicate: "raises if attempt to be used on via"."""
    await registry("duplicate")
    name: Any = ("via", Registry, (REG, "hello"))

    with pytest.raises(BadArgError, match="unique keys as a registry of names"):
        await Agent.start_link(dict, name=name)


@on_real_clock
async def test_update_value_is_not_for_duplicate_keys() -> None:
    """Elixir Registry, duplicate: "update_value is not supported"."""
    await registry("duplicate")

    with pytest.raises(BadArgError, match="unique keys for update_value"):
        Registry.update_value(REG, "hello", lambda n: n)


@pytest.mark.slow  # ten thousand processes
def test_many_subscribers_of_one_key_end_quickly() -> None:
    @on_real_clock
    async def test() -> None:
        await registry("duplicate")

        def subscribe() -> Any:
            Registry.register(REG, "topic")
            return process.sleep(None)

        pids = [process.spawn(subscribe) for _ in range(10_000)]
        await process.sleep(0)
        assert len(Registry.lookup(REG, "topic")) == 10_000
        ends = [process.monitor(pid) for pid in pids]
        for pid in pids:
            process.exit(pid, "kill")
        for end in ends:
            await down(end)
        await GenServer.call("reg.PIDPartition0", ("lock", "k", None))

        assert table().by_key == {}

    test()


# ---- metadata


@both_kinds
def test_metadata_is_kept_put_and_deleted(keys: Keys) -> None:
    """Elixir Registry: meta, put_meta, delete_meta."""

    @on_real_clock
    async def test() -> None:
        await registry(keys, meta={("tuple", "key"): 1})

        assert Registry.meta(REG, ("tuple", "key")) == 1
        assert Registry.meta(REG, "unknown") is None
        assert Registry.meta(REG, "unknown", "default") == "default"
        Registry.put_meta(REG, "version", 2)
        Registry.put_meta(REG, "version", 3)
        assert Registry.meta(REG, "version") == 3
        Registry.delete_meta(REG, "version")
        Registry.delete_meta(REG, "version")
        assert Registry.meta(REG, "version") is None

    test()


# ---- locks


async def holder(key: str, *, then: Callable[[], Any] | None = None) -> Pid:
    """A process that has a lock until it is told to go on."""

    async def hold(witness: Pid) -> None:
        async with Registry.lock(REG, key):
            process.send(witness, ("holds", process.self()))
            await process.receive("go")
            if then is not None:
                then()

    _, pid = process.spawn(hold, process.self()), None
    pid = (await process.receive(("holds", Pid)))[1]
    assert isinstance(pid, Pid)
    return pid


async def waiter(key: str) -> Pid:
    """A process that waits for a lock, and tells when it has it."""

    async def wait(witness: Pid) -> None:
        async with Registry.lock(REG, key):
            process.send(witness, ("has", process.self()))

    pid = process.spawn(wait, process.self())
    await process.sleep(0)
    await process.sleep(0)
    return pid


@on_real_clock
async def test_one_process_at_a_time_has_a_lock() -> None:
    await registry("unique", partitions=4)
    first = await holder("k")
    second, third = await waiter("k"), await waiter("k")
    await holder("other")
    assert process.flush() == []

    process.send(first, "go")

    assert await process.receive() == ("has", second)
    assert await process.receive() == ("has", third)


@on_real_clock
async def test_a_lock_runs_a_function_and_gives_its_result() -> None:
    await registry("unique")

    async def slow() -> str:
        await process.sleep(0)
        return "slow"

    assert await Registry.lock(REG, "k", lambda: "plain") == "plain"
    assert await Registry.lock(REG, "k", slow) == "slow"


def _raise(*_: Any) -> None:
    raise ValueError("oops")


@on_real_clock
async def test_an_error_releases_a_lock() -> None:
    """Elixir Registry: "locks when the one holding the lock raises"."""
    await registry("unique")
    with pytest.raises(ValueError, match="oops"):
        await Registry.lock(REG, "k", _raise)
    first = await holder("k", then=_raise)
    second = await waiter("k")

    process.send(first, "go")

    assert await process.receive() == ("has", second)


@on_real_clock
async def test_a_death_releases_a_lock() -> None:
    """Elixir Registry: "locks when the one holding the lock terminates"."""
    await registry("unique")
    first = await holder("k")
    second = await waiter("k")

    process.exit(first, "kill")

    assert await process.receive() == ("has", second)


@on_real_clock
async def test_a_waiter_that_dies_does_not_hold_up_the_next() -> None:
    """Elixir Registry: "locks when the one waiting for the lock terminates"."""
    await registry("unique")
    first = await holder("k")
    second, third = await waiter("k"), await waiter("k")
    await ended_by(second, "kill")

    process.send(first, "go")

    assert await process.receive() == ("has", third)


@on_real_clock
async def test_a_waiter_that_gives_up_does_not_hold_up_the_next() -> None:
    await registry("unique")
    first = await holder("k")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001), Registry.lock(REG, "k"):
            pass
    third = await waiter("k")

    process.send(first, "go")

    assert await process.receive() == ("has", third)


@on_real_clock
async def test_a_lock_that_one_has_is_refused_instead_of_waited_for() -> None:
    await registry("unique")

    async with Registry.lock(REG, "k"):
        with pytest.raises(BadArgError, match="has the lock of 'k' already"):
            await Registry.lock(REG, "k", _raise)
    assert isinstance(await outcome(_raise), ValueError)
    assert await Registry.lock(REG, "k", lambda: 1) == 1
