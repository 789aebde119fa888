"""One process calls a GenServer, which counts its calls, with the default time limit of 5 s.

Counted: calls and their replies. asyncio: a task with a queue of requests, each with a future,
awaited under ``asyncio.timeout(5)``.
"""

from __future__ import annotations

import asyncio

from beamish.otp import GenServer, gen_server
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess

Requests = asyncio.Queue[tuple[asyncio.Future[int], str]]


class Counter(GenServer):
    def init(self) -> None:
        self.calls = 0

    def handle_call(self, request: object, caller: object) -> int:
        self.calls += 1
        return self.calls


async def on_beamish(size: int) -> float:
    server = await Counter.start_link()
    start = perf_counter()
    for _ in range(size):
        await gen_server.call(server, "ping")
    value = rate(size, start)
    await gen_server.stop(server)
    return value


async def queue_server(requests: Requests) -> None:
    calls = 0
    while True:
        reply, _request = await requests.get()
        calls += 1
        reply.set_result(calls)


async def queue_call(requests: Requests, request: str) -> int:
    reply: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    requests.put_nowait((reply, request))
    async with asyncio.timeout(5.0):
        return await reply


async def on_asyncio(size: int) -> float:
    requests: Requests = asyncio.Queue()
    task = asyncio.create_task(queue_server(requests))
    start = perf_counter()
    for _ in range(size):
        await queue_call(requests, "ping")
    value = rate(size, start)
    task.cancel()
    return value


WORKLOAD = InProcess(
    name="call",
    title="GenServer call round trip",
    unit="calls/s",
    size=200_000,
    quick=30_000,
    on_beamish=on_beamish,
    on_asyncio=on_asyncio,
)
