"""Behaviours are used from plain asyncio code of the same loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import beamish
from beamish import process
from beamish.otp import Agent, GenServer, Supervisor, Task, TaskSupervisor, call, gen_server


class Slow(GenServer):
    async def handle_call(self, request: Any, caller: Any) -> Any:
        await process.sleep(request)
        return request

    @call
    def double(self, n: int) -> int:
        return 2 * n


def embedded(test: Any) -> Any:
    async def main() -> None:
        async with beamish.node():
            await test()

    def run() -> None:
        asyncio.run(main())

    run.__name__ = test.__name__
    return run


@embedded
async def test_a_server_is_started_and_called_from_a_task() -> None:
    pid = await Slow.start(name="slow")

    assert await gen_server.call("slow", 0) == 0
    assert await Slow.double(pid, 21) == 42


@embedded
async def test_many_tasks_call_at_the_same_time() -> None:
    pid = await Slow.start()

    results = await asyncio.gather(*(Slow.double(pid, n) for n in range(100)))

    assert results == [2 * n for n in range(100)]


@embedded
async def test_a_call_that_times_out_raises_in_its_task() -> None:
    pid = await Slow.start()

    with pytest.raises(beamish.CallTimeout) as late:
        await gen_server.call(pid, 0.02, timeout=0.01)

    assert late.value.reason[0] == "timeout"
    assert await gen_server.call(pid, 0) == 0
    assert process.flush() == []


@embedded
async def test_a_call_is_cancelled_with_its_task() -> None:
    pid = await Slow.start()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await gen_server.call(pid, 0.02)

    assert await gen_server.call(pid, 0) == 0
    assert process.flush() == []


@embedded
async def test_a_supervision_tree_is_started_from_a_task() -> None:
    sup = await Supervisor.start_link(
        [Agent.child_spec(dict, name="agent"), TaskSupervisor.child_spec(name="tasks")]
    )

    await TaskSupervisor.start_child("tasks", process.sleep, None)

    assert await Agent.get("agent", len) == 0
    assert len(await Supervisor.which_children(sup)) == 2


@embedded
async def test_the_result_of_a_task_process_is_awaited_by_an_asyncio_task() -> None:
    assert await Task.run_async(sum, [1, 2, 3]).await_() == 6
