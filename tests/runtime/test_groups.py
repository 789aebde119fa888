"""Group leaders: who is in whose group."""

from __future__ import annotations

import asyncio

import pytest

from beamish import NotRunningError, Pid, process
from tests.runtime.harness import PATIENCE, on_virtual_clock, sleeper


async def lead(inbox: Pid) -> None:
    """Leads a group of its own, with a child that tells of its leader, and a grandchild."""
    process.set_group_leader(process.self())
    process.send(inbox, process.spawn(sleeper))
    process.spawn(process.spawn, tell_leader, inbox)
    await sleeper()


def tell_leader(inbox: Pid) -> None:
    process.send(inbox, ("leader", process.group_leader()))


@on_virtual_clock
async def test_a_process_is_in_no_group_at_first() -> None:
    assert process.group_leader() is None
    assert process.info(process.spawn(sleeper), "group_leader") is None


@on_virtual_clock
async def test_a_process_is_in_the_group_of_its_spawner() -> None:
    leader = process.spawn(lead, process.self())

    child = await process.receive(Pid, timeout=PATIENCE)

    assert process.info(child, "group_leader") is leader
    assert await process.receive(("leader", ...), timeout=PATIENCE) == ("leader", leader)
    assert process.group_leader() is None


@on_virtual_clock
async def test_a_group_can_be_left() -> None:
    process.set_group_leader(process.self())
    process.set_group_leader(None)

    assert process.info(process.spawn(sleeper), "group_leader") is None


@on_virtual_clock
async def test_the_tasks_of_a_process_are_in_its_group() -> None:
    process.set_group_leader(process.self())

    async def look() -> Pid | None:
        return process.group_leader()

    assert await asyncio.create_task(look()) is process.self()


def test_outside_of_a_node_there_are_no_groups() -> None:
    with pytest.raises(NotRunningError):
        process.set_group_leader(None)
