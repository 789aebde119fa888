"""Rules C1 to C6 and C8: the order of a death, and the clean-up of a process that is ended."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

import beamish
from beamish import Down, Exit, Pid, ProcessExit, process
from tests.support.clock import VirtualClockLoop

from .harness import PATIENCE, down_of, on_virtual_clock, settle, sleeper

REASONS = ["boom", "kill"]


async def _end(pid: Pid, reason: str) -> Any:
    ref = process.monitor(pid)
    await process.sleep(0.001)  # it may compute forever, and never settle
    process.exit(pid, reason)
    return await down_of(ref)


# ---- the order


@pytest.mark.parametrize("reason", REASONS)
@on_virtual_clock
async def test_the_order_is_name_clean_up_owned_and_then_the_others(reason: str) -> None:
    """C1: name, clean-up, what it owns, then the others."""
    steps: list[str] = []

    async def child() -> None:
        process.own(object(), close=lambda _: steps.append("closed"))
        try:
            await process.sleep(None)
        finally:
            steps.append(f"cleaning up, the name is {process.whereis('child')}")

    async def watcher(pid: Pid) -> None:
        process.flag(trap_exit=True)
        process.link(pid)
        await process.receive(Exit)
        steps.append("told")

    pid = process.spawn_opt(child, name="child")
    _, watched = process.spawn_monitor(watcher, pid)
    await settle()
    process.exit(pid, reason)
    await down_of(watched)

    assert steps == ["cleaning up, the name is None", "closed", "told"]


@on_virtual_clock
async def test_what_a_process_sends_while_it_cleans_up_is_delivered() -> None:
    """C2: what it still sends is delivered, before the news of its death."""
    parent = process.self()

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            process.send(parent, "last words")

    pid, ref = process.spawn_monitor(child)
    await settle()
    process.exit(pid, "boom")

    assert await process.receive(timeout=PATIENCE) == "last words"
    assert await process.receive(timeout=PATIENCE) == Down(ref, "process", pid, "boom")


@pytest.mark.parametrize("reason", REASONS)
@on_virtual_clock
async def test_one_who_cleans_up_is_not_alive(reason: str) -> None:
    """C2: ending is not alive, for anyone."""
    seen: list[Any] = []

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            me = process.self()
            seen.append((process.alive(me), process.info(me), me in process.list()))

    pid = process.spawn(child)

    await _end(pid, reason)
    assert seen == [(False, None, False)]


@on_virtual_clock
async def test_messages_to_one_who_cleans_up_are_dropped() -> None:
    """C2."""
    seen: list[Any] = []

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            process.send(process.self(), "to myself")
            await asyncio.sleep(0.1)
            seen.append(process.flush())

    pid, ref = process.spawn_monitor(child)
    await settle()
    process.exit(pid, "boom")
    await process.sleep(0.05)
    process.send(pid, "hello")

    assert await down_of(ref) == "boom"
    assert seen == [[]]


@pytest.mark.parametrize("wait", [process.receive, lambda: process.receive(timeout=1)])
@on_virtual_clock
async def test_receive_in_a_clean_up_raises(wait: Callable[[], Any]) -> None:
    """C2: what it receives is nothing."""
    seen: list[Any] = []

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            try:
                await wait()
            except ProcessExit as exits:
                seen.append(exits.reason)

    assert await _end(process.spawn(child), "boom") == "boom"
    assert seen == ["boom"]


# ---- time for cleaning up


@on_virtual_clock
async def test_a_clean_up_may_wait_for_asyncio() -> None:
    """C3: within the grace period."""
    steps: list[str] = []

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            steps.append("begun")
            await asyncio.sleep(4)
            steps.append("done")

    assert await _end(process.spawn(child), "boom") == "boom"
    assert steps == ["begun", "done"]


@on_virtual_clock
async def test_a_clean_up_may_use_async_with() -> None:
    """C3: `async with` cleans up too."""
    steps: list[str] = []

    @contextlib.asynccontextmanager
    async def resource() -> AsyncGenerator[None]:
        steps.append("open")
        try:
            yield
        finally:
            await asyncio.sleep(1)
            steps.append("closed")

    async def child() -> None:
        async with resource():
            await process.sleep(None)

    assert await _end(process.spawn(child), "boom") == "boom"
    assert steps == ["open", "closed"]


@on_virtual_clock
async def test_a_clean_up_that_takes_too_long_is_ended_by_force() -> None:
    """C3: 5 s by default."""
    loop = asyncio.get_running_loop()
    steps: list[str] = []

    async def child() -> None:
        try:
            try:
                await process.sleep(None)
            finally:
                await asyncio.sleep(3600)
                steps.append("never")
        finally:
            steps.append("outer finally")

    before = loop.time()
    assert await _end(process.spawn(child), "boom") == "boom"
    assert loop.time() - before == pytest.approx(5.0, abs=0.1)
    assert steps == ["outer finally"]


def test_the_grace_period_is_the_nodes() -> None:
    """beamish.run(..., grace=seconds)."""

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            await asyncio.sleep(3600)

    async def main() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time()
        assert await _end(process.spawn(child), "boom") == "boom"
        return loop.time() - before

    took = beamish.run(main, grace=0.5, loop_factory=VirtualClockLoop)

    assert took == pytest.approx(0.5, abs=0.1)


@on_virtual_clock
async def test_the_grace_period_is_not_renewed_by_each_wait() -> None:
    """C3: it is the time of the whole clean-up."""
    loop = asyncio.get_running_loop()

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            for _ in range(100):
                await asyncio.sleep(1)

    before = loop.time()
    await _end(process.spawn(child), "boom")
    assert loop.time() - before == pytest.approx(5.0, abs=0.1)


@on_virtual_clock
async def test_kill_gives_no_time() -> None:
    """C4: synchronous finally blocks run, what they await does not."""
    loop = asyncio.get_running_loop()
    steps: list[str] = []

    async def child() -> None:
        try:
            try:
                await process.sleep(None)
            finally:
                steps.append("inner")
                await asyncio.sleep(1)
                steps.append("never")
        finally:
            steps.append("outer")

    pid = process.spawn(child)
    await settle()
    before = loop.time()
    assert await _end(pid, "kill") == "killed"
    assert loop.time() - before < 0.1
    assert steps == ["inner", "outer"]


@on_virtual_clock
async def test_kill_hurries_one_who_cleans_up() -> None:
    """C4: the reason stays what it was."""
    loop = asyncio.get_running_loop()

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            await asyncio.sleep(4)

    pid, ref = process.spawn_monitor(child)
    await settle()
    before = loop.time()
    process.exit(pid, "boom")
    await settle()
    process.exit(pid, "kill")

    assert await down_of(ref) == "boom"
    assert loop.time() - before < 0.1


@on_virtual_clock
async def test_what_an_ended_process_awaited_is_cancelled() -> None:
    """C6: as in a cancelled Task."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def child() -> None:
        await future

    await _end(process.spawn(child), "boom")
    assert future.cancelled()


@on_virtual_clock
async def test_the_tasks_of_a_task_group_end_with_the_process() -> None:
    """C6: asyncio's constructs clean up as for a cancelled Task."""
    tasks: list[asyncio.Task[None]] = []

    async def child() -> None:
        async with asyncio.TaskGroup() as group:
            tasks.extend(group.create_task(asyncio.sleep(3600)) for _ in range(3))

    assert await _end(process.spawn(child), "boom") == "boom"
    assert all(task.cancelled() for task in tasks)


# ---- those who will not go


async def _ignore_and_receive(steps: list[str]) -> None:
    while True:
        try:
            await process.receive()
        except ProcessExit:
            steps.append("ignored")


async def _ignore_and_await(steps: list[str]) -> None:
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            steps.append("ignored")


async def _ignore_and_yield(steps: list[str]) -> None:
    while True:
        try:
            await process.sleep(0)
        except BaseException:  # noqa: BLE001  # the worst that code can do
            steps.append("ignored")


async def _ignore_and_compute(steps: list[str]) -> None:
    while True:
        try:
            while True:
                pass
        except BaseException:  # noqa: BLE001  # the worst that code can do
            steps.append("ignored")


async def _compute_in_finally(steps: list[str]) -> None:
    try:
        await process.sleep(None)
    finally:
        steps.append("ignored")
        while True:
            pass


async def _return_at_once(steps: list[str]) -> None:
    try:
        await process.sleep(None)
    except ProcessExit:
        steps.append("ignored")


async def _raise_another(steps: list[str]) -> None:
    try:
        await process.sleep(None)
    except ProcessExit:
        steps.append("ignored")
        process.exit("another reason")


@pytest.mark.slow  # real time passes: what computes does not let a virtual clock go on
@pytest.mark.usefixtures("abandons")
@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize(
    "fn",
    [
        _ignore_and_receive,
        _ignore_and_await,
        _ignore_and_yield,
        _ignore_and_compute,
        _compute_in_finally,
        _return_at_once,
        _raise_another,
    ],
)
def test_code_that_swallows_its_exit_is_ended_all_the_same(fn: Any, reason: str) -> None:
    """C5: with the reason that was decided."""
    steps: list[str] = []

    async def main() -> Any:
        return await _end(process.spawn(fn, steps), reason)

    told = beamish.run(main, grace=0.1)

    assert told == ("killed" if reason == "kill" else "boom")
    assert steps[0] == "ignored"


@on_virtual_clock
async def test_an_error_while_cleaning_up_does_not_change_the_reason() -> None:
    """C5: it is reported (test_crash_reports.py), the end was decided before."""

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            raise LookupError

    assert await _end(process.spawn(child), "boom") == "boom"


@on_virtual_clock
async def test_one_who_was_ended_can_still_link_and_monitor() -> None:
    """Nothing that it does while it cleans up fails by surprise."""
    seen: list[Any] = []
    other = process.spawn(sleeper)

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            process.monitor(other)
            process.link(other)
            process.unlink(other)
            seen.append(process.exit(other, "by one who dies"))
            process.make_ref()
            process.send_after(1, process.self(), "late")

    other_ref = process.monitor(other)
    assert await _end(process.spawn(child), "boom") == "boom"
    assert seen == [True]
    assert await down_of(other_ref) == "by one who dies"


@on_virtual_clock
async def test_a_link_made_while_cleaning_up_is_told() -> None:
    """C1, C2: links go out last, whenever they were made."""
    other, ref = process.spawn_monitor(sleeper)

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            process.link(other)

    await _end(process.spawn(child), "boom")

    assert await down_of(ref) == "boom"


@on_virtual_clock
async def test_a_process_spawned_while_cleaning_up_lives() -> None:
    parent = process.self()

    async def child() -> None:
        try:
            await process.sleep(None)
        finally:
            process.spawn(process.send, parent, "from the heir")

    await _end(process.spawn(child), "boom")

    assert await process.receive(timeout=PATIENCE) == "from the heir"


@on_virtual_clock
async def test_nothing_of_a_dead_process_is_kept() -> None:
    """A pid may be held forever; what its process held is not."""

    class Thing:
        pass

    things: list[weakref.ref[Thing]] = []

    async def child() -> None:
        local, in_dictionary, message = Thing(), Thing(), Thing()
        things.extend(map(weakref.ref, (local, in_dictionary, message)))
        process.put("thing", in_dictionary)
        process.send(process.self(), message)
        await process.sleep(None)

    pid = process.spawn(child)
    await _end(pid, "boom")
    gc.collect()

    assert [thing() for thing in things] == [None, None, None]
    assert repr(pid).startswith("<0.")
