from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    ChildError,
    ChildSpec,
    ChildSpecError,
    GenServer,
    Ignore,
    StartError,
    StartIgnored,
    Stop,
    Supervisor,
    SupervisorFlags,
    child_spec,
    gen_server,
)
from beamish.terms import CallError, Pid
from tests.support.logs import fields_of, reports

from .support import (
    Worker,
    down,
    ended_by,
    events,
    exit_reason,
    on_real_clock,
    on_virtual_clock,
    outcome,
    started,
)


def worker(name: str, **options: Any) -> ChildSpec:
    """A child that tells the calling process of its start and end."""
    trap, slow = options.pop("trap", False), options.pop("slow", 0.0)
    start = (Worker.start_link, (process.self(), name), {"trap": trap, "slow": slow})
    return ChildSpec(name, start, **options)


def broken(name: str, result: Any = None) -> ChildSpec:
    """A child that does not start."""

    def start() -> Any:
        raise StartError(result)

    return ChildSpec(name, start)


def ignore_by_class() -> Any:
    return Ignore


def ignored() -> None:
    raise StartIgnored


async def pids_of(sup: Any) -> dict[Any, Any]:
    return {info.id: info.pid for info in await Supervisor.which_children(sup)}


async def crash(sup: Pid, id: str, reason: Any = "kill") -> None:
    """Ends a child, and waits until the supervisor has done what it does about that."""
    pid = (await pids_of(sup))[id]
    await ended_by(pid, reason)
    await Supervisor.count_children(sup)


# ---- S1: starting


@on_real_clock
async def test_s1_children_start_in_order_and_each_when_the_one_before_is_ready() -> None:
    log: list[str] = []

    class Slow(GenServer):
        async def init(self, name: str) -> None:
            log.append(f"{name} begins")
            await process.sleep(0)
            log.append(f"{name} is ready")

    await Supervisor.start_link([ChildSpec(name, (Slow.start_link, (name,))) for name in "ab"])

    assert log == ["a begins", "a is ready", "b begins", "b is ready"]


@on_real_clock
async def test_s1_the_supervisor_traps_exits_and_is_linked_to_its_children() -> None:
    sup = await Supervisor.start_link([worker("a")])

    assert process.info(sup, "trap_exit") is True
    assert (await pids_of(sup))["a"] in process.info(sup, "links")


@on_real_clock
async def test_s1_start_functions_may_be_plain_functions() -> None:
    def start(witness: Pid) -> Pid:
        process.send(witness, "called")
        return process.spawn_link(process.sleep, None)

    await Supervisor.start_link([ChildSpec("w", (start, (process.self(),)))])

    assert process.flush() == ["called"]


@on_real_clock
async def test_a_supervisor_needs_no_children() -> None:
    sup = await Supervisor.start_link([])

    assert await Supervisor.which_children(sup) == []


@on_real_clock
async def test_a_supervisor_can_be_registered() -> None:
    sup = await Supervisor.start_link([worker("a")], name="App.Supervisor")

    assert process.whereis("App.Supervisor") is sup
    assert list(await pids_of("App.Supervisor")) == ["a"]


@on_real_clock
async def test_s2_a_taken_name_is_already_started() -> None:
    sup = await Supervisor.start_link([], name="sup")

    with pytest.raises(StartError) as failed:
        await Supervisor.start_link([], name="sup")

    assert failed.value.reason == ("already_started", sup)


@on_real_clock
async def test_s2_a_child_that_does_not_start_stops_those_before_it_in_reverse_order() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(StartError) as failed:
        await Supervisor.start_link(
            [worker("a", trap=True), worker("b", trap=True), broken("bad", "why"), worker("c")]
        )

    assert failed.value.reason == ("shutdown", ("failed_to_start_child", "bad", "why"))
    assert events() == [
        ("started", "a"),
        ("started", "b"),
        ("terminated", "b", "shutdown"),
        ("terminated", "a", "shutdown"),
    ]
    assert process.list() == [process.self()]


@on_real_clock
async def test_s2_the_reason_of_a_child_is_that_of_its_init() -> None:
    class Failing(GenServer):
        def init(self, how: Any) -> Any:
            if isinstance(how, Exception):
                raise how
            return Stop(how)

    process.flag(trap_exit=True)
    error = ValueError("no")

    for how in ("bad", "shutdown", error):
        with pytest.raises(StartError) as failed:
            await Supervisor.start_link([(Failing, how)])
        assert failed.value.reason == ("shutdown", ("failed_to_start_child", "Failing", how))


@pytest.mark.parametrize("how", ["raises", "exits"])
def test_s2_a_start_function_that_fails_itself_is_an_exit(how: str) -> None:
    error = ValueError("no")

    def start() -> Any:
        if how == "raises":
            raise error
        process.exit("no")

    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)

        with pytest.raises(StartError) as failed:
            await Supervisor.start_link([ChildSpec("w", start)])

        _, (_, _, reason) = failed.value.reason
        assert reason == ("EXIT", error if how == "raises" else "no")

    test()


@on_real_clock
async def test_s2_a_start_function_that_returns_no_pid_is_a_failed_start() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(StartError) as failed:
        await Supervisor.start_link([ChildSpec("w", lambda: "odd")])

    assert failed.value.reason == ("shutdown", ("failed_to_start_child", "w", "odd"))


@on_real_clock
async def test_s2_a_failed_start_ends_a_caller_that_does_not_trap() -> None:
    async def starter() -> None:
        await Supervisor.start_link([broken("bad", "why")])

    assert await outcome(starter) == ("shutdown", ("failed_to_start_child", "bad", "why"))


@on_real_clock
async def test_s2_two_children_of_one_id_are_refused() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(StartError) as failed:
        await Supervisor.start_link([worker("a"), worker("a")])

    assert failed.value.reason == ("start_spec", ("duplicate_child_name", "a"))
    assert process.flush() == []


@pytest.mark.parametrize(
    "start", [ignored, ignore_by_class, Ignore], ids=["raised", "class", "value"]
)
def test_s3_an_ignored_child_is_kept_without_a_pid(start: Any) -> None:
    @on_real_clock
    async def test() -> None:
        sup = await Supervisor.start_link([ChildSpec("i", start), worker("b")])

        pids = await pids_of(sup)
        assert pids["i"] is None
        assert isinstance(pids["b"], Pid)

    test()


@on_real_clock
async def test_s3_an_ignored_temporary_child_is_forgotten() -> None:
    sup = await Supervisor.start_link([ChildSpec("i", ignored, restart="temporary")])

    assert await pids_of(sup) == {}


# ---- mistakes are found where they are made


@pytest.mark.parametrize(
    ("flag", "value", "expected"),
    [
        ("strategy", "one_for_none", "'one_for_one', 'one_for_all' or 'rest_for_one'"),
        ("strategy", None, "'one_for_one', 'one_for_all' or 'rest_for_one'"),
        ("max_restarts", -1, "a whole number >= 0"),
        ("max_restarts", 1.5, "a whole number >= 0"),
        ("max_restarts", True, "a whole number >= 0"),
        ("max_seconds", 0, "seconds (a number > 0)"),
        ("max_seconds", "5", "seconds (a number > 0)"),
        ("auto_shutdown", "always", "'never', 'any_significant' or 'all_significant'"),
    ],
)
def test_a_bad_flag_is_refused_in_the_caller(flag: str, value: Any, expected: str) -> None:
    @on_real_clock
    async def test() -> None:
        with pytest.raises(ChildSpecError) as refused:
            await Supervisor.start_link([], **{flag: value})

        assert refused.value.field == flag
        assert expected in str(refused.value)
        assert process.list() == [process.self()]

    test()


@on_real_clock
async def test_a_bad_child_is_refused_in_the_caller_by_its_number() -> None:
    with pytest.raises(ChildSpecError, match=r"^child 2: expected a ChildSpec, a class or"):
        await Supervisor.start_link([worker("a"), "b"])


@pytest.mark.parametrize("children", ["ab", 17, worker])
def test_children_must_be_a_list(children: Any) -> None:
    @on_real_clock
    async def test() -> None:
        with pytest.raises(ChildSpecError, match="children: expected a list of children"):
            await Supervisor.start_link(children)

    test()


# ---- supervisors as classes


class Tree(Supervisor):
    def init(self, witness: Pid, strategy: Any = "one_for_one") -> Any:
        child = ChildSpec("w", (Worker.start_link, (witness, "w")))
        return SupervisorFlags(strategy=strategy, max_restarts=1), [child]


class AsyncTree(Supervisor):
    async def init(self) -> list[Any]:
        await process.sleep(0)
        return []


class Odd(Supervisor):
    def init(self, result: Any) -> Any:
        return result


@on_real_clock
async def test_a_supervisor_class_says_flags_and_children_in_init() -> None:
    sup = await Tree.start_link(process.self(), strategy="one_for_all", name="tree")

    assert list(await pids_of("tree")) == ["w"]
    assert process.label(sup) == "Tree"


@on_real_clock
async def test_init_may_be_a_coroutine_and_return_children_alone() -> None:
    sup = await AsyncTree.start_link()

    assert await pids_of(sup) == {}


@on_real_clock
async def test_init_may_ignore_or_stop() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(StartIgnored):
        await Odd.start_link(Ignore)
    with pytest.raises(StartError) as failed:
        await Odd.start_link(Stop("no"))

    assert failed.value.reason == "no"
    assert process.flush() == []


@on_real_clock
async def test_another_return_of_init_fails_the_start_with_the_accepted_forms() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(StartError) as failed:
        await Odd.start_link(17)

    assert isinstance(failed.value.reason, ChildSpecError)
    assert "Odd.init returned: expected children, (SupervisorFlags(...), children)" in str(
        failed.value.reason
    )


@on_real_clock
async def test_a_supervisor_is_a_child_of_a_supervisor() -> None:
    me = process.self()
    sup = await Supervisor.start_link([(Tree, me), Supervisor.child_spec([worker("x")], id="in")])

    inner = await Supervisor.which_children(sup)

    assert [(info.id, info.type) for info in inner] == [
        ("in", "supervisor"),
        ("Tree", "supervisor"),
    ]
    assert list(await pids_of(inner[1].pid)) == ["w"]


@on_real_clock
async def test_an_inner_supervisor_that_gives_up_is_restarted_by_the_outer() -> None:
    sup = await Supervisor.start_link([(Tree, process.self())])
    [inner] = (await pids_of(sup)).values()
    ref = process.monitor(inner)

    for _ in range(2):
        await ended_by((await pids_of(inner))["w"], "kill")

    assert await down(ref) == "shutdown"
    [again] = (await pids_of(sup)).values()
    assert isinstance((await pids_of(again))["w"], Pid)
    assert started() == ["w", "w", "w"]


# ---- S4: stopping


@on_real_clock
async def test_s4_children_are_stopped_in_reverse_order() -> None:
    sup = await Supervisor.start_link([worker(name, trap=True) for name in "abc"])
    process.unlink(sup)
    events()

    await Supervisor.stop(sup)

    assert [event[1] for event in events()] == ["c", "b", "a"]


@on_real_clock
async def test_s4_a_child_that_does_not_trap_ends_with_shutdown_and_no_terminate() -> None:
    sup = await Supervisor.start_link([worker("a")])
    ref = process.monitor((await pids_of(sup))["a"])
    events()

    await Supervisor.terminate_child(sup, "a")

    assert await down(ref) == "shutdown"
    assert events() == []


@on_real_clock
async def test_s4_a_trapping_child_runs_terminate_with_shutdown() -> None:
    sup = await Supervisor.start_link([worker("a", trap=True)])
    events()

    await Supervisor.terminate_child(sup, "a")

    assert events() == [("terminated", "a", "shutdown")]


@on_virtual_clock
async def test_s4_a_child_that_takes_too_long_is_killed() -> None:
    loop = asyncio.get_running_loop()
    sup = await Supervisor.start_link([worker("a", trap=True, slow=60.0)])
    ref = process.monitor((await pids_of(sup))["a"])

    await Supervisor.terminate_child(sup, "a")

    assert await down(ref) == "killed"
    assert loop.time() == 5.0


@on_virtual_clock
async def test_s4_a_child_has_its_shutdown_seconds() -> None:
    sup = await Supervisor.start_link([worker("a", trap=True, slow=60.0, shutdown=70.0)])
    events()

    await Supervisor.terminate_child(sup, "a")

    assert events() == [("terminated", "a", "shutdown")]


@on_virtual_clock
async def test_s4_a_shutdown_of_none_waits_for_ever() -> None:
    sup = await Supervisor.start_link([worker("a", trap=True, slow=1e6, shutdown=None)])
    events()

    await Supervisor.terminate_child(sup, "a")

    assert events() == [("terminated", "a", "shutdown")]


@on_virtual_clock
async def test_s4_a_shutdown_of_zero_kills_what_is_not_gone_at_once() -> None:
    sup = await Supervisor.start_link([worker("a", trap=True, slow=1.0, shutdown=0)])
    ref = process.monitor((await pids_of(sup))["a"])

    await Supervisor.terminate_child(sup, "a")

    assert await down(ref) == "killed"


@on_real_clock
async def test_s4_brutal_kill_kills_a_trapping_child_at_once() -> None:
    sup = await Supervisor.start_link([worker("a", trap=True, shutdown="brutal_kill")])
    ref = process.monitor((await pids_of(sup))["a"])
    events()

    await Supervisor.terminate_child(sup, "a")

    assert await down(ref) == "killed"
    assert events() == []


@on_real_clock
async def test_s4_a_child_that_has_unlinked_itself_is_stopped_all_the_same() -> None:
    class Unlinked(GenServer):
        def init(self, parent: Any = None) -> None:
            parent = process.parent()
            assert parent is not None
            process.unlink(parent)

    sup = await Supervisor.start_link([Unlinked])
    pid = (await pids_of(sup))["Unlinked"]

    await Supervisor.terminate_child(sup, "Unlinked")

    assert not process.alive(pid)


@on_real_clock
async def test_stopping_leaves_no_message_in_the_supervisor() -> None:
    sup = await Supervisor.start_link([worker("a", trap=True), worker("b", shutdown="brutal_kill")])

    await Supervisor.terminate_child(sup, "a")
    await Supervisor.terminate_child(sup, "b")

    assert process.info(sup, "messages") == []
    assert process.info(sup, "monitors") == []


# ---- S7, S8: intensity


@on_virtual_clock
async def test_s7_the_fourth_crash_within_five_seconds_ends_the_supervisor() -> None:
    process.flag(trap_exit=True)
    sup = await Supervisor.start_link([worker("a"), worker("b", trap=True)])
    ref = process.monitor(sup)
    for _ in range(3):
        await crash(sup, "a")
        await process.sleep(1.0)
    events()

    await ended_by((await pids_of(sup))["a"], "kill")

    assert await down(ref) == "shutdown"
    assert events() == [("terminated", "b", "shutdown")]


@on_virtual_clock
async def test_s7_crashes_that_are_further_apart_go_on_for_ever() -> None:
    sup = await Supervisor.start_link([worker("a")])

    for _ in range(10):
        await crash(sup, "a")
        await process.sleep(2.0)

    assert isinstance((await pids_of(sup))["a"], Pid)


@on_virtual_clock
async def test_s7_the_limits_can_be_set() -> None:
    process.flag(trap_exit=True)
    sup = await Supervisor.start_link([worker("a")], max_restarts=1, max_seconds=60)
    ref = process.monitor(sup)

    await crash(sup, "a")
    await process.sleep(59.0)
    await ended_by((await pids_of(sup))["a"], "kill")

    assert await down(ref) == "shutdown"


@on_real_clock
async def test_s7_without_restarts_the_first_crash_ends_the_supervisor() -> None:
    process.flag(trap_exit=True)
    sup = await Supervisor.start_link([worker("a")], max_restarts=0)
    ref = process.monitor(sup)

    await ended_by((await pids_of(sup))["a"], "kill")

    assert await down(ref) == "shutdown"


@on_real_clock
async def test_s7_the_intensity_is_the_supervisors_and_not_the_childs() -> None:
    process.flag(trap_exit=True)
    sup = await Supervisor.start_link([worker("a"), worker("b")], max_restarts=1)
    ref = process.monitor(sup)

    await crash(sup, "a")
    await ended_by((await pids_of(sup))["b"], "kill")

    assert await down(ref) == "shutdown"


@on_real_clock
async def test_s7_a_round_of_one_for_all_counts_once() -> None:
    sup = await Supervisor.start_link(
        [worker(name) for name in "abc"], strategy="one_for_all", max_restarts=1
    )

    await crash(sup, "b")

    assert started() == ["a", "b", "c", "a", "b", "c"]


class Moody(GenServer):
    """Starts at first, and then as often as it is told not to, it does not."""

    attempts = 0
    failures = 0

    def init(self) -> Any:
        cls = type(self)
        cls.attempts += 1
        if 1 < cls.attempts <= 1 + cls.failures:
            return Stop("moody")
        return None


def moody(failures: int) -> type[Moody]:
    class Once(Moody):
        pass

    Once.failures = failures
    return Once


@on_real_clock
async def test_s8_a_restart_that_fails_is_tried_again_at_once_and_counts() -> None:
    child = moody(failures=2)
    sup = await Supervisor.start_link([ChildSpec("m", child.start_link)])

    await crash(sup, "m")
    while (await pids_of(sup))["m"] == "restarting":
        await process.sleep(0)

    assert child.attempts == 4
    assert isinstance((await pids_of(sup))["m"], Pid)


@on_real_clock
async def test_s8_a_child_that_cannot_start_again_uses_up_the_restarts() -> None:
    process.flag(trap_exit=True)
    child = moody(failures=100)
    sup = await Supervisor.start_link([ChildSpec("m", child.start_link)])
    ref = process.monitor(sup)

    await ended_by((await pids_of(sup))["m"], "kill")

    assert await down(ref) == "shutdown"
    assert child.attempts == 1 + 3


@on_real_clock
async def test_s8_the_supervisor_answers_between_two_attempts() -> None:
    gate = {"open": True}

    async def start() -> Pid:
        if not gate["open"]:
            await process.sleep(0)
            raise StartError("closed")
        return process.spawn_link(process.sleep, None)

    sup = await Supervisor.start_link([ChildSpec("m", start)], max_restarts=1000)
    gate["open"] = False
    pid = (await pids_of(sup))["m"]
    await ended_by(pid, "kill")

    assert (await pids_of(sup))["m"] == "restarting"
    with pytest.raises(ChildError) as refused:
        await Supervisor.restart_child(sup, "m")
    assert refused.value.reason == "restarting"
    with pytest.raises(ChildError):
        await Supervisor.delete_child(sup, "m")
    await Supervisor.terminate_child(sup, "m")
    assert (await pids_of(sup))["m"] is None
    gate["open"] = True
    assert isinstance(await Supervisor.restart_child(sup, "m"), Pid)


@on_real_clock
async def test_s8_when_another_child_fails_in_a_one_for_all_restart_all_is_tried_again() -> None:
    child = moody(failures=1)
    sup = await Supervisor.start_link(
        [worker("a"), ChildSpec("m", child.start_link), worker("c")], strategy="one_for_all"
    )

    await crash(sup, "c")
    while "restarting" in (await pids_of(sup)).values():
        await process.sleep(0)

    assert started() == ["a", "c", "a", "a", "c"]
    assert all(isinstance(pid, Pid) for pid in (await pids_of(sup)).values())


@on_real_clock
async def test_s8_in_rest_for_one_the_attempt_begins_at_the_child_that_failed() -> None:
    child = moody(failures=1)
    sup = await Supervisor.start_link(
        [worker("a"), worker("b"), ChildSpec("m", child.start_link), worker("d")],
        strategy="rest_for_one",
    )

    await crash(sup, "b")
    while "restarting" in (await pids_of(sup)).values():
        await process.sleep(0)

    assert started() == ["a", "b", "d", "b", "d"]


@on_real_clock
async def test_a_child_that_is_ignored_at_its_restart_stays_without_a_pid() -> None:
    attempts: list[int] = []

    def start() -> Pid:
        attempts.append(1)
        if len(attempts) > 1:
            raise StartIgnored
        return process.spawn_link(process.sleep, None)

    sup = await Supervisor.start_link([ChildSpec("i", start)])

    await crash(sup, "i")

    assert await pids_of(sup) == {"i": None}


# ---- S9: the supervisor's own end


async def parent_of(witness: Pid, children: list[ChildSpec], reason: Any) -> None:
    process.send(witness, ("sup", await Supervisor.start_link(children)))
    await process.receive("end")
    process.exit(reason)


@pytest.mark.parametrize("reason", ["boom", "shutdown", "normal"])
def test_s9_the_parents_exit_ends_the_supervisor_children_first(reason: str) -> None:
    @on_real_clock
    async def test() -> None:
        children = [worker("a", trap=True), worker("b", trap=True)]
        parent = process.spawn(parent_of, process.self(), children, reason)
        _, sup = await process.receive(("sup", ...))
        ref = process.monitor(sup)
        events()

        process.send(parent, "end")

        assert await down(ref) == reason
        assert events() == [("terminated", "b", "shutdown"), ("terminated", "a", "shutdown")]

    test()


@pytest.mark.parametrize("reason", ["normal", "shutdown", "boom"])
def test_s9_an_exit_signal_of_anyone_else_is_ignored(reason: str) -> None:
    @on_real_clock
    async def test() -> None:
        sup = await Supervisor.start_link([worker("a")])
        stranger = process.spawn(process.exit, sup, reason)
        await down(process.monitor(stranger))

        assert list(await pids_of(sup)) == ["a"]

    test()


@on_real_clock
async def test_s9_a_killed_supervisor_takes_its_children_with_it() -> None:
    process.flag(trap_exit=True)
    sup = await Supervisor.start_link([worker("a")])
    ref = process.monitor((await pids_of(sup))["a"])

    await ended_by(sup, "kill")

    assert await down(ref) == "killed"


@on_real_clock
async def test_an_unexpected_message_does_no_harm() -> None:
    sup = await Supervisor.start_link([worker("a")])

    process.send(sup, "hello")
    gen_server.cast(sup, "hello")

    assert list(await pids_of(sup)) == ["a"]


# ---- S10: administration


@on_real_clock
async def test_s10_start_child_adds_a_child() -> None:
    sup = await Supervisor.start_link([worker("a")])

    pid = await Supervisor.start_child(sup, worker("b"))

    assert (await pids_of(sup))["b"] is pid


@on_real_clock
async def test_s10_start_child_returns_the_info_of_the_start_function() -> None:
    def start() -> tuple[Pid, str]:
        return process.spawn_link(process.sleep, None), "info"

    sup = await Supervisor.start_link([])

    pid, info = await Supervisor.start_child_info(sup, ChildSpec("w", start))

    assert (await pids_of(sup))["w"] is pid
    assert info == "info"


@on_real_clock
async def test_s10_start_child_of_a_running_id_is_already_started() -> None:
    sup = await Supervisor.start_link([worker("a")])

    with pytest.raises(StartError) as failed:
        await Supervisor.start_child(sup, worker("a"))

    assert failed.value.reason == ("already_started", (await pids_of(sup))["a"])


@on_real_clock
async def test_s10_start_child_of_an_id_that_does_not_run_is_already_present() -> None:
    sup = await Supervisor.start_link([worker("a")])
    await Supervisor.terminate_child(sup, "a")

    with pytest.raises(StartError) as failed:
        await Supervisor.start_child(sup, worker("a"))

    assert failed.value.reason == "already_present"


@on_real_clock
async def test_s10_a_child_that_does_not_start_is_not_kept() -> None:
    sup = await Supervisor.start_link([])

    with pytest.raises(StartError) as failed:
        await Supervisor.start_child(sup, broken("bad", "why"))

    assert failed.value.reason == "why"
    assert await pids_of(sup) == {}


@on_real_clock
async def test_s10_a_reason_that_is_an_exception_stays_a_reason() -> None:
    class Failing(GenServer):
        def init(self) -> None:
            raise ValueError("no")

    sup = await Supervisor.start_link([])

    with pytest.raises(StartError) as failed:
        await Supervisor.start_child(sup, Failing)

    assert isinstance(failed.value.reason, ValueError)


@on_real_clock
async def test_s10_an_ignored_child_is_kept_unless_it_is_temporary() -> None:
    sup = await Supervisor.start_link([])

    for restart in ("permanent", "temporary"):
        with pytest.raises(StartIgnored):
            await Supervisor.start_child(sup, ChildSpec(restart, ignored, restart=restart))

    assert await pids_of(sup) == {"permanent": None}


@on_real_clock
async def test_s10_a_bad_child_is_refused_in_the_caller() -> None:
    sup = await Supervisor.start_link([])

    with pytest.raises(ChildSpecError):
        await Supervisor.start_child(sup, "child")  # type: ignore[arg-type]


@on_real_clock
async def test_s10_terminate_child_keeps_the_spec() -> None:
    sup = await Supervisor.start_link([worker("a")])

    await Supervisor.terminate_child(sup, "a")

    assert await pids_of(sup) == {"a": None}
    await Supervisor.terminate_child(sup, "a")


@on_real_clock
async def test_s10_terminate_child_forgets_a_temporary_child() -> None:
    sup = await Supervisor.start_link([worker("a", restart="temporary")])

    await Supervisor.terminate_child(sup, "a")

    assert await pids_of(sup) == {}


@on_real_clock
async def test_s10_a_terminated_child_is_not_restarted() -> None:
    sup = await Supervisor.start_link([worker("a")])

    await Supervisor.terminate_child(sup, "a")

    assert started() == ["a"]


@on_real_clock
async def test_s10_restart_child_starts_what_does_not_run() -> None:
    sup = await Supervisor.start_link([worker("a")], max_restarts=0)
    await Supervisor.terminate_child(sup, "a")

    pid = await Supervisor.restart_child(sup, "a")

    assert await pids_of(sup) == {"a": pid}


@on_real_clock
async def test_s10_restart_child_of_a_running_one_is_refused() -> None:
    sup = await Supervisor.start_link([worker("a")])

    with pytest.raises(ChildError) as refused:
        await Supervisor.restart_child(sup, "a")

    assert (refused.value.reason, refused.value.child) == ("running", "a")


@on_real_clock
async def test_s10_a_child_that_fails_to_restart_on_request_keeps_its_spec() -> None:
    child = moody(failures=1)
    sup = await Supervisor.start_link([ChildSpec("m", child.start_link)])
    await Supervisor.terminate_child(sup, "m")

    with pytest.raises(StartError) as failed:
        await Supervisor.restart_child(sup, "m")

    assert failed.value.reason == "moody"
    assert await pids_of(sup) == {"m": None}


@on_real_clock
async def test_s10_delete_child_forgets_what_does_not_run() -> None:
    sup = await Supervisor.start_link([worker("a")])
    await Supervisor.terminate_child(sup, "a")

    await Supervisor.delete_child(sup, "a")

    assert await pids_of(sup) == {}


@on_real_clock
async def test_s10_delete_child_of_a_running_one_is_refused() -> None:
    sup = await Supervisor.start_link([worker("a")])

    with pytest.raises(ChildError, match="it is running; terminate_child"):
        await Supervisor.delete_child(sup, "a")


@pytest.mark.parametrize(
    "request_",
    [
        Supervisor.terminate_child,
        Supervisor.restart_child,
        Supervisor.delete_child,
        Supervisor.get_childspec,
    ],
)
@pytest.mark.parametrize("id", ["nobody", []])
def test_s10_an_unknown_id_is_not_found(request_: Any, id: Any) -> None:
    @on_real_clock
    async def test() -> None:
        sup = await Supervisor.start_link([worker("a")])

        with pytest.raises(ChildError) as refused:
            await request_(sup, id)

        assert refused.value.reason == "not_found"

    test()


@on_real_clock
async def test_get_childspec_returns_the_spec() -> None:
    spec = worker("a")
    sup = await Supervisor.start_link([spec])

    assert await Supervisor.get_childspec(sup, "a") == spec


@on_real_clock
async def test_which_child_is_one_entry_of_which_children() -> None:
    sup = await Supervisor.start_link([worker("a"), worker("b")])

    assert await Supervisor.which_child(sup, "a") == (await Supervisor.which_children(sup))[1]
    with pytest.raises(ChildError, match="no such child"):
        await Supervisor.which_child(sup, "c")


def test_child_specs_are_checked_without_a_supervisor() -> None:
    good = ChildSpec("a", lambda: None)
    bad: list[tuple[list[Any], Any]] = [
        ([good, good], ("duplicate_child_name", "a")),
        ([17], ("invalid_child_spec", 17)),
        ([{"id": 1}], "missing_start"),
    ]

    Supervisor.check_childspecs([good, child_spec(good, id="b")])
    Supervisor.check_childspecs(
        [child_spec(good, restart="transient", significant=True)], "any_significant"
    )
    for children, reason in bad:
        with pytest.raises(ChildSpecError) as refused:
            Supervisor.check_childspecs(children)
        assert refused.value.reason == reason


@on_real_clock
async def test_count_children_counts_specs_active_supervisors_and_workers() -> None:
    sup = await Supervisor.start_link(
        [worker("a"), worker("b"), Supervisor.child_spec([]), ChildSpec("i", ignored)]
    )
    await Supervisor.terminate_child(sup, "a")

    assert await Supervisor.count_children(sup) == {
        "specs": 4,
        "active": 2,
        "supervisors": 1,
        "workers": 3,
    }


@on_real_clock
async def test_requests_to_an_unknown_supervisor_exit_with_noproc() -> None:
    reason = await exit_reason(Supervisor.which_children("nobody"))

    assert reason[0] == "noproc"


@on_real_clock
async def test_a_request_that_no_supervisor_knows_ends_it() -> None:
    sup = await Supervisor.start([])

    with pytest.raises(CallError):
        await gen_server.call(sup, "what?")


# ---- S11: significant children


def significant(name: str, restart: Any = "transient") -> ChildSpec:
    return worker(name, restart=restart, significant=True)


async def finish(sup: Pid, id: str, reason: Any = "normal") -> None:
    """Lets a child end by itself."""
    pid = (await pids_of(sup))[id]
    ref = process.monitor(pid)
    gen_server.cast(pid, ("exit", reason))
    await down(ref)


@pytest.mark.parametrize("restart", ["transient", "temporary"])
def test_s11_any_significant_child_that_ends_ends_the_supervisor(restart: str) -> None:
    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        children = [significant("a", restart), significant("b", restart), worker("c", trap=True)]
        sup = await Supervisor.start_link(children, auto_shutdown="any_significant")
        ref = process.monitor(sup)
        events()

        await finish(sup, "a")

        assert await down(ref) == "shutdown"
        assert events() == [("terminated", "c", "shutdown")] or events() == []

    test()


@on_real_clock
async def test_s11_all_significant_children_must_end() -> None:
    process.flag(trap_exit=True)
    sup = await Supervisor.start_link(
        [significant("a"), significant("b"), worker("c")], auto_shutdown="all_significant"
    )
    ref = process.monitor(sup)

    await finish(sup, "a")
    assert len(await pids_of(sup)) == 3
    await finish(sup, "b")

    assert await down(ref) == "shutdown"


@on_real_clock
async def test_s11_a_significant_child_that_is_restarted_does_not_count() -> None:
    sup = await Supervisor.start_link([significant("a")], auto_shutdown="any_significant")

    await finish(sup, "a", "boom")

    assert isinstance((await pids_of(sup))["a"], Pid)


@on_real_clock
async def test_s11_a_significant_temporary_child_counts_also_when_it_crashes() -> None:
    process.flag(trap_exit=True)
    sup = await Supervisor.start_link(
        [significant("a", "temporary")], auto_shutdown="any_significant"
    )
    ref = process.monitor(sup)

    await finish(sup, "a", "boom")

    assert await down(ref) == "shutdown"


@on_real_clock
async def test_s11_a_child_that_is_not_significant_does_not_count() -> None:
    sup = await Supervisor.start_link(
        [significant("a"), worker("b", restart="transient")], auto_shutdown="any_significant"
    )

    await finish(sup, "b")

    assert (await pids_of(sup))["b"] is None


@on_real_clock
async def test_s11_a_significant_child_that_is_terminated_on_request_does_not_count() -> None:
    sup = await Supervisor.start_link([significant("a")], auto_shutdown="any_significant")

    await Supervisor.terminate_child(sup, "a")

    assert await pids_of(sup) == {"a": None}


@on_real_clock
async def test_s11_significant_children_need_an_auto_shutdown() -> None:
    with pytest.raises(ChildSpecError, match="expected False where auto_shutdown is 'never'"):
        await Supervisor.start_link([significant("a")])

    sup = await Supervisor.start_link([])
    with pytest.raises(ChildSpecError, match="auto_shutdown='any_significant'"):
        await Supervisor.start_child(sup, significant("a"))


# ---- reports


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, Any]]:
    return [(report["context"], report["reason"]) for report in reports(caplog, "supervisor")]


def test_a_restart_is_reported_with_the_childs_spec(caplog: pytest.LogCaptureFixture) -> None:
    @on_real_clock
    async def test() -> None:
        sup = await Supervisor.start_link([worker("a", restart="transient")], name="sup")
        await crash(sup, "a", "boom")

    test()

    assert told(caplog) == [("child_terminated", "boom")]
    [record] = caplog.records
    fields = fields_of(record)
    assert (record.name, record.levelname) == ("beamish.supervisor", "ERROR")
    assert (fields["supervisor"], fields["child_id"], fields["restart"]) == (
        "sup",
        "a",
        "transient",
    )
    assert "Child 'a' of Supervisor sup terminated\n** (exit) boom\n" in record.getMessage()
    assert "Worker.start_link(" in record.getMessage()


def test_giving_up_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        sup = await Supervisor.start_link([worker("a")], max_restarts=0)
        ref = process.monitor(sup)
        await ended_by((await pids_of(sup))["a"], "kill")
        await down(ref)

    test()

    assert told(caplog) == [
        ("child_terminated", "killed"),
        ("shutdown", "reached_max_restart_intensity"),
    ]


def test_a_slow_stop_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    @on_virtual_clock
    async def test() -> None:
        sup = await Supervisor.start_link([worker("a", trap=True, slow=60.0)])
        await Supervisor.terminate_child(sup, "a")

    test()

    assert told(caplog) == [("shutdown_error", "killed")]


def test_an_orderly_life_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    @on_real_clock
    async def test() -> None:
        sup = await Supervisor.start_link(
            [worker("a"), worker("b", trap=True), worker("k", shutdown="brutal_kill")]
        )
        await Supervisor.terminate_child(sup, "k")
        process.unlink(sup)
        await Supervisor.stop(sup)

    test()

    assert caplog.records == []


def progress_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """The level and the child of each progress report."""
    return [
        (record.levelname, fields_of(record)["child_id"])
        for record in caplog.records
        if getattr(record, "report", "") == "progress"
    ]


def test_progress_is_reported_where_one_wants_it(caplog: pytest.LogCaptureFixture) -> None:
    @on_real_clock
    async def test() -> None:
        sup = await Supervisor.start_link([worker("a")])
        await crash(sup, "a")
        await Supervisor.start_child(sup, worker("b"))

    with caplog.at_level(logging.DEBUG, "beamish.progress"):
        test()

    assert progress_of(caplog) == [("INFO", "a"), ("INFO", "a"), ("DEBUG", "b")]


def test_progress_is_not_reported_by_default(caplog: pytest.LogCaptureFixture) -> None:
    @on_real_clock
    async def test() -> None:
        await Supervisor.start_link([worker("a")])

    with caplog.at_level(logging.DEBUG, "beamish"):
        test()

    assert progress_of(caplog) == []
