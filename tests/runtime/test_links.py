"""Rules L1 to L7: links."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import BadArgError, Exit, NoProcError, Pid, process, to_erlang

from .harness import PATIENCE, down_of, ended, on_virtual_clock, settle, sleeper, watched_end


async def _linked_to(pid: Pid) -> None:
    process.link(pid)
    await process.sleep(None)


# ---- L1


@on_virtual_clock
async def test_l1_a_link_is_seen_from_both_sides() -> None:
    """L1: two-way."""
    pid = process.spawn(sleeper)

    assert process.link(pid) is True

    assert process.info(process.self(), "links") == [pid]
    assert process.info(pid, "links") == [process.self()]


@on_virtual_clock
async def test_l1_repeating_a_link_changes_nothing() -> None:
    """L1: at most one link per pair; two links and a death are one EXIT."""
    process.flag(trap_exit=True)
    pid = process.spawn_link(sleeper)
    process.link(pid)

    process.exit(pid, "boom")

    assert await process.receive(timeout=PATIENCE) == Exit(pid, "boom")
    await settle()
    assert process.flush() == []


@on_virtual_clock
async def test_l1_linking_oneself_has_no_effect() -> None:
    """L1: link(self()) -> true with no effect."""
    assert process.link(process.self()) is True
    assert process.info(process.self(), "links") == []


@on_virtual_clock
async def test_l1_the_other_side_may_remove_a_link() -> None:
    """L1: either side may remove it."""
    parent = process.self()

    async def child() -> None:
        await process.receive("now")
        process.unlink(parent)
        process.exit("boom")

    pid, ref = process.spawn_opt(child, link=True, monitor=True)
    process.send(pid, "now")

    assert await down_of(ref) == "boom"  # and this process lives on
    assert process.info(parent, "links") == []


@on_virtual_clock
async def test_l1_a_link_made_anew_works() -> None:
    """L1: unlink, then link."""
    process.flag(trap_exit=True)
    pid = process.spawn_link(sleeper)
    process.unlink(pid)
    process.link(pid)

    process.exit(pid, "boom")

    assert await process.receive(timeout=PATIENCE) == Exit(pid, "boom")


# ---- L2


@on_virtual_clock
async def test_l2_linking_the_dead_raises_noproc_in_one_who_does_not_trap() -> None:
    """L2: an error that can be caught."""
    pid = await ended()

    with pytest.raises(NoProcError, match="no such process"):
        process.link(pid)

    assert process.info(process.self(), "links") == []


@on_virtual_clock
async def test_l2_linking_the_dead_ends_one_who_does_not_catch_it_with_noproc() -> None:
    """L2: uncaught, the reason is {noproc, Stack}."""
    pid = await ended()

    reason = await watched_end(process.link, pid)

    assert isinstance(reason, NoProcError)
    assert to_erlang(reason)[0] == "noproc"


@on_virtual_clock
async def test_l2_linking_the_dead_sends_noproc_to_one_who_traps() -> None:
    """L2: {'EXIT', DeadPid, noproc}."""
    pid = await ended()
    process.flag(trap_exit=True)

    assert process.link(pid) is True

    assert process.flush() == [Exit(pid, "noproc")]


@on_virtual_clock
async def test_l2_linking_one_that_was_just_killed_gives_noproc() -> None:
    """L2: the kill arrives first, so the link finds nobody."""
    process.flag(trap_exit=True)
    pid = process.spawn(sleeper)

    process.exit(pid, "kill")
    process.link(pid)

    assert await process.receive(timeout=PATIENCE) == Exit(pid, "noproc")
    await settle()
    assert process.flush() == []


# ---- L3


@pytest.mark.parametrize("operation", [process.link, process.unlink])
@pytest.mark.parametrize("thing", [None, "name", 42, ("name", "node")])
@on_virtual_clock
async def test_l3_link_and_unlink_take_a_pid_only(operation: Any, thing: Any) -> None:
    """L3: badarg."""
    with pytest.raises(BadArgError, match=f"{operation.__name__} takes a Pid; got"):
        operation(thing)


# ---- L4


@on_virtual_clock
async def test_l4_unlink_is_true_also_without_a_link() -> None:
    """L4: always true: linked, not linked, dead, oneself."""
    pid = process.spawn_link(sleeper)

    assert process.unlink(pid) is True
    assert process.unlink(pid) is True
    assert process.unlink(await ended()) is True
    assert process.unlink(process.self()) is True


@on_virtual_clock
async def test_l4_nothing_comes_through_a_link_after_unlink() -> None:
    """L4: no exit signal from that link affects the caller later."""
    pid, ref = process.spawn_opt(sleeper, link=True, monitor=True)

    process.unlink(pid)
    process.exit(pid, "boom")

    assert await down_of(ref) == "boom"  # and this process, which does not trap, is alive


@on_virtual_clock
async def test_l4_unlink_after_the_partner_was_told_to_end_still_protects() -> None:
    """L4: between the signal and the death is still before."""
    pid, ref = process.spawn_opt(sleeper, link=True, monitor=True)

    process.exit(pid, "boom")
    process.unlink(pid)

    assert await down_of(ref) == "boom"


@on_virtual_clock
async def test_l4_an_exit_message_that_is_there_stays_there() -> None:
    """L4: and the idiom that removes it."""
    process.flag(trap_exit=True)
    pid = process.spawn_link(process.exit, "early")
    await settle()

    process.unlink(pid)

    assert await process.receive(("EXIT", pid, ...), timeout=0) == Exit(pid, "early")


# ---- L5


@on_virtual_clock
async def test_l5_a_death_ends_the_partner_with_the_same_reason() -> None:
    """L5: and the partner's partner, in sequence."""
    last, last_ref = process.spawn_monitor(sleeper)
    middle, middle_ref = process.spawn_monitor(_linked_to, last)
    first, first_ref = process.spawn_monitor(_linked_to, middle)
    await settle()

    process.exit(first, ("a", "reason"))

    reasons = [await down_of(ref) for ref in (first_ref, middle_ref, last_ref)]
    assert reasons == [("a", "reason")] * 3


@on_virtual_clock
async def test_l5_a_normal_death_only_removes_the_link() -> None:
    """L5: partners that do not trap live on."""
    pid = process.spawn(process.receive)
    other, ref = process.spawn_monitor(_linked_to, pid)
    await settle()

    process.send(pid, "end")
    await settle()

    assert process.alive(other)
    assert process.info(other, "links") == []
    process.exit(other, "kill")
    await down_of(ref)


@pytest.mark.parametrize("reason", ["normal", "boom", "kill"])
@on_virtual_clock
async def test_l5_a_trapping_partner_is_told_and_lives(reason: str) -> None:
    """L5, X1 row 3: 'normal' as well."""
    process.flag(trap_exit=True)

    pid = process.spawn_link(process.exit, reason)

    assert await process.receive(timeout=PATIENCE) == Exit(pid, reason)
    assert process.info(process.self(), "links") == []


@on_virtual_clock
async def test_l5_a_killed_process_tells_its_links_killed() -> None:
    """L5, X3."""
    process.flag(trap_exit=True)
    pid = process.spawn_link(sleeper)

    process.exit(pid, "kill")

    assert await process.receive(timeout=PATIENCE) == Exit(pid, "killed")


@on_virtual_clock
async def test_l5_a_ring_of_links_dies_once() -> None:
    """L5: each dies of the first signal that reaches it."""
    pids = [process.spawn(sleeper) for _ in range(10)]
    refs = [process.monitor(pid) for pid in pids]
    for one, next_one in zip(pids, pids[1:] + pids[:1], strict=True):
        process.spawn(_link_two, one, next_one)
    await settle()

    process.exit(pids[3], "round")

    assert [await down_of(ref) for ref in refs] == ["round"] * 10


async def _link_two(one: Pid, other: Pid) -> None:
    """Links two others through a third: one dies, all die."""
    process.link(one)
    process.link(other)
    await process.sleep(None)


# ---- L6


@on_virtual_clock
async def test_l6_link_and_unlink_many_times_leaves_what_was_last() -> None:
    """L6: no state is left over from earlier links of the pair."""
    process.flag(trap_exit=True)
    pid = process.spawn(sleeper)
    for _ in range(100):
        process.link(pid)
        process.unlink(pid)

    process.exit(pid, "boom")
    await settle()

    assert process.flush() == []


@on_virtual_clock
async def test_l6_a_link_crossing_an_unlink_is_the_later_one() -> None:
    """L6: signals of both sides take effect in the order in which they were sent."""
    parent = process.self()
    process.flag(trap_exit=True)

    async def child() -> None:
        await process.receive("link again")
        process.link(parent)
        process.exit("boom")

    pid = process.spawn_link(child)
    process.unlink(pid)
    process.send(pid, "link again")

    assert await process.receive(timeout=PATIENCE) == Exit(pid, "boom")


# ---- L7


@on_virtual_clock
async def test_l7_every_partner_is_told_in_some_order() -> None:
    """L7: the order is not promised, the telling is."""
    process.flag(trap_exit=True)

    async def hub() -> None:
        spokes = [process.spawn_link(sleeper) for _ in range(20)]
        process.send(parent, ("spokes", spokes))
        await process.receive("end")
        process.exit("hub")

    parent = process.self()
    pid = process.spawn(hub)
    _, spokes = await process.receive(("spokes", ...), timeout=PATIENCE)
    refs = [process.monitor(spoke) for spoke in spokes]

    process.send(pid, "end")

    assert {await down_of(ref) for ref in refs} == {"hub"}


@on_virtual_clock
async def test_l7_link_and_monitor_both_tell() -> None:
    """L7: whoever links and monitors gets both."""
    process.flag(trap_exit=True)

    pid, ref = process.spawn_opt(process.exit, "bye", link=True, monitor=True)

    await process.receive(Exit, timeout=PATIENCE)
    assert await down_of(ref) == "bye"
    assert process.info(pid) is None
