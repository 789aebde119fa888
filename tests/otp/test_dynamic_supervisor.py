from __future__ import annotations

import asyncio
from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    ChildError,
    ChildInfo,
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
from beamish.terms import Pid
from tests.support.logs import fields_of

from .support import Worker, down, ended_by, events, on_real_clock, on_virtual_clock, started


def worker(name: str = "w", **options: Any) -> ChildSpec:
    """A child that tells the calling process of its start and end."""
    trap, slow = options.pop("trap", False), options.pop("slow", 0.0)
    start = (Worker.start_link, (process.self(), name), {"trap": trap, "slow": slow})
    return ChildSpec(name, start, **options)


async def pids_of(sup: Any) -> list[Any]:
    return [info.pid for info in await DynamicSupervisor.which_children(sup)]


async def crash(sup: Pid, pid: Pid, reason: Any = "kill") -> None:
    """Ends a child, and waits until the supervisor has done what it does about that."""
    await ended_by(pid, reason)
    await DynamicSupervisor.count_children(sup)


@on_real_clock
async def test_s12_it_starts_without_children_and_takes_any_number() -> None:
    sup = await DynamicSupervisor.start_link(name="dyn")

    assert await pids_of("dyn") == []
    pids = [await DynamicSupervisor.start_child(sup, worker("same")) for _ in range(3)]
    assert await pids_of("dyn") == pids


@on_real_clock
async def test_s12_children_have_no_ids() -> None:
    sup = await DynamicSupervisor.start_link()
    pid = await DynamicSupervisor.start_child(sup, (Worker, (process.self(), "w")))

    assert await DynamicSupervisor.which_children(sup) == [
        ChildInfo(None, pid, "worker", ("Worker",))
    ]


@on_real_clock
async def test_s12_more_than_max_children_are_refused() -> None:
    sup = await DynamicSupervisor.start_link(max_children=1)
    pid = await DynamicSupervisor.start_child(sup, worker())

    with pytest.raises(StartError) as failed:
        await DynamicSupervisor.start_child(sup, worker())
    assert failed.value.reason == "max_children"

    await DynamicSupervisor.terminate_child(sup, pid)
    await DynamicSupervisor.start_child(sup, worker())


@on_real_clock
async def test_extra_arguments_come_before_a_childs_own() -> None:
    sup = await DynamicSupervisor.start_link(extra_arguments=(process.self(),))

    pid = await DynamicSupervisor.start_child(sup, ChildSpec("w", (Worker.start_link, ("w",))))
    await crash(sup, pid)

    assert started() == ["w", "w"]


@on_real_clock
async def test_the_info_of_a_start_function_is_returned() -> None:
    def start() -> tuple[Pid, str]:
        return process.spawn_link(process.sleep, None), "info"

    sup = await DynamicSupervisor.start_link()

    pid, info = await DynamicSupervisor.start_child_info(sup, ChildSpec("w", start))

    assert (await pids_of(sup), info) == ([pid], "info")


@on_real_clock
async def test_a_child_that_does_not_start_is_not_kept() -> None:
    def start() -> Pid:
        raise StartError("why")

    sup = await DynamicSupervisor.start_link()

    with pytest.raises(StartError) as failed:
        await DynamicSupervisor.start_child(sup, ChildSpec("w", start))

    assert failed.value.reason == "why"
    assert await pids_of(sup) == []


@on_real_clock
async def test_the_reason_of_a_start_function_that_fails_itself_is_its_error() -> None:
    def start() -> Pid:
        raise error

    error = ValueError("no")
    sup = await DynamicSupervisor.start_link()

    with pytest.raises(StartError) as failed:
        await DynamicSupervisor.start_child(sup, ChildSpec("w", start))

    assert failed.value.reason is error


@on_real_clock
async def test_an_ignored_child_is_not_kept() -> None:
    sup = await DynamicSupervisor.start_link()

    with pytest.raises(StartIgnored):
        await DynamicSupervisor.start_child(sup, ChildSpec("w", lambda: Ignore))

    assert await pids_of(sup) == []


@on_real_clock
async def test_a_bad_child_is_refused_in_the_caller() -> None:
    sup = await DynamicSupervisor.start_link()

    with pytest.raises(ChildSpecError):
        await DynamicSupervisor.start_child(sup, 17)  # type: ignore[arg-type]


# ---- restarting


@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", 1), "boom"])
@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
def test_a_child_that_ends_is_restarted_as_the_table_says(restart: Any, reason: Any) -> None:
    @on_real_clock
    async def test() -> None:
        def start(witness: Pid) -> Pid:
            pid = process.spawn_link(wait_and_exit, reason)
            process.send(witness, pid)
            return pid

        sup = await DynamicSupervisor.start_link()
        spec = ChildSpec("w", (start, (process.self(),)), restart=restart)
        first = await DynamicSupervisor.start_child(sup, spec)
        ref = process.monitor(first)

        process.send(first, "end")
        await down(ref)
        pids = await pids_of(sup)

        again = restart == "permanent" or (restart == "transient" and reason == "boom")
        assert len(pids) == int(again)
        assert first not in pids

    test()


async def wait_and_exit(reason: Any) -> None:
    await process.receive("end")
    process.exit(reason)


@on_real_clock
async def test_only_the_child_that_ended_is_restarted() -> None:
    sup = await DynamicSupervisor.start_link()
    a, b = [await DynamicSupervisor.start_child(sup, worker(name)) for name in "ab"]
    started()

    await crash(sup, a)

    assert started() == ["a"]
    assert b in await pids_of(sup)


@on_virtual_clock
async def test_too_many_restarts_end_the_supervisor_with_shutdown() -> None:
    process.flag(trap_exit=True)
    sup = await DynamicSupervisor.start_link()
    ref = process.monitor(sup)
    other = await DynamicSupervisor.start_child(sup, worker("other", trap=True))
    await DynamicSupervisor.start_child(sup, worker())
    events()

    for _ in range(4):
        [pid] = [pid for pid in await pids_of(sup) if pid is not other]
        await ended_by(pid, "kill")

    assert await down(ref) == "shutdown"
    assert ("terminated", "other", "shutdown") in events()


@on_real_clock
async def test_a_child_that_fails_to_restart_is_tried_again_and_counts_as_a_child() -> None:
    attempts: list[int] = []

    async def start() -> Pid:
        attempts.append(1)
        if 1 < len(attempts) < 4:
            await process.sleep(0)
            raise StartError("not yet")
        return process.spawn_link(process.sleep, None)

    sup = await DynamicSupervisor.start_link(max_children=1)
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("w", start))
    await ended_by(pid, "kill")

    assert await pids_of(sup) == ["restarting"]
    with pytest.raises(StartError):
        await DynamicSupervisor.start_child(sup, worker())
    while "restarting" in await pids_of(sup):
        await process.sleep(0)
    assert len(attempts) == 4


@on_real_clock
async def test_a_child_between_two_attempts_is_terminated_by_its_old_pid() -> None:
    broken: list[int] = []

    async def start() -> Pid:
        if broken:
            await process.sleep(0)
            raise StartError("broken")
        return process.spawn_link(process.sleep, None)

    sup = await DynamicSupervisor.start_link(max_restarts=1000)
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("w", start))
    broken.append(1)
    await ended_by(pid, "kill")
    assert await pids_of(sup) == ["restarting"]

    await DynamicSupervisor.terminate_child(sup, pid)

    assert await pids_of(sup) == []


@on_real_clock
async def test_a_child_that_is_ignored_at_its_restart_is_forgotten() -> None:
    attempts: list[int] = []

    def start() -> Any:
        attempts.append(1)
        return Ignore if len(attempts) > 1 else process.spawn_link(process.sleep, None)

    sup = await DynamicSupervisor.start_link()
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("w", start))

    await crash(sup, pid)

    assert await pids_of(sup) == []


# ---- stopping


@on_virtual_clock
async def test_s12_all_children_are_stopped_at_the_same_time() -> None:
    loop = asyncio.get_running_loop()
    sup = await DynamicSupervisor.start()
    for _ in range(50):
        await DynamicSupervisor.start_child(sup, worker(trap=True, slow=3.0))
    events()

    await DynamicSupervisor.stop(sup)

    assert loop.time() == 3.0
    assert events() == [("terminated", "w", "shutdown")] * 50


@on_virtual_clock
async def test_each_child_has_its_own_time_to_stop() -> None:
    loop = asyncio.get_running_loop()
    sup = await DynamicSupervisor.start()
    slow = {"trap": True, "slow": 60.0}
    kinds = {"quick": 1.0, "default": 5.0, "brutal": "brutal_kill", "patient": None}
    refs: dict[str, Any] = {}
    for name, shutdown in kinds.items():
        spec = worker(name, **slow, shutdown=shutdown)
        refs[name] = process.monitor(await DynamicSupervisor.start_child(sup, spec))
    process.spawn(DynamicSupervisor.stop, sup)

    ended: dict[str, Any] = {}
    for name in ("brutal", "quick", "default", "patient"):
        reason = await down(refs[name])
        ended[name] = (loop.time(), reason)

    assert ended == {
        "brutal": (0.0, "killed"),
        "quick": (1.0, "killed"),
        "default": (5.0, "killed"),
        "patient": (60.0, "shutdown"),
    }


@on_real_clock
async def test_terminate_child_stops_and_forgets() -> None:
    sup = await DynamicSupervisor.start_link()
    pid = await DynamicSupervisor.start_child(sup, worker(trap=True))
    events()

    await DynamicSupervisor.terminate_child(sup, pid)

    assert events() == [("terminated", "w", "shutdown")]
    assert await pids_of(sup) == []


@pytest.mark.parametrize("pid", ["self", "nobody", 17, []])
def test_terminate_child_of_a_stranger_is_not_found(pid: Any) -> None:
    @on_real_clock
    async def test() -> None:
        sup = await DynamicSupervisor.start_link()

        with pytest.raises(ChildError) as refused:
            await DynamicSupervisor.terminate_child(sup, process.self() if pid == "self" else pid)

        assert refused.value.reason == "not_found"

    test()


@on_real_clock
async def test_the_parents_exit_ends_it_with_its_children() -> None:
    async def parent(witness: Pid) -> None:
        sup = await DynamicSupervisor.start_link()
        spec = ChildSpec("w", (Worker.start_link, (witness, "w"), {"trap": True}))
        await DynamicSupervisor.start_child(sup, spec)
        process.exit("boom")

    pid = process.spawn(parent, process.self())
    await down(process.monitor(pid))

    assert await process.receive(("terminated", ..., ...)) == ("terminated", "w", "shutdown")


def test_children_that_end_otherwise_when_stopped_are_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @on_virtual_clock
    async def test() -> None:
        sup = await DynamicSupervisor.start()
        await DynamicSupervisor.start_child(sup, worker(trap=True, slow=60.0))
        await DynamicSupervisor.start_child(sup, worker(trap=True))
        await DynamicSupervisor.stop(sup)

    test()

    [record] = caplog.records
    assert (fields_of(record)["context"], fields_of(record)["reason"]) == (
        "shutdown_error",
        "killed",
    )


# ---- counting, flags, classes


@on_real_clock
async def test_count_children_counts() -> None:
    sup = await DynamicSupervisor.start_link()
    await DynamicSupervisor.start_child(sup, worker())
    await DynamicSupervisor.start_child(sup, Supervisor.child_spec([]))

    assert await DynamicSupervisor.count_children(sup) == {
        "specs": 2,
        "active": 2,
        "supervisors": 1,
        "workers": 1,
    }


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("max_children", -1),
        ("max_children", "many"),
        ("max_children", True),
        ("max_restarts", None),
        ("max_seconds", 0),
        ("extra_arguments", [1]),
    ],
)
def test_a_bad_flag_is_refused_in_the_caller(flag: str, value: Any) -> None:
    @on_real_clock
    async def test() -> None:
        with pytest.raises(ChildSpecError) as refused:
            await DynamicSupervisor.start_link(**{flag: value})

        assert (refused.value.field, refused.value.value) == (flag, value)

    test()


class Limited(DynamicSupervisor):
    def init(self, limit: Any) -> Any:
        return DynamicSupervisorFlags(max_children=limit) if isinstance(limit, int) else limit


@on_real_clock
async def test_a_class_says_its_flags_in_init() -> None:
    sup = await Limited.start_link(0, name="limited")

    with pytest.raises(StartError) as failed:
        await DynamicSupervisor.start_child(sup, worker())

    assert failed.value.reason == "max_children"


@on_real_clock
async def test_a_class_may_ignore_stop_or_be_wrong() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(StartIgnored):
        await Limited.start_link(Ignore)
    with pytest.raises(StartError) as failed:
        await Limited.start_link(Stop("no"))
    assert failed.value.reason == "no"
    with pytest.raises(StartError) as failed:
        await Limited.start_link("many")
    assert "Limited.init returned: expected DynamicSupervisorFlags" in str(failed.value.reason)
    assert process.flush() == []


@on_real_clock
async def test_it_is_a_child_of_a_supervisor() -> None:
    await Supervisor.start_link([DynamicSupervisor.child_spec(name="dyn"), (Limited, 3)])

    assert await pids_of("dyn") == []


@on_real_clock
async def test_what_a_temporary_child_was_started_with_is_not_kept() -> None:
    import gc
    import weakref

    class Big:
        pass

    def start(big: Big) -> Pid:
        return process.spawn_link(process.sleep, None)

    sup = await DynamicSupervisor.start_link()
    big = Big()
    ref = weakref.ref(big)
    await DynamicSupervisor.start_child(sup, ChildSpec("w", (start, (big,)), restart="temporary"))

    del big
    await DynamicSupervisor.count_children(sup)
    gc.collect()

    assert ref() is None


@on_real_clock
async def test_many_children_are_stopped_in_linear_time() -> None:
    sup = await DynamicSupervisor.start()
    for _ in range(2000):
        await DynamicSupervisor.start_child(sup, ChildSpec("w", sleeper, restart="temporary"))

    await DynamicSupervisor.stop(sup)

    assert process.list() == [process.self()]


def sleeper() -> Pid:
    return process.spawn_link(process.sleep, None)
