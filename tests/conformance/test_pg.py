"""OTP's pg: cases of its own suite, in our words."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.otp import StartError, Supervisor, gen_server, pg
from beamish.terms import BadArgError, Pid, to_erlang
from tests.otp.support import ended_by, exit_reason, on_real_clock, reason_of


async def member() -> Pid:
    """A process that lives until it is told to stop."""

    async def live() -> None:
        await process.receive("stop")

    pid = process.spawn(live)
    await process.sleep(0)
    return pid


async def settled(scope: str = "pg") -> None:
    """The scope has worked off what it was told."""
    await pg.leave("nothing", [], scope=scope)


@on_real_clock
async def test_groups_are_joined_and_left() -> None:
    """OTP pg: "pg"."""
    await pg.start_link()
    me, other = process.self(), await member()

    await pg.join("one", me)
    await pg.join("one", [other, other])
    await pg.join(("two", 2), me)

    assert pg.get_members("one") == [me, other, other]
    assert pg.get_local_members("one") == [me, other, other]
    assert pg.which_groups() == ["one", ("two", 2)]
    assert await pg.leave("one", [other, me])
    assert pg.get_members("one") == [other]
    assert await pg.leave("one", other)
    assert (pg.get_members("one"), pg.which_groups()) == ([], [("two", 2)])


@on_real_clock
async def test_leaving_what_one_is_not_in_is_not_joined() -> None:
    """OTP pg: "pg", not_joined."""
    await pg.start_link()
    await pg.join("one", process.self())
    other = await member()

    assert not await pg.leave("one", other)
    assert not await pg.leave("nothing", process.self())
    assert not await pg.leave("one", [other, other])
    assert await pg.leave("one", [process.self(), other])


@on_real_clock
async def test_scopes_know_nothing_of_each_other() -> None:
    """OTP pg: "pg", scopes."""
    await pg.start_link()
    chat = await pg.start_link("chat")
    me = process.self()

    await pg.join("chat", "lobby", me)
    await pg.join("lobby", me, scope="chat")

    assert process.whereis("chat") is chat
    assert pg.get_members("lobby") == []
    assert pg.get_members("chat", "lobby") == [me, me]
    assert pg.get_local_members("chat", "lobby") == [me, me]
    assert await pg.leave("chat", "lobby", me)
    assert (pg.which_groups("chat"), pg.which_groups()) == (["lobby"], [])


@on_real_clock
async def test_a_scope_is_started_once() -> None:
    scope = await pg.start()

    with pytest.raises(StartError) as failed:
        await pg.start_link()

    assert failed.value.reason == ("already_started", scope)
    assert process.info(process.self(), "links") == []


@on_real_clock
async def test_a_scope_is_a_child_of_a_supervisor() -> None:
    sup = await Supervisor.start_link([pg, (pg, "chat")])

    assert {info.id for info in await Supervisor.which_children(sup)} == {"pg", "chat"}
    await pg.join("chat", "lobby", process.self())
    await ended_by(process.whereis("chat") or process.self(), "kill")
    await Supervisor.count_children(sup)
    assert pg.which_groups("chat") == []


@pytest.mark.parametrize("how", ["call", "cast", "info"])
def test_garbage_ends_a_scope_with_badarg(how: str) -> None:
    """OTP pg: "errors"."""

    @on_real_clock
    async def test() -> None:
        scope = await pg.start()
        watch = process.monitor(scope)
        if how == "call":
            reason, _ = await exit_reason(gen_server.call(scope, "garbage"))
            assert to_erlang(reason)[0] == "badarg"
        elif how == "cast":
            gen_server.cast(scope, "garbage")
        else:
            process.send(scope, "garbage")

        down = await process.receive(("DOWN", watch, ..., ..., ...))
        assert to_erlang(down[4])[0] == "badarg"

    test()


@pytest.mark.parametrize("pids", ["garbage", 7, [7], None])
def test_what_is_no_pid_is_refused(pids: Any) -> None:
    """OTP pg: "errors", arguments."""

    @on_real_clock
    async def test() -> None:
        scope = await pg.start()

        for change in (pg.join, pg.leave):
            with pytest.raises(BadArgError, match="expected a pid of this node"):
                await change("group", pids)
        assert process.alive(scope)

    test()


@on_real_clock
async def test_other_bad_arguments_are_refused() -> None:
    bad: Any = 7

    with pytest.raises(BadArgError, match="expected the name of a scope"):
        await pg.start(bad)
    with pytest.raises(BadArgError, match="expected what pg.monitor returned"):
        await pg.demonitor(bad)
    with pytest.raises(TypeError, match="pg.join takes 2 arguments"):
        await pg.join(*[bad] * 4)


@on_real_clock
async def test_without_a_scope_changes_exit_and_look_ups_find_nothing() -> None:
    """OTP pg: "errors", no scope."""
    reason, _ = await exit_reason(pg.join("nobody", "group", process.self()))

    assert reason == "noproc"
    assert pg.get_members("nobody", "group") == []
    with pytest.raises(BadArgError, match="there is no scope 'nobody'"):
        pg.which_groups("nobody")


@on_real_clock
async def test_a_member_that_leaves_and_ends_at_once_is_gone() -> None:
    """OTP pg: "leave_exit_race"."""
    scope = await pg.start()
    for _ in range(20):
        pid = await member()
        await pg.join("group", pid)
        process.exit(pid, "kill")
        await pg.leave("group", pid)

    assert pg.get_members("group") == []
    assert process.info(scope, "monitors") == []


@on_real_clock
async def test_a_member_that_dies_has_left_for_whoever_was_told() -> None:
    await pg.start()
    pid = await member()
    await pg.join("group", [pid, pid])

    await ended_by(pid, "kill")

    assert pg.get_members("group") == []
    assert pg.which_groups() == []


@on_real_clock
async def test_a_dead_process_that_is_joined_leaves_again() -> None:
    await pg.start()
    pid = await member()
    await ended_by(pid, "kill")
    ref, _ = await pg.monitor("group")

    await pg.join("group", pid)

    assert pg.get_members("group") == []
    assert await process.receive() == (ref, "join", "group", [pid])
    assert await process.receive() == (ref, "leave", "group", [pid])


@on_real_clock
async def test_a_nodeup_of_the_own_node_changes_nothing() -> None:
    """OTP pg: "dyn_distribution"."""
    scope = await pg.start()
    await pg.join("group", process.self())

    process.send(scope, ("nodeup", process.self().node))
    process.send(scope, ("nodedown", process.self().node))

    assert not await pg.leave("nothing", process.self())
    assert pg.get_members("group") == [process.self()]


@on_real_clock
async def test_a_monitored_scope_tells_its_groups_and_then_joins_and_leaves() -> None:
    """OTP pg: "monitor_nonempty_scope"."""
    await pg.start_link("chat")
    me, other = process.self(), await member()
    await pg.join("chat", "lobby", [me, other, me])

    ref, groups = await pg.monitor_scope("chat")
    await pg.join("chat", "kitchen", [other, other])
    await pg.leave("chat", "lobby", [me, other])

    assert groups == {"lobby": [me, me, other]}
    assert await process.receive() == (ref, "join", "kitchen", [other, other])
    assert await process.receive() == (ref, "leave", "lobby", [me, other])


@on_real_clock
async def test_an_empty_scope_is_monitored_until_demonitor() -> None:
    """OTP pg: "monitor_scope"."""
    scope = await pg.start_link()
    me = process.self()
    ref, groups = await pg.monitor_scope()
    assert groups == {}

    await pg.join("group", me)
    assert await process.receive() == (ref, "join", "group", [me])
    await pg.leave("group", me)
    assert await pg.demonitor(ref)
    assert process.flush() == []
    assert not await pg.demonitor("pg", ref)
    await pg.join("group", me)
    assert process.flush() == []
    assert process.info(scope, "monitors") == [me]


@on_real_clock
async def test_the_end_of_a_member_is_told_group_by_group_latest_first() -> None:
    """OTP pg: "monitor_scope", a member that ends."""
    await pg.start_link()
    pid = await member()
    await pg.join("x", [pid, pid])
    await pg.join("y", pid)
    ref, _ = await pg.monitor_scope()

    await ended_by(pid, "kill")

    for group in ("y", "x", "x"):
        assert await process.receive() == (ref, "leave", group, [pid])


@on_real_clock
async def test_a_group_whose_last_member_is_dying_is_not_listed() -> None:
    """OTP pg: "monitor_scope", a group is gone with its last member."""
    await pg.start_link()
    pid = await member()
    await pg.join("x", pid)

    process.exit(pid, "kill")
    _, groups = await pg.monitor_scope()

    assert groups == {}


@on_real_clock
async def test_who_monitors_hears_of_its_own_joining() -> None:
    """OTP pg: "monitor_self"."""
    await pg.start_link()
    me = process.self()
    ref, members = await pg.monitor("group")
    assert members == []

    await pg.join("group", me)
    await pg.join("other", me)
    await pg.leave("group", me)

    assert process.flush() == [(ref, "join", "group", [me]), (ref, "leave", "group", [me])]
    await pg.join("group", me)
    _, members = await pg.monitor("pg", "group")
    assert members == [me]


@on_real_clock
async def test_a_monitor_goes_with_its_process() -> None:
    """OTP pg: monitor, a process that ends."""
    scope = await pg.start_link()

    async def watch() -> None:
        await pg.monitor_scope()
        await pg.monitor("group")

    await reason_of(process.spawn(watch))
    await settled()

    assert process.info(scope, "monitors") == []


@on_real_clock
async def test_joining_nobody_does_nothing() -> None:
    await pg.start_link()
    await pg.monitor_scope()

    await pg.join("group", [])

    assert (pg.which_groups(), process.flush()) == ([], [])
