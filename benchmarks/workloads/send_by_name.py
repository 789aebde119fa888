"""Numbers are sent to a registered name, which acknowledges every thousandth.

Counted: messages sent and taken. asyncio: a queue that is looked up in a dict.
"""

from __future__ import annotations

import asyncio

from beamish import Pid, process
from beamish.process import receive, send
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess

BATCH = 1000


async def sink(main: Pid) -> None:
    while True:
        for _ in range(BATCH):
            await receive()
        send(main, "ack")


async def on_beamish(size: int) -> float:
    pid = process.spawn(sink, process.self())
    process.register("bench_sink", pid)
    start = perf_counter()
    for _ in range(size // BATCH):
        for n in range(BATCH):
            send("bench_sink", n)
        await receive("ack")
    value = rate(size, start)
    process.unregister("bench_sink")
    process.exit(pid, "kill")
    return value


async def queue_sink(queue: asyncio.Queue[int], acks: asyncio.Queue[str]) -> None:
    while True:
        for _ in range(BATCH):
            await queue.get()
        acks.put_nowait("ack")


async def on_asyncio(size: int) -> float:
    names: dict[str, asyncio.Queue[int]] = {"bench_sink": asyncio.Queue()}
    acks: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(queue_sink(names["bench_sink"], acks))
    start = perf_counter()
    for _ in range(size // BATCH):
        for n in range(BATCH):
            names["bench_sink"].put_nowait(n)
        await acks.get()
    value = rate(size, start)
    task.cancel()
    return value


WORKLOAD = InProcess(
    name="send_by_name",
    title="messages to a registered name",
    unit="messages/s",
    size=1_000_000,
    quick=100_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
)
