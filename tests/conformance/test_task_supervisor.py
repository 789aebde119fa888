"""Elixir's Task.Supervisor: cases of its own suite, in our words.

Its streams are in test_task_stream.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.otp import StartError, Supervisor, Task, TaskSupervisor
from beamish.terms import Exit, Pid, Throw, to_erlang
from tests.otp.support import ended_by, exit_reason, on_real_clock, on_virtual_clock, reason_of


async def wait(result: Any = None) -> Any:
    """Waits to be told, then returns."""
    await process.receive("go")
    return result


def fail(error: BaseException) -> None:
    raise error


async def supervisor(**options: Any) -> Pid:
    pid = await TaskSupervisor.start_link(**options)
    process.unlink(pid)
    return pid


@on_real_clock
async def test_a_task_supervisor_is_a_child_of_a_supervisor() -> None:
    """Elixir Task.Supervisor: "can be supervised directly"."""
    await Supervisor.start_link([TaskSupervisor.child_spec(name="tasks"), (TaskSupervisor, ())])

    assert await TaskSupervisor.children("tasks") == []


@on_real_clock
async def test_several_are_told_by_their_names() -> None:
    """Elixir Task.Supervisor: "multiple supervisors ... identified with simple child spec"."""
    sup = await Supervisor.start_link(
        [TaskSupervisor.child_spec(name="simple"), TaskSupervisor.child_spec(name="sup")]
    )

    infos = await Supervisor.which_children(sup)
    assert {info.id for info in infos} == {"simple", "sup"}
    assert {info.type for info in infos} == {"supervisor"}


@on_real_clock
async def test_run_async_is_linked_to_the_caller_and_a_child_of_the_supervisor() -> None:
    """Elixir Task.Supervisor: "async/1: spawns tasks under the supervisor", "async/3"."""
    sup = await supervisor()

    task = await TaskSupervisor.run_async(sup, wait, "done")

    assert await TaskSupervisor.children(sup) == [task.pid]
    assert process.info(process.self(), "links") == [task.pid]
    process.send(task.pid, "go")
    assert await process.receive((task.ref, ...)) == (task.ref, "done")


async def stubborn(witness: Pid) -> None:
    process.flag(trap_exit=True)
    process.send(witness, "ready")
    await process.sleep(None)


@pytest.mark.parametrize("start", ["run_async", "async_nolink", "start_child"])
def test_a_task_is_stopped_as_its_shutdown_says(start: str) -> None:
    """Elixir Task.Supervisor: "async/1: with custom shutdown"."""

    @on_virtual_clock
    async def test() -> None:
        sup = await supervisor()
        me = process.self()
        process.flag(trap_exit=True)
        started: Any = await getattr(TaskSupervisor, start)(
            sup, stubborn, me, shutdown="brutal_kill"
        )
        await process.receive("ready")
        ref = process.monitor(started if isinstance(started, Pid) else started.pid)

        await TaskSupervisor.stop(sup)

        assert (await process.receive(("DOWN", ref, ..., ..., ...)))[4] == "killed"

    test()


@pytest.mark.parametrize("start", ["run_async", "async_nolink", "start_child"])
def test_max_children_is_the_limit_for_all_kinds_of_tasks(start: str) -> None:
    """Elixir Task.Supervisor: "async_nolink/1: raises when :max_children is reached"."""

    @on_real_clock
    async def test() -> None:
        sup = await supervisor(max_children=1)
        await TaskSupervisor.start_child(sup, wait)

        with pytest.raises(StartError) as failed:
            await getattr(TaskSupervisor, start)(sup, wait)

        assert failed.value.reason == "max_children"
        assert process.info(process.self(), "links") == []

    test()


@on_real_clock
async def test_async_nolink_takes_a_function_and_arguments() -> None:
    """Elixir Task.Supervisor: "async_nolink/3"."""
    sup = await supervisor()

    task = await TaskSupervisor.async_nolink(sup, wait, result="done")

    assert process.info(process.self(), "links") == []
    process.send(task.pid, "go")
    assert await task.await_() == "done"


@on_virtual_clock
async def test_a_late_result_of_a_supervised_task_is_never_seen() -> None:
    """Elixir Task.Supervisor: "await/1: demonitors and unalias on timeout"."""
    task = await TaskSupervisor.async_nolink(await supervisor(), wait, "late")

    assert await exit_reason(task.await_(1.0)) == ("timeout", ("Task", "await", (task, 1.0)))
    process.send(task.pid, "go")
    await reason_of(task.pid)
    assert process.flush() == []
    assert process.info(process.self(), "monitors") == []


@pytest.mark.parametrize("how", ["throw", "error", "exit"])
def test_await_exits_with_the_reason_of_a_supervised_task(how: str) -> None:
    """Elixir Task.Supervisor: "await/1: exits on task throw", "task error", "task exit"."""
    error = ValueError("oops")
    jobs: dict[str, Any] = {
        "throw": (process.throw, "rocks"),
        "error": (fail, error),
        "exit": (process.exit, "unknown"),
    }

    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        task: Task[Any] = await TaskSupervisor.run_async(await supervisor(), *jobs[how])

        reason, call = await exit_reason(task.await_())

        assert call == ("Task", "await", (task, 5.0))
        if how == "throw":
            assert isinstance(reason, Throw)
            assert to_erlang(reason)[0] == ("nocatch", "rocks")
        else:
            assert reason == (error if how == "error" else "unknown")
        assert process.flush() == [Exit(task.pid, reason)]

    test()


@on_real_clock
async def test_terminate_child_stops_one_task_and_leaves_the_others() -> None:
    """Elixir Task.Supervisor: "terminate_child/2"."""
    sup = await supervisor()
    one = await TaskSupervisor.start_child(sup, wait)
    other = await TaskSupervisor.start_child(sup, wait)

    await TaskSupervisor.terminate_child(sup, one)

    assert await TaskSupervisor.children(sup) == [other]
    assert await ended_by(other, "shutdown") == "shutdown"
