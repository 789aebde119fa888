"""Elixir's Task.async_stream, and Task.Supervisor's: cases of their own suites, in our words."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from beamish import process
from beamish.otp import ChildSpecError, StartError, Task, TaskSupervisor
from beamish.otp.task import TaskStream
from beamish.terms import BadArgError, Down, Pid, ProcessExit
from tests.otp.support import (
    ended_by,
    exit_reason,
    on_real_clock,
    on_virtual_clock,
    outcome,
    reason_of,
)

# How the tests make a stream: of Task, or of a supervisor's tasks, linked or not.
KINDS = ["task", "supervised", "nolink"]

concurrency = pytest.mark.parametrize("max_concurrency", [2, 4, 8])
every_kind = pytest.mark.parametrize("kind", KINDS)


async def stream(
    kind: str, inputs: Any, fn: Callable[[Any], Any], *args: Any, **options: Any
) -> TaskStream[Any]:
    if kind == "task":
        return Task.async_stream(inputs, fn, *args, **options)
    if process.whereis("tasks") is None:
        process.unlink(await TaskSupervisor.start_link(name="tasks"))
    make = (
        TaskSupervisor.async_stream if kind == "supervised" else TaskSupervisor.async_stream_nolink
    )
    return make("tasks", inputs, fn, *args, **options)


async def all_of(results: TaskStream[Any]) -> list[Any]:
    return [result async for result in results]


async def sleep(seconds: float) -> float:
    await process.sleep(seconds)
    return seconds


def double(number: int) -> int:
    return 2 * number


async def park(*_: Any) -> None:
    await process.receive("go")


def nothing_is_left() -> bool:
    """No message, link or monitor of the calling process."""
    me = process.self()
    items = ("messages", "links", "monitors", "monitored_by")
    return [process.info(me, item) for item in items] == [[], [], [], []]


async def no_task_is_left() -> None:
    """Waits until the processes of streams and tasks have ended."""
    for pid in process.list():
        label = process.label(pid)
        if pid is not process.self() and label not in {"TaskSupervisor", "_Tasks"}:
            await reason_of(pid)


# ---- results


@concurrency
@every_kind
def test_results_come_in_order_and_nothing_is_left(kind: str, max_concurrency: int) -> None:
    """Elixir Task: async_stream/2 "streams an enumerable without leaking tasks"."""

    @on_real_clock
    async def test() -> None:
        results = await stream(kind, range(4), double, max_concurrency=max_concurrency)

        assert await all_of(results) == [("ok", 0), ("ok", 2), ("ok", 4), ("ok", 6)]
        assert nothing_is_left()

    test()


@every_kind
def test_more_arguments_stand_behind_the_input(kind: str) -> None:
    """Elixir Task: async_stream/5 "streams an enumerable with mfa"."""

    @on_real_clock
    async def test() -> None:
        results = await stream(kind, [1, 2], "{0}-{2}-{1}".format, "a", "b")

        assert await all_of(results) == [("ok", "1-b-a"), ("ok", "2-b-a")]

    test()


@concurrency
@every_kind
def test_the_order_is_kept_although_the_first_is_slowest(kind: str, max_concurrency: int) -> None:
    """Elixir Task: async_stream/2 "streams an enumerable with slowest first"."""

    @on_virtual_clock
    async def test() -> None:
        results = await stream(kind, [4.0, 1.0, 2.0, 3.0], sleep, max_concurrency=max_concurrency)

        assert await all_of(results) == [("ok", 4.0), ("ok", 1.0), ("ok", 2.0), ("ok", 3.0)]
        assert nothing_is_left()

    test()


@on_virtual_clock
async def test_unordered_results_come_as_they_are_done() -> None:
    """Elixir Task: async_stream/2 with ordered: false."""
    results = Task.async_stream([4.0, 1.0, 2.0, 3.0], sleep, max_concurrency=4, ordered=False)

    assert await all_of(results) == [("ok", 1.0), ("ok", 2.0), ("ok", 3.0), ("ok", 4.0)]


@concurrency
@every_kind
def test_exits_are_items_for_a_consumer_that_traps(kind: str, max_concurrency: int) -> None:
    """Elixir Task: async_stream/2 "streams an enumerable with exits"."""

    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        results = await stream(
            kind, ["a", "b", "normal"], process.exit, max_concurrency=max_concurrency
        )

        assert await all_of(results) == [("exit", "a"), ("exit", "b"), ("exit", "normal")]
        assert nothing_is_left()

    test()


@on_real_clock
async def test_nolink_makes_items_of_exits_for_everyone() -> None:
    """Elixir Task.Supervisor: async_stream_nolink "streams an enumerable with exits"."""
    results = await stream("nolink", ["a", ValueError("b")], _fail)

    (_, first), (_, second) = await all_of(results)
    assert first == "a"
    assert isinstance(second, ValueError)


def _fail(reason: Any) -> None:
    if isinstance(reason, Exception):
        raise reason
    process.exit(reason)


@pytest.mark.parametrize("kind", ["task", "supervised"])
def test_a_failed_task_ends_a_consumer_that_does_not_trap(kind: str) -> None:
    """Elixir Task: async_stream/2, links."""

    async def consume(witness: Pid) -> None:
        results = await stream(kind, [park, process.exit], lambda fn: fn("boom"), max_concurrency=2)
        process.send(witness, "ready")
        await all_of(results)

    @on_real_clock
    async def test() -> None:
        assert await outcome(consume, process.self()) == "boom"
        await no_task_is_left()

    test()


@on_real_clock
async def test_a_task_that_ends_normally_without_a_result_is_an_item() -> None:
    """Elixir Task: async_stream/2: a link does not tell of normal ends."""
    results: TaskStream[Any] = Task.async_stream(["normal"], process.exit)

    assert await all_of(results) == [("exit", "normal")]


# ---- time


@every_kind
def test_a_late_task_makes_the_consumer_exit(kind: str) -> None:
    """Elixir Task: async_stream/2 "timeout"."""

    @on_virtual_clock
    async def test() -> None:
        results = await stream(kind, [1.0, 9.0], sleep, timeout=2.0, max_concurrency=2)

        assert await anext(results) == ("ok", 1.0)
        assert await exit_reason(anext(results)) == ("timeout", ("Task", "async_stream", (2.0,)))
        assert asyncio.get_running_loop().time() == 2.0
        assert nothing_is_left()
        assert await all_of(results) == []

    test()


@on_virtual_clock
async def test_late_tasks_are_items_where_they_are_killed() -> None:
    """Elixir Task: "streams an enumerable with ordered: false, on_timeout: :kill_task"."""
    results = Task.async_stream(
        [9.0, 1.0, 3.0],
        sleep,
        timeout=2.0,
        on_timeout="kill_task",
        ordered=False,
        max_concurrency=4,
    )

    assert await all_of(results) == [("ok", 1.0), ("exit", "timeout"), ("exit", "timeout")]
    assert nothing_is_left()


@on_virtual_clock
async def test_a_task_may_take_any_time() -> None:
    """Elixir Task: async_stream/2 "streams an enumerable with infinite timeout"."""
    assert await all_of(Task.async_stream([9999.0], sleep, timeout=None)) == [("ok", 9999.0)]


@concurrency
@every_kind
def test_failed_items_carry_their_input_when_told(kind: str, max_concurrency: int) -> None:
    """Elixir Task: "with timeout and :zip_input_on_exit set to true"."""

    @on_virtual_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        results = await stream(
            kind,
            [1.0, 9.0, "boom"],
            lambda given: sleep(given) if given != "boom" else process.exit("no"),
            timeout=2.0,
            on_timeout="kill_task",
            zip_input_on_exit=True,
            max_concurrency=max_concurrency,
        )

        assert await all_of(results) == [
            ("ok", 1.0),
            ("exit", (9.0, "timeout")),
            ("exit", ("boom", "no")),
        ]

    test()


# ---- what is refused


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_concurrency", 0),
        ("max_concurrency", True),
        ("max_concurrency", 1.5),
        ("on_timeout", "explode"),
        ("timeout", -1),
        ("timeout", "infinity"),
    ],
)
def test_bad_options_are_refused_at_once(option: str, value: Any) -> None:
    """Elixir Task: "does not allow streaming with max_concurrency = 0", "invalid :on_timeout"."""
    options: Any = {option: value}

    with pytest.raises(BadArgError, match=f"async_stream: {option}: expected "):
        Task.async_stream([1], double, **options)


def test_a_bad_shutdown_is_refused_at_once() -> None:
    """Elixir Task.Supervisor: "does not allow streaming with invalid :shutdown"."""
    shutdown: Any = "unknown"

    with pytest.raises(ChildSpecError, match="shutdown: expected seconds"):
        TaskSupervisor.async_stream("tasks", [1], double, shutdown=shutdown)


def test_what_is_no_input_or_no_function_is_refused() -> None:
    bad: Any = 7

    with pytest.raises(BadArgError, match="expected an iterable"):
        Task.async_stream(bad, double)
    with pytest.raises(BadArgError, match="expected a function"):
        Task.async_stream([1], bad)


# ---- the mailbox


@on_real_clock
async def test_forged_messages_do_not_disturb_a_stream() -> None:
    """Elixir Task: async_stream/2 "streams with fake down messages on the inbox"."""
    forged = Down(process.make_ref(), "process", process.self(), "boom")
    process.send(process.self(), forged)

    assert await all_of(Task.async_stream(range(2), double)) == [("ok", 0), ("ok", 2)]
    assert process.flush() == [forged]


@on_real_clock
async def test_a_consumer_may_receive_between_two_results() -> None:
    async with Task.async_stream(range(8), double, max_concurrency=4) as results:
        async for _ in results:
            process.send(process.self(), "mine")

            assert await process.receive() == "mine"


@on_real_clock
async def test_a_consumer_may_stop_waiting_and_go_on_and_no_result_is_lost() -> None:
    results = Task.async_stream(range(3), _when_told, process.self(), max_concurrency=1)
    found: list[Any] = []
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await anext(results)
        process.send(await process.receive(Pid), "go")
        found.append(await anext(results))

    assert found == [("ok", 0), ("ok", 1), ("ok", 2)]


async def _when_told(number: int, witness: Pid) -> int:
    process.send(witness, process.self())
    await process.receive("go")
    return number


# ---- who asks


@every_kind
def test_the_tasks_callers_are_the_consumer_and_whom_it_runs_for(kind: str) -> None:
    """Elixir Task: async_stream/2 "with $callers"."""

    async def nested() -> tuple[Pid, Any]:
        results = await stream(kind, [1], lambda _: process.get("$callers"))
        return process.self(), (await anext(results))[1]

    @on_real_clock
    async def test() -> None:
        pid, found = await Task.run_async(nested).await_()

        assert found == [pid, process.self()]
        assert process.get("$callers") is None

    test()


@every_kind
def test_a_stream_is_made_in_one_process_and_consumed_in_another(kind: str) -> None:
    """Elixir Task: async_stream/2 "consuming from another process"."""

    @on_real_clock
    async def test() -> None:
        results = await stream(kind, range(3), double)

        assert await Task.run_async(all_of, results).await_() == [("ok", 0), ("ok", 2), ("ok", 4)]

    test()


@on_real_clock
async def test_only_one_process_consumes_a_stream() -> None:
    results = Task.async_stream(range(3), double)
    await anext(results)

    reason = await outcome(all_of, results)
    assert isinstance(reason, BadArgError)
    assert "let one process make and consume it" in str(reason)
    assert await anext(results) == ("ok", 2)


# ---- the input


@on_real_clock
async def test_the_input_is_read_only_as_fast_as_tasks_are_free() -> None:
    """Elixir Task: async_stream/5, max_concurrency and laziness."""
    read: list[int] = []

    def inputs() -> Iterator[int]:
        for number in range(9):
            read.append(number)
            yield number

    results = Task.async_stream(inputs(), _when_told, process.self(), max_concurrency=2)
    consumer = Task.run_async(anext, results)
    first = await process.receive(Pid)
    await process.receive(Pid)
    assert read == [0, 1]
    process.send(first, "go")

    assert await consumer.await_() == ("ok", 0)
    assert read == [0, 1]


@on_real_clock
async def test_nothing_is_read_before_a_result_is_asked_for() -> None:
    read: list[int] = []

    results = Task.async_stream(map(read.append, [1, 2]), park)

    assert (read, nothing_is_left()) == ([], True)
    await results.aclose()
    assert await all_of(results) == []
    assert read == []


@on_real_clock
async def test_the_input_may_be_async_and_runs_in_the_consumer() -> None:
    async def inputs() -> AsyncIterator[Any]:
        yield process.self()
        yield await process.receive()

    process.send(process.self(), "received")

    results = Task.async_stream(inputs(), lambda given: given)
    assert await all_of(results) == [("ok", process.self()), ("ok", "received")]


@on_real_clock
async def test_a_stream_is_an_input_of_another() -> None:
    inner = Task.async_stream(range(5), double, max_concurrency=2)
    outer = Task.async_stream(inner, lambda item: item[1] + 1, max_concurrency=3)

    assert await all_of(outer) == [("ok", n) for n in (1, 3, 5, 7, 9)]
    assert nothing_is_left()


@on_real_clock
async def test_an_input_may_halt_its_own_producer() -> None:
    """Elixir Task: async_stream/2 "wrapping a flat_map/concat with a haltable stream"."""
    closed: list[str] = []

    def producer() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append("producer")

    def inputs() -> Iterator[int]:
        for number in producer():
            if number == 2:
                return
            yield number

    assert await all_of(Task.async_stream(inputs(), double)) == [("ok", 0), ("ok", 2)]
    assert closed == ["producer"]


@every_kind
def test_an_error_of_the_input_is_raised_and_the_tasks_are_killed(kind: str) -> None:
    def inputs() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    @on_real_clock
    async def test() -> None:
        results = await stream(kind, inputs(), park, max_concurrency=4)

        with pytest.raises(ValueError, match="no more"):
            await anext(results)
        assert nothing_is_left()
        assert await all_of(results) == []

    test()


@on_real_clock
async def test_an_error_of_an_async_input_is_raised() -> None:
    async def inputs() -> AsyncIterator[int]:
        yield 1
        process.exit("enough")

    with pytest.raises(ProcessExit, match="enough"):
        await all_of(Task.async_stream(inputs(), park, max_concurrency=4))

    await no_task_is_left()


# ---- leaving early


@concurrency
@every_kind
def test_a_broken_loop_kills_the_tasks_and_leaves_nothing(kind: str, max_concurrency: int) -> None:
    """Elixir Task: async_stream/2 "shuts down unused tasks without leaking messages"."""

    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        results = await stream(
            kind, [double, park, park, park], lambda fn: fn(1), max_concurrency=max_concurrency
        )
        async for result in results:
            assert result == ("ok", 2)
            break
        del results

        assert (process.flush(), process.info(process.self(), "links")) == ([], [])
        await no_task_is_left()
        assert nothing_is_left()

    test()


@every_kind
def test_aclose_waits_until_the_tasks_are_gone(kind: str) -> None:
    """Elixir Task.Supervisor: async_stream "shuts down unused tasks"."""
    pids: list[Pid] = []

    async def stubborn(witness: Pid) -> None:
        process.flag(trap_exit=True)
        process.send(witness, process.self())
        await process.sleep(None)

    @on_real_clock
    async def test() -> None:
        me = process.self()
        async with await stream(kind, [double, stubborn], lambda fn: fn(me), max_concurrency=2):
            pass
        results = await stream(kind, [1, me], lambda to: to == 1 or stubborn(to), max_concurrency=2)
        async with results:
            assert await anext(results) == ("ok", True)
            pids.append(await process.receive(Pid))

        assert not process.alive(pids[0])
        assert nothing_is_left()
        assert await all_of(results) == []

    test()


@pytest.mark.parametrize("how", ["normal", "boom", "kill", "error"])
@every_kind
def test_the_tasks_end_with_their_consumer(kind: str, how: str) -> None:
    """Elixir Task: async_stream/2: the tasks are linked to the consumer's fate."""
    kept: list[Any] = []

    async def consume(witness: Pid) -> None:
        results = await stream(kind, [0, witness], _first_or_stay, max_concurrency=2)
        kept.append(results)  # whatever happens, it is not dropped
        await anext(results)
        await process.receive("end")
        if how == "error":
            raise ValueError("boom")

    @on_real_clock
    async def test() -> None:
        consumer = process.spawn(consume, process.self())
        task = await process.receive(Pid)
        if how in {"normal", "error"}:
            process.send(consumer, "end")
        else:
            await ended_by(consumer, how)

        assert await reason_of(task) in {"killed", "noproc"}
        kept.clear()
        await no_task_is_left()

    test()


async def _first_or_stay(witness: Any) -> None:
    if witness:
        process.flag(trap_exit=True)
        process.send(witness, process.self())
        await process.sleep(None)


@on_real_clock
async def test_a_stream_dropped_by_the_garbage_collector_kills_its_tasks() -> None:
    async def consume() -> None:
        results = Task.async_stream([None, process.self()], _first_or_stay, max_concurrency=2)
        cycle: list[Any] = [results]
        cycle.append(cycle)
        await anext(results)

    await consume()
    gc.collect()

    await no_task_is_left()
    assert [type(message) for message in process.flush()] == [Pid]
    assert nothing_is_left()


@concurrency
def test_the_producers_clean_up_runs_when_the_loop_is_left(max_concurrency: int) -> None:
    """Elixir Task: async_stream/2 "terminates outer effect"."""
    closed: list[str] = []

    def inputs() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append("inputs")

    async def consume() -> None:
        async for _ in Task.async_stream(inputs(), double, max_concurrency=max_concurrency):
            break

    @on_real_clock
    async def test() -> None:
        await consume()

        assert closed == ["inputs"]

    test()


# ---- two at a time


@concurrency
@every_kind
def test_two_streams_are_consumed_in_turns(kind: str, max_concurrency: int) -> None:
    """Elixir Task: async_stream/2 "is zippable on success"."""

    @on_real_clock
    async def test() -> None:
        one = await stream(kind, range(4), double, max_concurrency=max_concurrency)
        other = await stream(kind, range(4), double, max_concurrency=max_concurrency)

        pairs = [(first, await anext(other)) async for first in one]
        await other.aclose()

        assert pairs == [(("ok", n), ("ok", n)) for n in (0, 2, 4, 6)]
        assert nothing_is_left()

    test()


@concurrency
def test_two_streams_are_consumed_in_turns_with_slowest_first(max_concurrency: int) -> None:
    """Elixir Task: async_stream/2 "is zippable with slowest first"."""

    @on_virtual_clock
    async def test() -> None:
        times = [4.0, 1.0, 2.0, 3.0]
        one = Task.async_stream(times, sleep, max_concurrency=max_concurrency)
        other = Task.async_stream(times, sleep, max_concurrency=max_concurrency)

        pairs = [(first, await anext(other)) async for first in one]

        assert pairs == [(("ok", n), ("ok", n)) for n in times]

    test()


@concurrency
@every_kind
def test_a_failing_input_inside_stops_the_stream(kind: str, max_concurrency: int) -> None:
    """Elixir Task: async_stream/2 "with inner halt on failure"."""

    def inputs() -> Iterator[int]:
        for number in range(4):
            if number == 2:
                raise ValueError("halt")
            yield number

    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        results = await stream(
            kind, inputs(), lambda n: process.exit(str(n)), max_concurrency=max_concurrency
        )

        with pytest.raises(ValueError, match="halt"):
            await all_of(results)
        assert nothing_is_left()

    test()


@concurrency
@every_kind
@pytest.mark.parametrize("zipped", [False, True])
def test_a_consumer_may_halt_at_a_failure(kind: str, max_concurrency: int, zipped: bool) -> None:
    """Elixir Task: "with outer halt on failure", and "and :zip_input_on_exit"."""

    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        results = await stream(
            kind,
            ["a", "b", "c", "d"],
            lambda reason: process.exit(reason),
            max_concurrency=max_concurrency,
            zip_input_on_exit=zipped,
        )
        async with results:
            with contextlib.suppress(ProcessExit):
                async for _, reason in results:
                    process.exit(reason)

        assert reason == (("a", "a") if zipped else "a")
        assert nothing_is_left()

    test()


# ---- under a supervisor


@pytest.mark.parametrize("kind", ["supervised", "nolink"])
def test_max_children_is_raised_and_the_tasks_started_so_far_are_stopped(kind: str) -> None:
    """Elixir Task.Supervisor: "raises an error if :max_children is reached ..."."""

    @on_real_clock
    async def test() -> None:
        process.unlink(await TaskSupervisor.start_link(name="tasks", max_children=1))
        results = await stream(kind, range(3), park, max_concurrency=2)

        with pytest.raises(StartError) as failed:
            await anext(results)

        assert failed.value.reason == "max_children"
        assert await TaskSupervisor.children("tasks") == []
        assert nothing_is_left()

    test()


@on_real_clock
async def test_as_many_tasks_as_max_children_never_are_too_many() -> None:
    process.unlink(await TaskSupervisor.start_link(name="tasks", max_children=2))

    results = TaskSupervisor.async_stream("tasks", range(50), double, max_concurrency=2)
    assert len(await all_of(results)) == 50


@pytest.mark.parametrize("kind", ["supervised", "nolink"])
def test_a_supervisor_that_is_not_there_makes_the_consumer_exit(kind: str) -> None:
    """Elixir Task.Supervisor: async_stream without a supervisor."""

    @on_real_clock
    async def test() -> None:
        await stream(kind, [], double)
        await TaskSupervisor.stop("tasks")
        results = await _stream_of_nobody(kind)

        reason, _ = await exit_reason(anext(results))
        assert reason == "noproc"
        assert nothing_is_left()

    test()


async def _stream_of_nobody(kind: str) -> TaskStream[Any]:
    nolink = kind == "nolink"
    make = TaskSupervisor.async_stream_nolink if nolink else TaskSupervisor.async_stream
    return make("tasks", [1], double)


@on_real_clock
async def test_the_tasks_are_the_supervisors_with_their_shutdown() -> None:
    """Elixir Task.Supervisor: async_stream, children and :shutdown."""
    process.unlink(await TaskSupervisor.start_link(name="tasks"))
    results = TaskSupervisor.async_stream_nolink(
        "tasks", [0, process.self()], _first_or_stay, max_concurrency=2, shutdown="brutal_kill"
    )
    async with results:
        await anext(results)
        task = await process.receive(Pid)
        assert await TaskSupervisor.children("tasks") == [task]
        await TaskSupervisor.stop("tasks")

        assert await anext(results) == ("exit", "killed")
