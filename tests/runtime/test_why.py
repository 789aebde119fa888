"""process.why: who ended whom, and why."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from beamish import process
from beamish.otp import ChildSpec, DynamicSupervisor, Supervisor, gen_server
from beamish.runtime.journal import SIZE, Death, Why
from beamish.terms import Pid
from tests.otp.support import Worker, down, ended_by, on_real_clock, reason_of


async def for_ever() -> None:
    await process.receive("never")


def fails() -> None:
    raise ValueError("boom")


def known(pid: Pid) -> Why:
    why = process.why(pid)
    assert why is not None
    return why


@on_real_clock
async def test_nothing_is_told_of_who_lives() -> None:
    assert process.why(process.self()) is None


@on_real_clock
async def test_nothing_is_told_of_a_normal_end() -> None:
    pid, ref = process.spawn_monitor(lambda: None)
    await down(ref)

    assert process.why(pid) is None


@pytest.mark.parametrize("ends", [fails, lambda: process.exit("boom")])
def test_a_process_that_fails_has_ended_by_itself(ends: Callable[[], None]) -> None:
    @on_real_clock
    async def test() -> None:
        pid, ref = process.spawn_monitor(ends)
        reason = await down(ref)

        assert known(pid) == (Death(pid, reason, "itself"),)

    test()


@pytest.mark.parametrize(("signal", "reason"), [("boom", "boom"), ("kill", "killed")])
def test_an_exit_signal_tells_who_sent_it(signal: str, reason: str) -> None:
    @on_real_clock
    async def test() -> None:
        pid = process.spawn(for_ever)
        await ended_by(pid, signal)

        assert known(pid) == (Death(pid, reason, "signal", process.self()),)

    test()


@on_real_clock
async def test_the_first_of_two_signals_is_the_cause() -> None:
    pid = process.spawn(for_ever)

    process.exit(pid, "first")
    await ended_by(pid, "second")

    assert known(pid).root.reason == "first"


@on_real_clock
async def test_links_lead_to_the_process_that_failed() -> None:
    async def linked(depth: int) -> None:
        process.send(home, process.self())
        if depth:
            process.spawn_link(linked, depth - 1)
            await for_ever()
        fails()

    home = process.self()
    first = process.spawn(linked, 2)
    reason = await reason_of(first)
    one, two, three = process.flush()

    assert known(first) == (
        Death(one, reason, "link", two),
        Death(two, reason, "link", three),
        Death(three, reason, "itself"),
    )
    assert known(first).root.pid is three


def worker(name: str, **fields: Any) -> ChildSpec:
    return ChildSpec(name, (Worker.start_link, (process.self(), name)), **fields)


async def pids_of(sup: Any) -> dict[Any, Any]:
    return {info.id: info.pid for info in await Supervisor.which_children(sup)}


@on_real_clock
async def test_a_sibling_was_stopped_by_the_supervisor_because_of_the_one_that_failed() -> None:
    sup = await Supervisor.start_link([worker("a"), worker("b")], strategy="one_for_all")
    pids = await pids_of(sup)
    ref = process.monitor(pids["b"])

    gen_server.cast(pids["a"], ("raise", ValueError("boom")))
    await down(ref)

    sibling, failed = known(pids["b"])
    assert sibling == Death(pids["b"], "shutdown", "signal", sup, pids["a"])
    assert (failed.pid, failed.how) == (pids["a"], "itself")
    assert isinstance(failed.reason, ValueError)


@on_real_clock
async def test_a_child_stopped_on_request_later_is_not_put_down_to_an_old_failure() -> None:
    sup = await Supervisor.start_link([worker("a"), worker("b")], strategy="one_for_all")
    await ended_by((await pids_of(sup))["a"], "kill")
    pid = (await pids_of(sup))["b"]

    await Supervisor.terminate_child(sup, "b")

    assert known(pid) == (Death(pid, "shutdown", "signal", sup),)


@pytest.mark.parametrize("supervisor", [Supervisor, DynamicSupervisor])
def test_a_supervisor_that_gives_up_tells_which_child_was_too_much(supervisor: Any) -> None:
    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        if supervisor is Supervisor:
            sup = await Supervisor.start_link([worker("a"), worker("b")], max_restarts=0)
            pids = await pids_of(sup)
            one, other = pids["a"], pids["b"]
        else:
            sup = await DynamicSupervisor.start_link(max_restarts=0)
            one, other = [await DynamicSupervisor.start_child(sup, worker(n)) for n in "ab"]
        ref = process.monitor(sup)
        process.exit(one, "boom")
        await down(ref)

        failed = Death(one, "boom", "signal", process.self())
        assert known(sup) == (Death(sup, "shutdown", "itself", None, one), failed)
        assert known(other) == (Death(other, "shutdown", "signal", sup, one), failed)

    test()


@on_real_clock
async def test_a_server_that_ends_with_its_parent_tells_so() -> None:
    async def parent() -> None:
        process.send(home, await Worker.start_link(home, "a", trap=True))
        await process.receive("go")
        process.exit("boom")

    home = process.self()
    pid = process.spawn(parent)
    server = await process.receive(Pid)
    ref = process.monitor(server)
    process.send(pid, "go")
    await down(ref)

    assert [death.pid for death in known(server)] == [server, pid]


@on_real_clock
async def test_it_prints_as_lines_to_be_read() -> None:
    sup = await Supervisor.start_link(
        [worker("a"), worker("b")], strategy="rest_for_one", name="App.Supervisor"
    )
    pids = await pids_of(sup)
    ref = process.monitor(pids["b"])

    gen_server.cast(pids["a"], ("exit", "boom"))
    await down(ref)

    assert str(known(pids["b"])) == (
        f"{pids['b']!r} was sent an exit signal by {sup!r} (App.Supervisor): shutdown\n"
        f"  because {pids['a']!r} ended by itself: boom"
    )


@on_real_clock
async def test_a_chain_longer_than_the_journal_is_told_as_far_as_it_is_known() -> None:
    async def linked(depth: int) -> None:
        if depth:
            process.spawn_link(linked, depth - 1)
            await for_ever()
        process.exit("boom")

    pid, ref = process.spawn_monitor(linked, 2 * SIZE)
    await down(ref)

    assert len(known(pid)) == SIZE
    assert len(str(known(pid)).splitlines()) == SIZE


@on_real_clock
async def test_the_journal_keeps_no_frames_of_a_failed_task_alive() -> None:
    class Big:
        pass

    async def fails(big: Big) -> None:
        raise ValueError("boom")

    async def linked(task: asyncio.Task[None]) -> None:
        process.link(task)
        await for_ever()

    big = Big()
    ref = weakref.ref(big)
    task = asyncio.create_task(fails(big))
    pid = process.spawn(linked, task)
    del big
    await asyncio.wait([task])
    await reason_of(pid)
    assert isinstance(task.exception(), ValueError)
    del task
    gc.collect()

    assert ref() is None
    assert [death.reason[0] for death in known(pid)] == ["badarg", "badarg"]


@on_real_clock
async def test_old_deaths_are_forgotten() -> None:
    pid, ref = process.spawn_monitor(process.exit, "boom")
    await down(ref)
    for _ in range(SIZE):
        await reason_of(process.spawn(process.exit, "boom"))

    assert process.why(pid) is None


def test_a_new_node_knows_nothing_of_the_last_one() -> None:
    seen: list[Pid] = []

    async def one() -> None:
        pid, ref = process.spawn_monitor(process.exit, "boom")
        await down(ref)
        seen.append(pid)

    async def two() -> None:
        assert process.why(seen[0]) is None

    nodes: list[Callable[[], Awaitable[None]]] = [one, two]
    for main in nodes:
        on_real_clock(main)()


# ---- where


async def calls_nobody() -> None:
    await gen_server.call("nobody", "x")


async def in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(calls_nobody())


@pytest.mark.parametrize("fn", [calls_nobody, in_a_group])
@on_real_clock
async def test_a_failed_call_is_shown_with_the_line_that_made_it(fn: Any) -> None:
    pid, ref = process.spawn_monitor(fn)
    await down(ref)

    [death] = known(pid)

    assert death.how == "itself"
    assert death.reason[0] == "noproc"
    assert death.where is not None
    assert death.where.splitlines()[-1].endswith("in calls_nobody")
    assert str(death) == (
        f"{pid!r} ended by itself: gen_server.call('nobody', 'x') failed: noproc\n    "
        + death.where.replace("\n", "\n    ")
    )


@on_real_clock
async def test_an_exit_signal_and_an_exit_of_its_own_have_no_line() -> None:
    pid, ref = process.spawn_monitor(process.exit, "bye")
    await down(ref)

    assert known(pid)[0].where is None


@on_real_clock
async def test_where_is_the_innermost_lines_of_a_deep_stack() -> None:
    def deep(levels: int) -> None:
        if levels:
            deep(levels - 1)
        raise ValueError

    pid, ref = process.spawn_monitor(deep, 200)
    await down(ref)

    assert len(str(known(pid)[0].where).splitlines()) == 8
