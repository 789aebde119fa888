"""100,000 processes, each of which spawned and linked the next, die when the last one exits.

Counted: links, from the message that ends the last to the DOWN of the first; the chain is built
before. asyncio: a chain of tasks, each awaiting the next; the last is cancelled.
"""

from __future__ import annotations

import asyncio

from beamish import Pid, process
from beamish.process import receive, send
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess


async def chain(after: int, main: Pid) -> None:
    if after:
        process.spawn_link(chain, after - 1, main)
        await receive()
    else:
        send(main, ("last", process.self()))
        await receive("die")
        process.exit("boom")


async def on_beamish(size: int) -> float:
    _first, ref = process.spawn_monitor(chain, size, process.self())
    _, last = await receive(("last", Pid))
    start = perf_counter()
    send(last, "die")
    down = await receive(("DOWN", ref, ..., ..., ...))
    assert down.reason == "boom"
    return rate(size, start)


async def task_chain(after: int, last: asyncio.Future[asyncio.Future[None]]) -> None:
    if after:
        await asyncio.create_task(task_chain(after - 1, last))
    else:
        die = asyncio.get_running_loop().create_future()
        last.set_result(die)
        await die


async def on_asyncio(size: int) -> float:
    last: asyncio.Future[asyncio.Future[None]] = asyncio.get_running_loop().create_future()
    first = asyncio.create_task(task_chain(size, last))
    die = await last
    start = perf_counter()
    die.cancel()
    await asyncio.wait([first])
    return rate(size, start)


WORKLOAD = InProcess(
    name="link_chain",
    title="chain of 100,000 links dying",
    unit="links/s",
    size=100_000,
    quick=20_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
    repeats=1,
)
