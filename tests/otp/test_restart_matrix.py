"""The restart table of the supervisor manual: restart x exit reason x strategy (S5, S6)."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.otp import ChildInfo, ChildSpec, Supervisor, gen_server
from beamish.terms import Pid

from .support import Worker, down, on_real_clock, started

STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")
RESTARTS = ("permanent", "transient", "temporary")
REASONS: dict[str, Any] = {
    "normal": "normal",
    "shutdown": "shutdown",
    "shutdown_term": ("shutdown", "done"),
    "abnormal": "boom",
    "odd": ("shutdown", 1, 2),
    "error": ValueError("boom"),
    "killed": "killed",
}
EXPECTED = ("normal", "shutdown", "shutdown_term")

# Who starts again when b ends and is restarted.
GROUPS = {
    "one_for_one": ["b"],
    "one_for_all": ["a", "b", "c"],
    "rest_for_one": ["b", "c"],
}


def is_restarted(restart: str, reason: str) -> bool:
    """The manual's table."""
    return restart == "permanent" or (restart == "transient" and reason not in EXPECTED)


async def end(pid: Pid, reason: Any) -> None:
    """Makes a worker end with a reason, by its own doing where it can, and waits for it."""
    ref = process.monitor(pid)
    if isinstance(reason, ValueError):
        gen_server.cast(pid, ("raise", reason))
    elif reason == "killed":
        process.exit(pid, "kill")
    else:
        gen_server.cast(pid, ("exit", reason))
    await down(ref)


async def three(strategy: Any, restart: Any) -> tuple[Pid, dict[Any, Any]]:
    """A supervisor with the workers a, b, c, of which b has this restart type; and their pids."""
    kinds: dict[str, Any] = {"a": "permanent", "b": restart, "c": "permanent"}
    children = [
        ChildSpec(name, (Worker.start_link, (process.self(), name)), restart=kind)
        for name, kind in kinds.items()
    ]
    sup = await Supervisor.start_link(children, strategy=strategy)
    return sup, await pids_of(sup)


async def pids_of(sup: Pid) -> dict[Any, Any]:
    return {info.id: info.pid for info in await Supervisor.which_children(sup)}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("restart", RESTARTS)
@pytest.mark.parametrize("reason", REASONS)
def test_a_child_that_ends_is_restarted_as_the_table_says(
    strategy: str, restart: str, reason: str
) -> None:
    @on_real_clock
    async def test() -> None:
        sup, before = await three(strategy, restart)
        assert started() == ["a", "b", "c"]

        await end(before["b"], REASONS[reason])
        after = await pids_of(sup)

        if is_restarted(restart, reason):
            assert started() == GROUPS[strategy]
            changed = [name for name in before if before[name] is not after[name]]
            assert sorted(changed) == GROUPS[strategy]
        else:
            assert started() == []
            del before["b"]
            kept = after.pop("b", "gone")
            assert kept == ("gone" if restart == "temporary" else None)
            assert after == before

    test()


@pytest.mark.parametrize(
    ("strategy", "stopped"), [("one_for_all", ["c", "a"]), ("rest_for_one", ["c"])]
)
def test_siblings_are_stopped_last_first(strategy: Any, stopped: list[str]) -> None:
    @on_real_clock
    async def test() -> None:
        me = process.self()
        children = [
            ChildSpec(name, (Worker.start_link, (me, name), {"trap": True})) for name in "abc"
        ]
        sup = await Supervisor.start_link(children, strategy=strategy)
        pids = await pids_of(sup)
        process.flush()

        await end(pids["b"], "killed")
        await Supervisor.which_children(sup)

        told = [message[:2] for message in process.flush()]
        assert told == [
            *(("terminated", name) for name in stopped),
            *(("started", name) for name in GROUPS[strategy]),
        ]

    test()


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
def test_a_temporary_sibling_that_is_stopped_is_not_started_again(strategy: Any) -> None:
    @on_real_clock
    async def test() -> None:
        me = process.self()
        children = [
            ChildSpec("a", (Worker.start_link, (me, "a"))),
            ChildSpec("t", (Worker.start_link, (me, "t")), restart="temporary"),
        ]
        sup = await Supervisor.start_link(children, strategy=strategy)
        pids = await pids_of(sup)
        started()

        await end(pids["a"], "boom")

        assert list(await pids_of(sup)) == ["a"]
        assert started() == ["a"]

    test()


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
def test_a_sibling_that_did_not_run_is_started_with_the_others(strategy: Any) -> None:
    @on_real_clock
    async def test() -> None:
        sup, pids = await three(strategy, "permanent")
        await Supervisor.terminate_child(sup, "c")
        started()

        await end(pids["b"], "boom")

        assert isinstance((await pids_of(sup))["c"], Pid)

    test()


@on_real_clock
async def test_a_restarted_child_keeps_its_place_in_the_order() -> None:
    sup, pids = await three("one_for_one", "permanent")

    await end(pids["a"], "boom")

    assert [info.id for info in await Supervisor.which_children(sup)] == ["c", "b", "a"]


@on_real_clock
async def test_the_end_of_a_process_that_is_no_child_is_ignored() -> None:
    sup, before = await three("one_for_all", "permanent")
    stranger = process.spawn(lambda: process.link(sup))
    await down(process.monitor(stranger))

    assert await pids_of(sup) == before


@on_real_clock
async def test_which_children_lists_the_last_started_first() -> None:
    sup, pids = await three("one_for_one", "permanent")

    assert await Supervisor.which_children(sup) == [
        ChildInfo(name, pids[name], "worker", ("Worker",)) for name in ("c", "b", "a")
    ]
