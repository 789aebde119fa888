"""20,000 lines of a socket wait in a mailbox, and are taken in their order.

They are taken as a server takes them, by the patterns ``("tcp", socket, ...)`` and ``("tcp_closed",
socket)``: the first line always matches, however many wait behind it. Counted: lines, from the
first receive to the last; sending them is not timed. asyncio has no patterns.
"""

from __future__ import annotations

from beamish import process
from beamish.process import receive, send
from benchmarks.clock import perf_counter
from benchmarks.workload import InProcess

LINES = 20_000


class Socket:
    """Compared by its identity, as sockets are."""


async def take() -> float:
    me, socket = process.self(), Socket()
    for _ in range(LINES):
        send(me, ("tcp", socket, b"line\n"))
    start = perf_counter()
    for _ in range(LINES):
        await receive(("tcp", socket, ...), ("tcp_closed", socket))
    return perf_counter() - start


async def on_beamish(size: int) -> float:
    rounds = size // LINES
    return rounds * LINES / sum([await take() for _ in range(rounds)])


WORKLOAD = InProcess(
    name="in_order",
    title="20,000 waiting lines, taken in their order by patterns",
    unit="messages/s",
    size=200_000,
    quick=40_000,
    on_beamish=on_beamish,
)
