"""Applications: loading, starting in order, stopping, and what the end of one means."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator, Mapping
from typing import Any, ClassVar

import pytest

import beamish
from beamish import Down, Pid, ProcessExit, process
from beamish.otp import (
    Agent,
    Application,
    ApplicationError,
    StartError,
    Supervisor,
    application,
    gen_server,
)
from beamish.terms import BadArgError
from tests.otp.support import Worker, on_real_clock, on_virtual_clock

LOG: list[Any] = []


@pytest.fixture(autouse=True)
def _new_log() -> Generator[None]:
    LOG.clear()
    yield
    LOG.clear()


class Base(Application):
    """Tells LOG what happens to it."""

    description = "the base"
    vsn = "1.2"
    env: ClassVar[Mapping[str, Any]] = {"size": 3}

    async def start(self, type: str, args: Any) -> Pid:
        LOG.append(("start", self.name, type, args))
        return await Supervisor.start_link([], name=f"{self.name}.Supervisor")

    def prep_stop(self) -> None:
        LOG.append(("prep_stop", self.name, process.whereis(f"{self.name}.Supervisor") is not None))

    async def stop(self) -> None:
        LOG.append(("stop", self.name, process.whereis(f"{self.name}.Supervisor") is not None))


class Middle(Base):
    applications = (Base,)
    args = ("some", "args")


class Top(Base):
    applications = (Middle, Base)


class Settings(Application):
    """A library: settings without processes."""

    env: ClassVar[Mapping[str, Any]] = {"depth": 1}


class Failing(Base):
    """Does what its args say instead of starting."""

    async def start(self, type: str, args: Any) -> Any:
        return await args()


def failing(args: Any, **attributes: Any) -> type[Application]:
    """An application whose start does this."""
    return type(
        "Failing", (Failing,), {"args": staticmethod(args), "name": "failing", **attributes}
    )


async def raises() -> None:
    raise ZeroDivisionError


async def exits_normally() -> None:
    process.exit("normal")


async def exits() -> None:
    process.exit("foo")


async def returns_nonsense() -> str:
    return "nonsense"


async def waits() -> None:
    LOG.append("waits")
    await process.sleep(None)


# ---- what a class says of itself


def test_the_name_is_that_of_the_class_in_small_letters() -> None:
    class KVServer(Application):
        pass

    class HTTPApplication(Application):
        pass

    assert (KVServer.name, HTTPApplication.name, Base.name) == ("kv_server", "http", "base")


def test_a_single_application_where_a_list_is_expected_is_refused() -> None:
    with pytest.raises(BadArgError, match=r"applications: .*write applications = \[Base\]"):
        type("Wrong", (Application,), {"applications": Base})


# ---- starting


@on_real_clock
async def test_dependencies_are_started_first() -> None:
    started = await application.ensure_all_started(Top)

    assert started == ["base", "middle", "top"]
    assert [name for _, name, *_ in LOG] == ["base", "middle", "top"]
    assert [app.name for app in application.which_applications()] == ["top", "middle", "base"]


@on_real_clock
async def test_what_runs_already_is_not_started_again() -> None:
    await application.ensure_all_started(Middle)

    assert await application.ensure_all_started([Top, Base]) == ["top"]
    assert await application.ensure_all_started(Top) == []


@on_real_clock
async def test_start_gets_the_type_and_the_args() -> None:
    await application.ensure_all_started(Middle)

    assert LOG[1] == ("start", "middle", "normal", ("some", "args"))


@on_real_clock
async def test_start_does_not_start_dependencies() -> None:
    with pytest.raises(StartError) as failed:
        await application.start(Middle)

    assert failed.value.reason == ("not_started", "base")


@on_real_clock
async def test_starting_twice_is_an_error() -> None:
    await application.start(Base)

    with pytest.raises(StartError) as failed:
        await application.start("base")

    assert failed.value.reason == ("already_started", "base")
    await application.ensure_started(Base)


@on_real_clock
async def test_a_name_that_is_not_loaded_cannot_be_started() -> None:
    with pytest.raises(StartError, match="not_loaded"):
        await application.start("unknown")


@on_real_clock
async def test_a_type_that_there_is_not_is_refused() -> None:
    kind: Any = "eternal"
    with pytest.raises(BadArgError, match="'permanent', 'transient' or 'temporary'; got 'eternal'"):
        await application.start(Base, kind)


@on_real_clock
async def test_dependencies_may_be_named_by_module_and_class() -> None:
    class Late(Application):
        applications = (f"{__name__}:Base",)
        optional_applications = ("no_such_module:App",)

    assert await application.ensure_all_started(Late) == ["base", "late"]


@on_real_clock
async def test_applications_that_need_each_other_are_refused_with_the_circle() -> None:
    class One(Application):
        pass

    class Other(Application):
        applications = (One,)

    One.applications = (Other,)

    with pytest.raises(StartError) as failed:
        await application.ensure_all_started(One)

    assert failed.value.reason == ("circular_dependency", ["one", "other", "one"])


@on_real_clock
async def test_a_library_has_no_processes() -> None:
    await application.start(Settings)

    assert application.get_supervisor(Settings) is None
    assert application.get_env(Settings, "depth") == 1
    await application.stop(Settings)
    assert application.which_applications() == []


@on_real_clock
async def test_phases_come_after_the_start_in_their_order() -> None:
    class Phased(Base):
        start_phases = (("init", 1), ("go", 2))

        async def start_phase(self, phase: str, type: str, args: Any) -> None:
            LOG.append((phase, type, args, application.get_supervisor(self.name)))

    await application.start(Phased)

    assert LOG[1:] == [("init", "normal", 1, None), ("go", "normal", 2, None)]
    assert application.get_supervisor(Phased) is process.whereis("phased.Supervisor")


@on_real_clock
async def test_an_application_whose_phase_fails_has_not_started() -> None:
    class Phased(Base):
        start_phases = (("init", 1),)

    with pytest.raises(StartError) as failed:
        await application.start(Phased)

    error, call = failed.value.reason
    assert isinstance(error, NotImplementedError)
    assert call == ("phased", "start_phase", ("init", "normal", 1))
    assert process.whereis("phased.Supervisor") is None


# ---- a start that fails


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (exits_normally, (("EXIT", "normal"), ...)),
        (exits, ("bad_return", (..., ("EXIT", "foo")))),
        (returns_nonsense, ("bad_return", (..., "nonsense"))),
    ],
)
@on_real_clock
async def test_the_reason_of_a_failed_start_is_otps(args: Any, reason: Any) -> None:
    with pytest.raises(StartError) as failed:
        await application.start(failing(args))

    process.send(process.self(), failed.value.reason)
    assert await process.receive(reason, timeout=0)
    assert application.which_applications() == []


@on_real_clock
async def test_what_start_raised_is_the_cause() -> None:
    with pytest.raises(StartError) as failed:
        await application.start(failing(raises))

    error, call = failed.value.reason
    assert isinstance(error, ZeroDivisionError)
    assert call == ("failing", "start", ("normal", raises))
    assert failed.value.__cause__ is error


@on_real_clock
async def test_a_supervisor_that_does_not_start_gives_its_reason() -> None:
    async def start() -> Pid:
        return await Supervisor.start_link([(Agent, (raises,))])

    with pytest.raises(StartError) as failed:
        await application.start(failing(start))

    (word, (why, _, _)), _ = failed.value.reason
    assert (word, why) == ("shutdown", "failed_to_start_child")


@on_real_clock
async def test_ensure_all_started_takes_back_what_it_has_started() -> None:
    with pytest.raises(StartError) as failed:
        await application.ensure_all_started(failing(raises, applications=(Middle,)))

    assert failed.value.reason[0] == "failing"
    assert application.which_applications() == []
    assert [event for event, *_ in LOG] == ["start"] * 2 + ["prep_stop", "stop"] * 2


@on_real_clock
async def test_what_a_failed_start_has_spawned_is_killed() -> None:
    inbox = process.self()

    async def start() -> None:
        process.send(inbox, process.spawn(waits))
        process.exit("foo")

    with pytest.raises(StartError):
        await application.start(failing(start))

    assert not process.alive(await process.receive(Pid, timeout=1))


@on_real_clock
async def test_a_start_that_is_killed_has_failed() -> None:
    async def start() -> None:
        process.exit(process.self(), "kill")
        await process.sleep(None)

    with pytest.raises(StartError) as failed:
        await application.start(failing(start))

    assert failed.value.reason == "killed"


# ---- stopping


@on_real_clock
async def test_prep_stop_and_stop_run_before_and_after_the_end_of_the_tree() -> None:
    await application.start(Base)
    LOG.clear()

    await application.stop(Base)

    assert LOG == [("prep_stop", "base", True), ("stop", "base", False)]
    assert application.which_applications() == []
    assert [app.name for app in application.loaded_applications()] == ["base"]


@on_real_clock
async def test_stopping_what_does_not_run_is_an_error() -> None:
    with pytest.raises(ApplicationError, match="'base' does not run") as failed:
        await application.stop(Base)

    assert failed.value.reason == ("not_started", "base")


@on_real_clock
async def test_an_application_can_be_started_again() -> None:
    await application.start(Base)
    await application.stop(Base)

    await application.start(Base)

    assert process.whereis("base.Supervisor") is not None


@on_real_clock
async def test_a_stop_that_raises_is_reported_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Raising(Base):
        def prep_stop(self) -> None:
            raise ZeroDivisionError

        def stop(self) -> None:  # type: ignore[override]
            process.exit("why")

    await application.start(Raising)

    with caplog.at_level(logging.ERROR, "beamish"):
        await application.stop(Raising)

    assert [getattr(record, "report", "") for record in caplog.records] == ["crash", "crash"]
    assert process.whereis("raising.Supervisor") is None


class Hanging(Base):
    """Has a child that does not stop."""

    shutdown = 30.0

    async def start(self, type: str, args: Any) -> Pid:
        child = Worker.child_spec(
            process.whereis("test"), "slow", trap=True, slow=1e6, shutdown=None
        )
        return await Supervisor.start_link([child], name="hanging.Supervisor")


@on_virtual_clock
async def test_a_tree_that_does_not_stop_is_killed_when_its_time_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    process.register("test", process.self())
    await application.start(Hanging)
    before = asyncio.get_running_loop().time()

    await application.stop(Hanging)

    assert asyncio.get_running_loop().time() - before == 30
    assert process.whereis("hanging.Supervisor") is None
    assert "hanging did not stop within 30.0 s and was killed" in caplog.text


@on_real_clock
async def test_all_that_the_application_has_spawned_is_killed_at_its_end() -> None:
    class Spawning(Base):
        async def start(self, type: str, args: Any) -> Pid:
            pid = await super().start(type, args)
            process.spawn(process.spawn, waits)
            process.send(process.whereis("test"), process.spawn(trapping))
            return pid

    process.register("test", process.self())
    outside = process.spawn(waits)
    await application.start(Spawning)
    pid = await process.receive(Pid, timeout=1)
    before = len(process.list())

    await application.stop(Spawning)

    assert not process.alive(pid)
    assert process.alive(outside)
    assert before - len(process.list()) == 4  # its master, supervisor, and these two


async def trapping() -> None:
    process.flag(trap_exit=True)
    await process.sleep(None)


def test_the_node_stops_all_applications_the_latest_first() -> None:
    async def main() -> None:
        await application.ensure_all_started(Top)
        LOG.clear()

    beamish.run(main)

    assert [
        (event, name, event == "prep_stop")
        for name in ("top", "middle", "base")
        for event in ("prep_stop", "stop")
    ] == LOG


def test_the_node_does_not_wait_for_a_start_that_does_not_end() -> None:
    async def main() -> None:
        process.spawn(application.start, failing(waits))
        while "waits" not in LOG:
            await process.sleep(0)

    beamish.run(main)


def test_applications_outlive_the_process_that_has_started_them() -> None:
    async def main() -> None:
        process.spawn_monitor(application.start, Base)
        await process.receive(Down, timeout=1)
        assert [app.name for app in application.which_applications()] == ["base"]

    beamish.run(main)


# ---- the end of one


async def killed(app: type[Application]) -> None:
    """Kills the supervisor of an application, and waits until that is known."""
    pid = application.get_supervisor(app)
    assert pid is not None
    leader = process.info(pid, "group_leader")
    ref = process.monitor(leader)
    process.exit(pid, "kill")
    await process.receive(("DOWN", ref, ..., ..., ...), timeout=1)
    await settled()


async def settled() -> None:
    """Returns when the controller has dealt with what it was told before."""
    with pytest.raises(ApplicationError):
        await application.stop("none")


@on_real_clock
async def test_the_end_of_a_temporary_application_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await application.ensure_all_started(Middle)

    with caplog.at_level(logging.INFO, "beamish"):
        await killed(Middle)

    assert [app.name for app in application.which_applications()] == ["base"]
    assert caplog.messages[-1] == "Application middle exited: killed (it is temporary)"
    assert LOG[-1] == ("stop", "middle", False)


def ended_of(kind: Any, end: Any) -> Any:
    """The reason with which a program ends whose application of this type has ended so."""

    async def main() -> None:
        await application.ensure_all_started(Middle, kind)
        LOG.clear()
        await end(application.get_supervisor(Middle))
        await settled()
        process.exit("lives on")

    with pytest.raises(ProcessExit) as ended:
        beamish.run(main)
    return ended.value.reason


async def kill(pid: Pid) -> None:
    ref = process.monitor(process.info(pid, "group_leader"))
    process.exit(pid, "kill")
    await process.receive(("DOWN", ref, ..., ..., ...), timeout=1)


async def stop_normally(pid: Pid) -> None:
    ref = process.monitor(process.info(pid, "group_leader"))
    await gen_server.stop(pid)
    await process.receive(("DOWN", ref, ..., ..., ...), timeout=1)


@pytest.mark.parametrize(
    ("kind", "end", "reason"),
    [
        ("temporary", kill, "lives on"),
        ("temporary", stop_normally, "lives on"),
        ("transient", kill, ("application_terminated", "middle", "killed")),
        ("transient", stop_normally, "lives on"),
        ("permanent", kill, ("application_terminated", "middle", "killed")),
        ("permanent", stop_normally, ("application_terminated", "middle", "normal")),
    ],
)
def test_what_the_end_of_an_application_means_its_type_says(
    kind: str, end: Any, reason: Any
) -> None:
    assert ended_of(kind, end) == reason
    assert ("stop", "base", False) in LOG


@pytest.mark.parametrize(
    ("kind", "args", "stops"),
    [
        ("temporary", raises, False),
        ("transient", exits_normally, False),
        ("transient", exits, True),
        ("transient", raises, True),
        ("permanent", exits_normally, True),
    ],
)
def test_what_a_failed_start_means_the_type_says(kind: Any, args: Any, stops: bool) -> None:
    async def main() -> None:
        with pytest.raises(StartError):
            await application.start(failing(args), kind)
        await settled()
        process.exit("lives on")

    with pytest.raises(ProcessExit) as ended:
        beamish.run(main)

    if stops:
        assert ended.value.reason[:2] == ("application_start_failure", "failing")
    else:
        assert ended.value.reason == "lives on"


def test_a_main_process_that_traps_exits_is_told_and_then_killed() -> None:
    told: list[Any] = []

    async def main() -> None:
        process.flag(trap_exit=True)
        await application.start(Base, "permanent")
        pid = application.get_supervisor(Base)
        assert pid is not None
        process.exit(pid, "kill")
        while True:
            told.append(await process.receive())

    from beamish.otp.application import controller

    assert controller._PATIENCE == 5.0
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ProcessExit) as ended:
        patch.setattr(controller, "_PATIENCE", 0.01)
        beamish.run(main)

    assert ended.value.reason == "killed"
    assert [message.reason for message in told] == [("application_terminated", "base", "killed")]


# ---- who belongs to which


@on_real_clock
async def test_the_processes_of_an_application_know_it() -> None:
    await application.start(Base)
    supervisor = process.whereis("base.Supervisor")
    assert supervisor is not None
    child = await Supervisor.start_child(supervisor, Agent.child_spec(application.get_application))

    assert application.get_application(supervisor) == "base"
    assert application.get_application(child) == "base"
    assert await Agent.get(child, lambda own: own) == "base"
    assert await Agent.get(child, lambda _: application.get_env(None, "size")) == 3
    assert application.get_application() is None
    assert application.get_application(process.self()) is None


@on_real_clock
async def test_an_application_started_by_another_is_not_part_of_it() -> None:
    class Starting(Base):
        async def start(self, type: str, args: Any) -> Pid:
            await application.start(Settings)
            await application.start(Base)
            return await super().start(type, args)

    await application.start(Starting)
    base = process.whereis("base.Supervisor")
    assert base is not None
    assert application.get_application(base) == "base"

    await application.stop(Starting)

    assert process.alive(base)


@on_real_clock
async def test_outside_of_applications_there_is_no_own_environment() -> None:
    with pytest.raises(BadArgError, match=r"name it, get_env\(app, key\)"):
        application.get_env(None, "size")


# ---- loading, and what is known


@on_real_clock
async def test_unloading_forgets() -> None:
    application.load(Base)
    application.put_env(Base, "size", 4)

    application.unload(Base)

    assert application.loaded_applications() == []
    assert application.get_env("base", "size") is None
    with pytest.raises(ApplicationError) as failed:
        application.unload("base")
    assert failed.value.reason == ("not_loaded", "base")


@on_real_clock
async def test_what_runs_cannot_be_unloaded() -> None:
    await application.start(Base)

    with pytest.raises(ApplicationError) as failed:
        application.unload(Base)

    assert failed.value.reason == ("running", "base")


@on_real_clock
async def test_which_applications_shows_description_and_version() -> None:
    await application.start(Base)

    assert application.which_applications() == [("base", "the base", "1.2")]


@on_real_clock
async def test_what_is_asked_before_anything_is_loaded_starts_no_process() -> None:
    before = process.list()

    assert application.which_applications() == []
    assert application.loaded_applications() == []
    assert application.get_env("base", "size", 7) == 7
    assert application.get_all_env("base") == {}
    assert application.get_supervisor("base") is None
    assert process.list() == before


def test_a_node_knows_nothing_of_the_applications_of_the_one_before() -> None:
    async def first() -> None:
        application.load(Base)

    async def second() -> None:
        assert application.loaded_applications() == []
        application.load(Base)

    beamish.run(first)
    beamish.run(second)


@on_real_clock
async def test_what_is_no_application_is_refused() -> None:
    wrong: Any = Supervisor
    with pytest.raises(BadArgError, match="expected an application: its class, its name"):
        application.load(wrong)


@pytest.mark.parametrize("shutdown", [-1, True, "5", float("nan")])
def test_an_application_cannot_have_any_shutdown(shutdown: Any) -> None:
    with pytest.raises(BadArgError, match=r"Hasty\.shutdown: expected seconds .*; got"):
        type("Hasty", (Application,), {"shutdown": shutdown})
