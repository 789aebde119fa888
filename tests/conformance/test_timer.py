"""Cases of OTP's timer_SUITE and timer_simple_SUITE; docs/conformance/timer.md is the table."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from beamish import process
from beamish.otp import gen_server, sys, timer
from beamish.otp.supervisor import Supervisor
from beamish.terms import BadArgError, Pid
from tests.otp.support import ended_by, on_real_clock, on_virtual_clock, reason_of


def node() -> str:
    return process.self().node


async def nothing_within(seconds: float) -> bool:
    """Whether no message comes in that time."""
    try:
        await process.receive(timeout=seconds)
    except TimeoutError:
        return True
    return False


def catcher(name: str | None = None) -> Pid:
    """A process that passes on what it gets."""
    me = process.self()

    async def run() -> None:
        while True:
            process.send(me, ("caught", await process.receive()))

    pid = process.spawn(run)
    if name is not None:
        process.register(name, pid)
    return pid


# ---- once


@on_virtual_clock
async def test_do_big_test_no_timer_is_early_late_or_drifts() -> None:
    """timer_SUITE do_big_test."""
    me, rng = process.self(), random.Random(5)
    due: dict[int, float] = {}
    for number in range(1000):
        seconds = rng.randrange(1, 5000) / 1000
        due[number] = process.monotonic_time() + seconds
        await timer.send_after(seconds, me, ("once", number))
    every = {n: rng.randrange(100, 1000) / 1000 for n in range(100)}
    start = {}
    for n, seconds in every.items():
        start[n] = process.monotonic_time()
        await timer.send_interval(seconds, me, ("every", n))
    seen = dict.fromkeys(every, 0)

    while due or min(seen.values()) < 5:
        kind, number = await process.receive()
        now = process.monotonic_time()
        if kind == "once":
            assert -1e-6 <= now - due.pop(number) <= 0.0011
        else:
            seen[number] += 1
            assert -1e-6 <= now - start[number] - seen[number] * every[number] <= 0.0011


@pytest.mark.parametrize("form", ["plain", "with arguments", "async def"])
def test_apply_after2(form: str) -> None:
    """timer_SUITE apply_after2: in three forms."""

    @on_virtual_clock
    async def applying() -> None:
        me = process.self()

        def say(what: Any = "done", *, more: Any = None) -> None:
            process.send(me, (what, more))

        async def say_later() -> None:
            await process.sleep(0)
            say()

        forms: dict[str, Any] = {
            "plain": lambda: timer.apply_after(0.5, say),
            "with arguments": lambda: timer.apply_after(0.5, say, "hello", more=1),
            "async def": lambda: timer.apply_after(0.5, say_later),
        }
        await forms[form]()

        assert await nothing_within(0.49)
        expected = ("hello", 1) if form == "with arguments" else ("done", None)
        assert await process.receive(timeout=0.02) == expected

    applying()


@on_virtual_clock
async def test_apply_after4_the_module_has_gone_meanwhile() -> None:
    """timer_SUITE apply_after4: what fails, fails in a process of its own."""
    await timer.apply_after(0.1, lambda: 1 / 0)
    await timer.send_after(0.2, "well")

    assert await process.receive(timeout=1.0) == "well"


@pytest.mark.parametrize(
    "start",
    [
        lambda: timer.apply_after("soon", print),  # type: ignore[arg-type]
        lambda: timer.apply_after(-1, print),
        lambda: timer.apply_after(1, "print"),  # type: ignore[arg-type]
        lambda: timer.send_after(-1, "x"),
        lambda: timer.send_after(1, 5, "x"),
        lambda: timer.exit_after(None, "x"),  # type: ignore[arg-type]
        lambda: timer.kill_after("x"),  # type: ignore[arg-type]
        lambda: timer.apply_interval(0, print),
        lambda: timer.apply_interval(True, print),
        lambda: timer.apply_repeatedly(-1, print),
        lambda: timer.apply_repeatedly(1, None),  # type: ignore[arg-type]
        lambda: timer.send_interval(0, "x"),
        lambda: timer.send_interval(1, None, "x"),
        lambda: timer.send_interval(1, process.self(), "x", "y"),
        lambda: timer.cancel("timer"),  # type: ignore[arg-type]
        lambda: timer.sleep(-1),
    ],
)
def test_invalid_arguments_are_badarg(start: Callable[[], Any]) -> None:
    """timer_SUITE apply_after_invalid_args, apply_interval_..., send_interval_..., cancel_...."""

    @on_real_clock
    async def starting() -> None:
        with pytest.raises(BadArgError, match=r"^timer\..*expected .*got "):
            await start()

    starting()


@on_real_clock
async def test_send_after1_to_oneself_after_0() -> None:
    """timer_SUITE send_after1."""
    await timer.send_after(0, "now")

    assert await process.receive(timeout=1.0) == "now"


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_send_after2_3_5_to_a_name_and_to_a_name_on_a_node(seconds: float) -> None:
    """timer_SUITE send_after2, send_after3, send_after5."""

    @on_virtual_clock
    async def sending() -> None:
        catcher("catcher")
        await timer.send_after(seconds, "catcher", "a")
        await timer.send_after(seconds, ("catcher", node()), "b")

        got = [await process.receive(timeout=1.0) for _ in "ab"]
        assert sorted(got) == [("caught", "a"), ("caught", "b")]

    sending()


@on_virtual_clock
async def test_send_after_to_a_name_that_nobody_has_harms_nobody() -> None:
    """timer_SUITE nonexistent."""
    await timer.send_after(0, "nobody", "x")
    await timer.send_after(0.1, "nobody", "x")
    await timer.send_after(0.1, ("nobody", node()), "x")
    await timer.exit_after(0.1, "nobody", "x")
    await timer.send_after(0.2, "well")

    assert await process.receive(timeout=1.0) == "well"


@on_virtual_clock
async def test_exit_after2_by_name() -> None:
    """timer_SUITE exit_after2."""
    pid = catcher("victim")
    await timer.exit_after(0.5, "victim", "time_is_up")

    assert await reason_of(pid) == "time_is_up"


@on_virtual_clock
async def test_kill_after1_by_pid() -> None:
    """timer_SUITE kill_after1."""
    pid = catcher()
    await timer.kill_after(0.5, pid)

    assert await reason_of(pid) == "killed"


# ---- again and again


@on_virtual_clock
async def test_apply_interval2_does_not_wait_for_the_action_to_end() -> None:
    """timer_SUITE apply_interval2."""
    me = process.self()

    async def act() -> None:
        process.send(me, process.monotonic_time())
        await process.sleep(10.0)

    begin = process.monotonic_time()
    await timer.apply_interval(1.0, act)

    times = [await process.receive(float) - begin for _ in range(4)]
    assert times == pytest.approx([1, 2, 3, 4], abs=0.01)


@on_virtual_clock
async def test_apply_repeatedly2_waits_for_the_action_then_catches_up() -> None:
    """timer_SUITE apply_repeatedly2."""
    me, number = process.self(), itertools.count(1)

    async def act() -> None:
        process.send(me, process.monotonic_time())
        if next(number) == 1:
            await process.sleep(3.5)

    begin = process.monotonic_time()
    await timer.apply_repeatedly(1.0, act)

    times = [await process.receive(float) - begin for _ in range(7)]
    assert times == pytest.approx([1, 4.5, 4.5, 4.5, 5, 6, 7], abs=0.01)


@on_virtual_clock
async def test_apply_interval_ends_with_who_asked_for_it() -> None:
    """timer(3): an interval timer is removed when its process terminates."""
    me = process.self()

    async def asker() -> None:
        await timer.apply_interval(1.0, process.send, me, "tick")
        await process.sleep(2.5)

    process.spawn(asker)

    assert [await process.receive(timeout=2.0) for _ in range(2)] == ["tick", "tick"]
    assert await nothing_within(5.0)


@on_virtual_clock
async def test_send_interval1_to_oneself_until_cancelled() -> None:
    """timer_SUITE send_interval1."""
    tick = await timer.send_interval(0.5, "tick")

    for _ in range(3):
        assert await process.receive(timeout=0.51) == "tick"
    await timer.cancel(tick)
    assert await nothing_within(2.0)


@pytest.mark.parametrize("form", ["pid", "name", "name and node"])
def test_send_interval2_3_4_to_others(form: str) -> None:
    """timer_SUITE send_interval2, send_interval3, send_interval4."""

    @on_virtual_clock
    async def sending() -> None:
        pid = catcher("catcher")
        dest: Any = {"pid": pid, "name": "catcher", "name and node": ("catcher", node())}[form]
        tick = await timer.send_interval(0.5, dest, "tick")

        for _ in range(3):
            assert await process.receive(timeout=0.51) == ("caught", "tick")
        await timer.cancel(tick)
        assert await nothing_within(2.0)

    sending()


@pytest.mark.parametrize("named", [False, True])
def test_send_interval5_ends_when_the_target_dies(named: bool) -> None:
    """timer_SUITE send_interval5."""

    @on_virtual_clock
    async def sending() -> None:
        pid = catcher("catcher")
        await timer.send_interval(0.5, "catcher" if named else pid, "tick")
        assert await process.receive(timeout=0.51) == ("caught", "tick")

        await ended_by(pid, "kill")
        catcher("catcher")

        assert await nothing_within(2.0)
        assert (await server_entries()) == {}

    sending()


async def server_entries() -> Any:
    return (await sys.get_state("timer_server"))["entries"]


@on_virtual_clock
async def test_nonexistent2_an_interval_to_nobody_ends_at_once() -> None:
    """timer_SUITE nonexistent2."""
    await timer.send_interval(0.1, "nobody", "x")
    dead = process.spawn(lambda: None)
    await reason_of(dead)
    await timer.send_interval(0.1, dead, "x")

    await process.sleep(1.0)

    assert (await server_entries()) == {}


# ---- and no more


@on_real_clock
async def test_cancel1_an_instant_timer_has_sent_already() -> None:
    """timer_SUITE cancel1."""
    instant = await timer.send_after(0, "now")
    assert await process.receive(timeout=1.0) == "now"

    await timer.cancel(instant)
    await timer.cancel(instant)


@on_virtual_clock
async def test_cancel5_a_function_at_intervals() -> None:
    """timer_SUITE cancel5."""
    every = await timer.apply_interval(0.5, process.send, process.self(), "tick")
    assert await process.receive(timeout=0.51) == "tick"

    await timer.cancel(every)

    assert await nothing_within(2.0)


@on_virtual_clock
async def test_cancel_of_what_happens_once() -> None:
    """timer_SUITE cancel2, cancel3."""
    once = [await timer.send_after(0.5, "x"), await timer.apply_after(0.5, process.exit, "x")]
    for one in once:
        await timer.cancel(one)

    assert await nothing_within(2.0)
    assert (await server_entries()) == {}


@on_real_clock
async def test_cancel6_cancelling_what_never_was_is_fine() -> None:
    """timer_SUITE cancel6."""
    never = timer.Timer(process.make_ref())
    await timer.cancel(never)  # without a server, too
    await timer.start()

    await timer.cancel(never)

    assert process.whereis("timer_server") is not None


@on_real_clock
async def test_cancel_of_a_function_that_runs_lets_it_run() -> None:
    me = process.self()

    async def act() -> None:
        process.send(me, ("runs", process.self()))
        process.send(me, await process.receive())

    every = await timer.apply_repeatedly(0.001, act)
    _, pid = await process.receive(("runs", ...))
    await timer.cancel(every)
    process.send(pid, "go on")

    assert await process.receive(timeout=1.0) == "go on"


# ---- the service


@on_real_clock
async def test_unexpected2_and_3_and_1_the_service_logs_what_it_does_not_know(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """timer_SUITE unexpected2, unexpected3 (and a call)."""
    await timer.start()
    pid = process.whereis("timer_server")
    assert pid is not None

    gen_server.cast(pid, "odd cast")
    process.send(pid, "odd message")
    process.send(pid, ("timeout", process.send_after(60, pid, "x"), process.make_ref()))

    assert await gen_server.call(pid, "odd call") == ("error", "badarg")
    assert process.whereis("timer_server") is pid
    for text in ("cast: 'odd cast'", "message: 'odd message'", "call: 'odd call'"):
        assert f"timer_server received an unexpected {text}" in caplog.text


@on_real_clock
async def test_several_who_start_the_service_at_once_get_one() -> None:
    me = process.self()

    async def use() -> None:
        await timer.send_after(0.001, me, "sent")

    for _ in range(5):
        process.spawn(use)

    assert [await process.receive(timeout=1.0) for _ in range(5)] == ["sent"] * 5


@on_real_clock
async def test_the_service_outlives_who_used_it_first() -> None:
    async def use() -> None:
        await timer.send_after(60, "x")

    await reason_of(process.spawn(use))

    assert process.whereis("timer_server") is not None


# ---- waiting and measuring


@pytest.mark.slow  # real time is measured
@on_real_clock
async def test_sleep1_sleeps_at_least_so_long() -> None:
    """timer_SUITE sleep1."""
    for seconds in (0, 0.001, 0.01, 0.1):
        begin = process.monotonic_time()
        await timer.sleep(seconds)
        assert process.monotonic_time() - begin >= seconds


@on_virtual_clock
async def test_sleep2_longer_than_32_bits_of_milliseconds_ended_by_a_kill() -> None:
    """timer_SUITE sleep2."""
    pid = process.spawn(timer.sleep, 3 * 2.0**32 / 1000)
    await timer.sleep(2 * 2.0**32 / 1000)
    assert process.alive(pid)

    assert await ended_by(pid, "kill") == "killed"


@on_virtual_clock
async def test_a_timer_of_more_than_49_days_comes_when_it_is_due() -> None:
    days = 24 * 3600.0
    await timer.send_after(100 * days, "at last")

    assert await nothing_within(49 * days)
    assert await nothing_within(49 * days)
    assert await process.receive(timeout=2.01 * days) == "at last"


@on_real_clock
async def test_tc_measures_a_call() -> None:
    """timer_simple_SUITE tc."""
    seconds, result = timer.tc(divmod, 7, 2)

    assert result == (3, 1)
    assert 0 <= seconds < 1
    with pytest.raises(BadArgError, match="expected a plain function"):
        timer.tc(timer.sleep, 0)


def test_units_are_seconds() -> None:
    """timer(3): seconds/1, minutes/1, hours/1, hms/3, in our unit."""
    assert timer.seconds(5) == 5
    assert timer.minutes(2) == 120
    assert timer.hours(2) == 7200
    assert timer.hms(1, 2, 3) == 3723


@on_virtual_clock
async def test_an_apply_after_whose_supervisor_is_gone_happens_all_the_same() -> None:
    """timer_SUITE apply_after4: what happens once is tied to no process."""
    me = process.self()

    async def asker() -> None:
        await Supervisor.start_link([])
        await timer.apply_after(0.5, process.send, me, "done")

    await reason_of(process.spawn(asker))

    assert await process.receive(timeout=1.0) == "done"
