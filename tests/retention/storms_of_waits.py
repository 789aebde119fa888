"""Timers, calls and requests: nothing of them is left for a process that has ended."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from beamish import Pid, process
from beamish.otp import gen_server, timer
from beamish.terms import CallTimeout

from .storms_of_processes import idle
from .table import Mute, Payload, end_by_signal, ended, storm


@storm
async def timers_of_the_process_itself(number: int) -> None:
    def work() -> None:
        process.send_after(3600.0, process.self(), Payload())
        process.start_timer(3600.0, process.self(), Payload())

    for _ in range(number):
        await ended(work)


@storm
async def timers_that_others_have_set(number: int) -> None:
    for place in range(number):
        pid = process.spawn(idle)
        process.send_after(3600.0 + place / 100, pid, Payload())
        await end_by_signal(pid)


@storm
async def timers_that_others_have_set_and_are_in_order(number: int) -> None:
    """One that is due puts the others in their order, and the process ends after that."""
    me = process.self()
    pids = [process.spawn(idle) for _ in range(number)]
    for place, pid in enumerate(pids):
        process.send_after(3600.0 + place / 100, pid, Payload())
    process.send_after(0.001, me, "due")
    await process.receive("due")
    for pid in pids:
        await end_by_signal(pid)


@storm
async def timers_to_the_dead(number: int) -> None:
    pid = await ended(lambda: None)
    for _ in range(number):
        process.send_after(3600.0, pid, Payload())
        process.start_timer(3600.0, pid, Payload())


@storm
async def timers_taken_back(number: int) -> None:
    me = process.self()
    timers = [process.send_after(3600.0 + place / 100, me, Payload()) for place in range(number)]
    for one in timers:
        process.cancel_timer(one)


@storm
async def timers_taken_back_that_are_in_order(number: int) -> None:
    me = process.self()
    timers = [process.start_timer(3600.0 + place / 100, me, Payload()) for place in range(number)]
    process.send_after(0.001, me, "due")
    await process.receive("due")
    for one in timers:
        process.cancel_timer(one)


@storm
async def timers_of_the_module_timer(number: int) -> None:
    async def work() -> None:
        await timer.send_after(3600.0, Payload())
        await timer.exit_after(3600.0, Payload())
        await timer.kill_after(3600.0)
        await timer.send_interval(3600.0, Payload())
        await timer.apply_interval(3600.0, Payload)
        await timer.apply_repeatedly(3600.0, Payload)

    for _ in range(number):
        await ended(work)


async def everyone_waits(server: Pid, number: int) -> None:
    """Until so many calls have come."""
    while await gen_server.call(server, "how many") < number:
        await process.sleep(0)


@storm
async def time_outs_that_were_computed(number: int) -> None:
    server = await Mute.start()

    async def ask(timeout: float) -> None:
        await gen_server.call(server, Payload(), timeout=timeout)

    callers = [process.spawn_monitor(ask, 3000.0 + place / 100) for place in range(number)]
    await everyone_waits(server, number)
    await gen_server.call(server, "reply")
    for _, ref in callers:
        await process.receive(("DOWN", ref, ..., ..., ...))
    await end_by_signal(server)


@storm
async def callers_that_were_killed(number: int) -> None:
    server = await Mute.start()

    async def ask(timeout: float) -> None:
        await gen_server.call(server, Payload(), timeout=timeout)

    callers = [process.spawn(ask, 3000.0 + place / 100) for place in range(number)]
    await everyone_waits(server, number)
    for pid in callers:
        await end_by_signal(pid)
    await gen_server.call(server, "reply")
    await end_by_signal(server)


@storm
async def replies_that_come_too_late(number: int) -> None:
    server = await Mute.start()
    for _ in range(number):
        with contextlib.suppress(CallTimeout):
            await gen_server.call(server, Payload(), timeout=0)
    await everyone_waits(server, number)
    await gen_server.call(server, "reply")
    await end_by_signal(server)


@storm
async def requests_that_nobody_receives(number: int) -> None:
    server = await Mute.start()

    def ask() -> None:
        gen_server.send_request(server, Payload())

    for _ in range(number):
        await ended(ask)
    await everyone_waits(server, number)
    await gen_server.call(server, "reply")
    await end_by_signal(server)


@storm
async def waits_of_every_kind(number: int) -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue()
    event = asyncio.Event()

    async def within() -> None:
        async with asyncio.timeout(3600.0):
            await queue.get()

    async def gathered() -> None:
        await asyncio.gather(asyncio.sleep(3600.0), event.wait())

    async def waits(wait: Any, _given: Payload) -> None:
        await wait()

    kinds: list[Any] = [within, gathered, event.wait]
    kinds += [lambda: asyncio.sleep(3600.0), lambda: process.sleep(3600.0)]
    kinds += [lambda: process.receive("never", timeout=3600.0), lambda: process.receive()]
    for _ in range(number // 7):
        for kind in kinds:
            pid = process.spawn(waits, kind, Payload())
            await process.sleep(0)
            await end_by_signal(pid)
