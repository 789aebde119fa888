from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    Agent,
    Continue,
    GenServer,
    NoReply,
    Reply,
    Supervisor,
    gen_server,
    proc_lib,
    sys,
)
from beamish.terms import BadArgError, Pid
from beamish.terms.errors import ProcessError

from .support import exit_reason, on_real_clock, on_virtual_clock, reason_of


class Counter(GenServer):
    """Counts calls, casts and messages."""

    def init(self, n: int = 0, trap: bool = False) -> None:
        process.flag(trap_exit=trap)
        self.n = n

    def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
        self.n += 1
        match request:
            case "later":
                return NoReply(then=Continue(caller))
            case "both":
                return Reply("both", then=Continue(None))
            case _:
                return self.n

    def handle_cast(self, request: Any) -> None:
        self.n += 1

    def handle_info(self, message: Any) -> None:
        self.n += 1

    def handle_continue(self, arg: Any) -> None:
        if arg is not None:
            gen_server.reply(arg, "at last")


class Slotted(GenServer):
    __slots__ = ("n",)

    def init(self) -> None:
        self.n = 5


class Adding(sys.Special):
    """The state of a special process: a sum."""

    def __init__(self) -> None:
        self.n = 0

    def system_get_state(self) -> int:
        return self.n

    def system_replace_state(self, fn: Callable[[Any], Any]) -> Any:
        self.n = fn(self.n)
        return self.n

    async def system_code_change(self, module: Any, old_vsn: Any, extra: Any) -> None:
        await process.sleep(0)
        self.n += extra


async def adding() -> None:
    """A process of its own make that hands over its system messages."""
    me = Adding()
    parent = process.parent()
    process.flag(trap_exit=True)
    proc_lib.init_ack()
    while True:
        match await process.receive():
            case ("system", caller, request):
                stop = await sys.handle_system_msg(me, caller, request, parent)
                if stop is not None:
                    process.exit(stop.reason)
            case number:
                if me.debug is not None:
                    sys.handle_debug(me, ("in", number))
                me.n += number


# ---- state


@on_real_clock
async def test_the_state_of_a_server_is_its_attributes() -> None:
    pid = await Counter.start_link(5)

    assert await sys.get_state(pid) == {"n": 5}


@on_real_clock
async def test_the_state_that_is_read_is_a_copy() -> None:
    pid = await Counter.start_link(5)

    (await sys.get_state(pid))["n"] = 9

    assert await sys.get_state(pid) == {"n": 5}


@on_real_clock
async def test_attributes_in_slots_belong_to_the_state() -> None:
    pid = await Slotted.start_link()

    assert await sys.get_state(pid) == {"n": 5}


@on_real_clock
async def test_the_state_of_an_agent_is_its_value() -> None:
    pid = await Agent.start_link(lambda: [1, 2])

    assert await sys.get_state(pid) == [1, 2]
    assert await sys.replace_state(pid, lambda state: [*state, 3]) == [1, 2, 3]
    assert await Agent.get(pid, sum) == 6


@on_real_clock
async def test_a_supervisor_is_sys_aware() -> None:
    pid = await Supervisor.start_link([])

    assert (await sys.get_status(pid)).state == "running"


@on_real_clock
async def test_replaced_state_is_the_state() -> None:
    pid = await Counter.start_link(5)

    new = await sys.replace_state(pid, lambda state: {**state, "n": state["n"] * 2, "more": 1})

    assert new == await sys.get_state(pid) == {"n": 10, "more": 1}
    assert await gen_server.call(pid, "next") == 11


@on_real_clock
async def test_attributes_that_a_replaced_state_has_not_are_gone() -> None:
    pid = await Counter.start_link(5)

    await sys.replace_state(pid, lambda _: {"other": 1})

    assert await sys.get_state(pid) == {"other": 1}


@on_real_clock
async def test_a_function_that_fails_leaves_the_state() -> None:
    pid = await Counter.start_link(5)

    def fail(state: dict[str, int]) -> None:
        state["n"] = 9
        raise ZeroDivisionError

    with pytest.raises(ProcessError) as failed:
        await sys.replace_state(pid, fail)

    assert failed.value.reason[0] == "callback_failed"
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    assert await sys.get_state(pid) == {"n": 5}


@on_real_clock
async def test_a_state_of_the_wrong_shape_is_refused_with_the_right_one() -> None:
    pid = await Counter.start_link(5)

    with pytest.raises(ProcessError) as failed:
        await sys.replace_state(pid, lambda _: 7)

    assert "expected a dict of attributes" in str(failed.value.__cause__)
    assert await sys.get_state(pid) == {"n": 5}


# ---- suspending


@on_real_clock
async def test_a_suspended_server_handles_nothing_until_it_is_resumed() -> None:
    pid = await Counter.start_link(trap=True)

    await sys.suspend(pid)
    gen_server.cast(pid, "one")
    process.send(pid, "two")
    while_suspended = await sys.get_state(pid), (await sys.get_status(pid)).state
    await sys.resume(pid)

    assert while_suspended == ({"n": 0}, "suspended")
    assert await gen_server.call(pid, "three") == 3


@on_virtual_clock
async def test_a_call_to_a_suspended_server_times_out() -> None:
    pid = await Counter.start_link()
    await sys.suspend(pid)

    assert (await exit_reason(gen_server.call(pid, "x")))[0] == "timeout"


@on_real_clock
async def test_a_suspended_server_is_terminated() -> None:
    pid = await Counter.start()
    await sys.suspend(pid)

    ref = process.monitor(pid)
    await sys.terminate(pid, "shutdown")

    assert (await process.receive(("DOWN", ref, ..., ..., ...)))[4] == "shutdown"


@on_real_clock
async def test_the_parents_exit_ends_a_suspended_server_that_traps() -> None:
    async def parent(witness: Pid) -> None:
        pid = await Counter.start_link(trap=True)
        await sys.suspend(pid)
        process.send(witness, pid)
        await process.receive("end")
        process.exit("parents_end")

    mother = process.spawn(parent, process.self())
    pid = await process.receive(Pid)
    ref = process.monitor(pid)
    process.send(mother, "end")

    assert (await process.receive(("DOWN", ref, ..., ..., ...)))[4] == "parents_end"


@on_real_clock
async def test_terminate_runs_the_servers_own() -> None:
    class Last(Counter):
        def terminate(self, reason: Any) -> None:
            process.send("witness", ("terminated", reason))

    process.register("witness", process.self())
    pid = await Last.start()

    await sys.terminate(pid, "shutdown")

    assert await process.receive(("terminated", ...)) == ("terminated", "shutdown")
    assert await reason_of(pid) in ("shutdown", "noproc")


# ---- who cannot be asked


@on_real_clock
async def test_asking_nobody_exits_with_noproc_and_the_question() -> None:
    assert await exit_reason(sys.get_state("nobody")) == (
        "noproc",
        ("sys", "get_state", ("nobody",)),
    )


@on_real_clock
async def test_asking_oneself_exits_with_calling_self() -> None:
    me = process.self()

    assert await exit_reason(sys.suspend(me)) == ("calling_self", ("sys", "suspend", (me,)))


@on_virtual_clock
async def test_a_process_without_system_messages_lets_the_asker_time_out() -> None:
    pid = process.spawn(process.sleep, None)

    reason = await exit_reason(sys.get_state(pid, 0.5))

    assert reason == ("timeout", ("sys", "get_state", (pid, 0.5)))


@pytest.mark.parametrize(
    ("function", "wrong", "expected"),
    [
        (sys.trace, 1, "True or False"),
        (sys.log, 0, "True, a number > 0"),
        (sys.log, "all", "'get' or 'print'"),
        (sys.statistics, None, "True, False or 'get'"),
        (sys.log_to_file, True, "a path"),
        (sys.install, print, "(function, state)"),
        (sys.replace_state, 5, "a function"),
    ],
)
@on_real_clock
async def test_a_wrong_argument_is_refused_with_the_right_ones(
    function: Any, wrong: Any, expected: str
) -> None:
    pid = await Counter.start_link()

    with pytest.raises(BadArgError) as refused:
        await function(pid, wrong)

    assert expected in str(refused.value)


# ---- looking on


@on_real_clock
async def test_a_log_keeps_what_came_in_and_went_out() -> None:
    pid = await Counter.start_link()
    await sys.log(pid, True)

    await gen_server.call(pid, "a")
    gen_server.cast(pid, "b")
    process.send(pid, "c")
    log = await sys.log(pid, "get")

    assert log is not None
    match log:
        case [
            ("in", ("$gen_call", (caller, _), "a")),
            ("out", 1, (_, _), {"n": 1}),
            ("in", ("$gen_cast", "b")),
            ("noreply", {"n": 2}),
            ("in", "c"),
            ("noreply", {"n": 3}),
        ]:
            assert caller == process.self()
        case _:
            pytest.fail(repr(log))


@on_real_clock
async def test_a_log_keeps_the_last_so_many() -> None:
    pid = await Counter.start_link()
    await sys.log(pid, 3)

    for message in "abc":
        process.send(pid, message)

    assert await sys.log(pid, "get") == [("noreply", {"n": 2}), ("in", "c"), ("noreply", {"n": 3})]


@on_real_clock
async def test_a_log_that_is_off_is_empty() -> None:
    pid = await Counter.start_link()
    await sys.log(pid, (True, 5))
    process.send(pid, "x")

    await sys.log(pid, False)

    assert await sys.log(pid, "get") == []


@on_real_clock
async def test_late_replies_and_continues_are_told() -> None:
    pid = await Counter.start_link()
    await sys.log(pid, True)

    answers = [await gen_server.call(pid, "later"), await gen_server.call(pid, "both")]
    log = await sys.log(pid, "get")

    assert answers == ["at last", "both"]
    assert [event[0] for event in log or ()] == [
        *("in", "noreply", "continue", "noreply"),
        *("in", "out", "continue", "noreply"),
    ]


@on_real_clock
async def test_a_trace_says_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    pid = await Counter.start_link(name="counter")
    me = process.self()
    await sys.trace(pid, True)

    await gen_server.call(pid, "a")
    gen_server.cast(pid, "b")
    process.send(pid, "c")
    await sys.trace(pid, False)
    await gen_server.call(pid, "unseen")

    assert capsys.readouterr().out.splitlines() == [
        f"*DBG* counter got call 'a' from {me!r}",
        f"*DBG* counter sent 1 to {me!r}, new state {{'n': 1}}",
        "*DBG* counter got cast 'b'",
        "*DBG* counter new state {'n': 2}",
        "*DBG* counter got 'c'",
        "*DBG* counter new state {'n': 3}",
    ]


@on_real_clock
async def test_a_log_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    pid = await Counter.start_link(name="counter")
    await sys.log(pid, True)
    process.send(pid, "c")

    await sys.log(pid, "print")

    assert capsys.readouterr().out == ("*DBG* counter got 'c'\n*DBG* counter new state {'n': 1}\n")


@on_real_clock
async def test_a_log_goes_to_a_file(tmp_path: Path) -> None:
    pid = await Counter.start_link(name="counter")
    path = tmp_path / "events"
    await sys.log_to_file(pid, path)

    process.send(pid, "c")
    await sys.log_to_file(pid, False)
    process.send(pid, "d")
    await sys.get_state(pid)

    assert path.read_text() == "*DBG* counter got 'c'\n*DBG* counter new state {'n': 1}\n"


@on_real_clock
async def test_a_file_that_cannot_be_opened_is_the_askers_error(tmp_path: Path) -> None:
    pid = await Counter.start_link()

    with pytest.raises(FileNotFoundError):
        await sys.log_to_file(pid, tmp_path / "missing" / "events")

    assert await sys.get_state(pid) == {"n": 0}


@on_real_clock
async def test_a_log_file_is_closed_when_its_process_ends(tmp_path: Path) -> None:
    pid = await Counter.start_link()
    await sys.log_to_file(pid, tmp_path / "events")

    owned = process.info(pid, "owned")
    await gen_server.stop(pid)

    assert [file.closed for file in owned] == [True]


@on_virtual_clock
async def test_statistics_count_messages_and_time() -> None:
    pid = await Counter.start_link()
    assert await sys.statistics(pid, "get") == "no_statistics"
    await sys.statistics(pid, True)

    await gen_server.call(pid, "a")
    process.send(pid, "b")
    await process.sleep(2.0)
    counted = await sys.statistics(pid, "get")
    await sys.statistics(pid, False)

    assert isinstance(counted, sys.Statistics)
    assert (counted.messages_in, counted.messages_out) == (2, 1)
    assert counted.current_time - counted.start_time == 2.0
    assert await sys.statistics(pid, "get") == "no_statistics"


@on_real_clock
async def test_an_installed_function_is_told_each_event_with_its_state() -> None:
    pid = await Counter.start_link(name="counter")
    me = process.self()

    def tell(count: int, event: sys.Event, name: Any) -> int:
        process.send(me, (count, event, name))
        return count + 1

    await sys.install(pid, (tell, 1))
    process.send(pid, "x")
    await sys.remove(pid, tell)
    process.send(pid, "y")
    await sys.get_state(pid)

    assert process.flush() == [
        (1, ("in", "x"), "counter"),
        (2, ("noreply", {"n": 1}), "counter"),
    ]


@on_real_clock
async def test_a_function_is_removed_by_its_id() -> None:
    pid = await Counter.start_link()
    me = process.self()

    await sys.install(pid, ("mine", lambda _, event, __: process.send(me, event), 0))
    await sys.remove(pid, "mine")
    process.send(pid, "x")
    await sys.get_state(pid)

    assert process.flush() == []


@on_real_clock
async def test_of_one_id_there_is_one_function() -> None:
    pid = await Counter.start_link()

    def tell(state: Any, event: sys.Event, name: Any) -> Any:
        process.send("witness", state)
        return state

    process.register("witness", process.self())
    await sys.install(pid, (tell, "first"))
    await sys.install(pid, (tell, "second"))
    process.send(pid, "x")
    await sys.get_state(pid)

    assert process.flush() == ["first", "first"]


def _done(*_: Any) -> str:
    return "done"


def _fails(*_: Any) -> float:
    return 1 / 0


@pytest.mark.parametrize("fn", [_done, _fails])
@on_real_clock
async def test_a_function_that_is_done_or_fails_is_removed(fn: Any) -> None:
    pid = await Counter.start_link()

    await sys.install(pid, (fn, 0))
    before = (await sys.get_status(pid)).debug
    process.send(pid, "x")

    assert before == [("install", fn)]
    assert (await sys.get_status(pid)).debug == []
    assert await sys.get_state(pid) == {"n": 1}


@on_real_clock
async def test_no_debug_switches_everything_off(tmp_path: Path) -> None:
    pid = await Counter.start_link()
    await sys.log(pid, True)
    await sys.trace(pid, True)
    await sys.statistics(pid, True)
    await sys.log_to_file(pid, tmp_path / "events")

    before = (await sys.get_status(pid)).debug
    await sys.no_debug(pid)

    assert before == [
        "trace",
        ("log", 10),
        ("log_to_file", str(tmp_path / "events")),
        "statistics",
    ]
    assert (await sys.get_status(pid)).debug == []


# ---- status


@on_real_clock
async def test_a_status_tells_what_runs_and_how() -> None:
    pid = await Counter.start_link(5)

    status = await sys.get_status(pid)

    assert (status.pid, status.module, status.parent) == (pid, Counter, process.self())
    assert (status.state, status.data) == ("running", {"State": {"n": 5}})


# ---- code


@on_real_clock
async def test_changed_code_takes_the_state_over() -> None:
    class Newer(Counter):
        def code_change(self, old_vsn: Any, extra: Any) -> None:
            self.n = self.n * 100 + extra

        def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            return ("new", self.n)

    pid = await Counter.start_link(5)
    await sys.suspend(pid)
    await sys.change_code(pid, Newer, "1", 3)
    await sys.resume(pid)

    assert await gen_server.call(pid, "x") == ("new", 503)


@on_real_clock
async def test_a_refused_change_leaves_the_old_code() -> None:
    class Newer(Counter):
        def code_change(self, old_vsn: Any, extra: Any) -> None:
            raise ValueError(extra)

    pid = await Counter.start_link(5)
    await sys.suspend(pid)
    with pytest.raises(ProcessError) as refused:
        await sys.change_code(pid, Newer, "1", "no")

    assert isinstance(refused.value.__cause__, ValueError)
    assert (await sys.get_status(pid)).module is Counter


@on_real_clock
async def test_code_changes_only_while_the_process_is_suspended() -> None:
    pid = await Counter.start_link(5)

    with pytest.raises(ProcessError) as refused:
        await sys.change_code(pid, Counter, "1", None)

    assert refused.value.reason[0] == "unknown_system_msg"


# ---- processes of one's own


@on_real_clock
async def test_any_process_can_hand_over_its_system_messages() -> None:
    pid = await proc_lib.start_link(adding)
    await sys.log(pid, True)

    process.send(pid, 2)
    process.send(pid, 3)

    assert await sys.get_state(pid) == 5
    assert await sys.replace_state(pid, lambda n: n * 10) == 50
    assert await sys.log(pid, "get") == [("in", 2), ("in", 3)]
    assert (await sys.get_status(pid)).module is Adding


@on_real_clock
async def test_a_special_process_is_suspended_changed_and_terminated() -> None:
    pid = await proc_lib.start(adding)

    await sys.suspend(pid)
    process.send(pid, 1)
    await sys.change_code(pid, Adding, "1", 100)
    before = await sys.get_state(pid)
    await sys.resume(pid)
    after = await sys.get_state(pid)
    await proc_lib.stop(pid, "shutdown")

    assert (before, after) == (100, 101)
    assert not process.alive(pid)


@on_real_clock
async def test_a_special_process_reads_and_prints_its_own_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def own_log(witness: Pid) -> None:
        me = Adding()
        process.register("me", process.self())
        sys.debug_options(me, [("log", 2)])
        for n in range(3):
            sys.handle_debug(me, ("in", n))
        sys.print_log(me)
        process.send(witness, sys.get_log(me))

    process.spawn_link(own_log, process.self())

    assert await process.receive(list) == [("in", 1), ("in", 2)]
    assert capsys.readouterr().out == "*DBG* me got 1\n*DBG* me got 2\n"


@on_real_clock
async def test_what_a_special_process_does_not_offer_is_an_error_of_the_asker() -> None:
    class Poor(sys.Special):
        pass

    async def poor() -> None:
        me = Poor()
        while True:
            _, caller, request = await process.receive()
            await sys.handle_system_msg(me, caller, request, None)

    pid = process.spawn_link(poor)

    assert await sys.get_state(pid) is None
    with pytest.raises(ProcessError, match="callback_failed"):
        await sys.replace_state(pid, lambda state: state)
    await sys.suspend(pid)
    with pytest.raises(ProcessError, match="EXIT"):
        await sys.change_code(pid, Poor, 1, 2)
