"""A thousand processes in a ring hand on a number, one less at each hop, until it is 0.

Counted: hops; the ring is built before. asyncio: a thousand tasks, each with a queue.
"""

from __future__ import annotations

import asyncio

from beamish import Pid, process
from beamish.process import receive, send
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess

MEMBERS = 1000


async def member(main: Pid) -> None:
    after = await receive()
    while n := await receive():
        send(after, n - 1)
    send(main, "done")


async def on_beamish(size: int) -> float:
    me = process.self()
    pids = [process.spawn(member, me) for _ in range(MEMBERS)]
    for pid, after in zip(pids, pids[1:] + pids[:1], strict=True):
        send(pid, after)
    start = perf_counter()
    send(pids[0], size)
    await receive("done")
    value = rate(size, start)
    for pid in pids:
        process.exit(pid, "kill")
    return value


async def queue_member(
    mine: asyncio.Queue[int], after: asyncio.Queue[int], done: asyncio.Event
) -> None:
    while n := await mine.get():
        after.put_nowait(n - 1)
    done.set()


async def on_asyncio(size: int) -> float:
    done = asyncio.Event()
    queues: list[asyncio.Queue[int]] = [asyncio.Queue() for _ in range(MEMBERS)]
    pairs = zip(queues, queues[1:] + queues[:1], strict=True)
    tasks = [asyncio.create_task(queue_member(mine, after, done)) for mine, after in pairs]
    await asyncio.sleep(0)
    start = perf_counter()
    queues[0].put_nowait(size)
    await done.wait()
    value = rate(size, start)
    for task in tasks:
        task.cancel()
    return value


WORKLOAD = InProcess(
    name="ring",
    title="ring of 1000 processes, one message round",
    unit="messages/s",
    size=600_000,
    quick=100_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
)
