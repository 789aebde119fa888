"""Rules P1 to P5: how processes begin, end, and are told apart (crash reports: P6)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, cast

import pytest

from beamish import BadArgError, Exit, NotRunningError, Pid, ProcessExit, process

from .harness import (
    PATIENCE,
    down_of,
    end_of,
    ended,
    equal_to,
    on_virtual_clock,
    sleeper,
    watched_end,
)

# ---- P1


@on_virtual_clock
async def test_p1_spawn_returns_before_the_child_has_run() -> None:
    """P1: spawn returns at once, it never waits for the child."""
    ran: list[str] = []

    async def child() -> None:
        ran.append("child")

    pid = process.spawn(child)
    assert ran == []

    await end_of(pid)
    assert ran == ["child"]


@on_virtual_clock
async def test_p1_a_plain_function_can_be_a_process() -> None:
    """P1: anything that can be called can be spawned."""
    parent = process.self()

    process.spawn(process.send, parent, "from a plain function")

    assert await process.receive(timeout=PATIENCE) == "from a plain function"


@on_virtual_clock
async def test_p1_arguments_are_passed_by_position_and_by_name() -> None:
    """P1: spawn(fn, *args, **kw)."""
    parent = process.self()

    async def child(*args: Any, **kw: Any) -> None:
        process.send(parent, (args, kw))

    process.spawn(child, 1, 2, three=3)

    assert await process.receive(timeout=PATIENCE) == ((1, 2), {"three": 3})


@on_virtual_clock
async def test_p1_a_child_that_raises_at_once_does_not_fail_the_caller() -> None:
    """P1: spawn never fails because of the child's code."""

    def child() -> None:
        raise LookupError("at once")

    assert isinstance(await watched_end(child), LookupError)


@on_virtual_clock
async def test_p1_wrong_arguments_are_the_childs_error() -> None:
    """P1: of a missing function it is the child that ends with undef; of wrong arguments too."""

    async def child(needed: int) -> None:
        raise AssertionError(needed)

    _, ref = process.spawn_monitor(cast("Any", child), 1, 2, unknown=3)

    assert isinstance(await down_of(ref), TypeError)


@on_virtual_clock
async def test_p1_spawn_refuses_a_coroutine_and_says_what_to_write() -> None:
    """P1: what is no function is an error of the caller's."""

    async def work(_: int) -> None: ...

    with pytest.raises(BadArgError, match=r"spawn\(.*work, \.\.\.\) and not spawn\(.*work\("):
        process.spawn(work(1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("thing", [None, 42, "name", ()])
@on_virtual_clock
async def test_p1_spawn_refuses_what_cannot_be_called(thing: Any) -> None:
    """P1: what is no function is an error of the caller's."""
    before = process.list()

    with pytest.raises(BadArgError, match="function"):
        process.spawn(thing)

    assert process.list() == before


# ---- P2


@on_virtual_clock
async def test_p2_a_linked_child_that_dies_at_once_delivers_its_own_reason() -> None:
    """P2: spawn_link is one step: never noproc."""
    process.flag(trap_exit=True)

    for number in range(300):
        pid = process.spawn_link(process.exit, number)
        assert await process.receive(timeout=PATIENCE) == Exit(pid, number)


@on_virtual_clock
async def test_p2_a_monitored_child_that_dies_at_once_delivers_its_own_reason() -> None:
    """P2: spawn_monitor is one step: never noproc."""
    for number in range(300):
        assert await watched_end(process.exit, number) == number


@on_virtual_clock
async def test_p2_spawn_opt_links_monitors_names_and_labels_in_one_step() -> None:
    """P2: all options take effect before the child runs."""
    pid, ref = process.spawn_opt(sleeper, link=True, monitor=True, name="both", label="lab")

    assert process.info(process.self(), "links") == [pid]
    assert process.info(pid, "links") == [process.self()]
    assert process.info(pid, "monitored_by") == [process.self()]
    assert process.whereis("both") is pid
    assert process.label(pid) == "lab"
    process.unlink(pid)
    process.exit(pid, "done")
    assert await down_of(ref) == "done"


@on_virtual_clock
async def test_p2_spawn_opt_starts_nothing_where_the_name_is_taken() -> None:
    """P2: one step: all of it or nothing."""
    process.register("taken", process.self())
    before = process.list()

    with pytest.raises(BadArgError, match="taken"):
        process.spawn_opt(sleeper, name="taken")

    assert process.list() == before


@pytest.mark.parametrize("name", ["undefined", 42, ("a", "b")])
@on_virtual_clock
async def test_p2_spawn_opt_starts_nothing_where_the_name_is_bad(name: Any) -> None:
    """P2: one step: all of it or nothing."""
    before = process.list()

    with pytest.raises(BadArgError):
        process.spawn_opt(sleeper, name=name)

    assert process.list() == before


@pytest.mark.parametrize("options", [{"alias": "sometimes"}, {"unknown": 1}])
@on_virtual_clock
async def test_p2_spawn_opt_starts_nothing_where_the_monitor_options_are_bad(options: Any) -> None:
    """P2: one step: all of it or nothing."""
    before = process.list()

    with pytest.raises(BadArgError):
        process.spawn_opt(sleeper, monitor=options)

    assert process.list() == before


@on_virtual_clock
async def test_p2_spawn_opt_takes_the_options_of_monitor() -> None:
    """P2, M7: monitor={...} gives the reference an alias and the message a tag."""
    _, ref = process.spawn_opt(
        process.exit, "bye", monitor={"alias": "explicit_unalias", "tag": "gone"}
    )

    process.send(ref, "through the alias")

    assert await process.receive(timeout=PATIENCE) == "through the alias"
    assert (await process.receive(("gone", ref, ..., ..., ...), timeout=PATIENCE))[4] == "bye"


# ---- P3


@on_virtual_clock
async def test_p3_a_process_ends_normally_when_its_function_returns() -> None:
    """P3: reason normal."""
    assert await watched_end(lambda: "a result") == "normal"


@on_virtual_clock
async def test_p3_ones_own_exit_can_be_caught() -> None:
    """P3: exit/1 is an exception."""
    caught: list[Any] = []

    async def child() -> None:
        try:
            process.exit("reason")
        except ProcessExit as exits:
            caught.append(exits.reason)

    assert await watched_end(child) == "normal"
    assert caught == ["reason"]


@on_virtual_clock
async def test_p3_ones_own_exit_runs_finally() -> None:
    """P3: exit/1 is an exception."""
    ran: list[str] = []

    async def child() -> None:
        try:
            process.exit("reason")
        finally:
            ran.append("finally")

    assert await watched_end(child) == "reason"
    assert ran == ["finally"]


@on_virtual_clock
async def test_p3_a_caught_error_does_not_end_the_process() -> None:
    """P3: a caught exception does not end the process."""

    async def child() -> None:
        with contextlib.suppress(ZeroDivisionError):
            _ = 1 / 0
        process.exit("later")

    assert await watched_end(child) == "later"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
@on_virtual_clock
async def test_p3_the_end_of_the_interpreter_is_only_that_of_the_process(
    error: BaseException,
) -> None:
    """E4: SystemExit and KeyboardInterrupt are exit/1 with that reason."""

    async def child() -> None:
        raise error

    assert await watched_end(child) is error


# ---- P4


async def _in_receive() -> None:
    await process.receive("never")


async def _in_a_future() -> None:
    await asyncio.get_running_loop().create_future()


async def _in_a_task_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(3600))


async def _in_a_predicate() -> None:
    await process.receive(equal_to("never"))


async def _in_a_timed_receive() -> None:
    await process.receive(int, timeout=3600)


async def _in_turns() -> None:
    while True:
        await process.sleep(0)


@pytest.mark.parametrize("reason", ["boom", "kill"])
@pytest.mark.parametrize(
    "where",
    [
        sleeper,
        _in_receive,
        _in_a_future,
        _in_a_task_group,
        _in_a_predicate,
        _in_a_timed_receive,
        _in_turns,
    ],
)
@on_virtual_clock
async def test_p4_a_signal_reaches_a_process_wherever_it_waits(where: Any, reason: str) -> None:
    """P4: signals are received at any point, not only in receive."""
    pid, ref = process.spawn_monitor(where)
    for _ in range(3):
        await process.sleep(0)

    process.exit(pid, reason)

    assert await down_of(ref) == ("killed" if reason == "kill" else reason)


@pytest.mark.parametrize("reason", ["boom", "kill"])
@on_virtual_clock
async def test_p4_a_signal_reaches_a_process_that_has_not_begun(reason: str) -> None:
    """P4: a process that is ended before its first step never takes it."""
    ran: list[str] = []

    async def child() -> None:
        ran.append("child")

    pid, ref = process.spawn_monitor(child)
    process.exit(pid, reason)

    assert await down_of(ref) == ("killed" if reason == "kill" else reason)
    assert ran == []


@on_virtual_clock
async def test_p4_a_running_process_is_ended_at_its_next_wait() -> None:
    """P4: in Python, a process that runs is reached where it next waits."""
    steps: list[str] = []

    async def child() -> None:
        process.link(partner)
        process.exit(partner, "boom")  # not trapping: comes back through the link
        steps.append("still running")
        await process.sleep(0)
        steps.append("never")

    partner = process.spawn(sleeper)

    assert await watched_end(child) == "boom"
    assert steps == ["still running"]


# ---- P5


@on_virtual_clock
async def test_p5_pids_are_unique() -> None:
    """P5: nobody else ever gets a pid."""
    pids = [process.spawn(sleeper) for _ in range(100)]
    pids += [await ended() for _ in range(100)]

    assert len(set(pids)) == 200


@on_virtual_clock
async def test_p5_self_is_what_spawn_returned() -> None:
    """P5: a process has one pid."""
    parent = process.self()

    pid = process.spawn(lambda: process.send(parent, process.self()))

    assert await process.receive(Pid, timeout=PATIENCE) is pid


@on_virtual_clock
async def test_p5_a_process_is_alive_until_it_has_ended() -> None:
    """P5: is_process_alive."""
    pid, ref = process.spawn_monitor(process.receive)

    assert process.alive(pid)
    process.send(pid, "go on")
    await down_of(ref)
    assert not process.alive(pid)


@pytest.mark.parametrize("reason", ["boom", "kill"])
@on_virtual_clock
async def test_p5_a_process_that_was_told_to_end_is_not_alive(reason: str) -> None:
    """P5, R2: what the caller has sent it is taken into account."""
    pid = process.spawn(sleeper)
    await process.sleep(0)

    process.exit(pid, reason)

    assert not process.alive(pid)


@on_virtual_clock
async def test_p5_info_of_a_dead_process_is_none() -> None:
    """P5: process_info(DeadPid) is undefined."""
    pid = await ended()

    assert process.info(pid) is None
    assert process.info(pid, "links") is None
    assert process.label(pid) is None


@on_virtual_clock
async def test_p5_a_dead_process_is_not_listed() -> None:
    """P5: processes() lists the living, in order of age."""
    pid, ref = process.spawn_monitor(sleeper)
    assert process.list() == [process.self(), pid]

    process.exit(pid, "kill")
    assert process.list() == [process.self()]
    await down_of(ref)
    assert process.list() == [process.self()]


@pytest.mark.parametrize("thing", [None, "name", 1])
@on_virtual_clock
async def test_p5_alive_and_info_take_a_pid_only(thing: Any) -> None:
    """P5: anything else is badarg."""
    with pytest.raises(BadArgError, match="takes a Pid"):
        process.alive(thing)
    with pytest.raises(BadArgError, match="takes a Pid"):
        process.info(thing)


# ---- outside of a node


def _first_step(awaitable: Awaitable[Any]) -> None:
    """Runs an awaitable without a loop, up to where it first waits."""

    async def step() -> None:
        await awaitable

    step().send(None)


@pytest.mark.parametrize(
    "operation",
    [
        process.self,
        process.make_ref,
        process.flush,
        process.list,
        process.registered,
        lambda: process.spawn(sleeper),
        lambda: process.spawn_link(sleeper),
        lambda: process.send("name", 1),
        lambda: process.send_threadsafe("name", 1),
        lambda: process.register("name", None),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        lambda: process.whereis("name"),
        lambda: process.flag(trap_exit=True),
        lambda: process.send_after(1, "name", 1),
        lambda: process.put("key", 1),
        lambda: process.own(object(), close=repr),
        lambda: _first_step(process.receive()),
        lambda: _first_step(process.receive(int, timeout=0)),
        lambda: _first_step(process.sleep(0)),
        lambda: _first_step(process.offload(repr, 1)),
    ],
)
def test_every_operation_outside_of_a_node_says_so(operation: Any) -> None:
    with pytest.raises(NotRunningError, match=r"no node is running: .*beamish\.run"):
        operation()
