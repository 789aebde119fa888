"""Rule F4: asyncio Tasks as processes, linked, watched, sent exit signals, taken for children."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import beamish
from beamish import BadArgError, NoProcError, process
from beamish.process import link, monitor, receive
from beamish.terms import Down, Exit
from tests.otp.support import down, on_real_clock, outcome
from tests.support.clock import VirtualClockLoop


async def for_ever() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    await asyncio.sleep(0)
    raise ValueError("boom")


async def ends() -> str:
    await asyncio.sleep(0)
    return "done"


async def cancelled(task: asyncio.Task[Any]) -> bool:
    await asyncio.wait([task])
    return task.cancelled()


@on_real_clock
async def test_a_monitor_tells_that_a_task_returned() -> None:
    assert await down(monitor(asyncio.create_task(ends()))) == "normal"


@on_real_clock
async def test_a_monitor_tells_what_a_task_raised() -> None:
    task = asyncio.create_task(fails())

    reason = await down(monitor(task))

    assert reason is task.exception()


@on_real_clock
async def test_a_monitor_tells_that_a_task_was_cancelled() -> None:
    task = asyncio.create_task(for_ever())
    ref = monitor(task)

    task.cancel()

    assert await down(ref) == "cancelled"


@on_real_clock
async def test_a_task_that_is_done_is_no_process() -> None:
    task = asyncio.create_task(ends())
    await task

    assert await down(monitor(task)) == "noproc"
    with pytest.raises(NoProcError):
        link(task)


@on_real_clock
async def test_a_link_to_a_task_that_is_done_is_a_message_to_who_traps() -> None:
    process.flag(trap_exit=True)
    task = asyncio.create_task(ends())
    await task

    link(task)

    assert (await receive(Exit)).reason == "noproc"


@on_real_clock
async def test_a_linked_task_that_fails_ends_the_process() -> None:
    async def linked() -> None:
        task = asyncio.create_task(fails())
        link(task)
        try:
            await process.sleep(None)
        finally:
            assert isinstance(task.exception(), ValueError)

    assert isinstance(await outcome(linked), ValueError)


@on_real_clock
async def test_a_process_that_ends_cancels_a_linked_task() -> None:
    task = asyncio.create_task(for_ever())

    async def linked() -> None:
        link(task)
        process.exit("boom")

    await outcome(linked)

    assert await cancelled(task)


@on_real_clock
async def test_the_normal_end_of_a_process_leaves_a_linked_task_alone() -> None:
    task = asyncio.create_task(for_ever())
    await outcome(lambda: link(task))

    assert not task.done()
    task.cancel()


@on_real_clock
async def test_an_unlinked_task_is_left_alone() -> None:
    task = asyncio.create_task(for_ever())

    async def linked() -> None:
        link(task)
        process.unlink(task)
        process.exit("boom")

    await outcome(linked)
    assert not task.cancelling()
    task.cancel()


@pytest.mark.parametrize(("signal", "reason"), [("boom", "boom"), ("kill", "killed")])
def test_an_exit_signal_cancels_a_task(signal: str, reason: str) -> None:
    @on_real_clock
    async def test() -> None:
        task = asyncio.create_task(for_ever())
        ref = monitor(task)
        await asyncio.sleep(0)

        process.exit(task, signal)

        assert await down(ref) == reason
        assert task.cancelled()

    test()


@on_real_clock
async def test_a_process_seen_as_a_task_is_itself() -> None:
    face: Any = asyncio.current_task()
    _, ref = process.spawn_monitor(lambda: monitor(face))

    assert await down(ref) == "normal"
    assert process.link(face)


@pytest.mark.parametrize("operation", [link, process.unlink, monitor])
def test_what_is_no_task_is_refused(operation: Any) -> None:
    @on_real_clock
    async def test() -> None:
        future = asyncio.get_running_loop().create_future()
        for bad in (future, for_ever, 17):
            with pytest.raises(BadArgError):
                operation(bad)

    test()


@on_real_clock
async def test_a_function_is_refused_with_what_starts_one() -> None:
    with pytest.raises(BadArgError, match="spawn_link"):
        process.adopt(for_ever)  # type: ignore[arg-type]


# ---- children


@on_real_clock
async def test_an_adopted_task_has_its_adopter_for_a_parent_and_a_link_to_it() -> None:
    pid = process.adopt(asyncio.create_task(for_ever()))

    assert process.info(pid, "parent") is process.self()
    assert process.info(pid, "links") == [process.self()]
    process.unlink(pid)
    process.exit(pid, "kill")


def test_an_adopted_task_that_fails_writes_one_crash_report(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        task = asyncio.create_task(fails(), name="poller")
        pid = process.adopt(task)
        assert isinstance((await receive(("EXIT", pid, ...)))[2], ValueError)
        del task

    test()

    (record,) = caplog.records
    assert "asyncio.Task poller" in record.getMessage()
    assert "ValueError: boom" in record.getMessage()


def test_an_adopted_task_ends_with_the_node() -> None:
    seen: list[str] = []

    async def serve() -> None:
        try:
            await for_ever()
        finally:
            seen.append("closed")

    async def program() -> None:
        async with beamish.node():
            holder = process.spawn(hold, asyncio.create_task(serve()))
            await asyncio.sleep(0)
            assert process.alive(holder)
        assert seen == ["closed"]

    async def hold(task: asyncio.Task[None]) -> None:
        process.flag(trap_exit=True)
        pid = process.adopt(task)
        await receive(("EXIT", ..., "shutdown"))
        ref = monitor(pid)
        process.exit(pid, "shutdown")
        await receive(Down)
        process.demonitor(ref)

    asyncio.run(program())


def test_a_killed_task_that_swallows_every_cancellation_is_left_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def stubborn(over: asyncio.Event) -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    async def test() -> None:
        over = asyncio.Event()
        task = asyncio.create_task(stubborn(over))
        ref = monitor(task)
        await asyncio.sleep(0)

        process.exit(task, "kill")

        assert await down(ref) == "killed"
        assert not task.done()
        over.set()
        await task

    with caplog.at_level(logging.ERROR):
        beamish.run(test, loop_factory=VirtualClockLoop)
    (record,) = caplog.records
    assert "was killed, and its Task goes on" in record.getMessage()


@on_real_clock
async def test_a_task_that_swallows_a_signal_is_ended_by_kill() -> None:
    async def twice() -> None:
        try:
            await for_ever()
        except asyncio.CancelledError:
            await for_ever()

    task = asyncio.create_task(twice())
    ref = monitor(task)
    await asyncio.sleep(0)

    process.exit(task, "shutdown")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    process.exit(task, "kill")

    assert await down(ref) == "shutdown"
    assert task.cancelled()
