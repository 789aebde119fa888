from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from beamish import process
from beamish.otp import GenServer, StartError, proc_lib
from beamish.terms import BadArgError, Exit, Pid, format_exit
from tests.support.logs import fields_of

from .support import (
    down,
    ended_by,
    exit_reason,
    on_real_clock,
    on_virtual_clock,
    outcome,
    reason_of,
)


async def ready(reply_to: Pid | None = None) -> None:
    proc_lib.init_ack()
    if reply_to is not None:
        process.send(reply_to, "ready")
    await process.receive("stop")


async def ready_with(info: Any) -> None:
    proc_lib.init_ack(info)
    await process.receive("stop")


async def fails(reason: Any) -> None:
    process.exit(reason)


async def says_it_fails(reason: Any, exit: Any = "normal") -> None:
    proc_lib.init_fail(reason, exit)


async def never_ready() -> None:
    await process.sleep(None)


@on_real_clock
async def test_start_returns_the_pid_once_the_process_has_acknowledged() -> None:
    pid = await proc_lib.start(ready)

    assert process.alive(pid)
    assert pid not in process.info(process.self(), "links")


@on_real_clock
async def test_start_link_links_the_process_to_the_caller() -> None:
    pid = await proc_lib.start_link(ready)

    assert process.info(process.self(), "links") == [pid]


@on_real_clock
async def test_start_does_not_return_before_the_acknowledgement() -> None:
    async def late(gate: str) -> None:
        await process.receive(gate)
        process.send(main, "acknowledging")
        proc_lib.init_ack()
        await process.sleep(None)

    async def starter() -> None:
        await proc_lib.start(late, "go", name="late")
        process.send(main, "started")

    main = process.self()
    process.spawn(starter)
    await process.sleep(0)
    process.send("late", "go")

    assert [await process.receive(), await process.receive()] == ["acknowledging", "started"]


@on_real_clock
async def test_an_acknowledgement_may_carry_info_beside_the_pid() -> None:
    pid, info = await proc_lib.start(ready_with, "port 4040")

    assert process.alive(pid)
    assert info == "port 4040"


@on_real_clock
async def test_an_acknowledgement_elsewhere_does_nothing() -> None:
    proc_lib.init_ack()

    assert process.flush() == []


@pytest.mark.parametrize("reason", ["boom", "normal", ("shutdown", 1), 17])
def test_a_process_that_exits_before_it_acknowledges_fails_the_start(reason: Any) -> None:
    @on_real_clock
    async def test() -> None:
        with pytest.raises(StartError) as failed:
            await proc_lib.start(fails, reason)

        assert failed.value.reason == reason

    test()


@on_real_clock
async def test_an_error_before_the_acknowledgement_is_the_reason() -> None:
    def breaks() -> None:
        raise ZeroDivisionError

    with pytest.raises(StartError) as failed:
        await proc_lib.start(breaks)

    assert isinstance(failed.value.reason, ZeroDivisionError)


@on_real_clock
async def test_a_trapping_caller_of_a_failed_start_link_has_no_exit_message() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(StartError) as failed:
        await proc_lib.start_link(fails, "boom")

    assert failed.value.reason == "boom"
    assert process.flush() == []


@on_real_clock
async def test_other_exit_messages_stay_after_a_failed_start_link() -> None:
    process.flag(trap_exit=True)
    other = process.spawn_link(fails, "other")
    await process.sleep(0)

    with pytest.raises(StartError):
        await proc_lib.start_link(fails, "boom")

    assert process.flush() == [Exit(other, "other")]


@on_real_clock
async def test_a_caller_that_does_not_trap_dies_with_a_failing_start_link() -> None:
    async def starter() -> None:
        await proc_lib.start_link(fails, "boom")

    assert await outcome(starter) == "boom"


@on_real_clock
async def test_a_failed_process_is_gone_and_its_name_free_when_start_returns() -> None:
    for _ in range(20):
        with pytest.raises(StartError):
            await proc_lib.start(fails, "boom", name="worker")

        assert process.whereis("worker") is None


@on_real_clock
async def test_init_fail_gives_the_reason_and_kills_no_caller() -> None:
    with pytest.raises(StartError) as failed:
        await proc_lib.start_link(says_it_fails, "no license")

    assert failed.value.reason == "no license"


@on_real_clock
async def test_init_fail_may_exit_with_another_reason() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(StartError) as failed:
        await proc_lib.start_link(says_it_fails, "told", "exited")

    assert failed.value.reason == "told"
    assert process.flush() == []


@on_real_clock
async def test_the_name_is_registered_before_the_function_runs() -> None:
    async def asks() -> None:
        proc_lib.init_ack(process.info(process.self(), "registered_name"))

    _, name = await proc_lib.start(asks, name="worker")

    assert name == "worker"


@on_real_clock
async def test_a_taken_name_is_already_started() -> None:
    first = await proc_lib.start(ready, name="worker")

    with pytest.raises(StartError) as failed:
        await proc_lib.start_link(ready, name="worker")

    assert failed.value.reason == ("already_started", first)
    assert process.alive(first)


@pytest.mark.parametrize("name", [17, "undefined", ("via", 1), b"worker"])
def test_a_bad_name_is_refused_in_the_caller(name: Any) -> None:
    @on_real_clock
    async def test() -> None:
        with pytest.raises(BadArgError, match="name: expected a string, "):
            await proc_lib.start(ready, name=name)

    test()


@on_virtual_clock
async def test_what_has_not_started_in_time_is_killed() -> None:
    loop = asyncio.get_running_loop()

    with pytest.raises(StartError) as failed:
        await proc_lib.start(never_ready, name="worker", timeout=7.0)

    assert failed.value.reason == "timeout"
    assert loop.time() == 7.0
    assert process.whereis("worker") is None
    assert process.list() == [process.self()]


@on_virtual_clock
async def test_a_linked_caller_survives_a_start_that_takes_too_long() -> None:
    process.flag(trap_exit=True)

    with pytest.raises(StartError):
        await proc_lib.start_link(never_ready, timeout=1.0)

    assert process.flush() == []


@on_virtual_clock
async def test_a_start_waits_for_ever_by_default() -> None:
    async def slow() -> None:
        await process.sleep(1_000_000)
        proc_lib.init_ack()
        await process.sleep(None)

    assert process.alive(await proc_lib.start(slow))


@on_virtual_clock
async def test_a_cancelled_start_leaves_no_process_behind() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await proc_lib.start_link(never_ready)

    assert process.list() == [process.self()]


@on_real_clock
async def test_a_starter_that_is_killed_takes_the_starting_process_with_it() -> None:
    async def starter() -> None:
        await proc_lib.start_link(never_ready, name="worker")

    pid = process.spawn(starter)
    await process.sleep(0)
    worker = process.whereis("worker")
    assert worker is not None

    process.exit(pid, "kill")

    assert await reason_of(worker) == "killed"


@on_real_clock
async def test_a_coroutine_is_refused_with_the_right_form() -> None:
    with pytest.raises(BadArgError, match=r"pass the function and its arguments"):
        await proc_lib.start(ready())  # type: ignore[arg-type]


# ---- crash reports


async def exits(reason: Any) -> None:
    process.exit(reason)


@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", "restart")])
def test_an_expected_exit_reason_is_not_reported(
    reason: Any, caplog: pytest.LogCaptureFixture
) -> None:
    @on_real_clock
    async def test() -> None:
        assert await reason_of(proc_lib.spawn(exits, reason)) in (reason, "noproc")

    test()

    assert caplog.records == []


@pytest.mark.parametrize("reason", ["boom", ("error", 17)])
def test_an_unexpected_exit_reason_is_reported_once(
    reason: Any, caplog: pytest.LogCaptureFixture
) -> None:
    @on_real_clock
    async def test() -> None:
        await reason_of(proc_lib.spawn(exits, reason))

    test()

    [record] = caplog.records
    assert (record.name, record.levelno) == ("beamish", logging.ERROR)
    assert fields_of(record)["reason"] == format_exit(reason)
    assert "exits" in fields_of(record)["initial_call"]


def test_an_error_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    def breaks() -> None:
        raise ValueError("broken")

    @on_real_clock
    async def test() -> None:
        await reason_of(proc_lib.spawn(breaks))

    test()

    [record] = caplog.records
    assert "ValueError: broken" in record.getMessage()


def test_a_process_ended_by_a_signal_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    @on_real_clock
    async def test() -> None:
        pid = await proc_lib.start(ready)
        assert await ended_by(pid, "boom") == "boom"

    test()

    assert caplog.records == []


@on_real_clock
async def test_spawn_link_links() -> None:
    pid = proc_lib.spawn_link(never_ready)

    assert process.info(pid, "links") == [process.self()]


# ---- stop


@on_real_clock
async def test_stop_of_an_unknown_process_exits_with_noproc() -> None:
    assert await exit_reason(proc_lib.stop("nobody")) == "noproc"


@on_real_clock
async def test_stop_of_oneself_exits_with_calling_self() -> None:
    me = process.self()

    assert await exit_reason(proc_lib.stop(me)) == (
        "calling_self",
        ("sys", "terminate", (me, "normal", "infinity")),
    )


@on_virtual_clock
async def test_stop_of_a_process_that_does_not_listen_exits_with_timeout() -> None:
    pid = process.spawn(never_ready)

    assert await exit_reason(proc_lib.stop(pid, "normal", 2.0)) == "timeout"
    assert process.alive(pid)
    assert process.flush() == []


# ---- monitored starts


@on_real_clock
async def test_start_monitor_returns_a_monitor_beside_the_pid() -> None:
    pid, ref = await proc_lib.start_monitor(ready)

    process.send(pid, "stop")

    assert await down(ref) == "normal"
    assert process.info(process.self(), "links") == []


@on_real_clock
async def test_a_monitored_process_that_ends_at_once_tells_its_own_reason() -> None:
    async def brief() -> None:
        proc_lib.init_ack("info")
        process.exit("own_reason")

    (_, info), ref = await proc_lib.start_monitor(brief)

    assert (info, await down(ref)) == ("info", "own_reason")


@on_real_clock
async def test_a_failed_monitored_start_leaves_no_message() -> None:
    with pytest.raises(StartError):
        await proc_lib.start_monitor(fails, "no")

    assert process.flush() == []


@on_real_clock
async def test_spawn_monitor_monitors() -> None:
    _, ref = proc_lib.spawn_monitor(fails, "shutdown")

    assert await down(ref) == "shutdown"


# ---- acknowledged by another


@on_real_clock
async def test_another_process_may_acknowledge() -> None:
    async def asks_for_help() -> None:
        process.spawn(helps, proc_lib.starter())
        await process.receive("stop")

    async def helps(starter: proc_lib.Starter | None) -> None:
        proc_lib.init_ack("helped", starter=starter)

    pid, info = await proc_lib.start(asks_for_help)

    assert (process.alive(pid), info) == (True, "helped")


@on_real_clock
async def test_another_process_may_tell_of_a_failure() -> None:
    async def asks_for_help() -> None:
        process.spawn_link(helps, proc_lib.starter())
        await process.sleep(None)

    async def helps(starter: proc_lib.Starter | None) -> None:
        proc_lib.init_fail("no luck", "shutdown", starter=starter)

    with pytest.raises(StartError) as failed:
        await proc_lib.start(asks_for_help)

    assert failed.value.reason == "no luck"


@on_real_clock
async def test_a_second_acknowledgement_is_dropped() -> None:
    async def twice() -> None:
        starter = proc_lib.starter()
        proc_lib.init_ack(1)
        proc_lib.init_ack(2, starter=starter)
        await process.receive("stop")

    _, info = await proc_lib.start(twice)

    assert info == 1
    assert process.flush() == []


@on_real_clock
async def test_who_was_spawned_has_no_starter() -> None:
    async def tell(witness: Pid) -> None:
        process.send(witness, ("starter", proc_lib.starter()))

    proc_lib.spawn(tell, process.self())

    assert await process.receive(("starter", ...)) == ("starter", None)


# ---- spawn options


@on_real_clock
async def test_spawn_options_reach_the_process() -> None:
    pid = await proc_lib.start(ready, spawn_opt={"label": "mine", "link": True})

    assert proc_lib.get_label(pid) == "mine"
    assert process.info(process.self(), "links") == [pid]


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"monitor": True}, "use start_monitor"),
        ({"priority": "high"}, "there are no priorities"),
        ("label", "expected a dict"),
    ],
)
@on_real_clock
async def test_other_spawn_options_are_refused(options: Any, hint: str) -> None:
    for start in (proc_lib.start, proc_lib.start_link, proc_lib.start_monitor):
        with pytest.raises(BadArgError, match=hint):
            await start(ready, spawn_opt=options)


# ---- hibernation


@on_real_clock
async def test_a_hibernated_process_goes_on_when_a_message_comes() -> None:
    async def sleeper(witness: Pid) -> None:
        data = [1, 2]
        proc_lib.init_ack()
        try:
            proc_lib.hibernate(woken, witness, data=data)
        finally:
            process.send(witness, "stack gone")

    async def woken(witness: Pid, data: list[int]) -> None:
        process.send(witness, (await process.receive(), data))

    pid = await proc_lib.start_link(sleeper, process.self())
    first = await process.receive()
    process.send(pid, "wake up")

    assert first == "stack gone"
    assert await process.receive() == ("wake up", [1, 2])
    assert await reason_of(pid) in ("normal", "noproc")


@on_real_clock
async def test_a_message_that_is_there_wakes_a_hibernating_process_at_once() -> None:
    def woken() -> None:
        process.exit(("woken", process.info(process.self(), "messages")))

    def sleeper() -> None:
        process.send(process.self(), "early")
        proc_lib.hibernate(woken)

    _, ref = proc_lib.spawn_monitor(sleeper)

    assert await down(ref) == ("woken", ["early"])


@on_real_clock
async def test_a_loop_of_hibernations_needs_no_stack() -> None:
    async def loop(n: int) -> None:
        await process.receive(int)
        if n == 0:
            process.exit("shutdown")
        proc_lib.hibernate(loop, n - 1)

    pid, ref = proc_lib.spawn_monitor(loop, 3000)
    for n in range(3001):
        process.send(pid, n)

    assert await down(ref) == "shutdown"


@on_real_clock
async def test_an_error_after_waking_is_the_exit_reason() -> None:
    def woken() -> float:
        return 1 / 0

    pid, ref = proc_lib.spawn_monitor(lambda: proc_lib.hibernate(woken))
    process.send(pid, "wake up")

    assert isinstance(await down(ref), ZeroDivisionError)


@on_real_clock
async def test_hibernating_elsewhere_ends_the_process_with_a_word_about_it() -> None:
    reason = await outcome(proc_lib.hibernate, print)

    assert "only in a process started by proc_lib" in str(reason)


# ---- what was started


@on_real_clock
async def test_the_initial_call_is_the_function_that_was_started() -> None:
    pid = await proc_lib.start(ready)

    assert proc_lib.initial_call(pid) == f"{__name__}.ready"
    assert proc_lib.translate_initial_call(pid) == f"{__name__}.ready"
    await ended_by(pid, "kill")
    assert proc_lib.initial_call(pid) is None


@on_real_clock
async def test_the_initial_call_of_a_server_is_its_init() -> None:
    class Server(GenServer):
        pass

    pid = await Server.start_link()

    assert (proc_lib.initial_call(pid) or "").endswith("GenServer.init")
