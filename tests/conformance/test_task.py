"""Elixir's Task: cases of its own suite, in our words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from beamish import process
from beamish.otp import ChildSpec, Supervisor, Task
from beamish.terms import BadArgError, Down, Exit, Pid, Throw, to_erlang
from tests.otp.support import (
    exit_reason,
    on_real_clock,
    on_virtual_clock,
    outcome,
    reason_of,
)
from tests.support.logs import fields_of, shown


async def wait(result: Any = None) -> Any:
    """Waits to be told, then returns."""
    await process.receive("go")
    return result


def fail(error: BaseException) -> None:
    raise error


async def sleep(seconds: float) -> float:
    await process.sleep(seconds)
    return seconds


def told(*messages: Any) -> Task[Any]:
    """A task that has ended, of which these messages lie in the mailbox; `...` is its reference."""
    ref = process.make_ref()
    pid = process.spawn(lambda: None)
    for message in messages:
        answer = (ref, message[1]) if len(message) == 2 else Down(ref, "process", *message[1:])
        process.send(process.self(), answer)
    return Task(pid, ref, process.self())


def reply(value: Any) -> tuple[Any, ...]:
    return ("reply", value)


def ended(reason: Any, who: Any = None) -> tuple[Any, ...]:
    return ("DOWN", who or process.self(), reason)


async def gone(task: Task[Any]) -> None:
    """Waits until a task's process has ended."""
    await reason_of(task.pid)


def nothing_is_left() -> bool:
    """No message, link or monitor of the calling process."""
    me = process.self()
    return (process.flush(), process.info(me, "links"), process.info(me, "monitors")) == (
        [],
        [],
        [],
    )


# ---- starting


@on_real_clock
async def test_a_function_given_as_child_spec_runs_under_a_supervisor() -> None:
    """Elixir Task: "can be supervised directly"."""
    sup = await Supervisor.start_link([Task.child_spec(process.send, process.self(), "ran")])

    assert await process.receive() == "ran"
    assert process.alive(sup)


@on_real_clock
async def test_child_spec_has_defaults() -> None:
    """Elixir Task: "generates child_spec/1", defaults."""
    spec = Task.child_spec(wait, 1)

    assert (spec.id, spec.restart, spec.start) == (
        "Task",
        "temporary",
        (Task.start_link, (wait, 1), {}),
    )


class Poller(Task[None], id="poller", restart="permanent", shutdown="brutal_kill"):
    """A kind of task, as a class."""

    @classmethod
    def start_link(cls, witness: Pid, *args: Any) -> Pid:  # type: ignore[override]
        return Task.start_link(process.send, witness, ("polled", args))


@on_real_clock
async def test_a_class_overrides_what_its_child_spec_says() -> None:
    """Elixir Task: "generates child_spec/1", with options of a module."""
    spec = Poller.child_spec(process.self(), 1)

    assert isinstance(spec, ChildSpec)
    assert (spec.id, spec.restart, spec.shutdown) == ("poller", "permanent", "brutal_kill")
    await Supervisor.start_link([(Poller, (process.self(), 1))])
    assert await process.receive() == ("polled", (1,))


@on_real_clock
async def test_run_async_takes_a_method_and_arguments() -> None:
    """Elixir Task: "async/3"."""
    task = Task.run_async("{} {}".format, "hello", "world")

    assert (task.owner, process.info(process.self(), "links")) == (process.self(), [task.pid])
    assert await task.await_() == "hello world"


@on_real_clock
async def test_nested_tasks_carry_the_chain_of_callers() -> None:
    """Elixir Task: "async with $callers"."""

    async def nested(depth: int) -> list[tuple[Pid, Any]]:
        mine = [(process.self(), process.get("$callers"))]
        return mine + (await Task.run_async(nested, depth - 1).await_() if depth else [])

    me = process.self()
    [(one, first), (two, second), (_, third)] = await Task.run_async(nested, 2).await_()

    assert process.get("$callers") is None
    assert (first, second, third) == ([me], [one, me], [two, one, me])


@on_real_clock
async def test_start_link_carries_the_chain_of_callers() -> None:
    """Elixir Task: "start_link with $callers"."""

    def nested(witness: Pid) -> None:
        process.send(witness, process.get("$callers"))
        if witness is process.get("$callers")[0]:
            Task.start_link(nested, witness)

    me = process.self()
    pid = Task.start_link(nested, me)

    assert await process.receive() == [me]
    assert await process.receive() == [pid, me]


@on_real_clock
async def test_a_completed_task_is_awaited_without_a_process() -> None:
    """Elixir Task: "completed/1"."""
    task = Task.completed("done")

    assert repr(task).startswith("Task(pid=None, ")
    assert await task.await_() == "done"
    assert await Task.completed(1).yield_() == ("ok", 1)
    assert nothing_is_left()


# ---- ignore


@on_real_clock
async def test_ignore_gives_a_result_that_is_there_and_leaves_nothing() -> None:
    """Elixir Task: ignore/1 "discards on time replies"."""
    task = Task.run_async(lambda: "done")
    await gone(task)

    assert await task.ignore() == ("ok", "done")
    assert nothing_is_left()


@on_real_clock
async def test_ignore_gives_the_exit_of_a_failed_task() -> None:
    """Elixir Task: ignore/1 "discards on-time failures"."""
    process.flag(trap_exit=True)
    task: Task[Any] = Task.run_async(process.exit, "boom")
    await gone(task)

    assert await task.ignore() == ("exit", "boom")
    assert process.flush() == [Exit(task.pid, "boom")]


@on_real_clock
async def test_an_ignored_task_runs_on_unlinked_and_its_result_is_dropped() -> None:
    """Elixir Task: ignore/1 of a task that has no result yet."""
    task = Task.run_async(wait, "late")

    assert await task.ignore() is None
    assert process.info(process.self(), "links") == []
    process.send(task.pid, "go")
    await gone(task)
    assert nothing_is_left()


@on_real_clock
async def test_ignore_exits_when_the_node_is_gone() -> None:
    """Elixir Task: ignore/1 "exits on :noconnection"."""
    task = told(ended("noconnection"))

    assert await exit_reason(task.ignore()) == (
        ("nodedown", process.self().node),
        ("Task", "ignore", (task,)),
    )


@on_real_clock
async def test_a_completed_task_can_be_ignored() -> None:
    """Elixir Task: ignore/1 "can ignore completed tasks"."""
    assert await Task.completed("done").ignore() == ("ok", "done")
    assert nothing_is_left()


@on_real_clock
async def test_only_the_owner_may_ignore() -> None:
    """Elixir Task: ignore/1 from another process."""
    assert isinstance(await outcome(Task.run_async(wait).ignore), BadArgError)


# ---- await_


@on_real_clock
async def test_await_exits_when_a_task_ends_without_a_result() -> None:
    """Elixir Task: await/2 "exits on normal exit"."""
    task: Task[Any] = Task.run_async(process.exit, "normal")

    assert await exit_reason(task.await_()) == ("normal", ("Task", "await", (task, 5.0)))


@on_real_clock
async def test_await_exits_with_a_throw() -> None:
    """Elixir Task: await/2 "exits on task throw"."""
    process.flag(trap_exit=True)
    task: Task[Any] = Task.run_async(process.throw, "rocks")

    reason, _ = await exit_reason(task.await_())
    assert isinstance(reason, Throw)
    kind, stack = to_erlang(reason)
    assert kind == ("nocatch", "rocks")
    assert stack


@on_real_clock
async def test_await_exits_with_an_error_and_its_stack() -> None:
    """Elixir Task: await/2 "exits on task error"."""
    process.flag(trap_exit=True)
    task: Task[Any] = Task.run_async(fail, ZeroDivisionError("oops"))

    reason, _ = await exit_reason(task.await_())
    kind, stack = to_erlang(reason)
    assert kind == "badarith"
    assert stack[0][1] == "fail"


@on_real_clock
async def test_await_exits_with_the_error_of_a_missing_function() -> None:
    """Elixir Task: await/2 "exits on task undef function error"."""
    process.flag(trap_exit=True)
    task: Task[Any] = Task.run_async(lambda: undefined_function())  # type: ignore[name-defined]  # noqa: F821

    reason, _ = await exit_reason(task.await_())
    assert isinstance(reason, NameError)


@pytest.mark.parametrize("who", [None, ("name", "node@host")], ids=["pid", "name"])
def test_await_exits_when_the_node_is_gone(who: Any) -> None:
    """Elixir Task: await/2 "exits on :noconnection", and "from named monitor"."""

    @on_real_clock
    async def test() -> None:
        task = told(ended("noconnection", who))
        node = who[1] if who else process.self().node

        assert await exit_reason(task.await_()) == (
            ("nodedown", node),
            ("Task", "await", (task, 5.0)),
        )

    test()


# ---- await_many


@on_real_clock
async def test_await_many_returns_the_results_in_order() -> None:
    """Elixir Task: await_many/2."""
    tasks = [Task.run_async(wait, n) for n in range(3)]
    for task in reversed(tasks):
        process.send(task.pid, "go")

    assert await Task.await_many(tasks) == [0, 1, 2]
    assert await Task.await_many([]) == []
    assert process.flush() == []
    assert process.info(process.self(), "monitors") == []


@on_real_clock
async def test_await_many_leaves_unrelated_messages() -> None:
    """Elixir Task: await_many/2 "ignores messages from other processes"."""
    other = process.make_ref()
    strange: list[Any] = [other, (other, "x"), Down(other, "process", process.self(), "x"), "text"]
    for message in strange:
        process.send(process.self(), message)

    assert await Task.await_many([Task.run_async(lambda: 1), Task.run_async(lambda: 2)]) == [1, 2]
    assert process.flush() == strange


FAILURES: list[tuple[Callable[..., Any], Any, Callable[[Any], bool]]] = [
    (process.exit, "boom", lambda reason: reason == "boom"),
    (process.exit, "normal", lambda reason: reason == "normal"),
    (process.throw, "rocks", lambda reason: isinstance(reason, Throw)),
    (fail, ValueError("oops"), lambda reason: isinstance(reason, ValueError)),
    (fail, NameError("undef"), lambda reason: isinstance(reason, NameError)),
]


@pytest.mark.parametrize(
    ("fn", "arg", "is_right"), FAILURES, ids=["exit", "normal", "throw", "error", "undef"]
)
def test_await_many_exits_as_soon_as_one_task_fails(
    fn: Any, arg: Any, is_right: Callable[[Any], bool]
) -> None:
    """Elixir Task: await_many/2 "exits immediately when any task exits", "throws", "error"."""

    @on_virtual_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        tasks: list[Task[Any]] = [Task.run_async(sleep, 4.0), Task.run_async(fn, arg)]

        reason, call = await exit_reason(Task.await_many(tasks))

        assert is_right(reason)
        assert call == ("Task", "await_many", (tasks, 5.0))
        assert asyncio.get_running_loop().time() == 0.0
        await reason_of(tasks[0].pid)
        assert all(isinstance(message, Exit) for message in process.flush())

    test()


@on_virtual_clock
async def test_await_many_exits_after_its_time_and_leaves_nothing() -> None:
    """Elixir Task: await_many/2, time-out for all."""
    tasks = [Task.run_async(sleep, n) for n in (1.0, 3.0, 5.0)]

    assert await exit_reason(Task.await_many(tasks, 3.5)) == (
        "timeout",
        ("Task", "await_many", (tasks, 3.5)),
    )
    assert asyncio.get_running_loop().time() == 3.5
    await process.sleep(5.0)
    assert nothing_is_left()


@pytest.mark.parametrize("who", [None, ("name", "node@host")], ids=["pid", "name"])
def test_await_many_exits_when_the_node_is_gone(who: Any) -> None:
    """Elixir Task: await_many/2 "exits immediately on :noconnection", and "from named monitor"."""

    @on_real_clock
    async def test() -> None:
        tasks = [Task.run_async(wait), told(ended("noconnection", who))]
        node = who[1] if who else process.self().node

        reason, _ = await exit_reason(Task.await_many(tasks))
        assert reason == ("nodedown", node)

    test()


@on_real_clock
async def test_only_the_owner_may_await_many() -> None:
    """Elixir Task: await_many/2 "raises when invoked from a non-owner process"."""
    tasks = [Task.run_async(wait)]

    reason = await outcome(Task.await_many, tasks)
    assert isinstance(reason, BadArgError)
    assert "only by the process that made it" in str(reason)


# ---- yield_


@on_real_clock
async def test_yield_takes_a_reply_and_the_down_that_follows_it() -> None:
    """Elixir Task: yield/2 "returns {:ok, result} when reply and :DOWN in message queue"."""
    task = told(reply("result"), ended("boom"))
    other = told()

    assert await task.yield_(0) == ("ok", "result")
    assert await other.yield_(0) is None


@on_real_clock
async def test_yield_returns_the_exit_of_a_task_without_result() -> None:
    """Elixir Task: yield/2 "return exit on normal exit"."""
    task: Task[Any] = Task.run_async(process.exit, "normal")

    assert await task.yield_() == ("exit", "normal")


@on_real_clock
async def test_yield_exits_when_the_node_is_gone() -> None:
    """Elixir Task: yield/2 "exits on :noconnection"."""
    task = told(ended("noconnection"))

    reason, call = await exit_reason(task.yield_())
    assert (reason[0], call) == ("nodedown", ("Task", "yield", (task, 5.0)))


# ---- yield_many


@on_real_clock
async def test_yield_many_takes_replies_and_the_downs_that_follow_them() -> None:
    """Elixir Task: yield_many/2 "returns {:ok, result} when reply and :DOWN in message queue"."""
    task = told(reply("result"), ended("boom"))

    assert await Task.yield_many([task]) == [(task, ("ok", "result"))]


@on_virtual_clock
async def test_yield_many_gives_nothing_for_tasks_without_answer() -> None:
    """Elixir Task: yield_many/2 "returns nil on timeout by default"."""
    quick, slow = Task.run_async(sleep, 1.0), Task.run_async(sleep, 3.0)

    assert await Task.yield_many([slow, quick], 2.0) == [(slow, None), (quick, ("ok", 1.0))]
    assert asyncio.get_running_loop().time() == 2.0
    assert await slow.await_() == 3.0


@on_virtual_clock
async def test_yield_many_kills_late_tasks_when_told() -> None:
    """Elixir Task: yield_many/2 "shuts down on timeout when configured"."""
    quick, slow = Task.run_async(sleep, 1.0), Task.run_async(sleep, 3.0)

    found = await Task.yield_many([quick, slow], 2.0, on_timeout="kill_task")

    assert found == [(quick, ("ok", 1.0)), (slow, None)]
    assert not process.alive(slow.pid)
    assert nothing_is_left()


@on_virtual_clock
async def test_yield_many_ignores_late_tasks_when_told() -> None:
    """Elixir Task: yield_many/2 with on_timeout: :ignore."""
    slow = Task.run_async(sleep, 3.0)

    assert await Task.yield_many([slow], 2.0, on_timeout="ignore") == [(slow, None)]
    assert process.info(process.self(), "links") == []
    assert await reason_of(slow.pid) == "normal"
    assert nothing_is_left()


@on_real_clock
async def test_yield_many_returns_exits() -> None:
    """Elixir Task: yield_many/2 "return exit on normal exit"."""
    task: Task[Any] = Task.run_async(process.exit, "normal")

    assert await Task.yield_many([task]) == [(task, ("exit", "normal"))]


@on_real_clock
async def test_only_the_owner_may_yield_many() -> None:
    """Elixir Task: yield_many/2 "raises when invoked from a non-owner process"."""
    assert isinstance(await outcome(Task.yield_many, [Task.run_async(wait)]), BadArgError)


@on_virtual_clock
async def test_yield_many_returns_when_so_many_have_answered() -> None:
    """Elixir Task: yield_many/2 "returns results from multiple tasks with limit"."""
    tasks = [Task.run_async(sleep, seconds) for seconds in (3.0, 1.0, 2.0)]

    found = await Task.yield_many(tasks, limit=2, on_timeout="kill_task")

    assert [result for _, result in found] == [None, ("ok", 1.0), ("ok", 2.0)]
    assert asyncio.get_running_loop().time() == 2.0
    assert process.alive(tasks[0].pid)


@on_virtual_clock
async def test_yield_many_gives_up_on_a_limit_in_time() -> None:
    """Elixir Task: yield_many/2 "returns results from multiple tasks with limit and on timeout"."""
    tasks = [Task.run_async(sleep, seconds) for seconds in (1.0, 3.0, 4.0)]

    found = await Task.yield_many(tasks, 2.0, limit=2, on_timeout="kill_task")

    assert [result for _, result in found] == [("ok", 1.0), None, None]
    assert not any(process.alive(task.pid) for task in tasks)


@pytest.mark.parametrize("options", [{"limit": -1}, {"limit": True}, {"on_timeout": "x"}])
def test_yield_many_refuses_bad_options(options: Any) -> None:
    @on_real_clock
    async def test() -> None:
        with pytest.raises(BadArgError, match="yield_many: "):
            await Task.yield_many([], **options)

    test()


# ---- shutdown


@pytest.mark.parametrize("how", [5.0, "brutal_kill"])
@pytest.mark.parametrize("reason", ["boom", "shutdown", "normal"])
def test_shutdown_returns_a_result_whatever_the_end_was(how: Any, reason: Any) -> None:
    """Elixir Task: shutdown/2 "returns {:ok, result} when reply and ... :DOWN in message queue"."""

    @on_real_clock
    async def test() -> None:
        task = told(reply("result"), ended(reason))
        await gone(task)

        assert await task.shutdown(how) == ("ok", "result")
        assert nothing_is_left()

    test()


@pytest.mark.parametrize("how", [5.0, "brutal_kill"])
@pytest.mark.parametrize(
    ("reason", "result"),
    [
        ("normal", ("exit", "normal")),
        ("boom", ("exit", "boom")),
        ("killed", ("exit", "killed")),
        ("shutdown", ("exit", "shutdown")),
    ],
)
def test_shutdown_returns_the_exit_of_a_task_that_had_ended(
    how: Any, reason: Any, result: Any
) -> None:
    """Elixir Task: shutdown/2 "returns exit on abnormal, normal, killed :DOWN in message queue"."""

    @on_real_clock
    async def test() -> None:
        task = told(ended(reason))
        await gone(task)
        stopped = reason == ("killed" if how == "brutal_kill" else "shutdown")

        assert await task.shutdown(how) == (None if stopped else result)
        assert nothing_is_left()

    test()


@on_real_clock
async def test_shutdown_of_a_task_that_shuts_down_gives_nothing() -> None:
    """Elixir Task: shutdown/2 "returns nil on shutting down task"."""
    task: Task[Any] = Task.run_async(wait)
    process.unlink(task.pid)
    process.exit(task.pid, "shutdown")

    assert await task.shutdown() is None


@on_real_clock
async def test_a_completed_task_has_no_process_to_stop() -> None:
    """Elixir Task: shutdown/2 "ignores if task PID is nil"."""
    assert await Task.completed("done").shutdown() == ("ok", "done")
    assert await Task.completed("done").shutdown("brutal_kill") == ("ok", "done")
    assert nothing_is_left()


@on_real_clock
async def test_shutdown_of_an_awaited_task_finds_no_process() -> None:
    """Elixir Task: shutdown/2 with :brutal_kill "returns {:exit, :noproc} if task handled"."""
    task = Task.run_async(lambda: 1)
    await task.await_()
    await gone(task)

    assert await task.shutdown("brutal_kill") == ("exit", "noproc")
    assert await task.shutdown() == ("exit", "noproc")


# ---- reports


def test_the_report_of_a_task_says_who_started_it_with_function_and_arguments(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Elixir Task: "logs a terminated task"."""

    @on_real_clock
    async def test() -> None:
        await reason_of(Task.start(fail, ValueError("oops")))

    test()

    [record] = caplog.records
    text = shown(record)
    fields = fields_of(record)
    details = fields["details"]
    assert details["Started from"] == fields["ancestors"][0]
    assert "fail" in details["Function"]
    assert details["Arguments"] == "(ValueError('oops'),)"
    assert "Arguments: (ValueError('oops'),)" in text
    assert "raise error" in text


def test_the_report_of_a_task_shows_its_label(caplog: pytest.LogCaptureFixture) -> None:
    """Elixir Task: "logs a terminated task with a process label"."""

    def labelled() -> None:
        process.set_label(("job", 7))
        process.exit("boom")

    @on_real_clock
    async def test() -> None:
        await reason_of(Task.start(labelled))

    test()

    [record] = caplog.records
    assert "(('job', 7)) terminating" in record.getMessage()
