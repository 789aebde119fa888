"""Programs that use up the memory that an OS process may have: each does so in another way."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import beamish
from beamish import Pid, process
from beamish.otp import ChildSpec, GenServer, Supervisor, gen_server
from beamish.runtime.here import here

__all__ = ["FLOODS", "flood_in_little_memory"]

Flood = Callable[[], Awaitable[object]]

FLOODS: Final[dict[str, Flood]] = {}

_ROOM: Final = 16 << 20  # bytes that a flood may take


def flood(function: Flood) -> Flood:
    FLOODS[function.__name__] = function
    return function


def flood_in_little_memory(name: str) -> None:
    """Runs a flood, and a neighbour that must live on; the node then ends."""
    beamish.run(_main, FLOODS[name], grace=0.5, stop_time=1.0)


def leave_little_memory() -> None:
    """Limits the memory of this OS process to what it has, and a little more."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _ROOM, resource.RLIM_INFINITY))


async def _main(function: Flood) -> None:
    neighbour = await Echo.start()
    leave_little_memory()
    pid, ref = process.spawn_monitor(function)
    await process.receive(("DOWN", ref, ..., ..., ...))
    assert not process.alive(pid)
    left = set(process.list()) - {process.self(), neighbour}
    refs = [process.monitor(pid) for pid in left]
    for pid in left:
        process.exit(pid, "kill")
    for ref in refs:
        await process.receive(("DOWN", ref, ..., ..., ...))
    assert await gen_server.call(neighbour, "echo") == "echo"


class Echo(GenServer):
    def handle_call(self, request: Any, caller: Any) -> Any:
        return request

    def handle_cast(self, request: Any) -> None:
        pass


class Greedy(GenServer):
    """Keeps what it can get."""

    def handle_call(self, request: Any, caller: Any) -> Any:
        return grow()

    def handle_cast(self, request: Any) -> None:
        grow()

    def handle_info(self, message: Any) -> None:
        grow()


def grow() -> Any:
    held: list[bytes] = []
    while True:
        held.append(bytes(1000))


async def grows() -> None:
    grow()


async def waits() -> None:
    await process.receive("stop")


def computes() -> None:
    while True:
        pass


def parked() -> int:
    node = here.node
    assert node is not None
    return node.scheduler.parked


async def down_of(function: Callable[..., Any], *args: Any) -> Any:
    _, ref = process.spawn_monitor(function, *args)
    return (await process.receive(("DOWN", ref, ..., ..., ...)))[4]


# ---- what a process keeps


@flood
async def values() -> None:
    assert type(await down_of(grows)) is MemoryError


@flood
async def small_values() -> None:
    async def counts() -> None:
        held: list[int] = []
        while True:
            held.append(len(held) + 1000)

    assert type(await down_of(counts)) is MemoryError


@flood
async def one_large_value() -> None:
    async def asks() -> None:
        bytearray(_ROOM)

    assert type(await down_of(asks)) is MemoryError


@flood
async def values_of_many() -> None:
    async def grows_slowly() -> None:
        held: list[bytes] = []
        while True:
            held.append(bytes(1000))
            await process.sleep(0)

    refs = [process.spawn_monitor(grows_slowly)[1] for _ in range(50)]
    for ref in refs:
        await process.receive(("DOWN", ref, ..., ..., ...))


@flood
async def values_kept_by_a_clean_up() -> None:
    async def cleans_up() -> None:
        try:
            await process.receive()
        finally:
            grow()

    pid, ref = process.spawn_monitor(cleans_up)
    await process.sleep(0)
    process.exit(pid, "shutdown")
    await process.receive(("DOWN", ref, ..., ..., ...))


@flood
async def values_kept_by_an_owned_resource() -> None:
    class Resource:
        def close(self) -> None:
            grow()

    async def owns() -> None:
        process.own(Resource())

    assert await down_of(owns) == "normal"


@flood
async def exceptions() -> None:
    async def chains() -> None:
        error = LookupError()
        while True:
            error.__cause__ = LookupError(bytes(1000))
            held.append(error)
            error = LookupError()

    held: list[Any] = []
    await down_of(chains)


@flood
async def stack() -> None:
    async def deep(level: int) -> None:
        held = bytes(100_000)
        await deep(level + 1)
        del held

    await down_of(deep, 0)


# ---- what the runtime keeps


@flood
async def messages_to_oneself() -> None:
    while True:
        process.send(process.self(), bytes(1000))


@flood
async def messages_to_a_sleeper() -> None:
    pid = process.spawn(waits)
    while True:
        process.send(pid, bytes(1000))


@flood
async def messages_from_many() -> None:
    async def sends() -> None:
        while True:
            for _ in range(100):
                process.send(pid, bytes(100))
            await process.sleep(0)

    pid = process.spawn(waits)
    for ref in [process.spawn_monitor(sends)[1] for _ in range(20)]:
        await process.receive(("DOWN", ref, ..., ..., ...))


@flood
async def small_messages() -> None:
    pid = process.spawn(waits)
    while True:
        process.send(pid, None)


@flood
async def casts() -> None:
    server = await Echo.start()
    while True:
        gen_server.cast(server, bytes(1000))


@flood
async def processes() -> None:
    while True:
        process.spawn(waits)
        await process.sleep(0)


@flood
async def processes_that_never_began() -> None:
    while True:
        process.spawn(waits)


@flood
async def linked_processes() -> None:
    while True:
        process.spawn_link(waits)


@flood
async def monitors() -> None:
    pid = process.spawn(waits)
    while True:
        process.monitor(pid)


@flood
async def timers() -> None:
    while True:
        process.send_after(3600, process.self(), "late")


@flood
async def timers_that_are_due() -> None:
    while True:
        process.send_after(0.0, process.self(), bytes(1000))
        await process.sleep(0)


@flood
async def names() -> None:
    while True:
        process.put(object(), bytes(100))


# ---- what asyncio keeps


@flood
async def callbacks() -> None:
    loop = asyncio.get_running_loop()
    while True:
        loop.call_soon(int)


@flood
async def callbacks_that_grow() -> None:
    asyncio.get_running_loop().call_soon(grow)
    await process.sleep(0.01)


@flood
async def futures() -> None:
    loop = asyncio.get_running_loop()
    held: list[Any] = []
    while True:
        held.append(loop.create_future())
        held[-1].add_done_callback(held.append)


@flood
async def tasks() -> None:
    held: list[Any] = []
    while True:
        held.append(asyncio.ensure_future(asyncio.sleep(3600)))
        await process.sleep(0)


@flood
async def task_group() -> None:
    async def some() -> None:
        grow()

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(some())


@flood
async def thread() -> None:
    await process.offload(grow)


# ---- behaviours


@flood
async def a_call() -> None:
    server = await Greedy.start()
    await gen_server.call(server, "grow")


@flood
async def a_cast() -> None:
    server = await Greedy.start()
    ref = process.monitor(server)
    gen_server.cast(server, "grow")
    await process.receive(("DOWN", ref, ..., ..., ...))


@flood
async def a_supervised_server() -> None:
    top = await Supervisor.start_link(
        [ChildSpec("greedy", (Greedy.start_link, ()))], max_restarts=2
    )
    ref = process.monitor(top)
    process.flag(trap_exit=True)
    for _ in range(4):
        for child in await Supervisor.which_children(top):
            if isinstance(child.pid, Pid):
                process.send(child.pid, "grow")
        await process.sleep(0.01)
    await process.receive(("DOWN", ref, ..., ..., ...))


# ---- beside others


@flood
async def beside_a_hog() -> None:
    process.spawn(computes)
    await down_of(grows)


@flood
async def beside_parked_processes() -> None:
    for _ in range(5):
        process.spawn(computes)
    while parked() < 4:
        await process.sleep(0)
    await down_of(grows)


@flood
async def a_crash_of_each() -> None:
    async def parent(level: int) -> None:
        if level:
            process.spawn_link(parent, level - 1)
            await process.receive()
        grow()

    await down_of(parent, 20)
