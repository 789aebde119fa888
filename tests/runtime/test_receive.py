"""Rules R3 and R4: selective receive and its time-outs."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from beamish import BadArgError, Pid, process

from .harness import (
    PATIENCE,
    down_of,
    equal_to,
    on_virtual_clock,
    settle,
    sleeper,
    watched_end,
)


def _send_self(*messages: Any) -> None:
    for message in messages:
        process.send(process.self(), message)


# ---- R3


@on_virtual_clock
async def test_r3_without_a_pattern_it_takes_the_oldest() -> None:
    """R3."""
    _send_self(1, 2, 3)

    assert [await process.receive() for _ in range(3)] == [1, 2, 3]


@on_virtual_clock
async def test_r3_it_takes_the_oldest_that_matches_any_pattern() -> None:
    """R3: the order of the patterns does not matter, that of the messages does."""
    _send_self("a", "b", "c")

    assert await process.receive("c", "b") == "b"


@on_virtual_clock
async def test_r3_the_others_stay_in_order() -> None:
    """R3."""
    _send_self(1, "x", 2, "y", 3)

    assert await process.receive("y") == "y"
    assert await process.receive(str) == "x"
    assert process.flush() == [1, 2, 3]


@on_virtual_clock
async def test_r3_what_comes_while_it_waits_is_looked_at() -> None:
    """R3: the process waits until something matches."""
    parent = process.self()

    async def child() -> None:
        process.send(parent, await process.receive("c"))
        process.send(parent, process.flush())

    pid = process.spawn(child)
    for message in ("a", "b", "c"):
        await settle()
        process.send(pid, message)

    assert await process.receive(timeout=PATIENCE) == "c"
    assert await process.receive(timeout=PATIENCE) == ["a", "b"]


@on_virtual_clock
async def test_r3_two_matches_at_once_are_taken_in_order() -> None:
    """R3: the second waits its turn in the mailbox."""
    parent = process.self()

    async def child() -> None:
        while True:
            process.send(parent, await process.receive(int))

    pid = process.spawn(child)
    await settle()
    for message in (1, 2, "x", 3):
        process.send(pid, message)

    assert [await process.receive(timeout=PATIENCE) for _ in range(3)] == [1, 2, 3]


@on_virtual_clock
async def test_r3_flush_takes_everything() -> None:
    """Process.flush."""
    _send_self(1, "x")

    assert process.flush() == [1, "x"]
    assert process.flush() == []


@on_virtual_clock
async def test_r3_waiting_messages_can_be_seen_in_order() -> None:
    """process_info(Pid, messages): one that the process was just handed is one of them."""
    pid = process.spawn(_take_ints_only)
    for message in ("a", "b", 3, "c", 4):
        await settle()
        process.send(pid, message)

    assert process.info(pid, "messages") == ["a", "b", "c", 4]
    assert process.info(pid, "message_queue_len") == 4


@on_virtual_clock
async def test_r3_a_message_on_its_way_to_a_selective_receive_is_seen_in_its_place() -> None:
    """process_info(Pid, messages), before the process has gone on."""
    pid = process.spawn(_take_ints_only)
    await settle()

    for message in ("a", 1, "b", 2):
        process.send(pid, message)

    assert process.info(pid, "messages") == ["a", 1, "b", 2]


async def _take_ints_only() -> None:
    while True:
        await process.receive(int)


# ---- R4


@on_virtual_clock
async def test_r4_none_waits_for_ever() -> None:
    """R4: infinity."""
    process.send_after(4_000_000, process.self(), "at last")  # on the virtual clock

    assert await process.receive("at last", timeout=None) == "at last"


@on_virtual_clock
async def test_r4_zero_looks_without_waiting() -> None:
    """R4: nothing else runs meanwhile."""
    ran: list[int] = []
    process.spawn(ran.append, 1)

    with pytest.raises(TimeoutError):
        await process.receive(timeout=0)

    assert ran == []


@on_virtual_clock
async def test_r4_zero_looks_at_the_whole_mailbox() -> None:
    """R4: after 0 first scans."""
    _send_self(*range(100), "last")

    assert await process.receive("last", timeout=0) == "last"


@pytest.mark.parametrize("patterns", [(), ("never",), (equal_to("never"),)])
@pytest.mark.parametrize("timeout", [0.25, 1, 3600])
@on_virtual_clock
async def test_r4_a_timeout_is_in_seconds(patterns: Any, timeout: float) -> None:
    """R4."""
    loop = asyncio.get_running_loop()
    before = loop.time()

    with pytest.raises(TimeoutError, match=f"within {timeout} s"):
        await process.receive(*patterns, timeout=timeout)

    assert loop.time() - before == pytest.approx(timeout, abs=0.002)


@on_virtual_clock
async def test_r4_a_timeout_says_what_it_waited_for() -> None:
    """R4."""
    with pytest.raises(
        TimeoutError, match=r"no message that matches 'pong', \(1, \.\.\.\)|Ellipsis"
    ):
        await process.receive("pong", (1, ...), timeout=0)


@on_virtual_clock
async def test_r4_what_does_not_match_does_not_restart_the_timer() -> None:
    """R4."""
    loop = asyncio.get_running_loop()
    before = loop.time()
    for number in range(1, 20):
        process.send_after(number * 0.1, process.self(), "noise")

    with pytest.raises(TimeoutError):
        await process.receive("signal", timeout=1.0)

    assert loop.time() - before == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize("patterns", [(), (int,), (equal_to(1),)])
@on_virtual_clock
async def test_r4_a_message_in_time_ends_the_wait(patterns: Any) -> None:
    """R4: and the timer is gone."""
    process.send_after(0.5, process.self(), 1)

    assert await process.receive(*patterns, timeout=1.0) == 1
    process.send_after(2.0, process.self(), 1)
    assert await process.receive(*patterns, timeout=3.0) == 1


@on_virtual_clock
async def test_r4_a_timed_out_receive_leaves_the_messages() -> None:
    """R4."""
    _send_self("a", "b")

    with pytest.raises(TimeoutError):
        await process.receive("c", timeout=0.1)

    assert process.flush() == ["a", "b"]


@on_virtual_clock
async def test_r4_a_message_and_the_timeout_at_the_same_moment_lose_nothing() -> None:
    """R4: either the message is received, or it is in the mailbox."""
    for _ in range(20):
        process.send_after(0.01, process.self(), "just in time")
        try:
            got = [await process.receive("just in time", timeout=0.01)]
        except TimeoutError:
            await settle()
            got = process.flush()
        assert got == ["just in time"]


_NO_TIMEOUTS: list[Any] = [-1, -0.001, 4_294_967.296, math.inf, math.nan, "1", True, False, [], 1j]


@pytest.mark.parametrize("timeout", _NO_TIMEOUTS)
@pytest.mark.parametrize("patterns", [(), ("never",)])
@on_virtual_clock
async def test_r4_other_timeouts_raise(timeout: Any, patterns: Any) -> None:
    """R4: timeout_value; at most 2**32 - 1 ms, as on the BEAM."""
    with pytest.raises(BadArgError, match=r"timeout: expected seconds .* or None forever; got"):
        await process.receive(*patterns, timeout=timeout)


@on_virtual_clock
async def test_r4_a_message_that_is_there_is_taken_before_the_timeout_is_looked_at() -> None:
    """R4: as on the BEAM, where a bad time-out is an error only when it would be used."""
    _send_self(1)
    bad: Any = "soon"

    assert await process.receive(timeout=bad) == 1


@pytest.mark.parametrize("patterns", [("signal",), (equal_to("signal"),)])
@on_virtual_clock
async def test_r4_noise_at_the_moment_of_the_timeout_does_not_hide_it(patterns: Any) -> None:
    """R4: the process looks at the noise, and then the time is over."""
    process.send_after(1.0, process.self(), "noise")

    with pytest.raises(TimeoutError):
        await process.receive(*patterns, timeout=1.0)


# ---- sleep


@on_virtual_clock
async def test_sleep_waits_its_seconds() -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()

    await process.sleep(1.5)

    assert loop.time() - before == pytest.approx(1.5, abs=0.002)


@on_virtual_clock
async def test_sleep_0_lets_the_others_run_once() -> None:
    steps: list[str] = []
    process.spawn(steps.append, "other")

    await process.sleep(0)

    assert steps == ["other"]


@on_virtual_clock
async def test_sleep_none_is_for_ever() -> None:
    pid, ref = process.spawn_monitor(process.sleep, None)
    await process.sleep(1_000_000)

    assert process.alive(pid)
    process.exit(pid, "enough")
    assert await down_of(ref) == "enough"


@on_virtual_clock
async def test_sleep_leaves_the_messages() -> None:
    pid = process.spawn(sleeper)
    process.send(pid, "hello")
    _send_self("to me")

    await process.sleep(1)

    assert process.info(pid, "messages") == ["hello"]
    assert process.flush() == ["to me"]


# A sleep may be longer than a receive: more than 32 bits of milliseconds.
@pytest.mark.parametrize("seconds", [one for one in _NO_TIMEOUTS if one != 4_294_967.296])
@on_virtual_clock
async def test_sleep_refuses_what_is_no_time(seconds: Any) -> None:
    with pytest.raises(BadArgError, match="seconds"):
        await process.sleep(seconds)


# ---- many at once


@on_virtual_clock
async def test_a_thousand_processes_hand_a_message_on() -> None:
    async def hand_on(to: Pid) -> None:
        process.send(to, await process.receive() + 1)

    pid = process.self()
    for _ in range(1000):
        pid = process.spawn(hand_on, pid)
    process.send(pid, 0)

    assert await process.receive(timeout=PATIENCE) == 1000


@on_virtual_clock
async def test_a_process_that_receives_what_is_there_does_not_starve_the_others() -> None:
    """The loop and other processes get their turn while one works through its mailbox."""
    reason = await watched_end(_work_and_count, process.self())

    assert reason == "normal"
    assert "other" in process.flush()


async def _work_and_count(parent: Pid) -> None:
    process.spawn(process.send, parent, "other")
    for number in range(2000):
        process.send(process.self(), number)
        await process.receive(number)
    process.send(parent, "done")
