"""Programs in which the interpreter refuses memory: what each does meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Final

import beamish
from beamish import Pid, Ref, process
from beamish.otp import ChildSpec, GenServer, Supervisor, gen_server

__all__ = ["JOBS", "refuse_memory"]

Job = Callable[[], Awaitable[object]]

JOBS: Final[dict[str, Job]] = {}

_SOON: Final = 5.0  # seconds in which everybody must have been heard of


def refuse_memory(name: str, start: int, count: int) -> None:
    """Does a job in a node, and refuses memory meanwhile.

    Args:
        start: how often it is given before.
        count: how often it is refused.
    """
    beamish.run(_main, JOBS[name], start, count, grace=0.5, stop_time=1.0)
    assert not any(signal.getitimer(signal.ITIMER_VIRTUAL)), "the timer is on"
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL, "the signal has a handler"


async def _main(function: Job, start: int, count: int) -> None:
    testing: Any = importlib.import_module("_testcapi")  # CPython's own; not everywhere

    async def works() -> None:
        testing.set_nomemory(start, start + count)
        await function()

    await _hears_of(process.spawn_monitor(works)[1])
    testing.remove_mem_hooks()
    left = [pid for pid in process.list() if pid is not process.self()]
    refs = [process.monitor(pid) for pid in left]
    for pid in left:
        process.exit(pid, "kill")
    for ref in refs:
        await _hears_of(ref)


async def _hears_of(ref: Ref) -> None:
    try:
        await process.receive(("DOWN", ref, ..., ..., ...), timeout=_SOON)
    except TimeoutError:
        print("undead:", *map(process.info, process.list()), sep="\n", flush=True)
        os._exit(2)


def job(function: Job) -> Job:
    JOBS[function.__name__] = function
    return function


async def waits() -> None:
    await process.receive("stop")


async def crashes() -> None:
    raise LookupError("on purpose")


class Echo(GenServer):
    def handle_call(self, request: Any, caller: Any) -> Any:
        return request


@job
async def mailbox() -> None:
    me = process.self()
    for number in range(50):
        process.send(me, ("message", number))
    for number in range(50):
        await process.receive(("message", number))


@job
async def ping_pong() -> None:
    async def pong() -> None:
        while True:
            sender, number = await process.receive()
            process.send(sender, number)

    pid = process.spawn_link(pong)
    for number in range(20):
        process.send(pid, (process.self(), number))
        await process.receive(number)


@job
async def spawning() -> None:
    refs = [process.spawn_monitor(waits) for _ in range(10)]
    for pid, _ in refs:
        process.send(pid, "stop")
    for _, ref in refs:
        await process.receive(("DOWN", ref, ..., ..., ...))


@job
async def crash() -> None:
    for _ in range(3):
        _, ref = process.spawn_monitor(crashes)
        await process.receive(("DOWN", ref, ..., ..., ...))


@job
async def links() -> None:
    async def chain(length: int) -> None:
        if length:
            process.spawn_link(chain, length - 1)
            await process.sleep(None)
        raise LookupError("on purpose")

    _, ref = process.spawn_monitor(chain, 5)
    await process.receive(("DOWN", ref, ..., ..., ...))


@job
async def trapped() -> None:
    process.flag(trap_exit=True)
    pid = process.spawn_link(waits)
    process.exit(pid, "go")
    await process.receive(("EXIT", pid, ...))


@job
async def timers() -> None:
    me = process.self()
    for number in range(5):
        process.send_after(0.001 * number, me, number)
    for number in range(5):
        await process.receive(number)
    for _ in range(3):
        with contextlib.suppress(TimeoutError):
            await process.receive("never", timeout=0.001)


@job
async def sleeps() -> None:
    for _ in range(5):
        await process.sleep(0.001)
        await asyncio.sleep(0.001)
        await asyncio.sleep(0)


@job
async def futures() -> None:
    loop = asyncio.get_running_loop()
    for _ in range(5):
        future = loop.create_future()
        loop.call_soon(future.set_result, None)
        await future
    await asyncio.gather(*(asyncio.sleep(0.001) for _ in range(3)))


@job
async def threads() -> None:
    await process.offload(int)


@job
async def server() -> None:
    pid = await Echo.start_link()
    for number in range(10):
        await gen_server.call(pid, number)
    gen_server.cast(pid, "cast")
    await gen_server.stop(pid)


@job
async def supervisor() -> None:
    top = await Supervisor.start_link([ChildSpec("echo", (Echo.start_link, ()))])
    child = (await Supervisor.which_children(top))[0].pid
    assert isinstance(child, Pid)
    process.exit(child, "kill")
    await process.sleep(0.002)
    await gen_server.stop(top)


@job
async def owning() -> None:
    class Thing:
        async def aclose(self) -> None:
            await asyncio.sleep(0.001)

    async def owner() -> None:
        for _ in range(3):
            process.own(Thing())
        await process.receive()

    pid, ref = process.spawn_monitor(owner)
    await process.sleep(0.001)
    process.exit(pid, "enough")
    await process.receive(("DOWN", ref, ..., ..., ...))


@job
async def allocates() -> None:
    async def grows() -> None:
        held: list[Any] = []
        held.extend(bytearray(1000) for _ in range(100))

    _, ref = process.spawn_monitor(grows)
    await process.receive(("DOWN", ref, ..., ..., ...))


@job
async def hogs() -> None:
    def hog() -> None:
        for _ in range(300_000):
            pass

    refs = [process.spawn_monitor(hog) for _ in range(3)]
    for _, ref in refs:
        await process.receive(("DOWN", ref, ..., ..., ...))
