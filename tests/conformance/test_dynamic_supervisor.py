"""Elixir's own cases for DynamicSupervisor, in our words.

More are shown by tests/otp/test_dynamic_supervisor.py: see docs/conformance/supervisor.md.
"""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    Agent,
    ChildSpec,
    ChildSpecError,
    DynamicSupervisor,
    DynamicSupervisorFlags,
    Ignore,
    StartError,
    StartIgnored,
    Stop,
    Supervisor,
)
from beamish.terms import Pid, ProcessExit
from tests.otp.support import (
    Worker,
    down,
    ended_by,
    on_real_clock,
    on_virtual_clock,
    reason_of,
    started,
)
from tests.support.logs import reports

from .test_supervisor import BAD_FIELDS, Flaky, Hopeless, fields


class Simple(DynamicSupervisor):
    def init(self, result: Any = None) -> Any:
        return DynamicSupervisorFlags() if result is None else result


def worker(name: str = "a", **options: Any) -> ChildSpec:
    me, trap, slow = process.self(), options.pop("trap", False), options.pop("slow", 0.0)
    start = (Worker.start_link, (me, name), {"trap": trap, "slow": slow})
    return ChildSpec(name, start, **options)


async def pids(sup: Any) -> list[Any]:
    return [info.pid for info in await DynamicSupervisor.which_children(sup)]


# ---- child_spec, init, start_link


@on_real_clock
async def test_several_are_told_apart_by_their_names() -> None:
    """Elixir DynamicSupervisor: "multiple supervisors can be supervised and identified ..."."""
    children = [DynamicSupervisor.child_spec(name=name) for name in ("one", "two")]

    sup = await Supervisor.start_link(children)

    assert [info.id for info in await Supervisor.which_children(sup)] == ["two", "one"]


def test_a_class_statement_says_how_it_is_supervised() -> None:
    """Elixir DynamicSupervisor: use/2 "generates child_spec/1"."""

    class Default(DynamicSupervisor):
        pass

    class Special(DynamicSupervisor, id="id", restart="temporary", shutdown="brutal_kill"):
        pass

    one, other = Default.child_spec(1), Special.child_spec()
    assert (one.id, one.restart, one.shutdown, one.type) == (
        "Default",
        "permanent",
        None,
        "supervisor",
    )
    assert (other.id, other.restart, other.shutdown) == ("id", "temporary", "brutal_kill")


def test_the_flags_have_elixirs_defaults() -> None:
    """Elixir DynamicSupervisor: init/1 "set default options"."""
    flags = DynamicSupervisorFlags()

    assert (flags.max_children, flags.max_restarts, flags.max_seconds) == (None, 3, 5)
    assert flags.extra_arguments == ()


@on_real_clock
async def test_an_init_that_is_not_ok_fails_the_start() -> None:
    """Elixir DynamicSupervisor: start_link/3 "with non-ok init"."""
    process.flag(trap_exit=True)

    with pytest.raises(StartIgnored):
        await Simple.start_link(Ignore)
    for result, reason in ((Stop("why"), "why"), ("odd", ("", "odd"))):
        with pytest.raises(StartError) as failed:
            await Simple.start_link(result)
        error = failed.value.reason
        if isinstance(error, ChildSpecError):
            error = (error.field, error.value)
        assert error == reason
    assert process.flush() == []


@pytest.mark.parametrize(
    ("flag", "value", "reason"),
    [
        ("max_restarts", -1, ("invalid_intensity", -1)),
        ("max_seconds", 0, ("invalid_period", 0)),
        ("max_children", -1, ("invalid_max_children", -1)),
        ("extra_arguments", -1, ("invalid_extra_arguments", -1)),
    ],
)
def test_each_bad_flag_has_its_own_error(flag: str, value: Any, reason: Any) -> None:
    """Elixir DynamicSupervisor: start_link/3 "with non-ok init"."""
    with pytest.raises(ChildSpecError) as refused:
        DynamicSupervisorFlags(**{flag: value})

    assert refused.value.reason == reason


@on_real_clock
async def test_a_registered_one_is_already_started() -> None:
    """Elixir DynamicSupervisor: start_link/3 "with registered process"."""
    pid = await Simple.start_link(name="simple")

    with pytest.raises(StartError) as refused:
        await Simple.start_link(name="simple")

    assert refused.value.reason == ("already_started", pid)
    assert process.info(pid, "registered_name") == "simple"
    assert process.info(pid, "trap_exit") is True


@on_real_clock
async def test_the_initial_call_is_the_classs_init_as_of_a_supervisor() -> None:
    """Elixir DynamicSupervisor: start_link/3 "sets initial call to the same as a regular ..."."""

    class Regular(Supervisor):
        def init(self) -> Any:
            return []

    one = process.info(await Simple.start_link(), "initial_call")
    other = process.info(await Regular.start_link(), "initial_call")

    assert one.endswith("Simple.init")
    assert other.endswith("Regular.init")


# ---- start_child


@on_real_clock
async def test_start_child_takes_a_mapping() -> None:
    """Elixir DynamicSupervisor: start_child/2 "supports new child spec"."""
    sup = await DynamicSupervisor.start_link()

    pid = await DynamicSupervisor.start_child(sup, Agent.child_spec(dict))
    other = await DynamicSupervisor.start_child(sup, fields())

    assert await pids(sup) == [pid, other]


@pytest.mark.parametrize(("field", "value", "reason"), BAD_FIELDS)
def test_each_bad_field_has_its_own_error(field: str, value: Any, reason: Any) -> None:
    """Elixir DynamicSupervisor: start_child/2 "with invalid child spec"."""

    @on_real_clock
    async def test() -> None:
        sup = await DynamicSupervisor.start_link()
        with pytest.raises(ChildSpecError) as refused:
            await DynamicSupervisor.start_child(sup, fields(**{field: value}))
        assert refused.value.reason == reason

    test()


@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", "x"), "boom", "kill"])
def test_a_permanent_child_is_restarted_whatever_its_reason(reason: Any) -> None:
    """Elixir DynamicSupervisor: start_child/2 "permanent child is restarted regardless ..."."""

    @on_real_clock
    async def test() -> None:
        sup = await DynamicSupervisor.start_link()
        child = ChildSpec("a", lambda: process.spawn_link(process.receive))
        pid = await DynamicSupervisor.start_child(sup, child)

        if reason == "normal":
            process.send(pid, "go")
            await reason_of(pid)
        else:
            await ended_by(pid, reason)

        (again,) = await pids(sup)
        assert again is not pid

    test()


@on_real_clock
async def test_a_child_that_fails_to_restart_counts_in_max_children() -> None:
    """Elixir DynamicSupervisor: "restarting on init children counted in max_children"."""
    sup = await DynamicSupervisor.start_link(max_children=1, max_restarts=100_000)
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("a", Hopeless().start))
    await ended_by(pid, "boom")
    assert await pids(sup) == ["restarting"]

    with pytest.raises(StartError) as refused:
        await DynamicSupervisor.start_child(sup, worker())
    assert refused.value.reason == "max_children"


@on_real_clock
async def test_a_child_that_exits_counts_in_max_children_until_it_is_back() -> None:
    """Elixir DynamicSupervisor: "restarting on exit children counted in max_children"."""
    sup = await DynamicSupervisor.start_link(max_children=1)
    pid = await DynamicSupervisor.start_child(sup, worker())

    await ended_by(pid, "boom")

    with pytest.raises(StartError) as refused:
        await DynamicSupervisor.start_child(sup, worker("b"))
    assert refused.value.reason == "max_children"
    assert (await DynamicSupervisor.count_children(sup))["active"] == 1


@on_real_clock
async def test_a_restarted_child_gets_the_extra_arguments_again() -> None:
    """Elixir DynamicSupervisor: "restarting a child with extra_arguments successfully ..."."""
    sup = await DynamicSupervisor.start_link(extra_arguments=(process.self(),))
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("a", (Worker.start_link, ("a",))))

    await ended_by(pid, "boom")
    await pids(sup)

    assert started() == ["a", "a"]


@on_real_clock
async def test_a_failed_restart_is_tried_again() -> None:
    """Elixir DynamicSupervisor: start_child/2 "child is restarted when trying again"."""
    sup = await DynamicSupervisor.start_link(max_restarts=2)
    flaky = Flaky(StartError("why"))
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("a", flaky))

    await ended_by(pid, "boom")
    await pids(sup)

    (again,) = await pids(sup)
    assert isinstance(again, Pid)
    assert flaky.calls == 3


@on_real_clock
async def test_too_many_restarts_end_it_with_shutdown() -> None:
    """Elixir DynamicSupervisor: start_child/2 "child triggers maximum restarts"."""
    process.flag(trap_exit=True)
    sup = await DynamicSupervisor.start_link(max_restarts=1)
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("a", Flaky(StartError("why"))))
    ref = process.monitor(sup)

    process.exit(pid, "boom")

    assert await down(ref) == "shutdown"


@pytest.mark.parametrize("shutdown", ["brutal_kill", None, 0, 5.0])
def test_every_shutdown_is_taken(shutdown: Any) -> None:
    """Elixir DynamicSupervisor: start_child/2 "with valid shutdown"."""

    @on_real_clock
    async def test() -> None:
        sup = await DynamicSupervisor.start_link()
        pid = await DynamicSupervisor.start_child(sup, worker(shutdown=shutdown))
        assert process.alive(pid)

    test()


def raises_throw() -> Any:
    process.throw("thrown")


def exits() -> Any:
    raise ProcessExit("exit")


def fails() -> Any:
    raise ZeroDivisionError


def returns_error() -> Any:
    raise StartError("error")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (raises_throw, "Throw"),
        (exits, "exit"),
        (fails, "ZeroDivisionError"),
        (returns_error, "error"),
        (lambda: "odd", "odd"),
    ],
)
def test_an_odd_start_function_fails_the_start(start: Any, expected: str) -> None:
    """Elixir DynamicSupervisor: start_child/2 "with invalid valid shutdown"."""

    @on_real_clock
    async def test() -> None:
        sup = await DynamicSupervisor.start_link()
        with pytest.raises(StartError) as refused:
            await DynamicSupervisor.start_child(sup, ChildSpec("a", start))
        reason = refused.value.reason
        shown = type(reason).__name__ if isinstance(reason, Exception) else reason
        assert shown == expected
        assert await pids(sup) == []

    test()


# ---- terminate


async def stopped(*children: ChildSpec, **flags: Any) -> list[Any]:
    """Starts children, stops their supervisor; the reasons with which they ended."""
    process.flag(trap_exit=True)
    sup = await DynamicSupervisor.start_link(**flags)
    refs = [process.monitor(await DynamicSupervisor.start_child(sup, one)) for one in children]
    started()
    await ended_by(sup, "shutdown")
    return [await down(ref) for ref in refs]


def contexts(caplog: pytest.LogCaptureFixture) -> list[tuple[str, Any]]:
    return [(report["context"], report["reason"]) for report in reports(caplog, "supervisor")]


@on_real_clock
async def test_brutal_kill_kills_all_also_those_that_trap() -> None:
    """Elixir DynamicSupervisor: terminate/2 "terminates children with brutal kill"."""
    children = [worker(name, trap=True, shutdown="brutal_kill") for name in "abc"]

    assert await stopped(*children) == ["killed"] * 3


def exiting(reason: Any, **options: Any) -> ChildSpec:
    """A child that traps exits, and ends with this reason when it is told to end."""

    async def run() -> None:
        process.flag(trap_exit=True)
        await process.receive(("EXIT", ..., ...))
        process.exit(reason)

    return ChildSpec("a", lambda: process.spawn_link(run), **options)


def test_an_abnormal_reason_within_the_time_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Elixir DynamicSupervisor: terminate/2 "... integer shutdown and abnormal reason"."""

    @on_real_clock
    async def test() -> None:
        assert await stopped(*[exiting("abnormal", shutdown=1.0)] * 3) == ["abnormal"] * 3

    test()

    assert contexts(caplog) == [("shutdown_error", "abnormal")] * 3


def test_a_child_that_takes_longer_is_killed_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    """Elixir DynamicSupervisor: terminate/2 "... with expired integer shutdown"."""

    @on_virtual_clock
    async def test() -> None:
        children = [worker(name, trap=True, slow=60.0, shutdown=0.001) for name in "ab"]
        assert await stopped(*children) == ["killed"] * 2

    test()

    assert contexts(caplog) == [("shutdown_error", "killed")] * 2


@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
def test_a_normal_end_at_shutdown_is_reported_for_a_permanent_child_alone(
    restart: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Elixir DynamicSupervisor: terminate/2 "... with permanent restart and normal reason"."""

    @on_real_clock
    async def test() -> None:
        assert await stopped(exiting("normal", restart=restart)) == ["normal"]

    test()

    assert contexts(caplog) == ([("shutdown_error", "normal")] if restart == "permanent" else [])


@on_virtual_clock
async def test_children_of_all_kinds_end_each_in_its_way() -> None:
    """Elixir DynamicSupervisor: terminate/2 "terminates with mixed children"."""
    reasons = await stopped(
        worker("a"),
        worker("b", trap=True, shutdown=None),
        worker("c", trap=True, shutdown="brutal_kill"),
        worker("d", trap=True, slow=9.0, shutdown=1.0),
    )

    assert reasons == ["shutdown", "shutdown", "killed", "killed"]


# ---- terminate_child


@on_real_clock
async def test_terminate_child_kills_brutally() -> None:
    """Elixir DynamicSupervisor: terminate_child/2 "terminates child with brutal kill"."""
    sup = await DynamicSupervisor.start_link()
    pid = await DynamicSupervisor.start_child(sup, worker(trap=True, shutdown="brutal_kill"))
    ref = process.monitor(pid)

    await DynamicSupervisor.terminate_child(sup, pid)

    assert await down(ref) == "killed"
    with pytest.raises(Exception, match="no such child"):
        await DynamicSupervisor.terminate_child(sup, pid)
    assert await DynamicSupervisor.count_children(sup) == {
        "specs": 0,
        "active": 0,
        "supervisors": 0,
        "workers": 0,
    }


@on_real_clock
async def test_terminate_child_gives_it_its_time() -> None:
    """Elixir DynamicSupervisor: terminate_child/2 "terminates child with integer shutdown"."""
    sup = await DynamicSupervisor.start_link()
    pid = await DynamicSupervisor.start_child(sup, worker(trap=True, shutdown=1.0))
    ref = process.monitor(pid)

    await DynamicSupervisor.terminate_child(sup, pid)

    assert await down(ref) == "shutdown"


@on_real_clock
async def test_a_child_that_is_restarting_can_be_terminated() -> None:
    """Elixir DynamicSupervisor: terminate_child/2 "terminates restarting child"."""
    sup = await DynamicSupervisor.start_link(max_restarts=100_000)
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("a", Hopeless().start))
    await ended_by(pid, "boom")
    assert await pids(sup) == ["restarting"]

    await DynamicSupervisor.terminate_child(sup, pid)

    assert await pids(sup) == []
