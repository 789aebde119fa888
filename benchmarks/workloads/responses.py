"""10,000 replies to requests of one collection wait in a mailbox, and are taken one by one.

Counted: ``receive_response``; sending the requests, and replying to them, is not timed. asyncio has
no such collections.
"""

from __future__ import annotations

from typing import Any

from beamish.otp import GenServer, gen_server
from benchmarks.clock import perf_counter
from benchmarks.workload import InProcess

REQUESTS = 10_000


class Server(GenServer):
    def init(self) -> None: ...

    def handle_call(self, request: Any, caller: Any) -> Any:
        return request


async def take(server: Any) -> float:
    requests = gen_server.reqids_new()
    for n in range(REQUESTS):
        gen_server.send_request(server, n, n, requests)
    await gen_server.call(server, "are the others replied to?")
    start = perf_counter()
    for _ in range(REQUESTS):
        await gen_server.receive_response(requests)
    return perf_counter() - start


async def on_beamish(size: int) -> float:
    rounds, server = size // REQUESTS, await Server.start_link()
    value = rounds * REQUESTS / sum([await take(server) for _ in range(rounds)])
    await gen_server.stop(server)
    return value


WORKLOAD = InProcess(
    name="responses",
    title="responses to a collection of 10,000 requests",
    unit="responses/s",
    size=100_000,
    quick=20_000,
    on_beamish=on_beamish,
)
