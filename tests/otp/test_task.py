from __future__ import annotations

import asyncio
from typing import Any

import pytest

from beamish import process
from beamish.otp import ChildError, DynamicSupervisor, StartError, Supervisor, Task, TaskSupervisor
from beamish.terms import BadArgError, Down, Exit, Pid
from tests.support.logs import fields_of

from .support import (
    down,
    ended_by,
    exit_reason,
    on_real_clock,
    on_virtual_clock,
    outcome,
    reason_of,
)


async def wait(result: Any = None) -> Any:
    """Waits to be told, then returns."""
    await process.receive("go")
    return result


def fail(error: BaseException) -> None:
    raise error


async def tell(witness: Pid, *args: Any, **kwargs: Any) -> None:
    process.send(witness, ("told", args, kwargs))


# ---- A1: start and start_link


@on_real_clock
async def test_a1_start_link_runs_a_function_in_a_linked_process() -> None:
    pid = Task.start_link(wait)

    assert process.info(process.self(), "links") == [pid]


@on_real_clock
async def test_a1_start_does_not_link() -> None:
    Task.start(wait)

    assert process.info(process.self(), "links") == []


@on_real_clock
async def test_a1_arguments_are_passed_on() -> None:
    Task.start_link(tell, process.self(), 1, two=2)

    assert await process.receive() == ("told", (1,), {"two": 2})


@on_real_clock
async def test_a1_plain_functions_are_tasks_too() -> None:
    Task.start_link(process.send, process.self(), "plain")

    assert await process.receive() == "plain"


@on_real_clock
async def test_a1_the_result_is_thrown_away() -> None:
    process.flag(trap_exit=True)
    pid = Task.start_link(lambda: 42)

    assert await process.receive() == Exit(pid, "normal")
    assert process.flush() == []


@on_real_clock
async def test_a1_a_task_ends_with_what_its_function_raised() -> None:
    error = ValueError("boom")

    assert await reason_of(Task.start(fail, error)) is error
    assert await outcome(lambda: Task.start(process.exit, "bye")) == "normal"


@pytest.mark.parametrize(
    ("reason", "reports"), [("normal", 0), ("shutdown", 0), (("shutdown", 1), 0), ("boom", 1)]
)
def test_a1_only_an_unexpected_end_is_reported(
    reason: Any, reports: int, caplog: pytest.LogCaptureFixture
) -> None:
    @on_real_clock
    async def test() -> None:
        await reason_of(Task.start(process.exit, reason))

    test()

    assert len(caplog.records) == reports


def test_a1_a_crash_is_reported_once_with_the_function_and_who_started_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @on_real_clock
    async def test() -> None:
        process.register("owner", process.self())
        await reason_of(Task.start(fail, ValueError("boom")))

    test()

    [record] = caplog.records
    assert fields_of(record)["initial_call"].endswith("test_task.fail")
    assert len(fields_of(record)["ancestors"]) == 1
    assert "ValueError: boom" in record.getMessage()


@pytest.mark.parametrize("start", [Task.start, Task.start_link, Task.run_async, Task.child_spec])
def test_a_coroutine_is_refused_with_the_right_form(start: Any) -> None:
    @on_real_clock
    async def test() -> None:
        with pytest.raises(BadArgError, match="pass the function and its arguments"):
            start(wait())

    test()


@on_real_clock
async def test_a2_a_supervised_task_is_not_restarted_unless_it_is_permanent() -> None:
    sup = await Supervisor.start_link(
        [Task.child_spec(wait, id="t"), Task.child_spec(wait, id="p", restart="permanent")]
    )
    for info in await Supervisor.which_children(sup):
        assert isinstance(info.pid, Pid)
        await ended_by(info.pid, "kill")

    assert [info.id for info in await Supervisor.which_children(sup)] == ["p"]


@on_real_clock
async def test_a7_a_task_knows_its_callers_and_ancestors() -> None:
    def report(witness: Pid, depth: int) -> None:
        process.send(witness, (process.get("$callers"), process.get("$ancestors")))
        if depth:
            Task.start(report, witness, depth - 1)

    me = process.self()
    first = Task.start(report, me, 1)

    assert await process.receive() == ([me], [me])
    callers, ancestors = await process.receive()
    assert callers == [first, me]
    assert ancestors[0] is first


# ---- A3: run_async and await_


@on_real_clock
async def test_a3_await_returns_the_result() -> None:
    task = Task.run_async(add, 1, 2)

    assert await task.await_() == 3
    assert await Task.run_async(wait_no_more, 4).await_() == 4


def add(a: int, b: int) -> int:
    return a + b


async def wait_no_more(value: int) -> int:
    await process.sleep(0)
    return value


@on_real_clock
async def test_a3_a_task_is_linked_to_and_watched_by_its_owner() -> None:
    task = Task.run_async(wait)

    assert process.info(process.self(), "links") == [task.pid]
    assert process.info(process.self(), "monitors") == [task.pid]
    assert task.owner is process.self()


@on_real_clock
async def test_a3_await_leaves_nothing_behind() -> None:
    task = Task.run_async(lambda: 1)
    await task.await_()
    await process.sleep(0)

    assert process.info(process.self(), "monitors") == []
    assert process.flush() == []


@on_real_clock
async def test_a3_the_result_is_a_message_with_the_tasks_reference() -> None:
    task = Task.run_async(lambda: 42)

    assert await process.receive() == (task.ref, 42)


@on_real_clock
async def test_a3_only_the_owner_may_wait() -> None:
    task = Task.run_async(wait)

    for wait_for in (task.await_, task.yield_, task.shutdown):
        reason = await outcome(wait_for)
        assert isinstance(reason, BadArgError)
        assert "only by the process that made it" in str(reason)


@on_virtual_clock
async def test_a3_await_exits_after_five_seconds_and_the_task_runs_on() -> None:
    loop = asyncio.get_running_loop()
    task = Task.run_async(wait)

    assert await exit_reason(task.await_()) == ("timeout", ("Task", "await", (task, 5.0)))
    assert loop.time() == 5.0
    assert process.alive(task.pid)


@on_virtual_clock
async def test_a3_a_result_after_the_time_out_is_never_seen() -> None:
    task = Task.run_async(wait, 1)
    await exit_reason(task.await_(1.0))

    process.send(task.pid, "go")
    await process.sleep(1.0)

    assert process.flush() == []


@on_real_clock
async def test_a3_a_trapping_owner_exits_with_the_tasks_reason_and_has_its_exit_message() -> None:
    process.flag(trap_exit=True)
    error = ValueError("boom")
    task = Task.run_async(fail, error)

    assert await exit_reason(task.await_()) == (error, ("Task", "await", (task, 5.0)))
    assert process.flush() == [Exit(task.pid, error)]


@on_real_clock
async def test_a3_an_owner_that_does_not_trap_dies_with_its_task() -> None:
    async def owner() -> None:
        await Task.run_async(process.exit, "boom").await_()

    assert await outcome(owner) == "boom"


@on_real_clock
async def test_a3_a_task_dies_with_its_owner() -> None:
    async def owner() -> None:
        process.send(main, Task.run_async(wait))
        await process.receive("end")
        process.exit("boom")

    main = process.self()
    pid = process.spawn(owner)
    task: Any = await process.receive()
    ref = process.monitor(task.pid)
    process.send(pid, "end")

    assert await down(ref) == "boom"


# ---- A4: yield_ and shutdown


@on_virtual_clock
async def test_a4_yield_returns_none_while_there_is_no_result() -> None:
    task = Task.run_async(wait, "done")

    assert await task.yield_(1.0) is None
    assert await task.yield_(0) is None
    process.send(task.pid, "go")
    assert await task.yield_() == ("ok", "done")


@on_real_clock
async def test_a4_yield_returns_the_reason_of_a_task_that_failed() -> None:
    process.flag(trap_exit=True)
    task: Task[Any] = Task.run_async(process.exit, "boom")

    assert await task.yield_() == ("exit", "boom")


@on_real_clock
async def test_a4_shutdown_stops_a_task() -> None:
    task = Task.run_async(wait)

    assert await task.shutdown() is None
    assert not process.alive(task.pid)
    assert process.flush() == []
    assert process.info(process.self(), "monitors") == []


@on_real_clock
async def test_a4_shutdown_returns_a_result_that_came_before() -> None:
    task = Task.run_async(lambda: 42)
    await process.sleep(0)

    assert await task.shutdown() == ("ok", 42)
    assert process.flush() == []


@on_real_clock
async def test_a4_shutdown_returns_the_reason_of_a_task_that_had_failed() -> None:
    process.flag(trap_exit=True)
    task: Task[Any] = Task.run_async(process.exit, "boom")
    await process.receive(Exit)

    assert await task.shutdown() == ("exit", "boom")


@on_real_clock
async def test_a4_shutdown_with_brutal_kill_kills_at_once() -> None:
    async def stubborn() -> None:
        process.flag(trap_exit=True)
        process.send(main, "ready")
        while True:
            await process.receive()

    main = process.self()
    task = Task.run_async(stubborn)
    await process.receive("ready")

    assert await task.shutdown("brutal_kill") is None
    assert not process.alive(task.pid)


@on_virtual_clock
async def test_a4_shutdown_kills_after_its_time_and_says_so() -> None:
    async def stubborn() -> None:
        process.flag(trap_exit=True)
        process.send(main, "ready")
        while True:
            await process.receive()

    main = process.self()
    loop = asyncio.get_running_loop()
    task = Task.run_async(stubborn)
    await process.receive("ready")

    assert await task.shutdown(3.0) == ("exit", "killed")
    assert loop.time() == 3.0


# ---- A5: TaskSupervisor


@on_real_clock
async def test_a5_start_child_runs_a_task_linked_to_the_supervisor_alone() -> None:
    sup = await TaskSupervisor.start_link(name="tasks")

    pid = await TaskSupervisor.start_child("tasks", wait)

    assert process.info(pid, "links") == [sup]
    assert await TaskSupervisor.children(sup) == [pid]


@on_real_clock
async def test_a5_arguments_are_passed_on() -> None:
    sup = await TaskSupervisor.start_link()

    await TaskSupervisor.start_child(sup, tell, process.self(), 1, two=2)

    assert await process.receive() == ("told", (1,), {"two": 2})


@on_real_clock
async def test_a5_a_crash_touches_neither_supervisor_nor_caller() -> None:
    sup = await TaskSupervisor.start_link()
    other = await TaskSupervisor.start_child(sup, wait)
    for _ in range(10):
        await reason_of(await TaskSupervisor.start_child(sup, fail, ValueError("boom")))

    assert await TaskSupervisor.children(sup) == [other]


@on_real_clock
async def test_a5_a_task_may_have_ended_when_start_child_returns() -> None:
    sup = await TaskSupervisor.start_link()

    pid = await TaskSupervisor.start_child(sup, lambda: None)
    await process.sleep(0)

    assert await reason_of(pid) == "noproc"


@on_real_clock
async def test_a5_terminate_child_stops_a_task() -> None:
    sup = await TaskSupervisor.start_link()
    pid = await TaskSupervisor.start_child(sup, wait)
    ref = process.monitor(pid)

    await TaskSupervisor.terminate_child(sup, pid)

    assert await down(ref) == "shutdown"
    with pytest.raises(ChildError):
        await TaskSupervisor.terminate_child(sup, pid)


@on_real_clock
async def test_a5_max_children_is_the_limit() -> None:
    sup = await TaskSupervisor.start_link(max_children=1)
    await TaskSupervisor.start_child(sup, wait)

    with pytest.raises(StartError) as failed:
        await TaskSupervisor.start_child(sup, wait)

    assert failed.value.reason == "max_children"


@on_real_clock
async def test_a5_a_task_may_be_permanent() -> None:
    sup = await TaskSupervisor.start_link()
    pid = await TaskSupervisor.start_child(sup, wait, restart="permanent")

    await ended_by(pid, "kill")

    [again] = await TaskSupervisor.children(sup)
    assert again is not pid


@on_virtual_clock
async def test_a5_all_tasks_are_stopped_at_the_same_time() -> None:
    async def slow() -> None:
        try:
            await process.sleep(None)
        finally:
            await asyncio.sleep(2.0)

    loop = asyncio.get_running_loop()
    sup = await TaskSupervisor.start_link()
    process.unlink(sup)
    for _ in range(10):
        await TaskSupervisor.start_child(sup, slow)
    await process.sleep(0)

    await TaskSupervisor.stop(sup)

    assert loop.time() == 2.0


@on_real_clock
async def test_a6_a_killed_supervisor_takes_its_tasks_with_it() -> None:
    process.flag(trap_exit=True)
    sup = await TaskSupervisor.start_link()
    ref = process.monitor(await TaskSupervisor.start_child(sup, wait))

    await ended_by(sup, "kill")

    assert await down(ref) == "killed"


@on_real_clock
async def test_a6_run_async_links_to_supervisor_and_caller() -> None:
    sup = await TaskSupervisor.start_link()

    task = await TaskSupervisor.run_async(sup, wait, "done")

    assert process.info(task.pid, "links") == sorted([process.self(), sup])
    process.send(task.pid, "go")
    assert await task.await_() == "done"


@on_real_clock
async def test_a6_async_nolink_only_watches() -> None:
    sup = await TaskSupervisor.start_link()
    error = ValueError("boom")

    task = await TaskSupervisor.async_nolink(sup, fail, error)

    assert await process.receive() == Down(task.ref, "process", task.pid, error)


@on_real_clock
async def test_a6_async_nolink_answers_with_the_result() -> None:
    sup = await TaskSupervisor.start_link()

    task = await TaskSupervisor.async_nolink(sup, lambda: 42)

    assert await task.await_() == 42
    await process.sleep(0)
    assert process.flush() == []


@pytest.mark.parametrize("link", [True, False])
def test_a6_a_task_whose_owner_died_before_it_got_its_job_ends(link: bool) -> None:
    from beamish.otp.task.process import run_for_supervised_owner

    @on_real_clock
    async def test() -> None:
        owner = process.spawn(wait)
        pid, ref = process.spawn_monitor(run_for_supervised_owner, [owner], owner, link)
        await process.sleep(0)

        await ended_by(owner, "boom")

        assert await down(ref) == (("shutdown", "boom") if link else "normal")
        assert not process.alive(pid)

    test()


@on_real_clock
async def test_a7_a_supervised_tasks_callers_are_who_asked_for_it() -> None:
    def report(witness: Pid) -> None:
        process.send(witness, (process.get("$callers"), process.get("$ancestors")))

    me = process.self()
    sup = await TaskSupervisor.start_link()

    await TaskSupervisor.start_child(sup, report, me)
    assert await process.receive() == ([me], [sup, me])
    await TaskSupervisor.async_nolink(sup, report, me)
    callers, _ = await process.receive(([me], ...))
    assert callers == [me]


@on_real_clock
async def test_a_task_supervisor_is_a_dynamic_supervisor_of_temporary_tasks() -> None:
    sup = await TaskSupervisor.start_link()
    pid = await TaskSupervisor.start_child(sup, wait)

    assert await DynamicSupervisor.which_children(sup) == [(None, pid, "worker", ("Task",))]
    assert await TaskSupervisor.count_children(sup) == {
        "specs": 1,
        "active": 1,
        "supervisors": 0,
        "workers": 1,
    }


def test_a5_the_report_of_a_crashed_task_shows_its_function(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @on_real_clock
    async def test() -> None:
        sup = await TaskSupervisor.start_link()
        await reason_of(await TaskSupervisor.start_child(sup, fail, ValueError("boom")))
        await TaskSupervisor.children(sup)

    test()

    crash, of_supervisor = caplog.records
    assert fields_of(crash)["initial_call"].endswith("test_task.fail")
    assert fields_of(of_supervisor)["context"] == "child_terminated"
