"""The links and monitors of a process, as they are kept."""

from __future__ import annotations

from beamish import Down, behaviour, process
from beamish.process import receive
from beamish.runtime.ties import tie, tied, untie
from beamish.terms import Pid

from .harness import on_virtual_clock


async def wait() -> None:
    await receive()


def test_the_only_link_is_kept_without_a_dict() -> None:
    pid = Pid()

    assert tie(None, pid) is pid
    assert list(tied(pid)) == [pid]
    assert untie(pid, pid) is None


def test_links_are_told_in_the_order_in_which_they_were_made() -> None:
    pids = [Pid(), Pid(), Pid()]

    links = tie(tie(tie(None, pids[0]), pids[1]), pids[2])

    assert list(tied(links)) == pids
    assert list(tied(untie(links, pids[1]))) == [pids[0], pids[2]]


def test_taking_away_what_is_not_there_changes_nothing() -> None:
    one, other = Pid(), Pid()

    assert untie(None, one) is None
    assert untie(one, other) is one
    assert list(tied(untie(tie(tie(None, one), other), Pid()))) == [one, other]


@on_virtual_clock
async def test_both_sides_of_a_monitor_know_it_until_it_ends() -> None:
    me = process.self()
    pid = process.spawn(wait)
    refs = [process.monitor(pid), process.monitor(pid)]
    assert process.info(me, "monitors") == [pid, pid]
    assert process.info(pid, "monitored_by") == [me, me]

    process.demonitor(refs[0])

    assert process.info(me, "monitors") == [pid]
    assert process.info(pid, "monitored_by") == [me]
    process.exit(pid, "kill")
    assert await receive() == Down(refs[1], "process", pid, "killed")
    assert process.info(me, "monitors") == []


@on_virtual_clock
async def test_a_watcher_that_has_died_is_known_to_nobody() -> None:
    pid = process.spawn(wait)

    async def watch() -> None:
        process.monitor(pid)

    _, ref = process.spawn_monitor(watch)
    await receive(("DOWN", ref, ..., ..., ...))

    assert process.info(pid, "monitored_by") == []
    process.exit(pid, "kill")


@on_virtual_clock
async def test_a_monitor_is_active_for_its_maker_alone() -> None:
    pid, ref = process.spawn_monitor(wait)
    me = process.self()

    async def ask() -> None:
        process.send(me, behaviour.monitoring(ref))

    process.spawn(ask)

    assert await receive(bool) is False
    assert behaviour.monitoring(ref)
    process.exit(pid, "kill")
    await receive(Down)
    assert not behaviour.monitoring(ref)
