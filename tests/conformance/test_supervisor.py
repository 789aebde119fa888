"""Cases of OTP's supervisor suite and of Elixir's for Supervisor, in our words.

Many more are shown by tests/otp/test_supervisor.py and tests/otp/test_restart_matrix.py; the table
in docs/conformance/supervisor.md names them.
"""

from __future__ import annotations

import gc
import logging
import weakref
from typing import Any

import pytest

from beamish import BadArgError, process
from beamish.otp import (
    ChildSpec,
    ChildSpecError,
    DynamicSupervisor,
    GenServer,
    Ignore,
    Registry,
    StartError,
    StartIgnored,
    Supervisor,
    SupervisorFlags,
    gen_server,
    sys,
)
from beamish.terms import Pid
from tests.otp.support import (
    Worker,
    down,
    ended_by,
    on_real_clock,
    outcome,
    reason_of,
    started,
)


def worker(name: str, **options: Any) -> ChildSpec:
    start = (Worker.start_link, (process.self(), name), {"trap": options.pop("trap", False)})
    return ChildSpec(name, start, **options)


def fields(**changes: Any) -> dict[str, Any]:
    """A spec as a mapping."""
    return {"id": "a", "start": (Worker.start_link, (process.self(), "a"))} | changes


async def pids_of(sup: Any) -> dict[Any, Any]:
    return {info.id: info.pid for info in await Supervisor.which_children(sup)}


async def crash(sup: Any, id: Any, reason: Any = "kill") -> None:
    """Ends a child, and waits until the supervisor has seen it."""
    await ended_by((await pids_of(sup))[id], reason)
    await Supervisor.count_children(sup)


class Flaky:
    """A start function that fails as told from its second call on."""

    def __init__(self, *results: Any) -> None:
        self.results = list(results)
        self.calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        result = self.results[self.calls - 2] if 2 <= self.calls < len(self.results) + 2 else None
        if isinstance(result, Exception):
            raise result
        return result or process.spawn_link(process.sleep, None)


# ---- Elixir: Supervisor


@on_real_clock
async def test_specs_of_both_forms_stand_together() -> None:
    """Elixir Supervisor: init/2 and start_link/2 "with old and new child specs"."""
    me = process.self()
    old = ("old", (Worker.start_link, (me, "old")), "permanent", 5.0, "worker", ("Worker",))

    sup = await Supervisor.start_link([old, fields(id="new"), worker("spec")])

    assert list(await pids_of(sup)) == ["spec", "new", "old"]
    assert await Supervisor.get_childspec(sup, "old") == ChildSpec(
        "old", (Worker.start_link, (me, "old")), modules=("Worker",)
    )


@on_real_clock
async def test_a_supervisor_is_registered_by_a_via_name() -> None:
    """Elixir Supervisor: start_link/2 "with via"."""
    await Registry.start_link(keys="unique", name="names")
    name = ("via", Registry, ("names", "sup"))

    pid = await Supervisor.start_link([], name=name)

    assert Supervisor.whereis(name) is pid
    with pytest.raises(StartError) as refused:
        await Supervisor.start_link([], name=name)
    assert refused.value.reason == ("already_started", pid)


@pytest.mark.parametrize("name", [17, ("via", Registry), "undefined"])
def test_a_bad_name_is_refused(name: Any) -> None:
    """Elixir Supervisor: start_link/2 (bad name errors)."""

    @on_real_clock
    async def test() -> None:
        with pytest.raises(BadArgError, match="name: expected"):
            await Supervisor.start_link([], name=name)

    test()


class Stack(GenServer):
    def init(self, *items: Any) -> None:
        self.items = list(items)

    def handle_call(self, request: Any, caller: Any) -> Any:
        return self.items.pop()


class StackSupervisor(Supervisor):
    def init(self, *items: Any) -> Any:
        children = [Stack.child_spec(*items, name="stack")]
        return SupervisorFlags(strategy="one_for_one"), children


@on_real_clock
async def test_a_class_and_its_argument_start_a_supervisor() -> None:
    """Elixir Supervisor: start_link/3."""
    await StackSupervisor.start_link("hello", name="sup")

    assert await gen_server.call("stack", "pop") == "hello"
    assert await Supervisor.count_children("sup") == {
        "specs": 1,
        "active": 1,
        "supervisors": 0,
        "workers": 1,
    }


@on_real_clock
async def test_start_child_takes_the_old_form() -> None:
    """Elixir Supervisor: start_child/2 "supports old child spec"."""
    sup = await Supervisor.start_link([])
    start = (Worker.start_link, (process.self(), "a"))

    pid = await Supervisor.start_child(sup, ("a", start, "temporary", None, "worker", "dynamic"))

    assert await Supervisor.which_children(sup) == [("a", pid, "worker", "dynamic")]


@on_real_clock
async def test_start_child_takes_a_mapping() -> None:
    """Elixir Supervisor: start_child/2 "supports new child spec"."""
    sup = await Supervisor.start_link([])

    pid = await Supervisor.start_child(sup, fields())

    assert await pids_of(sup) == {"a": pid}


BAD_FIELDS: list[tuple[str, Any, Any]] = [
    ("start", "x", ("invalid_mfa", "x")),
    ("restart", "x", ("invalid_restart_type", "x")),
    ("shutdown", "x", ("invalid_shutdown", "x")),
    ("shutdown", -1, ("invalid_shutdown", -1)),
    ("type", "x", ("invalid_child_type", "x")),
    ("modules", 17, ("invalid_modules", 17)),
    ("significant", "x", ("invalid_significant", "x")),
]


@pytest.mark.parametrize(("field", "value", "reason"), BAD_FIELDS)
def test_each_wrong_field_has_its_own_error(field: str, value: Any, reason: Any) -> None:
    """Elixir Supervisor: start_child/2 "with invalid child spec".

    OTP supervisor: sup_start_map_faulty_specs.
    """

    @on_real_clock
    async def test() -> None:
        sup = await Supervisor.start_link([])
        with pytest.raises(ChildSpecError) as refused:
            await Supervisor.start_child(sup, fields(**{field: value}))
        assert refused.value.reason == reason

        with pytest.raises(ChildSpecError) as refused:
            await Supervisor.start_link([fields(**{field: value})])
        assert refused.value.reason == reason

    test()


@pytest.mark.parametrize("child", ["a", 17, (1, 2, 3, 4), ("a", "b")])
def test_what_is_no_spec_at_all_has_its_own_error(child: Any) -> None:
    """Elixir Supervisor: start_child/2 "with invalid child spec"."""

    @on_real_clock
    async def test() -> None:
        sup = await Supervisor.start_link([])
        with pytest.raises(ChildSpecError) as refused:
            await Supervisor.start_child(sup, child)
        assert refused.value.reason == ("invalid_child_spec", child)

    test()


# ---- OTP: start and stop


@on_real_clock
async def test_a_supervisor_starts_and_stops_with_shutdown() -> None:
    """OTP supervisor: sup_start_normal."""
    process.flag(trap_exit=True)
    sup = await Supervisor.start_link([])

    assert await ended_by(sup, "shutdown") == "shutdown"
    assert await process.receive(("EXIT", sup, ...)) == ("EXIT", sup, "shutdown")


@on_real_clock
async def test_an_ignored_supervisor_leaves_no_exit_message() -> None:
    """OTP supervisor: sup_start_ignore_init."""

    class Ignored(Supervisor):
        def init(self) -> Any:
            return Ignore

    process.flag(trap_exit=True)
    with pytest.raises(StartIgnored):
        await Ignored.start_link()

    assert process.flush() == []


@pytest.mark.parametrize("supervisor", [Supervisor, DynamicSupervisor])
@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (lambda: "odd", "odd"),
        (lambda: ("error", "why"), ("error", "why")),
        (lambda: None, None),
        (Flaky.__init__, None),
    ],
)
def test_a_child_that_returns_no_pid_is_the_error_of_start_child(
    supervisor: Any, start: Any, reason: Any
) -> None:
    """OTP supervisor: sup_start_child_returns_error, sup_start_child_returns_error_simple."""

    @on_real_clock
    async def test() -> None:
        sup = await (
            Supervisor.start_link([])
            if supervisor is Supervisor
            else DynamicSupervisor.start_link()
        )
        with pytest.raises(StartError) as refused:
            await supervisor.start_child(sup, ChildSpec("a", start))
        if start is not Flaky.__init__:
            assert refused.value.reason == reason
        assert await supervisor.which_children(sup) == []

    test()


@on_real_clock
async def test_a_mapping_has_otps_defaults() -> None:
    """OTP supervisor: sup_start_map."""
    sup = await Supervisor.start_link(
        [
            fields(),
            fields(id="sup", type="supervisor", restart="transient"),
            fields(id="full", restart="temporary", shutdown=1.0, modules=("x",)),
        ]
    )

    specs = [await Supervisor.get_childspec(sup, id) for id in ("a", "sup", "full")]

    assert [(spec.restart, spec.shutdown, spec.type, spec.modules) for spec in specs] == [
        ("permanent", 5.0, "worker", ("Worker",)),
        ("transient", None, "supervisor", ("Worker",)),
        ("temporary", 1.0, "worker", ("x",)),
    ]


@on_real_clock
async def test_a_dynamic_child_may_be_a_mapping() -> None:
    """OTP supervisor: sup_start_map_simple."""
    sup = await DynamicSupervisor.start_link()

    pid = await DynamicSupervisor.start_child(sup, fields(type="supervisor"))

    assert await DynamicSupervisor.which_children(sup) == [(None, pid, "supervisor", ("Worker",))]


@on_real_clock
async def test_unknown_keys_of_a_mapping_are_allowed() -> None:
    """OTP supervisor: sup_start_map_faulty_specs."""
    await Supervisor.start_link([fields(unknown="x")])

    assert started() == ["a"]


BAD_FLAGS: list[tuple[str, Any, Any]] = [
    ("strategy", "x", ("invalid_strategy", "x")),
    ("max_restarts", "x", ("invalid_intensity", "x")),
    ("max_restarts", -1, ("invalid_intensity", -1)),
    ("max_seconds", 0, ("invalid_period", 0)),
    ("max_seconds", "x", ("invalid_period", "x")),
    ("auto_shutdown", "x", ("invalid_auto_shutdown", "x")),
]


@pytest.mark.parametrize(("flag", "value", "reason"), BAD_FLAGS)
def test_each_wrong_flag_has_its_own_error(flag: str, value: Any, reason: Any) -> None:
    """OTP supervisor: sup_flags."""

    @on_real_clock
    async def test() -> None:
        with pytest.raises(ChildSpecError) as refused:
            await Supervisor.start_link([], **{flag: value})
        assert refused.value.reason == reason

    test()


def test_children_started_on_request_are_no_progress(caplog: pytest.LogCaptureFixture) -> None:
    """OTP supervisor: external_start_no_progress_log."""

    @on_real_clock
    async def test() -> None:
        sup = await Supervisor.start_link([])
        dynamic = await DynamicSupervisor.start_link()
        await Supervisor.start_child(sup, worker("a"))
        await DynamicSupervisor.start_child(dynamic, worker("b"))

    with caplog.at_level(logging.INFO, "beamish.progress"):
        test()

    assert not caplog.records


@on_real_clock
async def test_the_reasons_of_a_failed_start_are_passed_on_down_to_the_error() -> None:
    """OTP supervisor: faulty_application_shutdown."""

    def missing() -> Any:
        raise ModuleNotFoundError("no module named 'nowhere'")

    inner = Supervisor.child_spec([ChildSpec("worker", missing)], id="inner")

    async def start() -> None:
        await Supervisor.start_link([inner])

    reason = await outcome(start)
    assert reason[:1] == ("shutdown",)
    _, (_, id, (_, (_, child, (exit_, error)))) = reason
    assert (id, child, exit_) == ("inner", "worker", "EXIT")
    assert isinstance(error, ModuleNotFoundError)


# ---- OTP: restarts


@on_real_clock
async def test_many_restarts_below_the_limit() -> None:
    """OTP supervisor: multiple_restarts."""
    sup = await Supervisor.start_link([worker("a")], max_restarts=10, max_seconds=1000)

    for _ in range(10):
        await crash(sup, "a")

    assert len(started()) == 11


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
def test_over_the_limit_the_supervisor_takes_all_with_it(strategy: Any) -> None:
    """OTP supervisor: one_for_one_escalation, one_for_all_..., rest_for_one_escalation."""

    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        sup = await Supervisor.start_link(
            [worker("a"), worker("b")], strategy=strategy, max_restarts=0
        )
        pids = await pids_of(sup)
        refs = [process.monitor(pid) for pid in (pids["b"], sup)]

        process.exit(pids["a"], "boom")

        assert [await down(ref) for ref in refs] == ["shutdown", "shutdown"]

    test()


@on_real_clock
async def test_a_dynamic_supervisor_over_the_limit_takes_all_with_it() -> None:
    """OTP supervisor: simple_one_for_one_escalation."""
    process.flag(trap_exit=True)
    sup = await DynamicSupervisor.start_link(max_restarts=0)
    one, two = [await DynamicSupervisor.start_child(sup, worker(name)) for name in "ab"]
    refs = [process.monitor(pid) for pid in (two, sup)]

    process.exit(one, "boom")

    assert [await down(ref) for ref in refs] == ["shutdown", "shutdown"]


def test_the_exit_of_an_unknown_dynamic_child_is_logged_and_harms_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """OTP supervisor: simple_one_for_one_corruption."""

    @on_real_clock
    async def test() -> None:
        sup = await DynamicSupervisor.start_link()
        pid = await DynamicSupervisor.start_child(sup, worker("a"))
        stranger = process.spawn(lambda: process.link(sup))
        await reason_of(stranger)

        assert [info.pid for info in await DynamicSupervisor.which_children(sup)] == [pid]

    test()

    assert "received an unexpected message: Exit" in caplog.text


@on_real_clock
async def test_a_dynamic_child_is_restarted_with_its_own_arguments() -> None:
    """OTP supervisor: simple_one_for_one."""
    sup = await DynamicSupervisor.start_link()
    one, two = [await DynamicSupervisor.start_child(sup, worker(name)) for name in "ab"]
    started()

    await ended_by(one, "boom")
    pids = [info.pid for info in await DynamicSupervisor.which_children(sup)]

    assert started() == ["a"]
    assert two in pids
    assert one not in pids


@on_real_clock
async def test_dynamic_children_are_administered_by_their_pids() -> None:
    """OTP supervisor: child_adm_simple."""
    sup = await DynamicSupervisor.start_link()
    one, two = [await DynamicSupervisor.start_child(sup, worker(name)) for name in "ab"]

    await DynamicSupervisor.terminate_child(sup, one)

    assert not process.alive(one)
    assert [info.pid for info in await DynamicSupervisor.which_children(sup)] == [two]
    assert (await DynamicSupervisor.count_children(sup))["active"] == 1


@pytest.mark.parametrize("supervisor", [Supervisor, DynamicSupervisor])
def test_an_extra_of_the_start_function_is_returned_and_forgotten(supervisor: Any) -> None:
    """OTP supervisor: extra_return, simple_one_for_one_extra."""

    @on_real_clock
    async def test() -> None:
        sup = await (
            Supervisor.start_link([])
            if supervisor is Supervisor
            else DynamicSupervisor.start_link()
        )
        child = ChildSpec("a", lambda: (process.spawn_link(process.sleep, None), "extra"))

        pid, extra = await supervisor.start_child_info(sup, child)
        await ended_by(pid, "boom")

        assert extra == "extra"
        assert (await supervisor.count_children(sup))["active"] == 1

    test()


@on_real_clock
async def test_one_for_all_is_tried_again_when_another_child_fails_to_restart() -> None:
    """OTP supervisor: one_for_all_other_child_fails_restart."""
    first, second = Flaky(StartError("why")), Flaky()
    sup = await Supervisor.start_link(
        [ChildSpec("first", first), ChildSpec("second", second)], strategy="one_for_all"
    )

    await crash(sup, "second")
    await Supervisor.count_children(sup)

    assert all(isinstance(pid, Pid) for pid in (await pids_of(sup)).values())
    assert (first.calls, second.calls) == (3, 2)


@on_real_clock
async def test_a_dynamic_child_that_is_ignored_at_its_restart_is_forgotten() -> None:
    """OTP supervisor: simple_one_for_one_restart_ignore."""
    sup = await DynamicSupervisor.start_link()
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("a", Flaky(StartIgnored())))

    await ended_by(pid, "boom")

    assert await DynamicSupervisor.which_children(sup) == []


# ---- OTP: significant children


@on_real_clock
async def test_a_transient_child_that_is_not_significant_ends_nothing() -> None:
    """OTP supervisor: nonsignificant_transient."""
    sup = await Supervisor.start_link(
        [worker("a", restart="transient"), worker("b", restart="transient", significant=True)],
        auto_shutdown="all_significant",
    )
    pid = (await pids_of(sup))["a"]

    gen_server.cast(pid, ("exit", "normal"))
    await reason_of(pid)

    assert (await pids_of(sup))["a"] is None


@on_real_clock
async def test_an_inner_supervisor_that_shuts_down_may_be_significant_itself() -> None:
    """OTP supervisor: significant_escalation."""
    process.flag(trap_exit=True)
    child = worker("a", restart="transient", significant=True)
    inner = Supervisor.child_spec(
        [child], auto_shutdown="any_significant", restart="transient", significant=True, id="inner"
    )
    outer = await Supervisor.start_link([inner], auto_shutdown="any_significant")
    pid = (await pids_of((await pids_of(outer))["inner"]))["a"]
    ref = process.monitor(outer)

    gen_server.cast(pid, ("exit", "normal"))

    assert await down(ref) == "shutdown"


# ---- OTP: trees


@on_real_clock
async def test_a_whole_tree_restarts_and_is_shut_down_in_order() -> None:
    """OTP supervisor: tree."""
    inner = Supervisor.child_spec(
        [worker("b", trap=True), worker("c", trap=True)],
        id="inner",
        strategy="one_for_all",
        max_restarts=0,
    )
    sup = await Supervisor.start_link([worker("a", trap=True), inner], strategy="rest_for_one")
    assert started() == ["a", "b", "c"]

    pid = (await pids_of((await pids_of(sup))["inner"]))["b"]
    gone = process.monitor((await pids_of(sup))["inner"])
    process.exit(pid, "kill")
    await down(gone)
    await Supervisor.count_children(sup)
    after_inner = [message[:2] for message in process.flush()]
    await crash(sup, "a")
    after_a = [message[:2] for message in process.flush()]
    await Supervisor.stop(sup)
    at_the_end = [message[:2] for message in process.flush()]

    start = [("started", "b"), ("started", "c")]
    stop = [("terminated", "c"), ("terminated", "b")]
    assert after_inner == [("terminated", "c"), *start]
    assert after_a == [*stop, ("started", "a"), *start]
    assert at_the_end == [*stop, ("terminated", "a")]


@on_real_clock
async def test_a_named_supervisor_and_worker_find_their_names_free_each_time() -> None:
    """OTP supervisor: simple_global_supervisor (with a registry for global)."""
    await Registry.start_link(keys="unique", name="names")
    name: Any = ("via", Registry, ("names", "worker"))
    inner: Any = ("via", Registry, ("names", "inner"))
    children = [Worker.child_spec(process.self(), "a", name=name)]
    await Supervisor.start_link(
        [Supervisor.child_spec(children, name=inner)], max_restarts=10, name="outer"
    )

    for dest, reason in ((name, "kill"), (name, "boom"), (inner, "kill")):
        pid: Any = gen_server.GenServer.whereis(dest)
        await ended_by(pid, reason)
        await Supervisor.count_children("outer")
        await Supervisor.count_children(inner)
        assert await gen_server.call(name, "x") == ("a", "x")


class Big:
    """Something whose end can be seen."""


@on_real_clock
async def test_what_a_temporary_child_was_started_with_is_not_kept() -> None:
    """OTP supervisor: do_not_save_start_parameters_for_temporary_children."""

    def start(_: Big) -> Pid:
        return process.spawn_link(process.sleep, None)

    big = Big()
    ref = weakref.ref(big)
    sup = await Supervisor.start_link([])
    await Supervisor.start_child(sup, ChildSpec("a", (start, (big,)), restart="temporary"))

    del big
    spec = await Supervisor.get_childspec(sup, "a")
    gc.collect()

    assert ref() is None
    assert spec.start is start


@on_real_clock
async def test_a_child_that_has_unlinked_itself_does_not_hang_its_termination() -> None:
    """OTP supervisor: child_unlink."""
    sup = await Supervisor.start_link([])

    async def unlinks(parent: Pid) -> None:
        process.unlink(parent)
        await process.receive("never")

    pid = await Supervisor.start_child(
        sup, ChildSpec("a", lambda: process.spawn_link(unlinks, process.self()))
    )
    await Supervisor.terminate_child(sup, "a")

    assert not process.alive(pid)


@on_real_clock
async def test_a_child_that_is_gone_unheard_can_be_terminated() -> None:
    """OTP supervisor: child_unlink."""
    sup = await Supervisor.start_link([])
    pid = await Supervisor.start_child(
        sup, ChildSpec("a", lambda: process.spawn_link(process.unlink, process.self()))
    )
    await reason_of(pid)

    await Supervisor.terminate_child(sup, "a")

    assert await pids_of(sup) == {"a": None}


# ---- OTP: a child that cannot be restarted


class Hopeless(Flaky):
    """Starts once, and then takes a turn to fail, as a process that dies in its init does."""

    def __init__(self) -> None:
        super().__init__(*[StartError("why")] * 1000)

    async def start(self) -> Any:
        await process.sleep(0)
        return self()


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
def test_a_supervisor_answers_while_a_child_fails_to_restart_and_gives_up_at_the_limit(
    strategy: Any,
) -> None:
    """OTP supervisor: hanging_restart_loop, hanging_restart_loop_rest_for_one."""

    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)
        flaky = Hopeless()
        sup = await Supervisor.start_link(
            [ChildSpec("a", flaky.start), ChildSpec("b", Flaky())],
            strategy=strategy,
            max_restarts=100,
            max_seconds=1000,
        )
        ref = process.monitor(sup)
        process.exit((await pids_of(sup))["a"], "kill")

        answers = [(await pids_of(sup))["a"] for _ in range(20)]

        assert "restarting" in answers
        assert await down(ref) == "shutdown"
        assert flaky.calls == 1 + 100

    test()


@on_real_clock
async def test_a_dynamic_supervisor_answers_while_a_child_fails_to_restart() -> None:
    """OTP supervisor: hanging_restart_loop_simple."""
    process.flag(trap_exit=True)
    sup = await DynamicSupervisor.start_link(max_restarts=100, max_seconds=1000)
    flaky = Hopeless()
    pid = await DynamicSupervisor.start_child(sup, ChildSpec("a", flaky.start))
    ref = process.monitor(sup)
    process.exit(pid, "kill")

    answers = [(await DynamicSupervisor.which_children(sup))[0].pid for _ in range(20)]

    assert "restarting" in answers
    assert await down(ref) == "shutdown"
    assert flaky.calls == 1 + 100


@on_real_clock
async def test_a_child_that_someone_else_has_started_is_supervised_and_stopped() -> None:
    """OTP supervisor: already_started_outside_supervisor."""
    outside = process.spawn(process.sleep, None)
    sup = await Supervisor.start_link([ChildSpec("a", lambda: outside)])

    assert await pids_of(sup) == {"a": outside}
    await Supervisor.terminate_child(sup, "a")
    assert not process.alive(outside)


@on_real_clock
async def test_a_name_that_someone_else_has_fails_the_start() -> None:
    """OTP supervisor: already_started_outside_supervisor."""
    process.flag(trap_exit=True)
    outside = await Worker.start(process.self(), "x", name="taken")

    with pytest.raises(StartError) as refused:
        await Supervisor.start_link([Worker.child_spec(process.self(), "a", name="taken")])

    assert refused.value.reason == (
        "shutdown",
        ("failed_to_start_child", "taken", ("already_started", outside)),
    )
    assert process.alive(outside)


# ---- sys


@on_real_clock
async def test_a_suspended_supervisor_restarts_when_it_is_resumed() -> None:
    sup = await Supervisor.start_link([worker("a")])
    pid = (await pids_of(sup))["a"]
    started()

    await sys.suspend(sup)
    await ended_by(pid, "kill")
    assert started() == []
    await sys.resume(sup)

    assert (await pids_of(sup))["a"] is not pid
    assert started() == ["a"]


@on_real_clock
async def test_the_state_of_a_supervisor_shows_its_flags_and_children() -> None:
    sup = await Supervisor.start_link([worker("a")], strategy="rest_for_one")

    state = await sys.get_state(sup)

    assert state["flags"] == SupervisorFlags(strategy="rest_for_one")
    assert "ChildInfo(id='a', pid=<0." in repr(state["children"])
    assert "max_restarts=3" in repr(state["window"])
