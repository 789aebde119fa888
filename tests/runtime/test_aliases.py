"""Rule M7, and process.alias: references that are addresses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from beamish import BadArgError, Down, Pid, Ref, behaviour, process

from .harness import PATIENCE, down_of, ended, on_virtual_clock, settle, sleeper

# ---- M7: monitor(..., alias=...)


async def _replies(ref: Ref, *answers: Any) -> None:
    for answer in answers:
        process.send(ref, (ref, answer))


@on_virtual_clock
async def test_m7_the_first_reply_removes_monitor_and_alias() -> None:
    """M7: two replies -> one message, no DOWN."""
    pid = process.spawn(sleeper)
    ref = process.monitor(pid, alias="reply_demonitor")

    process.spawn(_replies, ref, "one", "two")
    assert await process.receive(timeout=PATIENCE) == (ref, "one")
    process.exit(pid, "kill")
    await settle()

    assert process.flush() == []
    assert process.info(process.self(), "monitors") == []


@on_virtual_clock
async def test_m7_a_reply_after_the_down_is_dropped() -> None:
    """M7: the DOWN ends the alias too."""
    pid = process.spawn(sleeper)
    ref = process.monitor(pid, alias="reply_demonitor")
    process.exit(pid, "boom")
    assert await down_of(ref) == "boom"

    process.send(ref, (ref, "late"))

    assert process.flush() == []


@on_virtual_clock
async def test_m7_a_reply_after_demonitor_is_dropped() -> None:
    """M7: how a call that timed out is made safe."""
    ref = process.monitor(process.spawn(sleeper), alias="reply_demonitor")

    process.demonitor(ref, flush=True)
    process.send(ref, (ref, "late"))

    assert process.flush() == []


@on_virtual_clock
async def test_m7_monitoring_the_dead_leaves_no_alias() -> None:
    """M7, M3."""
    pid = await ended()
    ref = process.monitor(pid, alias="reply_demonitor")

    process.send(ref, (ref, "late"))

    assert process.flush() == [Down(ref, "process", pid, "noproc")]


@on_virtual_clock
async def test_m7_an_alias_of_kind_demonitor_takes_many_messages() -> None:
    """M7: until demonitor or the DOWN."""
    pid = process.spawn(sleeper)
    ref = process.monitor(pid, alias="demonitor")

    process.send(ref, 1)
    process.send(ref, 2)
    process.exit(pid, "boom")
    await settle()
    process.send(ref, 3)

    assert process.flush() == [1, 2, Down(ref, "process", pid, "boom")]


@on_virtual_clock
async def test_m7_an_alias_of_kind_explicit_unalias_outlives_its_monitor() -> None:
    """M7: until unalias."""
    pid = process.spawn(sleeper)
    ref = process.monitor(pid, alias="explicit_unalias")
    process.demonitor(ref)

    process.send(ref, 1)
    assert process.unalias(ref) is True
    process.send(ref, 2)

    assert process.flush() == [1]


@pytest.mark.parametrize("kind", ["explicit_unalias", "demonitor", "reply_demonitor"])
@on_virtual_clock
async def test_m7_unalias_ends_the_alias_and_leaves_the_monitor(kind: str) -> None:
    """M7: the two are ended apart from each other."""
    pid = process.spawn(sleeper)
    ref = process.monitor(pid, alias=kind)

    assert process.unalias(ref) is True
    assert process.unalias(ref) is False
    process.send(ref, "dropped")
    process.exit(pid, "boom")

    assert await process.receive(timeout=PATIENCE) == Down(ref, "process", pid, "boom")


@on_virtual_clock
async def test_m7_a_plain_monitor_is_no_address() -> None:
    """M7: a message to it is dropped."""
    _, ref = process.spawn_monitor(sleeper)

    assert process.send(ref, "dropped") == "dropped"

    assert process.flush() == []


@pytest.mark.parametrize("kind", ["sometimes", True, 1, ""])
@on_virtual_clock
async def test_m7_an_unknown_kind_is_badarg(kind: Any) -> None:
    """M7."""
    with pytest.raises(BadArgError, match="alias: expected None or one of"):
        process.monitor(process.self(), alias=kind)


# ---- alias/1


@on_virtual_clock
async def test_an_alias_is_an_address_until_unalias() -> None:
    alias = process.alias()

    process.send(alias, 1)
    process.send(alias, 2)
    assert process.unalias(alias) is True
    process.send(alias, 3)

    assert process.flush() == [1, 2]


@on_virtual_clock
async def test_a_reply_alias_takes_one_message() -> None:
    alias = process.alias(reply=True)

    process.send(alias, 1)
    process.send(alias, 2)

    assert process.flush() == [1]
    assert process.unalias(alias) is False


@on_virtual_clock
async def test_an_alias_is_ended_by_its_maker_only() -> None:
    """To unalias a foreign alias is false and changes nothing."""
    alias = process.alias()
    parent = process.self()

    process.spawn(lambda: process.send(parent, process.unalias(alias)))
    assert await process.receive(timeout=PATIENCE) is False

    process.send(alias, "still there")
    assert process.flush() == ["still there"]


@on_virtual_clock
async def test_an_alias_ends_with_its_process() -> None:
    parent = process.self()

    async def child() -> None:
        process.send(parent, process.alias())

    pid, ref = process.spawn_monitor(child)
    alias = await process.receive(Ref, timeout=PATIENCE)
    await down_of(ref)

    assert process.send(alias, "dropped") == "dropped"
    assert not process.alive(pid)


@on_virtual_clock
async def test_a_message_through_an_alias_wakes_its_process() -> None:
    parent = process.self()

    async def child() -> None:
        process.send(parent, process.alias())
        process.send(parent, await process.receive())

    process.spawn(child)
    alias = await process.receive(Ref, timeout=PATIENCE)
    process.send(alias, "hello")

    assert await process.receive(timeout=PATIENCE) == "hello"


@pytest.mark.parametrize("thing", [None, "ref", 1])
@on_virtual_clock
async def test_unalias_takes_a_reference_only(thing: Any) -> None:
    with pytest.raises(BadArgError, match="unalias takes a Ref"):
        process.unalias(thing)


# ---- receive_reply


async def _server() -> None:
    while True:
        match await process.receive():
            case (Ref() as ref, request):
                process.send(ref, (ref, request))
            case other:
                process.exit(other)


def _ask(server: Pid, request: Any) -> Ref:
    ref = process.monitor(server, alias="reply_demonitor")
    process.send(server, (ref, request))
    return ref


@on_virtual_clock
async def test_receive_reply_takes_the_answer_and_leaves_the_rest() -> None:
    server = process.spawn(_server)
    process.send(process.self(), ("noise", 1))
    ref = _ask(server, "question")

    assert await behaviour.receive_reply(ref, timeout=PATIENCE) == (ref, "question")
    assert process.flush() == [("noise", 1)]


@on_virtual_clock
async def test_receive_reply_takes_the_down() -> None:
    server = process.spawn(_server)
    ref = process.monitor(server, alias="reply_demonitor")
    process.send(server, "die")

    assert await behaviour.receive_reply(ref) == Down(ref, "process", server, "die")


@on_virtual_clock
async def test_receive_reply_takes_an_answer_that_is_there() -> None:
    ref = process.make_ref()
    process.send(process.self(), "noise")
    process.send(process.self(), (ref, 1))
    process.send(process.self(), (ref, 2))

    assert await behaviour.receive_reply(ref) == (ref, 1)
    assert await behaviour.receive_reply(ref, timeout=0) == (ref, 2)
    assert process.flush() == ["noise"]


@pytest.mark.parametrize("timeout", [0, 0.5])
@on_virtual_clock
async def test_receive_reply_times_out(timeout: float) -> None:
    ref = process.make_ref()
    process.send(process.self(), (process.make_ref(), "of another"))

    with pytest.raises(TimeoutError):
        await behaviour.receive_reply(ref, timeout=timeout)


@on_virtual_clock
async def test_receive_reply_with_timeout_0_looks_without_waiting() -> None:
    """For an answer that came too late; nobody else runs meanwhile."""
    log: list[str] = []
    process.spawn(log.append, "another")

    with pytest.raises(TimeoutError):
        await behaviour.receive_reply(process.make_ref(), timeout=0)

    assert log == []


@on_virtual_clock
async def test_receive_reply_works_for_an_adopted_task() -> None:
    """Tasks of the loop receive too; see test_adoption.py."""
    server = process.spawn(_server)

    async def task() -> Any:
        ref = _ask(server, "from a task")
        return (await behaviour.receive_reply(ref, timeout=PATIENCE))[1]

    assert await asyncio.create_task(task()) == "from a task"
