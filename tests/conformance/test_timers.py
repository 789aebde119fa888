"""Cases of OTP's timer_bif_SUITE; docs/conformance/timers.md is the table."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from beamish import process
from beamish.terms import Pid, TimerRef
from tests.otp.support import ended_by, on_real_clock, on_virtual_clock, reason_of


async def nothing_within(seconds: float) -> bool:
    try:
        await process.receive(timeout=seconds)
    except TimeoutError:
        return True
    return False


Start = Callable[[float, Any, Any], TimerRef]


@on_virtual_clock
async def test_start_timer_1_the_message_what_is_left_and_then_nothing() -> None:
    """timer_bif_SUITE start_timer_1."""
    ref = process.start_timer(0.1, process.self(), "hej")
    assert await nothing_within(0.09)
    assert await process.receive(timeout=0.02) == ("timeout", ref, "hej")
    assert process.cancel_timer(ref) is None

    ref = process.start_timer(1.0, process.self(), "hej")
    await process.sleep(0.6)
    left = process.cancel_timer(ref)
    assert left == pytest.approx(0.4, abs=0.002)
    assert process.cancel_timer(ref) is None
    assert await nothing_within(2.0)


@on_virtual_clock
async def test_send_after_2_and_e_several_fire_in_the_order_of_their_times() -> None:
    """timer_bif_SUITE send_after_2, send_after_e."""
    for ms in (5, 3, 8, 1, 9, 2, 7, 4, 6):
        process.send_after(ms / 100, process.self(), ms)

    assert [await process.receive(timeout=0.02) for _ in range(9)] == list(range(1, 10))


@on_virtual_clock
async def test_an_absolute_time_is_one_of_the_nodes_clock() -> None:
    """erlang:start_timer/4, erlang:send_after/4: {abs, true}."""
    now, me = process.monotonic_time(), process.self()
    process.send_after(now + 2.0, me, "later", abs=True)
    ref = process.start_timer(now + 1.0, me, "first", abs=True)
    process.send_after(now - 5.0, me, "long ago", abs=True)

    assert await process.receive(timeout=0.01) == "long ago"
    assert await process.receive(timeout=1.01) == ("timeout", ref, "first")
    assert await process.receive(timeout=1.01) == "later"


@on_virtual_clock
async def test_read_timer_agrees_with_cancelling() -> None:
    """timer_bif_SUITE read_timer."""
    for start in (process.start_timer, process.send_after):
        ref = start(10.0, process.self(), "x")
        await process.sleep(3.0)

        read = process.read_timer(ref)

        assert read == process.cancel_timer(ref) == pytest.approx(7.0, abs=0.01)
        assert process.read_timer(ref) is None


@on_virtual_clock
async def test_read_timer_async_answers_come_as_messages() -> None:
    """timer_bif_SUITE read_timer_async."""
    ref = process.send_after(10.0, process.self(), "x")

    assert process.read_timer(ref, async_=True) is None
    assert await process.receive() == ("read_timer", ref, pytest.approx(10.0, abs=0.01))
    assert process.cancel_timer(ref, async_=True) is None
    assert await process.receive() == ("cancel_timer", ref, pytest.approx(10.0, abs=0.01))
    assert process.cancel_timer(ref, async_=True) is None
    assert await process.receive() == ("cancel_timer", ref, None)
    assert process.cancel_timer(ref, info=False) is None
    assert process.cancel_timer(ref, async_=True, info=False) is None
    assert process.flush() == []


@on_real_clock
async def test_cleanup_timers_of_dead_and_dying_processes_are_gone() -> None:
    """timer_bif_SUITE cleanup."""
    refs: list[TimerRef] = []
    me = process.self()

    async def wait() -> None:
        refs.extend(process.send_after(60, process.self(), n) for n in range(100))
        process.send(me, "ready")
        await process.sleep(None)

    pid = process.spawn(wait)
    await process.receive("ready")
    assert all(process.read_timer(ref) is not None for ref in refs)

    await ended_by(pid, "kill")

    assert all(process.read_timer(ref) is None for ref in refs)
    ref = process.send_after(60, pid, "to a dead one")
    assert process.read_timer(ref) is None
    assert process.cancel_timer(ref) is None


def named(name: str) -> Pid:
    me = process.self()

    async def run() -> None:
        process.send(me, (process.self(), await process.receive()))

    pid = process.spawn(run)
    process.register(name, pid)
    return pid


@pytest.mark.parametrize("start", ["start_timer", "send_after"])
def test_registered_process_who_has_the_name_when_it_fires(start: str) -> None:
    """timer_bif_SUITE registered_process."""

    @on_virtual_clock
    async def registering() -> None:
        begin: Start = getattr(process, start)
        first = named("taker")
        begin(1.0, "taker", "x")
        assert await ended_by(first, "kill") == "killed"
        second = named("taker")
        who, message = await process.receive(timeout=1.01)
        assert who is second
        assert message == "x" or message[2] == "x"
        await reason_of(second)

        ref = begin(1.0, "taker", "y")
        third = named("taker")
        left = process.cancel_timer(ref)
        assert left == pytest.approx(1.0, abs=0.01)
        assert await nothing_within(2.0)

        ref = begin(1.0, "nobody_ever", "z")
        await process.sleep(2.0)
        assert process.read_timer(ref) is None
        assert process.alive(third)

    registering()


@on_virtual_clock
async def test_same_time_yielding_very_many_at_one_time_all_fire() -> None:
    """timer_bif_SUITE same_time_yielding."""
    me, count = process.self(), 10_000
    due = process.monotonic_time() + 1.0
    for number in range(count):
        process.start_timer(due, me, number, abs=True)

    got = [(await process.receive(timeout=2.0))[2] for _ in range(count)]

    assert got == list(range(count))


@on_virtual_clock
async def test_random_timers_some_cancelled_fire_once_each_and_on_time() -> None:
    """timer_bif_SUITE, in the manner of its random tests."""
    rng, me = random.Random(11), process.self()
    due: dict[TimerRef, float] = {}
    for number in range(1000):
        seconds = rng.randrange(0, 3000) / 1000
        due[process.start_timer(seconds, me, number)] = process.monotonic_time() + seconds
    for ref in rng.sample(list(due), 300):
        assert process.cancel_timer(ref) is not None
        del due[ref]

    while due:
        _, ref, _ = await process.receive(timeout=5.0)
        assert -1e-6 <= process.monotonic_time() - due.pop(ref) <= 0.0011
    assert await nothing_within(5.0)
