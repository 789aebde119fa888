"""Rules M1 to M6 and M8: monitors (their aliases, M7: test_aliases.py)."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import Atom, BadArgError, Down, Pid, process

from .harness import PATIENCE, down_of, ended, on_virtual_clock, settle, sleeper, watched_end

# ---- M1


@on_virtual_clock
async def test_m1_every_call_makes_one_more_monitor() -> None:
    """M1: five monitors, five messages, each with its own reference."""
    pid = process.spawn(sleeper)
    refs = [process.monitor(pid) for _ in range(5)]
    assert len(set(refs)) == 5

    process.exit(pid, "boom")
    await settle()

    assert process.flush() == [Down(ref, "process", pid, "boom") for ref in refs]


@on_virtual_clock
async def test_m1_a_monitor_is_one_way() -> None:
    """M1: seen as a monitor by the one, as being monitored by the other."""
    pid = process.spawn(sleeper)

    process.monitor(pid)

    assert process.info(process.self(), "monitors") == [pid]
    assert process.info(process.self(), "monitored_by") == []
    assert process.info(pid, "monitors") == []
    assert process.info(pid, "monitored_by") == [process.self()]


# ---- M2


@pytest.mark.parametrize("reason", ["normal", "shutdown", "kill", ("a", 1), None])
@on_virtual_clock
async def test_m2_the_message_carries_the_reason(reason: Any) -> None:
    """M2: {'DOWN', Ref, process, Pid, Reason}."""
    pid, ref = process.spawn_monitor(process.exit, reason)

    down = await process.receive(timeout=PATIENCE)

    assert down == ("DOWN", ref, "process", pid, reason)
    assert isinstance(down, Down)
    assert (down.ref, down.kind, down.pid, down.reason) == (ref, "process", pid, reason)


@on_virtual_clock
async def test_m2_a_monitor_is_gone_after_its_message() -> None:
    """M2."""
    _, ref = process.spawn_monitor(process.exit, "boom")
    await down_of(ref)

    assert process.info(process.self(), "monitors") == []
    assert process.demonitor(ref, info=True) is False


@on_virtual_clock
async def test_m2_the_words_of_the_message_are_atoms() -> None:
    """M2, V3: as on the wire."""
    process.spawn_monitor(lambda: None)

    down = await process.receive(timeout=PATIENCE)

    assert [type(down[index]) for index in (0, 2, 4)] == [Atom, Atom, Atom]


# ---- M3


@on_virtual_clock
async def test_m3_monitoring_the_dead_gives_noproc_at_once() -> None:
    """M3: never raises."""
    pid = await ended()

    ref = process.monitor(pid)

    assert process.flush() == [Down(ref, "process", pid, "noproc")]


@on_virtual_clock
async def test_m3_monitoring_one_that_was_just_told_to_end_gives_noproc() -> None:
    """M3, R2: the exit signal came first."""
    pid = process.spawn(sleeper)

    process.exit(pid, "kill")

    assert await down_of(process.monitor(pid)) == "noproc"


@on_virtual_clock
async def test_m3_monitoring_oneself_makes_no_monitor() -> None:
    """M3: a ref, no monitor, no message."""
    parent = process.self()

    async def child() -> None:
        ref = process.monitor(process.self())
        process.send(parent, (process.info(process.self(), "monitors"), process.demonitor(ref)))

    process.spawn(child)

    assert await process.receive(timeout=PATIENCE) == ([], True)


# ---- M4


@on_virtual_clock
async def test_m4_a_monitor_by_name_tells_name_and_node() -> None:
    """M4: {Name, Node} instead of the pid."""
    pid = process.spawn_opt(sleeper, name="worker")

    ref = process.monitor("worker")
    process.exit(pid, "boom")

    down = await process.receive(timeout=PATIENCE)
    assert down == Down(ref, "process", ("worker", "nonode@nohost"), "boom")
    assert process.info(process.self(), "monitors") == []


@on_virtual_clock
async def test_m4_a_monitor_by_name_and_node_works_alike() -> None:
    """M4."""
    pid = process.spawn_opt(sleeper, name="worker")

    ref = process.monitor(("worker", pid.node))
    assert process.info(process.self(), "monitors") == [("worker", pid.node)]
    process.exit(pid, "boom")

    assert await down_of(ref) == "boom"


@pytest.mark.parametrize("dest", ["nobody", ("nobody", "nonode@nohost")])
@on_virtual_clock
async def test_m4_an_unknown_name_gives_noproc_with_the_name(dest: Any) -> None:
    """M4: also for noproc."""
    ref = process.monitor(dest)

    assert process.flush() == [Down(ref, "process", ("nobody", "nonode@nohost"), "noproc")]


@on_virtual_clock
async def test_m4_a_monitor_follows_the_process_and_not_the_name() -> None:
    """M4: the process registered at that moment."""
    old, new = process.spawn(sleeper), process.spawn(sleeper)
    process.register("worker", old)
    ref = process.monitor("worker")
    process.unregister("worker")
    process.register("worker", new)

    process.exit(new, "kill")
    await settle()
    assert process.flush() == []

    process.exit(old, "boom")
    assert await down_of(ref) == "boom"


@on_virtual_clock
async def test_m4_a_monitor_by_ones_own_name_makes_no_monitor() -> None:
    """M4, M3."""
    process.register("me", process.self())

    process.monitor("me")

    assert process.info(process.self(), "monitors") == []
    assert process.flush() == []


@pytest.mark.parametrize("dest", [None, 42, (), ("name",), ("name", 1), ["name"]])
@on_virtual_clock
async def test_m4_a_monitor_of_anything_else_is_badarg(dest: Any) -> None:
    """M4."""
    with pytest.raises(BadArgError, match="monitor: expected a Pid"):
        process.monitor(dest)


# ---- M5


@on_virtual_clock
async def test_m5_demonitor_ends_the_monitor() -> None:
    """M5."""
    pid, ref = process.spawn_monitor(sleeper)

    assert process.demonitor(ref) is True

    assert process.info(process.self(), "monitors") == []
    assert process.info(pid, "monitored_by") == []
    process.exit(pid, "kill")
    await settle()
    assert process.flush() == []


@on_virtual_clock
async def test_m5_demonitor_is_true_for_any_reference() -> None:
    """M5: unknown, already used or foreign."""
    parent = process.self()
    target = process.spawn(sleeper)
    process.spawn(lambda: process.send(parent, process.monitor(target)))
    foreign = await process.receive(timeout=PATIENCE)
    _, used = process.spawn_monitor(lambda: None)
    await down_of(used)

    assert [process.demonitor(ref) for ref in (process.make_ref(), used, foreign)] == [True] * 3


@on_virtual_clock
async def test_m5_demonitor_leaves_the_monitors_of_others() -> None:
    """M5: a foreign reference is nobody's business."""
    parent = process.self()

    async def watcher(target: Pid) -> None:
        ref = process.monitor(target)
        process.send(parent, ref)
        await process.receive(Down)

    target = process.spawn(sleeper)
    _, end = process.spawn_monitor(watcher, target)
    foreign = await process.receive(timeout=PATIENCE)

    assert process.demonitor(foreign, info=True) is False
    process.exit(target, "kill")

    assert await down_of(end) == "normal"


@pytest.mark.parametrize("thing", [None, 42, "ref"])
@on_virtual_clock
async def test_m5_demonitor_of_what_is_no_reference_is_badarg(thing: Any) -> None:
    """M5."""
    with pytest.raises(BadArgError, match="demonitor takes a Ref"):
        process.demonitor(thing)


@on_virtual_clock
async def test_m5_demonitor_leaves_a_message_that_is_there() -> None:
    """M5."""
    pid, ref = process.spawn_monitor(process.exit, "boom")
    await settle()

    process.demonitor(ref)

    assert process.flush() == [Down(ref, "process", pid, "boom")]


@on_virtual_clock
async def test_m5_flush_removes_the_message_and_no_other() -> None:
    """M5: demonitor(Ref, [flush])."""
    pid, ref = process.spawn_monitor(process.exit, "boom")
    other = process.monitor(pid)
    process.send(process.self(), "first")
    await settle()

    assert process.demonitor(ref, flush=True) is True

    assert process.flush() == ["first", Down(other, "process", pid, "boom")]


@on_virtual_clock
async def test_m5_flush_removes_a_message_with_a_tag() -> None:
    """M5: whatever stands for DOWN."""
    ref = process.monitor(await ended(), tag=("my", "tag"))

    process.demonitor(ref, flush=True)

    assert process.flush() == []


@pytest.mark.parametrize("flush", [False, True])
@on_virtual_clock
async def test_m5_info_tells_whether_the_monitor_was_there(flush: bool) -> None:
    """M5: true if a live monitor was removed; false if the DOWN was delivered already."""
    live_pid, live = process.spawn_monitor(sleeper)
    _, used = process.spawn_monitor(lambda: None)
    await settle()

    assert process.demonitor(live, flush=flush, info=True) is True
    assert process.demonitor(live, flush=flush, info=True) is False
    assert process.demonitor(used, flush=flush, info=True) is False
    assert process.alive(live_pid)


# ---- M6


@on_virtual_clock
async def test_m6_the_death_of_the_watcher_does_not_matter_to_the_watched() -> None:
    """M6."""
    pid = process.spawn(sleeper)

    await watched_end(process.monitor, pid)

    assert process.alive(pid)
    assert process.info(pid, "monitored_by") == []


# ---- tags


@on_virtual_clock
async def test_m8_a_tag_stands_for_down_in_the_message() -> None:
    """M8: erlang:monitor/3, {tag, Term}."""
    pid = process.spawn(sleeper)
    ref = process.monitor(pid, tag=("gone", 1))

    process.exit(pid, "boom")

    assert await process.receive(timeout=PATIENCE) == (("gone", 1), ref, "process", pid, "boom")
