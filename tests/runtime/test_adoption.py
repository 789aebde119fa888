"""Rule F3: adopted processes, asyncio Tasks of the loop that use process operations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

import beamish
from beamish import Exit, NotRunningError, Pid, ProcessExit, process
from tests.support.clock import VirtualClockLoop

from .harness import (
    PATIENCE,
    down_of,
    equal_to,
    on_virtual_clock,
    settle,
    sleeper,
)

T = TypeVar("T")


def _embed(main: Callable[[], Awaitable[T]]) -> T:
    """Runs `main` as a plain asyncio Task in a loop with a node."""

    async def embedded() -> T:
        async with beamish.node():
            return await main()

    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(embedded())


async def _reply_to(pid: Pid) -> None:
    process.send(pid, "reply")


def test_a_task_sends_and_receives() -> None:
    async def main() -> None:
        process.spawn(_reply_to, process.self())
        assert await process.receive(timeout=PATIENCE) == "reply"

    _embed(main)


def test_a_task_keeps_its_pid() -> None:
    async def main() -> None:
        first = process.self()
        await asyncio.sleep(1)
        assert process.self() is first
        assert process.alive(first)
        assert first in process.list()

    _embed(main)


def test_each_task_is_a_process_of_its_own() -> None:
    async def main() -> None:
        async def task() -> Pid:
            return process.self()

        pids = await asyncio.gather(task(), task())
        assert len({*pids, process.self()}) == 3

    _embed(main)


def _raise() -> None:
    raise LookupError


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (lambda: None, "normal"),
        (_raise, LookupError),
        (lambda: process.exit("bye"), "bye"),
        (lambda: asyncio.current_task().cancel(), "cancelled"),  # type: ignore[union-attr]
    ],
)
def test_a_process_ends_with_its_task(ends: Callable[[], object], reason: Any) -> None:
    """With the reason that a process would have."""

    async def main() -> None:
        async def task() -> None:
            process.send(parent, process.self())
            await process.receive("go on")
            ends()
            await asyncio.sleep(0)

        parent = process.self()
        started = asyncio.create_task(task())
        pid = await process.receive(Pid, timeout=PATIENCE)
        ref = process.monitor(pid)
        process.send(pid, "go on")
        await asyncio.wait([started])
        if not started.cancelled():
            started.exception()  # it was looked at, so asyncio does not complain

        ended = await down_of(ref)
        assert ended == reason or isinstance(ended, reason)
        assert process.info(pid) is None

    _embed(main)


def test_an_exit_signal_cancels_the_task() -> None:
    async def main() -> None:
        steps: list[str] = []

        async def task() -> None:
            process.send(parent, process.self())
            try:
                await process.receive()
            finally:
                steps.append("finally")

        parent = process.self()
        started = asyncio.create_task(task())
        pid = await process.receive(Pid, timeout=PATIENCE)
        ref = process.monitor(pid)
        process.exit(pid, "boom")
        assert not process.alive(pid)

        assert await down_of(ref) == "boom"
        await asyncio.wait([started])
        assert started.cancelled()
        assert steps == ["finally"]

    _embed(main)


def test_a_task_traps_exits() -> None:
    async def main() -> None:
        process.flag(trap_exit=True)
        pid = process.spawn_link(process.exit, "boom")
        assert await process.receive(timeout=PATIENCE) == Exit(pid, "boom")

    _embed(main)


def test_a_task_receives_selectively_with_a_timeout() -> None:
    async def main() -> None:
        process.send(process.self(), "other")
        with pytest.raises(TimeoutError):
            await process.receive("wanted", timeout=0.5)
        with pytest.raises(TimeoutError):
            await process.receive(equal_to("wanted"), timeout=0.5)
        process.send_after(0.5, process.self(), "wanted")
        assert await process.receive("wanted", timeout=1.0) == "wanted"
        assert process.flush() == ["other"]

    _embed(main)


def test_asyncio_timeout_ends_the_receive_of_a_task() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await process.receive()
        process.send(process.self(), "after")
        assert await process.receive(timeout=0) == "after"

    _embed(main)


def test_a_cancelled_receive_loses_no_message() -> None:
    """In the turn in which the Task is cancelled a message comes."""

    async def main() -> None:
        async def task() -> list[Any]:
            process.send(parent, process.self())
            try:
                await process.receive(*patterns)
            except asyncio.CancelledError:
                pass
            await asyncio.sleep(0)
            return process.flush()

        parent = process.self()
        for patterns in ((), ("kept",), (equal_to("kept"),)):
            for order in ("message first", "cancel first"):
                started = asyncio.create_task(task())
                pid = await process.receive(Pid, timeout=PATIENCE)
                await asyncio.sleep(0)
                if order == "message first":
                    process.send(pid, "kept")
                    started.cancel()
                else:
                    started.cancel()
                    process.send(pid, "kept")
                assert await started == ["kept"], (patterns, order)

    _embed(main)


def test_a_task_can_be_named_linked_and_looked_at() -> None:
    async def main() -> None:
        process.register("task", process.self())
        pid = process.spawn_link(sleeper)
        process.put("key", "value")
        info = process.info(process.self())
        assert info is not None
        assert info["registered_name"] == "task"
        assert info["links"] == [pid]
        assert info["dictionary"] == {"key": "value"}
        assert info["status"] == "running"
        assert "asyncio.Task" in info["initial_call"]
        process.unlink(pid)

    _embed(main)


@on_virtual_clock
async def test_a_task_started_by_a_process_is_another_process() -> None:
    """A TaskGroup's Tasks are not the process that started them."""
    parent = process.self()

    async def task() -> Pid:
        process.send(parent, "from the task")
        return process.self()

    async with asyncio.TaskGroup() as group:
        started = group.create_task(task())

    assert started.result() is not parent
    assert process.flush() == ["from the task"]
    assert not process.alive(started.result())


@on_virtual_clock
async def test_a_process_spawned_by_a_task_has_it_for_a_parent() -> None:
    async def task() -> tuple[Pid, Pid]:
        pid = process.spawn(sleeper)
        return process.self(), pid

    task_pid, child = await asyncio.create_task(task())

    assert process.info(child, "parent") is task_pid
    assert process.alive(child)


@on_virtual_clock
async def test_a_callback_of_the_loop_is_no_process() -> None:
    """It may send and spawn; what needs a process says so."""
    seen: list[Any] = []

    def callback() -> None:
        seen.append(process.whereis("nobody"))
        process.spawn(process.send, parent, "spawned from a callback")
        before = process.list()
        for operation in (
            process.self,
            lambda: process.spawn_link(sleeper),
            lambda: process.spawn_monitor(sleeper),
            lambda: process.spawn_opt(sleeper, link=True),
        ):
            try:
                operation()
            except NotRunningError as error:
                seen.append("needs a process" in str(error))
        seen.append(process.list() == before)

    parent = process.self()
    asyncio.get_running_loop().call_soon(callback)

    assert await process.receive(timeout=PATIENCE) == "spawned from a callback"
    assert seen == [None, True, True, True, True, True]


def test_tasks_of_the_loop_are_not_ended_with_the_node() -> None:
    """Their processes are: whoever is linked sees `shutdown`."""

    async def main() -> list[str]:
        steps: list[str] = []
        stop = asyncio.Event()

        async def task() -> None:
            process.self()
            await stop.wait()
            steps.append("the task went on")

        async with beamish.node():
            started = asyncio.create_task(task())
            await settle()
        stop.set()
        await started
        return steps

    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        assert runner.run(main()) == ["the task went on"]


def test_a_task_that_exits_raises_process_exit() -> None:
    """process.exit in a Task is what an `await` of it sees."""

    async def main() -> None:
        async def task() -> None:
            process.exit("bye")

        started = asyncio.create_task(task())
        with pytest.raises(asyncio.CancelledError):
            await started
        with pytest.raises(ProcessExit) as caught:
            process.exit("mine")
        assert caught.value.reason == "mine"

    _embed(main)
