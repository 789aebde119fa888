"""A one_for_one supervisor starts with 1,000 children, GenServers whose ``init`` has nothing to do.

Counted: children, from the making of their specs to the return of the supervisor's ``start_link``.
Then the supervisor is stopped, which is not counted, and the next is started. asyncio has no
supervisors.
"""

from __future__ import annotations

from beamish import process
from beamish.otp import ChildSpec, GenServer, Supervisor
from beamish.process import receive
from benchmarks.clock import perf_counter
from benchmarks.workload import InProcess

CHILDREN = 1_000


class Child(GenServer):
    def init(self) -> None:
        pass


async def one_supervisor() -> float:
    """Seconds that the start took."""
    start = perf_counter()
    specs = [ChildSpec(n, Child.start_link) for n in range(CHILDREN)]
    sup = await Supervisor.start_link(specs, strategy="one_for_one")
    seconds = perf_counter() - start
    process.unlink(sup)
    ref = process.monitor(sup)
    process.exit(sup, "shutdown")
    await receive(("DOWN", ref, ..., ..., ...))
    return seconds


async def on_beamish(size: int) -> float:
    return size / sum([await one_supervisor() for _ in range(size // CHILDREN)])


WORKLOAD = InProcess(
    name="start_children",
    title="children started by a supervisor that has 1,000 of them",
    unit="children/s",
    size=20_000,
    quick=2_000,
    on_beamish=on_beamish,
)
