from __future__ import annotations

import asyncio
from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    Continue,
    GenServer,
    Ignore,
    NoReply,
    Reply,
    StartError,
    StartIgnored,
    Stop,
    Timeout,
    gen_server,
)
from beamish.terms import Atom, BadArgError, Pid
from tests.support.logs import fields_of, shown

from .support import (
    Worker,
    down,
    ended_by,
    exit_reason,
    on_real_clock,
    on_virtual_clock,
    outcome,
    reason_of,
)


class Echo(GenServer):
    """Answers with what it is asked; `init` and everything else return what they are given."""

    def init(self, first: Any = None, trap: bool = False) -> Any:
        process.flag(trap_exit=trap)
        self.seen: list[Any] = []
        return first

    def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
        if request == "seen":
            return self.seen
        if isinstance(request, BaseException):
            raise request
        return request

    def handle_cast(self, request: Any) -> Any:
        self.seen.append(("cast", request))
        return request if isinstance(request, Stop | Continue | Timeout | NoReply) else None

    def handle_info(self, message: Any) -> Any:
        self.seen.append(("info", message))

    def handle_continue(self, arg: Any) -> Any:
        self.seen.append(("continue", arg))
        return Continue(arg - 1) if isinstance(arg, int) and arg > 0 else None


class AsyncEcho(GenServer):
    """Every callback is `async def`, and waits."""

    async def init(self, witness: Pid) -> Any:
        await process.sleep(0)
        self.witness = witness
        return Continue("started")

    async def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
        await process.sleep(0)
        return ("called", request)

    async def handle_cast(self, request: Any) -> None:
        await process.sleep(0)
        process.send(self.witness, ("cast", request))

    async def handle_info(self, message: Any) -> None:
        await process.sleep(0)
        process.send(self.witness, ("info", message))

    async def handle_continue(self, arg: Any) -> None:
        await process.sleep(0)
        process.send(self.witness, ("continue", arg))

    async def terminate(self, reason: Any) -> None:
        await process.sleep(0)
        process.send(self.witness, ("terminate", reason))


async def call_and_die(server: Any, request: Any, timeout: float | None = 5.0) -> None:
    """A caller that does not catch what a call exits with."""
    await gen_server.call(server, request, timeout)


# ---- start


@on_real_clock
async def test_start_link_returns_the_pid_of_a_linked_server() -> None:
    pid = await Echo.start_link()

    assert process.info(process.self(), "links") == [pid]
    assert await gen_server.call(pid, "hello") == "hello"


@on_real_clock
async def test_start_does_not_link() -> None:
    await Echo.start()

    assert process.info(process.self(), "links") == []


@on_real_clock
async def test_a_server_is_started_by_the_functions_of_the_module_too() -> None:
    one = await gen_server.start_link(Echo, name="one")
    await gen_server.start(Echo, name="two")

    assert process.info(process.self(), "links") == [one]
    assert await gen_server.call("two", 1) == 1


@on_real_clock
async def test_init_gets_positional_and_keyword_arguments() -> None:
    class Pair(GenServer):
        def init(self, a: int, b: int = 0) -> None:
            self.pair = (a, b)

        def handle_call(self, request: Any, caller: Any) -> tuple[int, int]:
            return self.pair

    pid = await Pair.start_link(1, b=2)

    assert await gen_server.call(pid, "pair") == (1, 2)


@on_real_clock
async def test_the_name_is_registered_before_init_runs() -> None:
    class Named(GenServer):
        def init(self) -> None:
            self.seen = process.whereis("named")

        def handle_call(self, request: Any, caller: Any) -> Any:
            return self.seen

    pid = await Named.start_link(name="named")

    assert await gen_server.call("named", "seen") == pid


@on_real_clock
async def test_a_taken_name_is_already_started() -> None:
    first = await Echo.start_link(name="echo")

    with pytest.raises(StartError) as failed:
        await Echo.start_link(name="echo")

    assert failed.value.reason == ("already_started", first)


@on_real_clock
async def test_an_error_in_init_is_the_reason_of_the_start_error() -> None:
    class Broken(GenServer):
        def init(self) -> None:
            raise ValueError("no")

    with pytest.raises(StartError) as failed:
        await Broken.start()

    assert isinstance(failed.value.reason, ValueError)


@pytest.mark.parametrize("reason", ["bad", "normal", ("shutdown", 1)])
def test_stop_from_init_is_the_reason_of_the_start_error(reason: Any) -> None:
    @on_real_clock
    async def test() -> None:
        process.flag(trap_exit=True)

        with pytest.raises(StartError) as failed:
            await Echo.start_link(Stop(reason), name="echo")

        assert failed.value.reason == reason
        assert process.whereis("echo") is None
        assert process.flush() == []

    test()


@on_real_clock
async def test_ignore_from_init_raises_start_ignored_and_leaves_nothing() -> None:
    process.flag(trap_exit=True)

    for first in (Ignore, Ignore()):
        with pytest.raises(StartIgnored):
            await Echo.start_link(first, name="echo")

        assert process.whereis("echo") is None
        assert process.flush() == []


@on_real_clock
async def test_ignore_from_init_does_not_harm_a_caller_that_does_not_trap() -> None:
    with pytest.raises(StartIgnored):
        await Echo.start_link(Ignore)


@on_real_clock
async def test_a_caller_that_does_not_trap_dies_with_a_failing_init() -> None:
    assert await outcome(Echo.start_link, Stop("bad")) == "bad"


@on_real_clock
async def test_any_other_value_from_init_is_a_bad_return() -> None:
    with pytest.raises(StartError) as failed:
        await Echo.start(42)

    assert failed.value.reason == ("bad_return_value", 42)


@on_virtual_clock
async def test_an_init_that_takes_too_long_is_killed() -> None:
    class Slow(GenServer):
        async def init(self) -> None:
            await process.sleep(None)

    with pytest.raises(StartError) as failed:
        await Slow.start(name="slow", timeout=3.0)

    assert failed.value.reason == "timeout"
    assert process.whereis("slow") is None


# ---- call


@on_real_clock
async def test_callbacks_may_be_coroutines() -> None:
    pid = await AsyncEcho.start(process.self())
    assert await process.receive() == ("continue", "started")

    assert await gen_server.call(pid, 1) == ("called", 1)
    gen_server.cast(pid, 2)
    assert await process.receive() == ("cast", 2)
    process.send(pid, 3)
    assert await process.receive() == ("info", 3)
    await gen_server.stop(pid, "shutdown")
    assert await process.receive() == ("terminate", "shutdown")


@pytest.mark.parametrize("reply", [None, 0, "", (), Echo, int, ("reply", 1)])
def test_what_handle_call_returns_is_the_reply(reply: Any) -> None:
    @on_real_clock
    async def test() -> None:
        pid = await Echo.start_link()

        assert await gen_server.call(pid, reply) == reply

    test()


@on_real_clock
async def test_a_reply_may_say_what_comes_next() -> None:
    pid = await Echo.start_link()

    assert await gen_server.call(pid, Reply("r", then=Continue(0))) == "r"

    assert await gen_server.call(pid, "seen") == [("continue", 0)]


@on_real_clock
async def test_a_later_reply_may_come_from_any_process() -> None:
    class Later(GenServer):
        def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            process.spawn(gen_server.reply, caller, ("later", request))
            return NoReply

    pid = await Later.start_link()

    assert await gen_server.call(pid, 1) == ("later", 1)


@on_real_clock
async def test_no_reply_may_be_called_or_not() -> None:
    class Later(GenServer):
        def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
            gen_server.reply(caller, request)
            return NoReply if request == 1 else NoReply(then=Continue(request))

        def handle_continue(self, arg: Any) -> None:
            process.send("main", arg)

    process.register("main", process.self())
    pid = await Later.start_link()

    assert await gen_server.call(pid, 1) == 1
    assert await gen_server.call(pid, 2) == 2
    assert await process.receive() == 2


@on_real_clock
async def test_reply_refuses_what_is_no_caller() -> None:
    with pytest.raises(BadArgError, match="expected the `caller`"):
        gen_server.reply(process.self(), 1)  # type: ignore[arg-type]


@on_real_clock
async def test_a_second_reply_is_dropped() -> None:
    class Twice(GenServer):
        def handle_call(self, request: Any, caller: gen_server.Caller) -> str:
            gen_server.reply(caller, "first")
            return "second"

    pid = await Twice.start_link()

    assert await gen_server.call(pid, 1) == "first"
    assert await gen_server.call(pid, 2) == "first"
    assert process.flush() == []


@pytest.mark.parametrize("dest", ["nobody", ("nobody", "nonode@nohost")])
def test_a_call_to_an_unknown_name_exits_with_noproc(dest: Any) -> None:
    @on_real_clock
    async def test() -> None:
        reason = await exit_reason(gen_server.call(dest, "x"))

        assert reason == ("noproc", ("gen_server", "call", (dest, "x")))

    test()


@on_real_clock
async def test_a_call_to_a_dead_process_exits_with_noproc() -> None:
    pid = await Echo.start()
    await gen_server.stop(pid)

    reason = await exit_reason(gen_server.call(pid, "x"))

    assert reason == ("noproc", ("gen_server", "call", (pid, "x")))


@on_real_clock
async def test_a_call_to_oneself_exits_with_calling_self() -> None:
    me = process.self()

    assert await exit_reason(gen_server.call(me, "x")) == (
        "calling_self",
        ("gen_server", "call", (me, "x")),
    )


@on_real_clock
async def test_an_uncaught_exit_of_a_call_ends_the_caller_with_it() -> None:
    assert await outcome(call_and_die, "nobody", "x") == (
        "noproc",
        ("gen_server", "call", ("nobody", "x", 5.0)),
    )


@on_virtual_clock
async def test_a_call_exits_after_five_seconds_by_default() -> None:
    loop = asyncio.get_running_loop()
    pid = await Echo.start_link()

    reason = await exit_reason(gen_server.call(pid, NoReply))

    assert reason == ("timeout", ("gen_server", "call", (pid, NoReply)))
    assert loop.time() == 5.0


@on_virtual_clock
async def test_a_call_without_a_time_out_waits_for_ever() -> None:
    class Later(GenServer):
        async def handle_call(self, request: Any, caller: Any) -> str:
            await process.sleep(1_000_000)
            return "at last"

    pid = await Later.start_link()

    assert await gen_server.call(pid, "x", timeout=None) == "at last"


@on_virtual_clock
async def test_a_reply_after_the_time_out_is_never_seen() -> None:
    class Slow(GenServer):
        async def handle_call(self, request: Any, caller: Any) -> Any:
            await process.sleep(2.0)
            return request

    pid = await Slow.start_link()

    assert (await exit_reason(gen_server.call(pid, "late", 1.0)))[0] == "timeout"
    await process.sleep(2.0)

    assert process.flush() == []
    assert await gen_server.call(pid, "next") == "next"


@on_virtual_clock
async def test_a_reply_at_the_very_moment_of_the_time_out_is_never_seen() -> None:
    class Slow(GenServer):
        async def handle_call(self, request: Any, caller: Any) -> Any:
            await process.sleep(1.0)
            return request

    pid = await Slow.start_link()
    try:
        assert await gen_server.call(pid, "x", 1.0) == "x"
    except process_exit():
        pass
    await process.sleep(1.0)

    assert process.flush() == []


def process_exit() -> type[BaseException]:
    import beamish

    return beamish.ProcessExit


@on_virtual_clock
async def test_a_cancelled_call_leaves_no_message_behind() -> None:
    class Slow(GenServer):
        async def handle_call(self, request: Any, caller: Any) -> Any:
            await process.sleep(2.0)
            return request

    pid = await Slow.start_link()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await gen_server.call(pid, "x")
    await process.sleep(5.0)

    assert process.flush() == []
    assert process.info(process.self(), "monitors") == []


@on_real_clock
async def test_a_crash_during_the_call_is_the_callers_exit() -> None:
    pid = await Echo.start()
    error = ValueError("boom")

    reason = await exit_reason(gen_server.call(pid, error))

    assert reason == (error, ("gen_server", "call", (pid, error)))


@on_real_clock
async def test_a_call_leaves_other_messages_where_they_are() -> None:
    pid = await Echo.start_link()
    process.send(process.self(), "first")

    await gen_server.call(pid, 1)

    assert process.flush() == ["first"]


@on_real_clock
async def test_a_call_takes_a_name_a_pid_a_name_and_node() -> None:
    pid = await Echo.start_link(name="echo")

    assert await gen_server.call(pid, 1) == 1
    assert await gen_server.call("echo", 2) == 2
    assert await gen_server.call(("echo", pid.node), 3) == 3


@on_real_clock
async def test_a_bad_destination_is_refused() -> None:
    with pytest.raises(BadArgError, match="dest: expected a pid"):
        await gen_server.call(17, "x")  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout", [-1, "5", float("nan"), True])
def test_a_bad_time_out_is_refused(timeout: Any) -> None:
    @on_real_clock
    async def test() -> None:
        pid = await Echo.start_link()

        with pytest.raises(BadArgError, match="timeout"):
            await gen_server.call(pid, "x", timeout)

    test()


@on_real_clock
async def test_a_server_without_handle_call_fails_by_a_call() -> None:
    pid = await GenServer.start()

    reason, _ = await exit_reason(gen_server.call(pid, "x"))

    assert isinstance(reason, NotImplementedError)


# ---- cast and info


@on_real_clock
async def test_a_cast_is_handled_in_order_with_calls() -> None:
    pid = await Echo.start_link()

    gen_server.cast(pid, 1)
    gen_server.cast(pid, 2)

    assert await gen_server.call(pid, "seen") == [("cast", 1), ("cast", 2)]


@pytest.mark.parametrize("dest", ["nobody", ("nobody", "nonode@nohost"), ("x", "other@host")])
def test_a_cast_to_nobody_does_nothing(dest: Any) -> None:
    @on_real_clock
    async def test() -> None:
        gen_server.cast(dest, "x")

    test()


@on_real_clock
async def test_a_cast_to_a_dead_process_does_nothing() -> None:
    pid = await Echo.start()
    await gen_server.stop(pid)

    gen_server.cast(pid, "x")


@pytest.mark.parametrize("message", ["hello", 17, None, ("a", "b"), ("$gen_other", 1, 2)])
def test_every_other_message_goes_to_handle_info(message: Any) -> None:
    @on_real_clock
    async def test() -> None:
        pid = await Echo.start_link()

        process.send(pid, message)

        assert await gen_server.call(pid, "seen") == [("info", message)]

    test()


def test_an_unhandled_message_is_logged_and_the_server_lives(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @on_real_clock
    async def test() -> None:
        pid = await GenServer.start()
        process.send(pid, "what?")
        await gen_server.stop(pid)

    test()

    [record] = caplog.records
    assert "received an unexpected message: 'what?'" in record.getMessage()


@pytest.mark.parametrize("value", [42, "text", ("noreply", 1), Reply(1), Stop("x", reply=1)])
def test_another_value_from_handle_info_is_a_bad_return(value: Any) -> None:
    class Bad(GenServer):
        def handle_info(self, message: Any) -> Any:
            return value

    @on_real_clock
    async def test() -> None:
        pid = await Bad.start()
        ref = process.monitor(pid)
        process.send(pid, "x")

        assert await down(ref) == ("bad_return_value", value)

    test()


# ---- continue


@on_real_clock
async def test_continue_from_init_runs_before_any_message() -> None:
    class Eager(Echo):
        def init(self, first: Any = None, trap: bool = False) -> Any:
            process.send(process.self(), "early")
            return super().init(first, trap)

    pid = await Eager.start_link(Continue("go"))

    assert await gen_server.call(pid, "seen") == [("continue", "go"), ("info", "early")]


@on_real_clock
async def test_continues_can_be_chained() -> None:
    pid = await Echo.start_link()

    gen_server.cast(pid, Continue(2))

    seen = await gen_server.call(pid, "seen")
    assert seen[1:] == [("continue", 2), ("continue", 1), ("continue", 0)]


# ---- the idle time-out


@on_virtual_clock
async def test_an_idle_time_out_comes_to_handle_info() -> None:
    pid = await Echo.start_link(Timeout(10.0))

    await process.sleep(10.5)

    assert await gen_server.call(pid, "seen") == [("info", "timeout")]


@on_virtual_clock
async def test_a_message_ends_the_idle_time_out() -> None:
    pid = await Echo.start_link(Timeout(10.0))

    await process.sleep(5.0)
    gen_server.cast(pid, "x")
    await process.sleep(20.0)

    assert await gen_server.call(pid, "seen") == [("cast", "x")]


@on_virtual_clock
async def test_an_idle_time_out_may_follow_a_reply() -> None:
    pid = await Echo.start_link()

    assert await gen_server.call(pid, Reply(1, then=Timeout(3.0))) == 1
    await process.sleep(3.5)

    assert await gen_server.call(pid, "seen") == [("info", "timeout")]


@on_real_clock
async def test_an_idle_time_out_of_zero_looks_whether_a_message_is_there() -> None:
    pid = await Echo.start_link()
    gen_server.cast(pid, Timeout(0))
    gen_server.cast(pid, "there")

    seen = await gen_server.call(pid, "seen")

    assert ("info", "timeout") not in seen


@pytest.mark.parametrize("seconds", [-1, "1", None, True, float("nan")])
def test_a_bad_idle_time_out_is_refused(seconds: Any) -> None:
    with pytest.raises(BadArgError, match="Timeout: expected seconds"):
        Timeout(seconds)


# ---- the end


@on_real_clock
async def test_stop_ends_with_normal_and_runs_terminate() -> None:
    pid = await Worker.start(process.self(), "w")
    ref = process.monitor(pid)

    await gen_server.stop(pid)

    assert await down(ref) == "normal"
    assert ("terminated", "w", "normal") in process.flush()


@on_real_clock
async def test_stop_by_name_with_a_reason() -> None:
    pid = await Worker.start(process.self(), "w", name="w")
    ref = process.monitor(pid)

    await gen_server.stop("w", "bye")

    assert await down(ref) == "bye"
    assert process.whereis("w") is None


@on_real_clock
async def test_stop_of_an_unknown_server_exits_with_noproc() -> None:
    assert await exit_reason(gen_server.stop("nobody")) == "noproc"


@on_virtual_clock
async def test_stop_exits_with_timeout_while_terminate_goes_on() -> None:
    pid = await Worker.start(process.self(), "w", slow=10.0)
    ref = process.monitor(pid)

    assert await exit_reason(gen_server.stop(pid, "normal", 1.0)) == "timeout"
    assert await down(ref) == "normal"


@on_real_clock
async def test_stop_exits_with_the_reason_of_a_server_that_ended_otherwise() -> None:
    class Stubborn(GenServer):
        def terminate(self, reason: Any) -> None:
            process.exit("otherwise")

    pid = await Stubborn.start()

    assert await exit_reason(gen_server.stop(pid, "normal")) == "otherwise"


@on_real_clock
async def test_a_stop_return_answers_after_terminate_and_before_the_death_is_known() -> None:
    pid = await Worker.start(process.self(), "w")
    process.flush()

    assert await gen_server.call(pid, ("stop", "normal")) == "stopping"

    assert process.flush() == [("terminated", "w", "normal")]


@on_real_clock
async def test_a_stop_return_without_a_reply_exits_the_caller_with_the_reason() -> None:
    pid = await Echo.start()

    reason = await exit_reason(gen_server.call(pid, Stop("gone")))

    assert reason[0] == "gone"


@on_real_clock
async def test_a_stop_return_from_cast_info_and_continue_ends_the_server() -> None:
    for then in (Stop("s"), NoReply(then=Stop("s"))):
        pid = await Echo.start()
        ref = process.monitor(pid)
        gen_server.cast(pid, then)
        assert await down(ref) == "s"


@on_real_clock
async def test_an_error_in_a_callback_runs_terminate_with_it() -> None:
    pid = await Worker.start(process.self(), "w")
    process.flush()
    error = ValueError("boom")

    await exit_reason(gen_server.call(pid, ("raise", error)))

    assert process.flush() == [("terminated", "w", error)]


@on_real_clock
async def test_an_exit_in_a_callback_runs_terminate_with_the_reason() -> None:
    pid = await Worker.start(process.self(), "w")
    process.flush()

    reason = await exit_reason(gen_server.call(pid, ("exit", "boom")))

    assert reason[0] == "boom"
    assert process.flush() == [("terminated", "w", "boom")]


@on_real_clock
async def test_what_a_callback_throws_is_what_it_returns() -> None:
    class Thrower(GenServer):
        def init(self) -> None:
            process.throw(Continue("thrown"))

        def handle_call(self, request: Any, caller: Any) -> Any:
            process.throw(("thrown", request))

        def handle_continue(self, arg: Any) -> None:
            process.throw(None)

    pid = await Thrower.start_link()

    assert await gen_server.call(pid, 1) == ("thrown", 1)


@pytest.mark.parametrize("reason", ["boom", "shutdown", "kill"])
def test_an_exit_signal_ends_a_server_that_does_not_trap_without_terminate(reason: str) -> None:
    @on_real_clock
    async def test() -> None:
        pid = await Worker.start(process.self(), "w")
        process.flush()

        await ended_by(pid, reason)

        assert process.flush() == []

    test()


@on_real_clock
async def test_kill_ends_a_trapping_server_without_terminate() -> None:
    pid = await Worker.start(process.self(), "w", trap=True)
    process.flush()

    assert await ended_by(pid, "kill") == "killed"
    assert process.flush() == []


@on_real_clock
async def test_a_trapping_server_sees_the_exits_of_others_in_handle_info() -> None:
    pid = await Echo.start_link(None, trap=True)

    process.spawn(lambda: process.exit(pid, "hello"))

    await process.sleep(0)
    [(_, exit)] = await gen_server.call(pid, "seen")
    assert exit.reason == "hello"


async def parent_of(witness: Pid, reason: Any, trap: bool) -> None:
    await Worker.start_link(witness, "w", trap=trap, name="w")
    await process.receive("end")
    process.exit(reason)


@pytest.mark.parametrize("reason", ["boom", "normal", "shutdown", ("shutdown", 1)])
def test_the_parents_exit_ends_a_trapping_server_with_terminate(reason: Any) -> None:
    @on_real_clock
    async def test() -> None:
        parent = process.spawn(parent_of, process.self(), reason, True)
        _, _, pid = await process.receive(("started", "w", ...))
        ref = process.monitor(pid)

        process.send(parent, "end")

        assert await down(ref) == reason
        assert process.flush() == [("terminated", "w", reason)]

    test()


@on_real_clock
async def test_the_parents_exit_ends_a_server_that_does_not_trap_without_terminate() -> None:
    parent = process.spawn(parent_of, process.self(), "boom", False)
    _, _, pid = await process.receive(("started", "w", ...))
    ref = process.monitor(pid)

    process.send(parent, "end")

    assert await down(ref) == "boom"
    assert process.flush() == []


@on_real_clock
async def test_a_server_started_without_a_link_has_no_parent_to_end_it() -> None:
    pid = await Echo.start(None, trap=True)
    process.link(pid)

    process.exit(pid, "bye")

    [(_, exit)] = await gen_server.call(pid, "seen")
    assert exit.reason == "bye"
    process.unlink(pid)


@on_real_clock
async def test_an_error_in_terminate_is_the_exit_reason() -> None:
    class Broken(GenServer):
        def terminate(self, reason: Any) -> None:
            raise ValueError("in terminate")

    pid = await Broken.start()
    ref = process.monitor(pid)

    await exit_reason(gen_server.stop(pid))

    assert isinstance(await down(ref), ValueError)


# ---- reports


@pytest.mark.parametrize(
    ("reason", "reports"), [("normal", 0), ("shutdown", 0), (("shutdown", 1), 0), ("boom", 1)]
)
def test_only_an_unexpected_stop_is_reported(
    reason: Any, reports: int, caplog: pytest.LogCaptureFixture
) -> None:
    @on_real_clock
    async def test() -> None:
        pid = await Echo.start()
        ref = process.monitor(pid)
        gen_server.cast(pid, Stop(reason))
        await down(ref)

    test()

    assert len(caplog.records) == reports


def test_a_crash_is_reported_once_with_name_message_and_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @on_real_clock
    async def test() -> None:
        await Echo.start(name="echo")
        await exit_reason(gen_server.call("echo", ValueError("boom")))

    test()

    [record] = caplog.records
    text = shown(record)
    assert "(echo) terminating" in text
    assert "Echo.init" in text
    assert "ValueError('boom')" in fields_of(record)["last_message"]
    assert "in handle_call" in text


# ---- whereis


@on_real_clock
async def test_whereis_finds_pids_and_names() -> None:
    pid = await Echo.start_link(name="echo")

    assert gen_server.whereis(pid) is pid
    assert gen_server.whereis("echo") is pid
    assert gen_server.whereis(("echo", pid.node)) is pid
    assert gen_server.whereis(("echo", "other@host")) == ("echo", "other@host")
    assert gen_server.whereis("nobody") is None


@on_real_clock
async def test_the_protocol_is_otps() -> None:
    pid = await Echo.start_link()
    ref = process.make_ref()

    process.send(pid, (Atom("$gen_call"), (process.self(), process.alias()), "x"))
    process.send(pid, (Atom("$gen_cast"), ref))

    assert (await process.receive())[1] == "x"
    assert await gen_server.call(pid, "seen") == [("cast", ref)]


@on_real_clock
async def test_start_functions_do_not_wait_for_the_server_to_end() -> None:
    pid = await Echo.start_link()
    ref = process.monitor(pid)
    process.unlink(pid)

    await gen_server.stop(pid)

    assert await down(ref) == "normal"
    assert await reason_of(pid) == "noproc"
