from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    Agent,
    AlreadyRegisteredError,
    ChildSpecError,
    GenServer,
    Ignore,
    Registry,
    StartError,
    StartIgnored,
    Supervisor,
    TaskSupervisor,
    gen_server,
    sys,
)
from beamish.terms import BadArgError, Pid

from .support import down, ended_by, exit_reason, on_real_clock, outcome


async def unique() -> Pid:
    return await Registry.start_link(keys="unique", name="reg")


async def duplicate() -> Pid:
    return await Registry.start_link(keys="duplicate", name="reg")


async def entry(key: Any, value: Any = None) -> Pid:
    """A process that has registered itself."""

    async def register(owner: Pid) -> None:
        Registry.register("reg", key, value)
        process.send(owner, ("registered", process.self()))
        await process.receive("end")

    process.spawn(register, process.self())
    _, pid = await process.receive(("registered", ...))
    assert isinstance(pid, Pid)
    return pid


def via(key: Any) -> tuple[str, Any, Any]:
    return ("via", Registry, ("reg", key))


# ---- unique keys


@on_real_clock
async def test_a_process_registers_itself_under_a_key_with_a_value() -> None:
    await unique()

    Registry.register("reg", ("room", 1), "value")

    assert Registry.lookup("reg", ("room", 1)) == [(process.self(), "value")]


@on_real_clock
async def test_an_unknown_key_has_no_entries() -> None:
    await unique()

    assert Registry.lookup("reg", "nobody") == []


@on_real_clock
async def test_a_unique_key_belongs_to_one_process() -> None:
    await unique()
    pid = await entry("k", 1)

    with pytest.raises(AlreadyRegisteredError) as refused:
        Registry.register("reg", "k", 2)

    assert (refused.value.key, refused.value.pid) == ("k", pid)
    assert Registry.lookup("reg", "k") == [(pid, 1)]
    assert Registry.keys("reg", process.self()) == []


@on_real_clock
async def test_a_unique_key_belongs_once_to_its_process() -> None:
    await unique()
    Registry.register("reg", "k")

    with pytest.raises(AlreadyRegisteredError):
        Registry.register("reg", "k")


@on_real_clock
async def test_a_process_may_have_many_keys() -> None:
    await unique()
    for key in ("b", "a", 1):
        Registry.register("reg", key)

    assert Registry.keys("reg", process.self()) == ["b", "a", 1]
    assert Registry.count("reg") == 3


@on_real_clock
async def test_unregister_frees_a_key() -> None:
    await unique()
    Registry.register("reg", "k")
    Registry.register("reg", "other")

    Registry.unregister("reg", "k")
    Registry.unregister("reg", "k")

    assert Registry.lookup("reg", "k") == []
    assert Registry.keys("reg", process.self()) == ["other"]


@on_real_clock
async def test_nobody_unregisters_for_another() -> None:
    await unique()
    pid = await entry("k")

    Registry.unregister("reg", "k")

    assert Registry.lookup("reg", "k") == [(pid, None)]


@on_real_clock
async def test_update_value_changes_ones_own_value() -> None:
    await unique()
    Registry.register("reg", "k", 1)

    assert Registry.update_value("reg", "k", lambda n: n + 1) == (2, 1)
    assert Registry.lookup("reg", "k") == [(process.self(), 2)]


@on_real_clock
async def test_update_value_of_what_one_does_not_have_is_none() -> None:
    await unique()
    await entry("k", 1)

    assert Registry.update_value("reg", "k", lambda n: n + 1) is None
    assert Registry.update_value("reg", "nobody", lambda n: n + 1) is None


# ---- duplicate keys


@on_real_clock
async def test_a_duplicate_key_has_many_entries_in_the_order_of_registration() -> None:
    await duplicate()
    me = process.self()
    Registry.register("reg", "k", 1)
    other = await entry("k", 2)
    Registry.register("reg", "k", 3)

    assert Registry.lookup("reg", "k") == [(me, 1), (other, 2), (me, 3)]
    assert Registry.keys("reg", me) == ["k", "k"]
    assert Registry.values("reg", "k", me) == [1, 3]
    assert Registry.count("reg") == 3


@on_real_clock
async def test_unregister_takes_all_own_entries_of_a_key() -> None:
    await duplicate()
    other = await entry("k", 2)
    Registry.register("reg", "k", 1)
    Registry.register("reg", "k", 3)

    Registry.unregister("reg", "k")

    assert Registry.lookup("reg", "k") == [(other, 2)]


@on_real_clock
async def test_dispatch_calls_a_function_with_all_entries() -> None:
    await duplicate()
    pids = [await entry("k", n) for n in range(3)]
    seen: list[Any] = []

    Registry.dispatch("reg", "k", seen.extend)
    Registry.dispatch("reg", "nobody", seen.append)

    assert seen == list(zip(pids, range(3), strict=True))


@on_real_clock
async def test_update_value_is_for_unique_keys() -> None:
    await duplicate()

    with pytest.raises(BadArgError, match="expected a registry of unique keys"):
        Registry.update_value("reg", "k", lambda n: n)


# ---- the dead


@pytest.mark.parametrize("reason", ["boom", "kill", "normal"])
def test_an_entry_goes_when_its_process_dies(reason: str) -> None:
    @on_real_clock
    async def test() -> None:
        await unique()
        pid = await entry("k")
        ref = process.monitor(pid)
        if reason == "normal":
            process.send(pid, "end")
        else:
            process.exit(pid, reason)
        await down(ref)

        assert Registry.lookup("reg", "k") == []
        assert Registry.keys("reg", pid) == []
        assert Registry.count("reg") == 0
        Registry.register("reg", "k")

    test()


@on_real_clock
async def test_an_entry_is_gone_for_whoever_is_told_of_the_death_however_late_the_clean_up() -> (
    None
):
    reg = await unique()
    pid = await entry("k")
    busy = process.monitor(pid)

    process.exit(pid, "kill")
    await down(busy)

    assert not process.alive(pid)
    assert Registry.lookup("reg", "k") == []
    assert process.alive(reg)


@on_real_clock
async def test_a_new_owners_key_outlives_the_clean_up_of_the_old_one() -> None:
    await unique()
    pid = await entry("k")
    await ended_by(pid, "kill")
    Registry.register("reg", "k", "mine")

    for _ in range(3):
        await process.sleep(0)

    assert Registry.lookup("reg", "k") == [(process.self(), "mine")]


@on_real_clock
async def test_the_table_forgets_the_dead() -> None:
    reg = await unique()
    for n in range(100):
        await ended_by(await entry(n), "kill")
    partition = Registry.register("reg", "mine")
    await sys.get_state(partition)  # answered when it has seen all that came before
    Registry.unregister("reg", "mine")

    table = process.info(reg, "dictionary")["$registry"]
    assert (table.by_key, table.by_pid) == ({}, {})


@on_real_clock
async def test_an_owner_is_linked_while_it_has_entries() -> None:
    reg = await unique()
    me = process.self()
    process.unlink(reg)

    partition = Registry.register("reg", "a")
    Registry.register("reg", "b")
    assert process.info(me, "links") == [partition]
    Registry.unregister("reg", "a")
    assert process.info(me, "links") == [partition]
    Registry.unregister("reg", "b")
    assert process.info(me, "links") == []


@on_real_clock
async def test_the_death_of_a_registry_ends_who_is_registered() -> None:
    process.flag(trap_exit=True)
    reg = await unique()
    pid = await entry("k")
    ref = process.monitor(pid)

    await ended_by(reg, "kill")

    assert await down(ref) == "killed"


@on_real_clock
async def test_two_registries_know_nothing_of_each_other() -> None:
    await unique()
    await Registry.start_link(keys="unique", name="other")
    Registry.register("reg", "k", 1)
    Registry.register("other", "k", 2)

    assert Registry.lookup("reg", "k") == [(process.self(), 1)]
    assert Registry.lookup("other", "k") == [(process.self(), 2)]


# ---- names


@on_real_clock
async def test_a_via_name_starts_and_finds_a_server() -> None:
    await unique()

    pid = await Agent.start_link(dict, name=via("shopping"))

    assert Registry.lookup("reg", "shopping") == [(pid, None)]
    assert gen_server.whereis(via("shopping")) is pid
    assert await Agent.get(via("shopping"), len) == 0


@on_real_clock
async def test_a_via_name_may_carry_a_value() -> None:
    await unique()

    pid = await Agent.start_link(dict, name=("via", Registry, ("reg", "k", "value")))

    assert Registry.lookup("reg", "k") == [(pid, "value")]


@on_real_clock
async def test_a_taken_via_name_is_already_started() -> None:
    await unique()
    pid = await Agent.start_link(dict, name=via("k"))

    with pytest.raises(StartError) as failed:
        await Agent.start_link(dict, name=via("k"))

    assert failed.value.reason == ("already_started", pid)


@on_real_clock
async def test_two_starts_under_one_via_name_at_once_make_one_server() -> None:
    await unique()
    main = process.self()

    async def starter() -> None:
        try:
            result: Any = await Agent.start(dict, name=via("k"))
        except StartError as failed:
            result = failed.reason
        process.send(main, result)

    for _ in range(5):
        process.spawn(starter)
    results = [await process.receive() for _ in range(5)]

    [pid] = [result for result in results if isinstance(result, Pid)]
    assert results.count(("already_started", pid)) == 4


@on_real_clock
async def test_a_failed_start_leaves_a_via_name_free() -> None:
    class Failing(GenServer):
        def init(self, how: Any) -> Any:
            if how is None:
                raise ValueError("no")
            return how

    await unique()
    with pytest.raises(StartError):
        await Failing.start(None, name=via("k"))
    with pytest.raises(StartIgnored):
        await Failing.start(Ignore, name=via("k"))

    assert Registry.count("reg") == 0


@on_real_clock
async def test_messages_are_sent_to_a_via_name() -> None:
    await unique()
    Registry.register("reg", "me")

    process.send(via("me"), "hello")
    Registry.send(("reg", "me"), "again")

    assert process.flush() == ["hello", "again"]


@on_real_clock
async def test_a_call_to_an_unknown_via_name_exits_with_noproc() -> None:
    await unique()

    reason = await exit_reason(gen_server.call(via("nobody"), "x"))

    assert reason == ("noproc", ("gen_server", "call", (via("nobody"), "x")))
    gen_server.cast(via("nobody"), "x")


@on_real_clock
async def test_sending_to_an_unknown_via_name_exits_with_badarg() -> None:
    await unique()

    reason = await outcome(Registry.send, ("reg", "nobody"), "x")

    assert reason == ("badarg", (("reg", "nobody"), "x"))


@on_real_clock
async def test_supervisors_and_task_supervisors_take_via_names() -> None:
    await unique()
    await Supervisor.start_link([TaskSupervisor.child_spec(name=via("tasks"))], name=via("sup"))

    await TaskSupervisor.start_child(via("tasks"), process.sleep, None)

    assert len(await TaskSupervisor.children(via("tasks"))) == 1
    assert len(await Supervisor.which_children(via("sup"))) == 1


@on_real_clock
async def test_a_duplicate_registry_is_no_registry_of_names() -> None:
    await duplicate()

    with pytest.raises(BadArgError, match="unique"):
        await Agent.start_link(dict, name=via("k"))


# ---- mistakes


@on_real_clock
async def test_an_unknown_registry_is_refused() -> None:
    for use in (Registry.lookup, Registry.register, Registry.unregister):
        with pytest.raises(BadArgError, match="unknown registry: 'nowhere'"):
            use("nowhere", "k")


@on_real_clock
async def test_a_process_that_is_no_registry_is_refused() -> None:
    await Agent.start_link(dict, name="agent")

    with pytest.raises(BadArgError, match="unknown registry: 'agent'"):
        Registry.lookup("agent", "k")


@pytest.mark.parametrize(("field", "value"), [("keys", "many"), ("keys", None), ("name", 17)])
def test_a_bad_option_is_refused(field: str, value: Any) -> None:
    @on_real_clock
    async def test() -> None:
        options: dict[str, Any] = {"keys": "unique", "name": "reg", field: value}

        with pytest.raises(ChildSpecError) as refused:
            await Registry.start_link(**options)

        assert refused.value.field == field

    test()


@on_real_clock
async def test_a_bad_via_key_is_refused_with_the_right_form() -> None:
    with pytest.raises(BadArgError, match=r"expected \('via', Registry, \(registry, key\)\)"):
        gen_server.whereis(("via", Registry, "k"))


@on_real_clock
async def test_a_registry_is_a_child_of_a_supervisor() -> None:
    await Supervisor.start_link([Registry.child_spec(keys="unique", name="reg")])

    Registry.register("reg", "k")

    assert Registry.count("reg") == 1
