"""The tools, used as a user's tests use them: expect, refute, settle, the virtual clock."""

from __future__ import annotations

import asyncio
import time

import pytest

from beamish import Pid, process
from beamish.otp import Agent, GenServer, gen_server
from beamish.testing import NothingWillHappenError, expect, expect_down, refute, run_test, settle


class Relay(GenServer):
    """Hands a message on through a chain of relays."""

    def init(self, following: Pid) -> None:
        self.following = following

    def handle_info(self, message: object) -> None:
        process.send(self.following, message)


async def chain(length: int) -> Pid:
    """The first of a chain that ends at the caller."""
    pid = process.self()
    for _ in range(length):
        pid = await Relay.start_link(pid)
    return pid


both_clocks = pytest.mark.parametrize(
    "clock",
    [
        pytest.param("real", marks=pytest.mark.beamish),
        pytest.param("virtual", marks=pytest.mark.beamish(clock="virtual")),
    ],
)


# ---- expect


@both_clocks
async def test_expect_returns_the_message_that_matches(clock: str) -> None:
    process.send(process.self(), "other")
    process.send(await chain(3), ("answer", 5))

    assert await expect(("answer", int)) == ("answer", 5)
    assert await expect() == "other"


@pytest.mark.beamish(clock="virtual")
async def test_expect_fails_with_what_is_in_the_mailbox() -> None:
    for number in range(25):
        process.send(process.self(), number)

    with pytest.raises(AssertionError) as failed:
        await expect(("answer", int, ...), str, timeout=3)

    first, *lines = str(failed.value).splitlines()
    assert first == (
        "expected a message that matches ('answer', int, ...) or str within 3 s; the mailbox holds"
    )
    assert [lines[0], lines[-1]] == ["    0", "    and 5 more"]


@pytest.mark.beamish(clock="virtual")
async def test_expect_says_that_the_mailbox_is_empty() -> None:
    with pytest.raises(AssertionError, match="matches anything within 1.0 s; the mailbox is empty"):
        await expect()


# ---- refute


@both_clocks
async def test_refute_passes_where_no_such_message_is_under_way(clock: str) -> None:
    process.send(await chain(3), "other")

    await refute("answer")


@both_clocks
async def test_refute_fails_on_a_message_that_is_under_way(clock: str) -> None:
    process.send(await chain(3), "answer")

    with pytest.raises(AssertionError, match="expected no message that matches str; got 'answer'"):
        await refute(str)


@pytest.mark.beamish(clock="virtual")
async def test_refute_can_wait() -> None:
    process.send_after(5, process.self(), "late")

    await refute(timeout=4.9)
    with pytest.raises(AssertionError):
        await refute(timeout=0.2)


# ---- expect_down


@pytest.mark.beamish
async def test_expect_down_waits_for_an_end() -> None:
    pid = process.spawn(process.exit, ("why", 5))
    ref = process.monitor(pid)

    assert await expect_down(ref, ("why", int)) == ("why", 5)
    assert await expect_down(pid) == "noproc"


@pytest.mark.beamish(clock="virtual")
async def test_expect_down_fails_where_the_reason_is_another() -> None:
    pid = process.spawn(process.exit, "this")

    with pytest.raises(AssertionError, match="to end with 'that'; it ended with this"):
        await expect_down(pid, "that")
    assert process.flush() == []


@pytest.mark.beamish(clock="virtual")
async def test_expect_down_fails_where_the_process_lives_on() -> None:
    await Agent.start_link(dict, name="agent")

    with pytest.raises(AssertionError, match="expected 'agent' to end within 2 s; it lives on"):
        await expect_down("agent", timeout=2)
    await gen_server.stop("agent")
    assert process.flush() == []


# ---- settle


@both_clocks
async def test_settle_returns_when_all_that_was_sent_is_dealt_with(clock: str) -> None:
    first = await chain(50)

    for number in range(10):
        process.send(first, number)
    await settle()

    assert process.flush() == list(range(10))


@both_clocks
async def test_settle_waits_for_the_tasks_of_asyncio_as_well(clock: str) -> None:
    done: list[int] = []

    async def work() -> None:
        for number in range(5):
            await asyncio.sleep(0)
            done.append(number)

    task = asyncio.create_task(work())
    await settle()
    await settle()

    assert done == [0, 1, 2, 3, 4]
    await task


@pytest.mark.beamish(clock="virtual")
async def test_settle_lets_no_time_pass() -> None:
    loop = asyncio.get_running_loop()
    process.send_after(1, process.self(), "later")

    await settle()

    assert loop.time() == 0
    assert process.flush() == []


@pytest.mark.slow  # a process computes for real
@pytest.mark.beamish
async def test_settle_gives_up_on_a_process_that_computes_without_end() -> None:
    def compute() -> None:
        while True:
            pass

    hog = process.spawn_link(compute)

    with pytest.raises(AssertionError, match=f"all processes to wait within 0.05 s; .{hog!r}. run"):
        await settle(0.05)
    process.unlink(hog)
    process.exit(hog, "kill")


@pytest.mark.beamish(clock="virtual")
async def test_many_may_settle_at_once() -> None:
    inbox = process.self()

    async def settles(number: int) -> None:
        await settle()
        process.send(inbox, number)

    for number in range(3):
        process.spawn_link(settles, number)

    assert {await expect(int) for _ in range(3)} == {0, 1, 2}


# ---- the virtual clock


@pytest.mark.beamish(clock="virtual")
async def test_on_the_virtual_clock_a_day_passes_at_once() -> None:
    before = time.monotonic()

    await process.sleep(86_400)
    async with asyncio.timeout(3600):
        await asyncio.sleep(3599)

    assert asyncio.get_running_loop().time() == 86_400 + 3599
    assert time.monotonic() - before < 5


def test_on_the_virtual_clock_waiting_for_ever_fails() -> None:
    async def test() -> None:
        await process.receive()

    with pytest.raises(NothingWillHappenError, match="every process waits, and no timer is set"):
        run_test(test, clock="virtual")


# ---- the test's process


@pytest.mark.beamish
@pytest.mark.parametrize("number", [1, 2])
async def test_each_test_has_a_node_of_its_own(number: int, tmp_path: object) -> None:
    assert process.whereis("agent") is None
    assert tmp_path is not None

    await Agent.start_link(lambda: number, name="agent")

    assert await Agent.get("agent", lambda state: state) == number


def test_what_is_linked_to_a_test_ends_with_it() -> None:
    async def test() -> None:
        await Agent.start_link(dict)
        await chain(3)

    run_test(test)


def test_a_test_may_be_a_plain_function() -> None:
    seen: list[object] = []

    run_test(lambda: seen.append(process.self()))

    assert len(seen) == 1
