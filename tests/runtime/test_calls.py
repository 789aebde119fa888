"""request and reply: what every call is made of (Erlang's gen:call)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import beamish
from beamish import Down, Pid, behaviour, process
from beamish.runtime.here import running_node
from tests.support.clock import VirtualClockLoop

Caller = tuple[Pid, Any]


async def echo_server() -> None:
    while True:
        _, caller, message = await process.receive(("ask", ..., ...))
        behaviour.reply(caller, message)


async def late_server(seconds: float, then: Pid) -> None:
    _, caller, message = await process.receive()
    await process.sleep(seconds)
    behaviour.reply(caller, message)
    process.send(then, "replied")
    await process.receive()


def test_request_returns_the_ref_and_the_answer() -> None:
    async def main() -> Any:
        return await behaviour.request(process.spawn(echo_server), "ask", "hi", 1.0)

    _, answer = beamish.run(main)

    assert answer == "hi"


def test_request_to_a_dead_process_returns_a_down_with_noproc() -> None:
    async def main() -> Any:
        pid, ref = process.spawn_monitor(lambda: None)
        await behaviour.receive_reply(ref)
        return await behaviour.request(pid, "ask", "hi", 1.0), pid

    down, pid = beamish.run(main)

    assert isinstance(down, Down)
    assert (down.pid, down.reason) == (pid, "noproc")


def test_request_returns_a_down_when_the_process_dies_before_it_answers() -> None:
    async def dies() -> None:
        await process.receive()
        process.exit("boom")

    async def main() -> Any:
        return await behaviour.request(process.spawn(dies), "ask", "hi", 1.0)

    assert beamish.run(main).reason == "boom"


def test_a_late_answer_is_never_seen() -> None:
    async def main() -> Any:
        server = process.spawn(late_server, 2.0, process.self())
        with pytest.raises(TimeoutError, match="no answer came within 1"):
            await behaviour.request(server, "ask", "hi", 1.0)
        await process.receive("replied")
        return process.flush(), process.info(server, "monitored_by")

    assert beamish.run(main, loop_factory=VirtualClockLoop) == ([], [])


def test_the_second_answer_is_dropped() -> None:
    async def twice() -> None:
        _, caller, message = await process.receive()
        behaviour.reply(caller, message)
        behaviour.reply(caller, "again")
        process.send(caller[0], "done")

    async def main() -> Any:
        answer = await behaviour.request(process.spawn(twice), "ask", "hi", 1.0)
        await process.receive("done")
        return answer[1], process.flush()

    assert beamish.run(main) == ("hi", [])


def test_other_messages_stay_in_the_mailbox_in_order() -> None:
    async def main() -> Any:
        process.send(process.self(), 1)
        process.send(process.self(), 2)
        await behaviour.request(process.spawn(echo_server), "ask", "hi", 1.0)
        return process.flush()

    assert beamish.run(main) == [1, 2]


def test_a_cancelled_request_leaves_no_monitor_and_no_answer() -> None:
    async def main() -> Any:
        server = process.spawn(late_server, 2.0, process.self())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await behaviour.request(server, "ask", "hi")
        left = process.info(process.self(), "monitors"), process.info(server, "monitored_by")
        await process.receive("replied")
        return left, process.flush()

    assert beamish.run(main, loop_factory=VirtualClockLoop) == (([], []), [])


def test_requests_with_one_timeout_end_in_the_order_in_which_they_began() -> None:
    async def silent() -> None:
        await process.receive("never")

    async def ask(server: Pid, main: Pid, number: int) -> None:
        await process.sleep(number)
        try:
            await behaviour.request(server, "ask", "hi", 5.0)
        except TimeoutError:
            process.send(main, (number, asyncio.get_running_loop().time()))

    async def main() -> Any:
        start = asyncio.get_running_loop().time()
        server = process.spawn(silent)
        for number in (3, 1, 2):
            process.spawn(ask, server, process.self(), number)
        ends = [await process.receive() for _ in range(3)]
        return [(number, round(end - start, 3)) for number, end in ends]

    assert beamish.run(main, loop_factory=VirtualClockLoop) == [(1, 6.0), (2, 7.0), (3, 8.0)]


def test_computed_timeouts_are_forgotten_when_their_time_is_up() -> None:
    async def main() -> tuple[bool, int]:
        server = process.spawn(echo_server)
        dead = process.spawn(str)
        await process.sleep(0)
        limits = running_node().timers.limits
        for number in range(2_000):
            await behaviour.request(server, "ask", "hi", 1 + number / 10_000)
            await behaviour.request(dead, "ask", "hi", 3 - number / 10_000)
        few = len(limits) <= 404  # a time-out is rounded up to milliseconds
        await process.sleep(4)
        return few, len(limits)

    assert beamish.run(main, loop_factory=VirtualClockLoop) == (True, 0)


def test_a_timeout_that_is_used_again_after_its_time_was_up_ends_the_request() -> None:
    async def silent() -> None:
        await process.receive("never")

    async def main() -> list[float]:
        server, ends = process.spawn(silent), list[float]()
        for _ in range(3):
            start = asyncio.get_running_loop().time()
            with pytest.raises(TimeoutError):
                await behaviour.request(server, "ask", "hi", 0.25)
            ends.append(round(asyncio.get_running_loop().time() - start, 3))
        return ends

    assert beamish.run(main, loop_factory=VirtualClockLoop) == [0.25] * 3


def test_an_adopted_task_can_ask() -> None:
    async def main() -> Any:
        async with beamish.node():
            return await behaviour.request(process.spawn(echo_server), "ask", "hi", 1.0)

    assert asyncio.run(main())[1] == "hi"


@pytest.mark.parametrize("timeout", [-1, "soon", float("nan"), True])
def test_a_bad_timeout_is_refused(timeout: Any) -> None:
    async def main() -> None:
        with pytest.raises(beamish.BadArgError, match="timeout"):
            await behaviour.request(process.spawn(echo_server), "ask", "hi", timeout)

    beamish.run(main)
