"""What a process has of its own, and what others have of it: gone when it has ended."""

from __future__ import annotations

import contextvars
from typing import Any, Final

from beamish import Pid, process
from beamish.otp import Task

from .table import Boom, Payload, end_by_signal, ended, storm

_VARIABLE: Final[contextvars.ContextVar[Any]] = contextvars.ContextVar("variable")


async def idle() -> None:
    """Waits for a message."""
    await process.receive()


@storm
async def pids_that_are_kept(number: int) -> list[Pid]:
    async def work(_given: Payload) -> None:
        process.put("entry", Payload())
        process.set_label(Payload())
        process.send(process.self(), Payload())
        _VARIABLE.set(Payload())

    return [await ended(work, Payload()) for _ in range(number)]


@storm
async def pids_of_the_killed(number: int) -> list[Pid]:
    pids = [process.spawn(idle) for _ in range(number)]
    for pid in pids:
        process.put(pid, "kept")
        await end_by_signal(pid)
        process.erase(pid)
    return pids


@storm
async def references_that_are_kept(number: int) -> list[Any]:
    target = process.spawn(idle)
    found: list[Any] = []

    async def watch() -> None:
        process.put("entry", Payload())
        found.append(process.monitor(target, tag=Payload()))
        found.append(process.monitor(target, alias="reply_demonitor"))
        found.append(process.alias())
        found.append(process.make_ref())

    for _ in range(number):
        await ended(watch)
    await end_by_signal(target)
    return [repr(ref) for ref in found]


@storm
async def monitors_of_the_living(number: int) -> None:
    me = process.self()
    for _ in range(number):
        await ended(process.monitor, me)


@storm
async def monitors_taken_back(number: int) -> None:
    target = process.spawn(idle)
    for _ in range(number):
        process.demonitor(process.monitor(target, alias="demonitor"), flush=True)
        process.unalias(process.alias())
    await end_by_signal(target)


@storm
async def links(number: int) -> None:
    process.flag(trap_exit=True)
    pids = [process.spawn_link(idle) for _ in range(number)]
    for pid in pids:
        process.exit(pid, Payload())
        await process.receive(("EXIT", pid, ...))


@storm
async def successors(number: int) -> None:
    """Each process makes the next, for as long as anyone likes."""
    me = process.self()

    async def live(left: int) -> None:
        _VARIABLE.set(Payload())
        process.put("entry", Payload())
        if left == 0:
            process.send(me, "done")
        elif left % 2:
            process.spawn(live, left - 1)
        else:
            Task.start(live, left - 1)

    process.spawn(live, number)
    await process.receive("done")


@storm
async def contexts_of_those_who_waited(number: int) -> None:
    async def wait() -> None:
        _VARIABLE.set(Payload())
        process.send_after(0.001, process.self(), "go")
        await process.receive("go", timeout=3600.0)
        await process.sleep(0)

    for _ in range(number // 10):
        await ended(wait)


@storm
async def reasons_that_are_kept(number: int) -> list[BaseException]:
    """An exception keeps its stack as plain data, and no frame: nor do those that it came from."""

    def fail(_given: Payload) -> None:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise Boom("outer") from inner

    async def work(given: Payload) -> None:
        _local = Payload()
        try:
            fail(given)
        except Boom as outer:
            raise ExceptionGroup("both", [outer, ValueError()]) from outer

    found: list[BaseException] = []
    for _ in range(number):
        _, ref = process.spawn_monitor(work, Payload())
        found.append((await process.receive(("DOWN", ref, ..., ..., ...)))[4])
    # The payloads are counted, which are not in them; the exceptions themselves would be.
    del found[8:]
    return found


@storm
async def reasons_of_linked_processes(number: int) -> None:
    process.flag(trap_exit=True)

    def fail() -> None:
        local = Payload()
        raise Boom(local.what)

    for _ in range(number):
        await process.receive(("EXIT", process.spawn_link(fail), ...))


@storm
async def ends_with_a_clean_up(number: int) -> None:
    async def work() -> None:
        try:
            await process.receive()
        finally:
            await process.sleep(0)

    for _ in range(number):
        pid = process.spawn(work)
        await process.sleep(0)
        await end_by_signal(pid, Payload())


@storm
async def mailboxes(number: int) -> None:
    me = process.self()
    for key in range(number):
        process.send(me, Payload())
        process.send(me, ("key", key))
    for key in range(number):
        await process.receive(("key", key))
    for _ in range(number):
        await process.receive(Payload)


@storm
async def priority_messages(number: int) -> None:
    async def work() -> None:
        process.send_priority(process.alias(priority=True), Payload())

    for _ in range(number):
        await ended(work)


@storm
async def group_leaders(number: int) -> None:
    async def work() -> None:
        process.set_group_leader(process.self())
        process.put("entry", Payload())
        process.spawn(lambda: None)

    for _ in range(number):
        await ended(work)


@storm
async def registered_names(number: int) -> None:
    def register(name: str) -> None:
        process.register(name, process.self())

    for place in range(number):
        await ended(register, f"name {place % 8}")


@storm
async def spawn_requests(number: int) -> None:
    for _ in range(number):
        ref = process.spawn_request(lambda: None)
        await process.receive(("spawn_reply", ref, ..., ...))
