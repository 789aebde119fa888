"""Links, signals and names: cases of the emulator's own suites, in our words."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.terms import Down, Exit, Pid
from tests.otp.support import down, ended_by, on_real_clock


async def wait() -> None:
    await process.receive("stop")


@on_real_clock
async def test_links() -> None:
    """OTP links: links."""
    process.flag(trap_exit=True)
    me = process.self()
    pid = process.spawn(wait)

    process.link(pid)
    process.link(pid)
    linked = process.info(me, "links"), process.info(pid, "links")
    process.unlink(pid)
    unlinked = process.info(me, "links"), process.info(pid, "links")
    process.link(pid)
    process.link(me)
    process.exit(pid, "bye")

    assert linked == ([pid], [me])
    assert unlinked == ([], [])
    assert await process.receive() == Exit(pid, "bye")
    assert process.info(me, "links") == []
    assert process.flush() == []


@on_real_clock
async def test_a_link_ends_the_other_side_too() -> None:
    """OTP links: links (seen from the other side)."""

    async def linker(other: Pid) -> None:
        process.link(other)
        await process.receive("end")
        process.exit("linkers_end")

    other = process.spawn(wait)
    ref = process.monitor(other)
    pid = process.spawn(linker, other)
    process.send(pid, "end")

    assert await down(ref) == "linkers_end"


@on_real_clock
async def test_otp_5772_monitor() -> None:
    """OTP links: otp_5772_monitor (and otp_5772_link)."""
    process.flag(trap_exit=True)
    for _ in range(100):
        pid = process.spawn_link(wait)
        ref = process.monitor(pid)
        process.exit(pid, "bye")
        process.demonitor(ref)
        process.unlink(pid)
        before = len(process.flush())
        await process.sleep(0)

        assert before == 0
        assert process.flush() == []


# ---- signals


@on_real_clock
async def test_monitor_order() -> None:
    """OTP signals: monitor_order."""

    async def target() -> None:
        await process.receive("one")
        await process.receive("two")
        process.exit("done")

    for _ in range(100):
        pid = process.spawn(target)
        first = process.monitor(pid)
        process.send(pid, "one")
        second = process.monitor(pid)
        process.demonitor(first)
        process.send(pid, "two")
        third = process.monitor(pid)

        told = [await process.receive(), await process.receive()]

        assert [message.ref for message in told] == [second, third]
        assert {message.reason for message in told} == {"done"}
    assert process.flush() == []


@on_real_clock
async def test_monitor_named_order_local() -> None:
    """OTP signals: monitor_named_order_local."""
    for _ in range(100):
        old, new = process.spawn(wait), process.spawn(wait)
        process.register("moving", old)
        first = process.monitor("moving")
        process.unregister("moving")
        process.register("moving", new)
        second = process.monitor("moving")
        process.send(old, "stop")

        assert (await process.receive()).ref == first
        process.send("moving", "stop")
        assert (await process.receive()).ref == second


@pytest.mark.parametrize("receives", [False, True])
@pytest.mark.parametrize("ends", [False, True])
@on_real_clock
async def test_simultaneous_signals(receives: bool, ends: bool) -> None:
    """OTP signals: simultaneous_signals_basic, simultaneous_signals_recv.

    Also simultaneous_signals_exit and simultaneous_signals_recv_exit.
    """
    senders, each = 20, 50

    async def sender(to: Pid, name: int) -> None:
        for number in range(each):
            process.send(to, (name, number))
            ref = process.monitor(to)
            process.demonitor(ref, flush=True)
            if number % 10 == 0:
                await process.sleep(0)

    async def target(witness: Pid) -> None:
        taken: list[Any] = []
        while receives and len(taken) < senders * each // 2:
            taken.append(await process.receive(tuple))
        process.send(witness, "half")
        if ends:
            process.exit(("ended", taken))
        while len(taken) < senders * each:
            taken.append(await process.receive(tuple))
        process.exit(("ended", taken))

    pid, ref = process.spawn_monitor(target, process.self())
    for name in range(senders):
        process.spawn(sender, pid, name)
    await process.receive("half")

    _, taken = await down(ref)

    for name in range(senders):
        numbers = [number for who, number in taken if who == name]
        assert numbers == list(range(len(numbers)))
    assert len(taken) == (senders * each // (2 if receives else 10**9) if ends else senders * each)


@on_real_clock
async def test_priority_messages_alias_enable_disable() -> None:
    """OTP signals: priority_messages_alias_enable_disable."""
    plain = process.alias()
    urgent = process.alias(priority=True)

    process.send(process.self(), "first")
    process.send_priority(plain, "not urgent by this alias")
    process.send(urgent, "sent as usual")
    process.send_priority(urgent, "urgent")
    process.unalias(urgent)
    process.send_priority(urgent, "gone")

    assert process.flush() == [
        "urgent",
        "first",
        "not urgent by this alias",
        "sent as usual",
    ]


@on_real_clock
async def test_priority_messages_order() -> None:
    """OTP signals: priority_messages_order."""
    urgent = process.alias(priority=True)
    for number in range(3):
        process.send(process.self(), ("plain", number))
        process.send_priority(urgent, ("urgent", number))
    first = await process.receive()
    process.send_priority(urgent, ("urgent", 3))
    ref = process.make_ref()
    process.send_priority(urgent, (ref, "urgent answer"))

    assert first == ("urgent", 0)
    assert await process.receive((ref, ...)) == (ref, "urgent answer")
    assert process.flush() == [
        *(("urgent", number) for number in (1, 2, 3)),
        *(("plain", number) for number in range(3)),
    ]


@on_real_clock
async def test_a_waiting_process_is_handed_a_priority_message() -> None:
    """OTP signals: priority_messages_order (to one that waits)."""

    async def urgent(witness: Pid) -> None:
        process.send(witness, process.alias(priority=True))
        process.send(witness, await process.receive("now"))

    process.spawn(urgent, process.self())
    alias = await process.receive()
    process.send_priority(alias, "not now")
    process.send_priority(alias, "now")

    assert await process.receive() == "now"


# ---- names


@pytest.mark.slow  # many rounds are what is tested
@on_real_clock
async def test_otp_8099() -> None:
    """OTP names: otp_8099 (ten thousand rounds of its million)."""
    for _ in range(10_000):
        pid = process.spawn(wait)
        process.register("name", pid)
        process.exit(pid, "kill")
        holder = process.whereis("name")
        assert holder is None or process.alive(holder)
        while process.whereis("name") is not None:
            await process.sleep(0)
    pid = process.spawn(wait)
    process.register("name", pid)

    assert process.whereis("name") == pid
    assert isinstance(await _down_of(pid), Down)


async def _down_of(pid: Pid) -> Any:
    ref = process.monitor(pid)
    process.exit(pid, "kill")
    return await process.receive(("DOWN", ref, ..., ..., ...))


@on_real_clock
async def test_a_name_is_free_when_the_death_is_known() -> None:
    """OTP names: otp_8099."""
    for _ in range(200):
        pid = process.spawn(wait)
        process.register("name", pid)
        await ended_by(pid, "kill")
        assert process.whereis("name") is None
