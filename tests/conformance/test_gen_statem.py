"""Cases of OTP's gen_statem_SUITE; docs/conformance/gen_statem.md is the table."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    Ignore,
    Registry,
    StartError,
    StartIgnored,
    Supervisor,
    gen_statem,
    proc_lib,
    sys,
)
from beamish.otp.gen_statem import (
    EventTimeout,
    Fail,
    GenericTimeout,
    GenStatem,
    Hibernate,
    KeepState,
    NextEvent,
    NextState,
    PopCallbackModule,
    Postpone,
    PushCallbackModule,
    RepeatState,
    Reply,
    StateTimeout,
    Stop,
    StopAndReply,
)
from beamish.terms import Atom, Exit, Pid, ProcessError, to_erlang
from tests.otp.support import exit_reason, on_real_clock, on_virtual_clock, outcome, reason_of

from .machines import ByFunction, ByName, Entering, both_modes, told

Machine = type[ByName]


async def asked(pid: Pid, count: int) -> list[Any]:
    """Has processes call the machine, which does not answer; returns the callers.

    Each tells what it got: ("got", number, reply).
    """
    me = process.self()

    def note(caller: Any) -> None:
        process.send(me, ("caller", caller))

    async def ask(number: int) -> None:
        process.send(me, ("got", number, await gen_statem.call(pid, note)))

    callers: list[Any] = []
    for number in range(count):
        process.spawn(ask, number)
        callers.append((await process.receive(("caller", ...)))[1])
    return callers


def do(pid: Pid, answer: Any) -> None:
    """Has the state callback return that."""
    gen_statem.cast(pid, lambda: answer)


# ---- start


class Slow(GenStatem):
    async def init(self) -> Any:
        await process.sleep(3600)


@on_virtual_clock
async def test_start3_an_init_that_takes_too_long_is_given_up() -> None:
    """gen_statem_SUITE start3."""
    with pytest.raises(StartError) as failed:
        await Slow.start(timeout=0.5)

    assert failed.value.reason == "timeout"


@both_modes
@on_real_clock
async def test_start4_ignore(machine: Machine) -> None:
    """gen_statem_SUITE start4."""
    with pytest.raises(StartIgnored):
        await machine.start(None, lambda: Ignore)


@both_modes
@on_real_clock
async def test_start5a_stop_from_init(machine: Machine) -> None:
    """gen_statem_SUITE start5a."""
    with pytest.raises(StartError) as failed:
        await machine.start(None, lambda: Stop("stopped"))

    assert failed.value.reason == "stopped"


@both_modes
@on_real_clock
async def test_start5b_a_failing_init_that_says_so_is_not_reported(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """gen_statem_SUITE start5b."""
    with pytest.raises(StartError) as failed:
        await machine.start_link(None, lambda: Fail("failed"))

    assert failed.value.reason == "failed"
    assert caplog.records == []


@both_modes
@on_real_clock
async def test_start_monitor_tells_of_the_end(machine: Machine) -> None:
    """gen_statem_SUITE start_monitor."""
    pid, ref = await machine.start_monitor()
    do(pid, Stop("why"))

    assert await process.receive() == ("DOWN", ref, "process", pid, "why")


@both_modes
@on_real_clock
async def test_start6_a_linked_machine_and_its_starter_end_together(machine: Machine) -> None:
    """gen_statem_SUITE start6."""
    process.flag(trap_exit=True)

    pid = await machine.start_link()
    process.exit(pid, "shutdown")

    assert await gen_statem_exit(pid) == "shutdown"


async def gen_statem_exit(pid: Pid) -> Any:
    return (await process.receive(("EXIT", pid, ...)))[2]


@both_modes
@on_real_clock
async def test_start8_a_local_name(machine: Machine) -> None:
    """gen_statem_SUITE start8."""
    pid = await machine.start_link(name="my_machine")

    assert await gen_statem.call("my_machine", "state") == "idle"
    with pytest.raises(StartError) as failed:
        await machine.start(name="my_machine")
    assert failed.value.reason == ("already_started", pid)


@both_modes
@on_real_clock
async def test_start11_the_name_is_free_after_stop(machine: Machine) -> None:
    """gen_statem_SUITE start11."""
    for _ in range(2):
        await machine.start_link(name="my_machine")
        await gen_statem.stop("my_machine")

    assert process.whereis("my_machine") is None


@both_modes
@on_real_clock
async def test_start12_and_stop7_a_via_name(machine: Machine) -> None:
    """gen_statem_SUITE start12 and stop7."""
    await Registry.start_link(keys="unique", name="reg")
    via = ("via", Registry, ("reg", "key"))
    pid = await machine.start(name=via)

    assert await gen_statem.call(via, "state") == "idle"
    with pytest.raises(StartError) as failed:
        await machine.start(name=via)
    assert failed.value.reason == ("already_started", pid)
    await gen_statem.stop(via)
    assert await exit_reason(gen_statem.stop(via)) == "noproc"


@both_modes
@on_real_clock
async def test_loop_start_fail_the_name_is_free_after_each_failed_start(machine: Machine) -> None:
    """gen_statem_SUITE loop_start_fail."""
    for first in (lambda: Ignore, lambda: Stop("no"), lambda: process.error("no"), lambda: "odd"):
        for _ in range(3):
            with pytest.raises(StartError):
                await machine.start(None, first, name="my_machine")
            assert process.whereis("my_machine") is None


@on_real_clock
async def test_an_odd_result_of_init_is_its_reason() -> None:
    """gen_statem_SUITE start, abnormal: {bad_return_from_init, _}."""
    with pytest.raises(StartError) as failed:
        await ByName.start(None, lambda: "odd")

    assert failed.value.reason == ("bad_return_from_init", "odd")


# ---- stop


@both_modes
@on_real_clock
async def test_stop1_an_anonymous_machine_stops_normally_then_there_is_none(
    machine: Machine,
) -> None:
    """gen_statem_SUITE stop1."""
    pid = await machine.start(process.self())

    await gen_statem.stop(pid)

    assert told() == [("terminate", "normal", "idle")]
    assert await exit_reason(gen_statem.stop(pid)) == "noproc"


@both_modes
@on_real_clock
async def test_stop2_with_a_reason(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    """gen_statem_SUITE stop2."""
    process.flag(trap_exit=True)
    pid = await machine.start_link(process.self())

    await gen_statem.stop(pid, "other")

    assert told() == [("terminate", "other", "idle"), Exit(pid, "other")]
    assert len(caplog.records) == 1


@both_modes
@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", "x")])
def test_shutdown_stopping_by_shutdown_is_not_reported(
    machine: Machine, reason: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """gen_statem_SUITE shutdown."""

    @on_real_clock
    async def stopping() -> None:
        pid = await machine.start()
        do(pid, Stop(reason))
        assert await reason_of(pid) == reason

    stopping()

    assert caplog.records == []


@both_modes
@on_real_clock
async def test_stop_and_reply_the_replies_are_sent_in_order(machine: Machine) -> None:
    """gen_statem_SUITE stop_and_reply."""
    pid = await machine.start(process.self())
    callers = await asked(pid, 2)
    do(pid, StopAndReply("normal", Reply(callers[0], "a"), Reply(callers[1], "b")))

    assert await reason_of(pid) == "normal"
    assert told() == [("terminate", "normal", "idle"), ("got", 0, "a"), ("got", 1, "b")]


# ---- abnormal


@both_modes
@on_virtual_clock
async def test_abnormal1_a_call_that_times_out(machine: Machine) -> None:
    """gen_statem_SUITE abnormal1."""
    pid = await machine.start()

    reason = await exit_reason(gen_statem.call(pid, "nothing", 0.01))

    assert reason == ("timeout", ("gen_statem", "call", (pid, "nothing", 0.01)))


@pytest.mark.parametrize("kind", ["clean_timeout", "dirty_timeout"])
def test_abnormal1clean_and_dirty_no_late_reply_is_seen(kind: str) -> None:
    """gen_statem_SUITE abnormal1clean, abnormal1dirty."""

    @on_virtual_clock
    async def calling() -> None:
        pid = await ByName.start()
        late: list[Any] = []

        reason = await exit_reason(gen_statem.call(pid, late.append, (kind, 0.01)))
        gen_statem.reply(late[0], "late")
        await process.sleep(0.1)

        assert reason == ("timeout", ("gen_statem", "call", (pid, late.append, (kind, 0.01))))
        assert process.flush() == []

    calling()


@both_modes
@on_real_clock
async def test_abnormal2_a_bad_result_ends_it_and_is_named(machine: Machine) -> None:
    """gen_statem_SUITE abnormal2."""
    pid = await machine.start()
    do(pid, "badreturn")

    reason, _ = to_erlang(await reason_of(pid))

    assert reason == ("bad_return_from_state_function", "badreturn")


@both_modes
@pytest.mark.parametrize(
    "action",
    ["odd", StateTimeout("soon"), EventTimeout(-1), NextEvent("odd"), Reply("me", 1)],  # type: ignore[arg-type]
    ids=repr,
)
def test_abnormal4_an_odd_action_is_an_error(machine: Machine, action: Any) -> None:
    """gen_statem_SUITE abnormal4."""

    @on_real_clock
    async def acting() -> None:
        pid = await machine.start()
        do(pid, KeepState(action))

        reason, _ = to_erlang(await reason_of(pid))

        assert reason == ("bad_action_from_state_function", action)

    acting()


@on_real_clock
async def test_an_odd_reply_on_stopping_is_an_error() -> None:
    """gen_statem_SUITE abnormal: {bad_reply_action_from_state_function, _}."""
    pid = await ByName.start()
    do(pid, StopAndReply("normal", "odd"))  # type: ignore[arg-type]

    assert to_erlang(await reason_of(pid))[0] == ("bad_reply_action_from_state_function", "odd")


class FailingTerminate(ByName):
    def terminate(self, reason: Any, state: Any) -> None:
        raise NotImplementedError("no such function")


class WithoutTerminate(GenStatem):
    def init(self) -> Any:
        return NextState("idle")

    def idle(self, event_type: Any, content: Any) -> Any:
        return Stop(content)


@on_real_clock
async def test_undef_terminate2_without_terminate_the_reason_is_the_one_given() -> None:
    """gen_statem_SUITE undef_terminate2."""
    pid = await WithoutTerminate.start()
    gen_statem.cast(pid, "other")

    assert await reason_of(pid) == "other"


@on_real_clock
async def test_undef_in_terminate_that_error_is_the_reason() -> None:
    """gen_statem_SUITE undef_in_terminate."""
    pid = await FailingTerminate.start()
    do(pid, Stop("why"))

    assert isinstance(await reason_of(pid), NotImplementedError)


# ---- events


@both_modes
@on_real_clock
async def test_next_events_come_before_all_that_wait(machine: Machine) -> None:
    """gen_statem_SUITE next_events."""
    pid = await machine.start(process.self())
    await sys.suspend(pid)
    do(pid, KeepState(NextEvent("internal", 1), NextEvent("cast", 2), NextEvent("info", 3)))
    gen_statem.cast(pid, "waited")
    await sys.resume(pid)

    assert await gen_statem.call(pid, "state") == "idle"
    assert told() == [
        ("idle", "internal", 1),
        ("idle", "cast", 2),
        ("idle", "info", 3),
        ("idle", "cast", "waited"),
    ]


@both_modes
@on_real_clock
async def test_event_order(machine: Machine) -> None:
    """gen_statem_SUITE event_order: inserted, postponed, waiting, time-outs of 0, messages."""
    pid = await machine.start(process.self())
    await sys.suspend(pid)
    do(pid, KeepState(Postpone))
    do(pid, KeepState(StateTimeout(0, "state"), GenericTimeout("n", 0, "generic")))
    await sys.resume(pid)
    assert await gen_statem.call(pid, "state") == "idle"
    assert told() == [("idle", "state_timeout", "state"), ("idle", ("timeout", "n"), "generic")]
    await sys.suspend(pid)
    for word in ("first", "second"):
        gen_statem.cast(pid, postponed_once(word))
    do(
        pid,
        NextState(
            "busy",
            NextEvent("internal", "inserted"),
            StateTimeout(0, "state"),
            GenericTimeout("n", 0, "generic"),
            NextEvent("internal", "too"),
        ),
    )
    gen_statem.cast(pid, "message")
    await sys.resume(pid)

    assert await gen_statem.call(pid, "state") == "busy"
    assert told() == [
        ("busy", "internal", "inserted"),
        ("busy", "internal", "too"),
        ("again", "first"),
        ("again", "second"),
        ("busy", "state_timeout", "state"),
        ("busy", ("timeout", "n"), "generic"),
        ("busy", "cast", "message"),
    ]


def postponed_once(word: str) -> Any:
    """Put aside when it is first seen, told when it comes again."""
    me, seen = process.self(), set[str]()

    def answer() -> Any:
        if word not in seen:
            seen.add(word)
            return KeepState(Postpone)
        process.send(me, ("again", word))
        return KeepState

    return answer


@on_real_clock
async def test_state_enter_calls_on_entering_repeating_and_not_for_the_same_state() -> None:
    """gen_statem_SUITE state_enter."""
    pid = await Entering.start(process.self())
    do(pid, NextState("busy"))
    do(pid, NextState("busy"))
    do(pid, KeepState())
    do(pid, RepeatState)
    do(pid, NextState("done"))
    do(pid, RepeatState(NextEvent("internal", "then")))

    assert await gen_statem.call(pid, "state") == "done"
    assert told() == [
        ("idle", "enter", "idle"),
        ("busy", "enter", "idle"),
        ("busy", "enter", "busy"),
        ("done", "enter", "busy"),
        ("done", "enter", "done"),
        ("done", "internal", "then"),
    ]


class OddOnEntering(GenStatem):
    callback_mode = ("handle_event_function", "state_enter")

    def init(self, answer: Any) -> Any:
        self.answer = answer
        return NextState("a")

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        if event_type == "enter":
            return self.answer if state == "b" else KeepState
        return NextState("b")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (NextState("c"), "bad_state_enter_return_from_state_function"),
        (KeepState(Postpone), "bad_state_enter_action_from_state_function"),
        (KeepState(NextEvent("cast")), "bad_state_enter_action_from_state_function"),
        (KeepState(PushCallbackModule(ByName)), "bad_state_enter_action_from_state_function"),
    ],
    ids=repr,
)
def test_state_enter_a_call_may_not_change_the_state_postpone_or_insert(
    answer: Any, reason: str
) -> None:
    """gen_statem_SUITE state_enter, bad returns."""

    @on_real_clock
    async def entering() -> None:
        pid = await OddOnEntering.start(answer)
        gen_statem.cast(pid, "go")

        assert to_erlang(await reason_of(pid))[0][0] == reason

    entering()


# ---- time-outs


@both_modes
@on_virtual_clock
async def test_timeout_cancel_and_update(machine: Machine) -> None:
    """gen_statem_SUITE timeout_cancel_and_update."""
    pid = await machine.start(process.self())
    do(pid, KeepState(StateTimeout(1.0, "s"), GenericTimeout("a", 1.1, "g"), EventTimeout(9.0)))
    do(pid, KeepState(StateTimeout.cancel(), GenericTimeout.update("a", "new")))
    do(pid, KeepState(EventTimeout(2.0, "e")))
    await process.sleep(3.0)
    assert told() == [("idle", ("timeout", "a"), "new")]  # and it was the end of the event time-out

    do(pid, KeepState(EventTimeout(2.0, "e")))
    await process.sleep(3.0)
    assert told() == [("idle", "timeout", "e")]

    do(pid, KeepState(StateTimeout.update("at once"), EventTimeout.update("never")))
    await process.sleep(0.5)
    assert told() == [("idle", "state_timeout", "at once")]

    do(pid, KeepState(GenericTimeout("a", 1.0), StateTimeout(1.0), EventTimeout(1.0)))
    do(pid, KeepState(GenericTimeout.cancel("a"), StateTimeout(None), EventTimeout.cancel()))
    await process.sleep(3.0)
    assert told() == []


@both_modes
@on_virtual_clock
async def test_generic_timers_several_with_names(machine: Machine) -> None:
    """gen_statem_SUITE generic_timers."""
    pid = await machine.start(process.self())
    now = process.monotonic_time()
    do(
        pid,
        KeepState(
            GenericTimeout("c", now + 3, "third", abs=True),
            GenericTimeout("a", 1, "first"),
            GenericTimeout(("b", 2), 2, "second"),
            GenericTimeout("d", now - 5, "long ago", abs=True),
        ),
    )
    do(pid, NextState("busy"))
    await process.sleep(10)

    assert told() == [
        ("busy", ("timeout", "d"), "long ago"),
        ("busy", ("timeout", "a"), "first"),
        ("busy", ("timeout", ("b", 2)), "second"),
        ("busy", ("timeout", "c"), "third"),
    ]


# ---- callback modules


class Other(GenStatem):
    callback_mode = "handle_event_function"

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        match event_type, content:
            case ("call", caller), "state":
                return KeepState(Reply(caller, ("other", state)))
            case _:
                return KeepState(PopCallbackModule)


@on_real_clock
async def test_callback_modules_are_pushed_and_popped() -> None:
    """gen_statem_SUITE change_callback_module and friends."""
    pid = await ByName.start()
    do(pid, NextState("busy", PushCallbackModule(Other)))
    assert await gen_statem.call(pid, "state") == ("other", "busy")

    gen_statem.cast(pid, "pop")

    assert await gen_statem.call(pid, "state") == "busy"


@on_real_clock
async def test_pop_too_many_ends_it() -> None:
    """gen_statem_SUITE pop_too_many."""
    pid = await ByName.start()
    do(pid, KeepState(PushCallbackModule(Other)))
    gen_statem.cast(pid, "pop")
    do(pid, KeepState(PopCallbackModule))

    assert to_erlang(await reason_of(pid))[0] == (
        "bad_action_from_state_function",
        PopCallbackModule,
    )


# ---- sys, reports


class Formatting(ByName):
    def format_status(self, status: dict[str, Any]) -> dict[str, Any]:
        assert self.witness is not None
        process.send(self.witness, ("format", sorted(status)))
        return {**status, "state": "hidden state", "data": "hidden data", "queue": ["hidden"]}


@on_real_clock
async def test_format_all_status_sees_and_changes_all_parts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """gen_statem_SUITE format_all_status."""
    pid = await Formatting.start(process.self())
    await sys.log(pid, True)
    do(pid, KeepState(Postpone))
    status = await sys.get_status(pid)
    assert status.data["State"] == ("hidden state", "hidden data")
    assert told() == [("format", ["data", "log", "postponed", "state", "timeouts"])]

    do(pid, Stop("why"))
    assert await reason_of(pid) == "why"

    parts = ["data", "log", "postponed", "queue", "reason", "state", "timeouts"]
    assert told()[-1] == ("format", parts)
    assert "hidden data" in caplog.text


@both_modes
@on_real_clock
async def test_replace_state(machine: Machine) -> None:
    """gen_statem_SUITE replace_state."""
    pid = await machine.start()

    new = await sys.replace_state(pid, lambda state: ("busy", {**state[1], "more": 1}))

    assert new == await sys.get_state(pid) == ("busy", {"witness": None, "more": 1})
    assert await gen_statem.call(pid, "state") == "busy"
    with pytest.raises(ProcessError):
        await sys.replace_state(pid, lambda _: 1 / 0)
    assert await gen_statem.call(pid, "state") == "busy"


def test_format_log_1_and_2_a_failure_is_reported_as_text(caplog: pytest.LogCaptureFixture) -> None:
    """gen_statem_SUITE format_log_1, format_log_2."""

    @on_real_clock
    async def failing() -> None:
        pid = await ByName.start(name="failing")
        do(pid, KeepState(Postpone))
        gen_statem.cast(pid, lambda: process.error("crash"))
        await reason_of(pid)

    failing()

    [record] = caplog.records
    text = record.getMessage()
    assert text.startswith("Process <")
    assert "(failing) terminating" in text
    assert "State: ('idle', {'witness': None}, {'postponed': [('cast', <function " in text
    assert "crash" in text


# ---- replies and requests


@on_real_clock
async def test_reply_by_alias_with_payload() -> None:
    """gen_statem_SUITE reply_by_alias_with_payload."""
    pid = await ByName.start()
    alias = process.alias()
    process.send(pid, (Atom("$gen_call"), (process.self(), alias), "state"))

    assert await process.receive((alias, ...)) == (alias, "idle")


@on_virtual_clock
async def test_send_request_wait_reqid_collection() -> None:
    """gen_statem_SUITE send_request_wait_reqid_collection."""
    pid = await ByName.start()
    requests = gen_statem.reqids_new()
    late: list[Any] = []
    gen_statem.send_request(pid, late.append, "later", requests)
    gen_statem.send_request(pid, "state", "now", requests)
    gen_statem.send_request("nobody", "state", "never", requests)

    with pytest.raises(gen_statem.RequestError) as failed:
        await gen_statem.wait_response(requests, 1.0)
    assert (failed.value.reason, failed.value.label) == ("noproc", "never")
    assert await gen_statem.wait_response(requests, 1.0) == ("idle", "now")
    with pytest.raises(TimeoutError):
        await gen_statem.wait_response(requests, 1.0)
    gen_statem.reply(late[0], "at last")
    assert await gen_statem.wait_response(requests, 1.0) == ("at last", "later")
    assert await gen_statem.wait_response(requests, 1.0) is None


@on_real_clock
async def test_send_request_check_reqid_collection() -> None:
    """gen_statem_SUITE send_request_check_reqid_collection."""
    pid = await ByName.start()
    requests = gen_statem.reqids_new()
    gen_statem.send_request(pid, "state", "label", requests)
    assert gen_statem.check_response("something else", requests) is None

    message = await process.receive()

    assert gen_statem.check_response(message, requests, delete=False) == ("idle", "label")
    assert gen_statem.reqids_size(requests) == 1
    assert gen_statem.check_response(message, requests) == ("idle", "label")
    assert gen_statem.reqids_size(requests) == 0


# ---- what the suite's cases do not show


@on_real_clock
async def test_a_process_of_its_own_start_enters_the_loop_of_a_machine() -> None:
    """gen_statem_SUITE enter_loop."""

    async def enter() -> None:
        machine = ByName()
        machine.witness = None
        process.register("entered", process.self())
        proc_lib.init_ack()
        await gen_statem.enter_loop(machine, "busy", NextEvent("internal", "x"), name="entered")

    pid = await proc_lib.start_link(enter)
    assert await gen_statem.call("entered", "state") == "busy"
    await gen_statem.stop(pid)

    assert process.whereis("entered") is None


@on_real_clock
async def test_a_machine_under_another_name_does_not_enter_the_loop() -> None:
    """gen_statem_SUITE enter_loop."""

    async def enter() -> None:
        await gen_statem.enter_loop(ByName(), "busy", name="not_mine")

    assert await outcome(enter) == "process_not_registered"


@on_real_clock
async def test_a_call_written_by_hand_is_understood() -> None:
    pid = await ByName.start()
    alias = process.alias()
    process.send(pid, ("$gen_call", (process.self(), alias), "state"))
    process.send(pid, ("$gen_cast", lambda: Stop("cast")))

    assert await process.receive((alias, ...)) == (alias, "idle")
    assert await reason_of(pid) in ("cast", "noproc")


@on_real_clock
async def test_hibernate_is_accepted_and_does_nothing() -> None:
    pid = await ByName.start()
    do(pid, KeepState(Hibernate))
    do(pid, KeepState(Hibernate()))

    assert await gen_statem.call(pid, "state") == "idle"


@on_real_clock
async def test_a_throw_of_a_state_callback_is_its_result() -> None:
    pid = await ByName.start()
    gen_statem.cast(pid, lambda: process.throw(NextState("busy")))

    assert await gen_statem.call(pid, "state") == "busy"


@on_real_clock
async def test_a_state_without_a_function_is_an_error_that_says_what_to_write() -> None:
    pid = await ByName.start()
    do(pid, NextState("nowhere"))
    gen_statem.cast(pid, "hello")

    reason = await reason_of(pid)

    assert isinstance(reason, NotImplementedError)
    assert "'nowhere': expected a method `def <state>(self, event_type, content)`" in str(reason)


@on_real_clock
async def test_the_parents_exit_ends_a_trapping_machine_with_terminate() -> None:
    me = process.self()

    async def parent() -> None:
        process.send(me, ("started", await ByName.start_link(me, None, True)))
        process.exit("parent_gone")

    process.spawn(parent)
    _, pid = await process.receive(("started", ...))

    assert await reason_of(pid) in ("parent_gone", "noproc")
    assert ("terminate", "parent_gone", "idle") in told()


@on_real_clock
async def test_an_exit_signal_ends_a_machine_that_does_not_trap_without_terminate() -> None:
    pid = await ByName.start(process.self())
    process.exit(pid, "shutdown")

    assert await reason_of(pid) in ("shutdown", "noproc")
    assert told() == []


@on_real_clock
async def test_a_machine_is_a_supervisors_child() -> None:
    supervisor = await Supervisor.start_link([ByName.child_spec(name="child")])
    first = process.whereis("child")
    assert first is not None
    ref = process.monitor(first)
    gen_statem.cast("child", lambda: process.exit("crash"))
    await process.receive(("DOWN", ref, ..., ..., ...))

    [child] = await Supervisor.which_children(supervisor)

    assert child.pid == process.whereis("child") != first


@on_real_clock
async def test_a_call_to_nobody_to_oneself_and_to_one_that_ends_meanwhile() -> None:
    pid = await ByName.start()

    def shape(dest: Any, request: Any) -> Any:
        return ("gen_statem", "call", (dest, request, "infinity"))

    assert await exit_reason(gen_statem.call("nobody", 1)) == ("noproc", shape("nobody", 1))
    me = process.self()
    assert await exit_reason(gen_statem.call(me, 1)) == ("calling_self", shape(me, 1))

    def stop(caller: Any) -> Any:
        return Stop("gone")

    assert await exit_reason(gen_statem.call(pid, stop)) == ("gone", shape(pid, stop))


@on_real_clock
async def test_reply_takes_a_caller_and_a_value_or_replies() -> None:
    pid = await ByName.start()
    callers = await asked(pid, 4)

    gen_statem.reply(callers[0], "a")
    gen_statem.reply(Reply(callers[1], "b"))
    gen_statem.reply([Reply(callers[2], "c"), Reply(callers[3], "d")])

    got = [await process.receive(("got", number, ...)) for number in range(4)]
    assert [reply for _, _, reply in got] == ["a", "b", "c", "d"]


@on_real_clock
async def test_reply_to_what_is_no_caller_is_refused() -> None:
    assert "expected the `caller`" in str(await outcome(gen_statem.reply, "me", 1))


@both_modes
@on_real_clock
async def test_sys_sees_the_events_of_a_machine(machine: Machine) -> None:
    pid = await machine.start()
    await sys.log(pid, True)
    do(pid, NextState("busy", NextEvent("internal", "i"), StateTimeout(5.0, "s")))
    gen_statem.cast(pid, "c")
    await gen_statem.call(pid, "state")

    events: Any = await sys.log(pid, "get")
    names = [event[0] for event in events]

    assert names == [
        *("in", "in", "consume", "start_timer"),  # the function, what it inserts, its end
        *("consume", "in", "consume"),  # "i", "c"
        *("in", "out", "consume"),
    ]
    assert ("in", ("internal", "i"), "busy") in events
    assert ("start_timer", ("state_timeout", 5.0, "s"), "busy") in events


@on_real_clock
async def test_a_traced_machine_says_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    pid = await ByName.start(name="traced", debug=["trace"])
    gen_statem.cast(pid, "hello")
    await gen_statem.call(pid, "state")

    out = capsys.readouterr().out.splitlines()

    assert out[0] == "*DBG* traced receive cast 'hello' in state 'idle'"
    assert out[1] == "*DBG* traced consume cast 'hello' in state 'idle'"
    assert out[2].startswith("*DBG* traced receive call 'state' from <")
    assert out[3].startswith("*DBG* traced sent 'idle' to <")


class Renamed(ByName):
    def code_change(self, old_vsn: Any, state: Any, extra: Any) -> Any:
        if extra == "refuse":
            raise ValueError(extra)
        self.old = old_vsn
        return NextState(extra)


@on_real_clock
async def test_code_change_makes_it_a_machine_of_the_new_class() -> None:
    pid = await ByFunction.start()
    await sys.suspend(pid)
    with pytest.raises(ProcessError):
        await sys.change_code(pid, Renamed, 1, "refuse")
    assert (await sys.get_status(pid)).module is ByFunction

    await sys.change_code(pid, Renamed, 1, "done")
    await sys.resume(pid)

    assert await sys.get_state(pid) == ("done", {"witness": None, "old": 1})
    assert (await sys.get_status(pid)).module is Renamed
    assert await gen_statem.call(pid, "state") == "done"
