"""Rules W1 to W3: timers that send."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from beamish import BadArgError, TimerRef, process

from .harness import PATIENCE, down_of, on_virtual_clock, settle, sleeper


@on_virtual_clock
async def test_send_after_sends_the_message_after_its_seconds() -> None:
    """W1: send_after(Ms, Dest, Msg), here in seconds."""
    loop = asyncio.get_running_loop()
    before = loop.time()

    timer = process.send_after(1.5, process.self(), "late")

    assert isinstance(timer, TimerRef)
    assert await process.receive(timeout=PATIENCE) == "late"
    assert loop.time() - before == pytest.approx(1.5, abs=0.002)


@on_virtual_clock
async def test_start_timer_sends_timeout_reference_and_message() -> None:
    """W1: {timeout, Ref, Msg}."""
    timer = process.start_timer(0.5, process.self(), "late")

    assert await process.receive(timeout=PATIENCE) == ("timeout", timer, "late")


@on_virtual_clock
async def test_timers_fire_in_the_order_of_their_times() -> None:
    for seconds in (0.3, 0.1, 0.2, 0.1, 0.0):
        process.send_after(seconds, process.self(), seconds)

    got = [await process.receive(timeout=PATIENCE) for _ in range(5)]

    assert got == [0.0, 0.1, 0.1, 0.2, 0.3]


@on_virtual_clock
async def test_timers_of_one_moment_fire_in_the_order_they_were_set() -> None:
    for number in range(10):
        process.send_after(0.1, process.self(), number)

    assert [await process.receive(timeout=PATIENCE) for _ in range(10)] == list(range(10))


@on_virtual_clock
async def test_a_timer_of_0_fires_soon_but_not_at_once() -> None:
    process.send_after(0, process.self(), "soon")

    assert process.flush() == []
    assert await process.receive(timeout=PATIENCE) == "soon"


@on_virtual_clock
async def test_cancel_gives_the_seconds_that_were_left() -> None:
    """W2: cancel_timer(Ref) -> milliseconds left, here seconds."""
    timer = process.send_after(2.0, process.self(), "never")
    await process.sleep(0.5)

    assert process.cancel_timer(timer) == pytest.approx(1.5, abs=0.01)
    assert process.cancel_timer(timer) is None
    await process.sleep(3)
    assert process.flush() == []


@on_virtual_clock
async def test_a_timer_can_be_cancelled_at_any_time_before_it_fires() -> None:
    """Just set, and when another that was due before it has fired (it lies elsewhere then)."""
    first, second = (process.send_after(2.0, process.self(), n) for n in range(2))
    process.send_after(0.5, process.self(), "between")

    assert process.cancel_timer(first) == pytest.approx(2.0, abs=0.01)
    assert await process.receive(timeout=PATIENCE) == "between"
    assert process.cancel_timer(second) == pytest.approx(1.5, abs=0.01)
    await process.sleep(3)
    assert process.flush() == []


@on_virtual_clock
async def test_a_timer_that_is_set_later_may_be_due_earlier() -> None:
    for seconds in (0.5, 0.2, 0.3):
        process.send_after(seconds, process.self(), seconds)
    assert await process.receive(timeout=PATIENCE) == 0.2
    process.send_after(0.05, process.self(), 0.05)

    assert [await process.receive(timeout=PATIENCE) for _ in range(3)] == [0.05, 0.3, 0.5]


@on_virtual_clock
async def test_cancel_of_one_that_fired_is_none() -> None:
    """W2: false if fired."""
    timer = process.send_after(0.1, process.self(), "fired")
    await process.receive(timeout=PATIENCE)

    assert process.cancel_timer(timer) is None
    assert process.read_timer(timer) is None


@on_virtual_clock
async def test_read_gives_the_seconds_left_and_leaves_the_timer() -> None:
    timer = process.send_after(2.0, process.self(), "late")
    await process.sleep(0.5)

    assert process.read_timer(timer) == pytest.approx(1.5, abs=0.01)
    assert await process.receive(timeout=PATIENCE) == "late"


@on_virtual_clock
async def test_anyone_may_cancel_a_timer() -> None:
    parent = process.self()
    timer = process.send_after(2.0, parent, "never")

    process.spawn(lambda: process.send(parent, process.cancel_timer(timer)))

    assert await process.receive(timeout=PATIENCE) == pytest.approx(2.0, abs=0.01)


@on_virtual_clock
async def test_a_timer_to_a_pid_ends_with_the_process() -> None:
    """W3: it is cancelled when that pid dies."""
    pid, ref = process.spawn_monitor(sleeper)
    timer = process.send_after(5.0, pid, "never")
    process.exit(pid, "kill")
    await down_of(ref)

    assert process.read_timer(timer) is None
    assert process.cancel_timer(timer) is None


@on_virtual_clock
async def test_a_name_is_looked_up_when_the_time_comes() -> None:
    """W3: with a name, the name is looked up at expiry."""
    first = process.spawn_opt(sleeper, name="target")
    process.send_after(1.0, "target", "late")
    process.exit(first, "kill")
    process.register("target", process.self())

    assert await process.receive(timeout=PATIENCE) == "late"


@on_virtual_clock
async def test_a_timer_to_a_name_that_nobody_has_is_dropped() -> None:
    process.send_after(0.1, "nobody", "lost")

    await process.sleep(1)

    assert process.flush() == []


@on_virtual_clock
async def test_a_timer_does_not_end_with_the_process_that_set_it() -> None:
    parent = process.self()

    _, ref = process.spawn_monitor(process.send_after, 0.5, parent, "from the dead")
    await down_of(ref)

    assert await process.receive(timeout=PATIENCE) == "from the dead"


@pytest.mark.parametrize("start", [process.send_after, process.start_timer])
@pytest.mark.parametrize("seconds", [-1, 4_294_967.296, math.inf, math.nan, "1", True, None])
@on_virtual_clock
async def test_a_timer_of_no_time_is_badarg(start: Any, seconds: Any) -> None:
    with pytest.raises(BadArgError, match="expected seconds"):
        start(seconds, process.self(), "never")


@pytest.mark.parametrize("dest", [None, 42, ("name", "node"), b"name"])
@on_virtual_clock
async def test_a_timer_to_what_is_no_destination_is_badarg(dest: Any) -> None:
    with pytest.raises(BadArgError, match="a timer sends to a pid or a registered name"):
        process.send_after(1, dest, "never")


@pytest.mark.parametrize("operation", [process.cancel_timer, process.read_timer])
@on_virtual_clock
async def test_cancel_and_read_take_a_timer_only(operation: Any) -> None:
    for thing in (None, 42, process.make_ref()):
        with pytest.raises(BadArgError, match="expected what send_after or start_timer returned"):
            operation(thing)


@on_virtual_clock
async def test_ten_thousand_timers_of_which_half_are_cancelled() -> None:
    timers = [process.send_after(1 + n % 100 / 1000, process.self(), n) for n in range(10_000)]
    for timer in timers[::2]:
        assert process.cancel_timer(timer) is not None

    await process.sleep(2)
    await settle()

    assert sorted(process.flush()) == list(range(1, 10_000, 2))
