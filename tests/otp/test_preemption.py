"""Behaviours hold when a callback computes without end."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    ChildSpec,
    GenServer,
    StartError,
    Supervisor,
    Task,
    TaskSupervisor,
    gen_server,
)
from beamish.terms import Pid

from .support import down, exit_reason, on_real_clock


def spin() -> None:
    while True:
        pass


class Hog(GenServer):
    def handle_call(self, request: Any, caller: Any) -> None:
        spin()

    def handle_cast(self, request: Any) -> None:
        spin()


@on_real_clock
async def test_a_call_to_a_busy_server_times_out() -> None:
    pid = await Hog.start()

    assert (await exit_reason(gen_server.call(pid, "x", 0.02)))[0] == "timeout"
    process.exit(pid, "kill")


@on_real_clock
async def test_a_busy_child_is_killed_when_its_time_to_stop_is_over() -> None:
    sup = await Supervisor.start_link([Hog.child_spec(id="hog", shutdown=0.02)])
    [info] = await Supervisor.which_children(sup)
    assert isinstance(info.pid, Pid)
    gen_server.cast(info.pid, "spin")
    ref = process.monitor(info.pid)

    await Supervisor.terminate_child(sup, "hog")

    assert await down(ref) in ("killed", "shutdown")


@on_real_clock
async def test_a_busy_task_does_not_keep_others_from_running() -> None:
    sup = await TaskSupervisor.start_link()
    hog = await TaskSupervisor.start_child(sup, spin, shutdown="brutal_kill")

    assert await Task.run_async(sum, [1, 2]).await_() == 3
    assert await TaskSupervisor.children(sup) == [hog]
    await TaskSupervisor.terminate_child(sup, hog)


@on_real_clock
async def test_a_busy_init_is_killed_when_the_start_takes_too_long() -> None:
    class Slow(GenServer):
        def init(self) -> None:
            spin()

    sup = await Supervisor.start_link([])
    spec = ChildSpec("slow", (Slow.start_link, (), {"timeout": 0.02}))

    with pytest.raises(StartError) as failed:
        await Supervisor.start_child(sup, spec)

    assert failed.value.reason == "timeout"
