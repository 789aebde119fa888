"""Rules R1, R2, R5 to R7 and R10: sending, order, references."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from beamish import Down, Exit, Pid, process

from .harness import PATIENCE, down_of, on_real_clock, on_virtual_clock, settle, sleeper

# ---- R1


@on_virtual_clock
async def test_r1_the_value_of_a_send_is_the_message() -> None:
    """R1."""
    message = ["a", "message"]

    assert process.send(process.self(), message) is message


@on_virtual_clock
async def test_r1_sending_does_not_wait_for_the_receiver() -> None:
    """R1: asynchronous."""
    pid = process.spawn(sleeper)

    for number in range(1000):
        process.send(pid, number)

    assert process.info(pid, "message_queue_len") == 1000


@pytest.mark.parametrize("message", [None, False, 0, "", (), ..., int, Exception("value")])
@on_virtual_clock
async def test_r1_anything_can_be_a_message(message: Any) -> None:
    """R1."""
    process.send(process.self(), message)
    assert await process.receive(timeout=0) is message

    pid = process.spawn(_send_on, process.self())
    await settle()
    process.send(pid, message)
    assert await process.receive(timeout=PATIENCE) is message


async def _send_on(pid: Pid) -> None:
    process.send(pid, await process.receive())


@on_virtual_clock
async def test_r1_a_message_to_oneself_arrives() -> None:
    """R1."""
    process.send(process.self(), "to myself")

    assert await process.receive() == "to myself"


# ---- R2


@on_virtual_clock
async def test_r2_messages_arrive_in_the_order_sent() -> None:
    """R2: between two processes."""
    parent = process.self()

    async def child() -> None:
        for number in range(500):
            process.send(parent, number)
            if number % 7 == 0:
                await process.sleep(0)

    process.spawn(child)

    assert [await process.receive(timeout=PATIENCE) for _ in range(500)] == list(range(500))


@on_virtual_clock
async def test_r2_messages_before_the_end_arrive_before_it() -> None:
    """R2: m1, m2, then exit -> m1, m2, EXIT, always."""
    process.flag(trap_exit=True)
    parent = process.self()

    async def child() -> None:
        process.send(parent, "m1")
        process.send(parent, "m2")
        process.exit("done")

    for _ in range(100):
        process.spawn_opt(child, link=True, monitor=True)
        got = [await process.receive(timeout=PATIENCE) for _ in range(4)]
        assert got[:2] == ["m1", "m2"]
        assert sorted(map(type, got[2:]), key=repr) == [Down, Exit]
        assert {message.reason for message in got[2:]} == {"done"}


@on_virtual_clock
async def test_r2_a_message_before_an_exit_signal_is_taken_first() -> None:
    """R2: B ! hello, exit(B, foo) -> hello first."""

    async def child(reporter: Pid) -> None:
        process.flag(trap_exit=True)
        process.send(reporter, "ready")
        process.send(reporter, [await process.receive(), await process.receive()])

    pid = process.spawn(child, process.self())
    await process.receive("ready", timeout=PATIENCE)

    process.send(pid, "hello")
    process.exit(pid, "foo")

    assert await process.receive(timeout=PATIENCE) == ["hello", Exit(process.self(), "foo")]


@on_virtual_clock
async def test_r2_a_message_and_then_an_end_that_is_not_trapped() -> None:
    """R2, P4: the process is ended before it can act on the message."""
    pid, ref = process.spawn_monitor(_send_on, process.self())
    await settle()

    process.send(pid, "hello")
    process.exit(pid, "foo")

    assert await down_of(ref) == "foo"
    assert process.flush() == []


@on_virtual_clock
async def test_r2_a_message_to_a_process_that_was_told_to_end_is_dropped() -> None:
    """R2: exit(B, foo), B ! hello."""
    pid, ref = process.spawn_monitor(sleeper)

    process.exit(pid, "foo")
    process.send(pid, "hello")

    assert process.info(pid) is None
    assert await down_of(ref) == "foo"


@on_virtual_clock
async def test_r2_link_unlink_and_exit_of_one_sender_are_in_order() -> None:
    """R2: two signals of any kind."""
    target = process.spawn(sleeper)

    async def child() -> None:
        process.link(target)
        process.unlink(target)
        process.exit("boom")

    _, ref = process.spawn_monitor(child)

    assert await down_of(ref) == "boom"
    assert process.alive(target)


# ---- R5


@on_virtual_clock
async def test_r5_references_are_unique() -> None:
    """R5."""
    refs = {process.make_ref() for _ in range(1000)}

    assert len(refs) == 1000


@on_virtual_clock
async def test_r5_references_are_keys_and_messages() -> None:
    """R5: can be sent, compared, used as keys."""
    ref = process.make_ref()
    process.send(process.self(), ref)

    received = await process.receive(timeout=0)

    assert received is ref
    assert {ref: "value"}[received] == "value"


# ---- R6


@on_virtual_clock
async def test_r6_request_and_reply() -> None:
    """R6: Server ! {self(), Ref, Req}, receive {Ref, Reply} -> ..."""

    async def server() -> None:
        while True:
            client, ref, number = await process.receive((Pid, ..., int))
            process.send(client, (ref, number * 2))

    pid = process.spawn(server)
    first, second = process.make_ref(), process.make_ref()
    process.send(pid, (process.self(), first, 1))
    process.send(pid, (process.self(), second, 2))

    assert await process.receive((second, ...), timeout=PATIENCE) == (second, 4)
    assert await process.receive((first, ...), timeout=PATIENCE) == (first, 2)


# ---- R7


@on_virtual_clock
async def test_r7_no_message_jumps_the_queue() -> None:
    """R7: priority messages are off by default."""
    process.flag(trap_exit=True)
    alias = process.alias()
    process.send(process.self(), "first")
    process.send(alias, "second")
    process.exit(process.self(), "third")
    process.send_after(0, process.self(), "fourth")
    await settle()

    assert process.flush() == ["first", "second", Exit(process.self(), "third"), "fourth"]


# ---- from elsewhere


@on_real_clock
async def test_a_thread_sends() -> None:
    """R10: from other threads there is one thread-safe send."""
    process.register("main", process.self())

    def work() -> None:
        process.send_threadsafe("main", threading.current_thread().name)

    thread = threading.Thread(target=work, name="elsewhere")
    thread.start()

    assert await process.receive(timeout=PATIENCE) == "elsewhere"
    thread.join()


@on_real_clock
async def test_messages_of_a_thread_arrive_in_order() -> None:
    """R2, for a thread."""
    parent = process.self()

    def work() -> None:
        for number in range(500):
            process.send_threadsafe(parent, number)

    thread = threading.Thread(target=work)
    thread.start()

    assert [await process.receive(timeout=PATIENCE) for _ in range(500)] == list(range(500))
    thread.join()


@on_virtual_clock
async def test_a_callback_of_the_loop_sends() -> None:
    """R10: no process is needed to send."""
    asyncio.get_running_loop().call_soon(process.send, process.self(), "called back")

    assert await process.receive(timeout=PATIENCE) == "called back"


@on_virtual_clock
async def test_a_message_that_a_thread_sends_in_vain_goes_to_the_exception_handler() -> None:
    """send_threadsafe: what it raises where it is sent."""
    loop = asyncio.get_running_loop()
    seen: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: seen.append(context))

    process.send_threadsafe("nobody", 1)
    await settle()

    assert "cannot send to 'nobody'" in str(seen[0]["exception"])
