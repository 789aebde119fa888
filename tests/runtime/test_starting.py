from __future__ import annotations

from typing import Any

import pytest

from beamish import Pid, Ref, behaviour, process
from beamish.terms import Down, Exit
from tests.otp.support import on_real_clock, on_virtual_clock

Starter = tuple[Pid, Ref]


async def says(starter: Starter, word: Any) -> None:
    behaviour.acknowledge(starter, word)
    await process.receive("stop")


async def says_nothing(starter: Starter) -> None:
    await process.receive("stop")


async def dies(starter: Starter, reason: Any) -> None:
    process.exit(reason)


@on_real_clock
async def test_a_start_returns_the_word_of_the_process() -> None:
    pid, message, watching = await behaviour.start(says, ("ready",))

    assert message[1] == "ready"
    assert watching is None
    assert process.alive(pid)


@on_real_clock
async def test_a_start_returns_the_down_of_a_process_that_dies_without_a_word() -> None:
    pid, message, _ = await behaviour.start(dies, ("no",))

    assert isinstance(message, Down)
    assert (message.pid, message.reason) == (pid, "no")


@on_real_clock
async def test_a_word_is_taken_once() -> None:
    async def says_twice(starter: Starter) -> None:
        behaviour.acknowledge(starter, "one")
        behaviour.acknowledge(starter, "two")

    _, message, _ = await behaviour.start(says_twice, ())

    assert message[1] == "one"
    assert process.flush() == []


@on_real_clock
async def test_a_started_process_is_not_monitored_any_more() -> None:
    pid, _, _ = await behaviour.start(says, ("ready",))

    assert process.info(process.self(), "monitors") == []
    assert process.info(pid, "monitored_by") == []


@on_real_clock
async def test_with_watch_a_started_process_is_monitored() -> None:
    pid, _, watching = await behaviour.start(says, ("ready",), watch=True)

    process.send(pid, "stop")
    down = await process.receive(("DOWN", watching, ..., ..., ...))
    assert down[3] is pid


@on_virtual_clock
async def test_a_process_that_says_nothing_in_time_is_gone_when_the_start_raises() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(TimeoutError):
        await behaviour.start(says_nothing, (), link=True, name="late", timeout=1.0)

    assert process.whereis("late") is None
    assert process.flush() == []


@on_real_clock
async def test_a_linked_process_that_dies_without_a_word_leaves_its_exit_to_the_caller() -> None:
    process.flag(trap_exit=True)

    pid, _, _ = await behaviour.start(dies, ("no",), link=True)

    assert process.flush() == [Exit(pid, "no")]


@on_real_clock
async def test_a_process_is_not_ending_before_its_clean_up() -> None:
    me = process.self()

    async def child() -> None:
        process.send(me, behaviour.ending())
        try:
            await process.receive("stop")
        finally:
            process.send(me, behaviour.ending())

    pid = process.spawn(child)
    assert await process.receive(bool) is False
    process.exit(pid, "shutdown")
    assert await process.receive(bool) is True
