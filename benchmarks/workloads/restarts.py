"""A one_for_one supervisor restarts its child, a GenServer, which is killed each time it is up.

Counted: restarts, from ``exit(pid, kill)`` to the message that the new child's ``init`` sends. A
supervisor lives for 100 restarts, then the next is started: both systems keep a list of recent
restarts, and its length is not the subject. asyncio has no supervisors.
"""

from __future__ import annotations

from beamish import Pid, process
from beamish.otp import ChildSpec, GenServer, Supervisor
from beamish.process import receive, send
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess

RESTARTS = 100


class Child(GenServer):
    def init(self, watcher: Pid) -> None:
        send(watcher, ("up", process.self()))


async def one_supervisor(restarts: int, max_restarts: int, max_seconds: int) -> None:
    sup = await Supervisor.start_link(
        [ChildSpec("child", (Child.start_link, (process.self(),)))],
        strategy="one_for_one",
        max_restarts=max_restarts,
        max_seconds=max_seconds,
    )
    for _ in range(restarts):
        _, child = await receive(("up", Pid))
        process.exit(child, "kill")
    await receive(("up", Pid))
    process.unlink(sup)
    process.exit(sup, "kill")


async def on_beamish(size: int) -> float:
    start = perf_counter()
    for _ in range(size // RESTARTS):
        await one_supervisor(RESTARTS, max_restarts=RESTARTS, max_seconds=1)
    return rate(size, start)


WORKLOAD = InProcess(
    name="restarts",
    title="children restarted by a supervisor",
    unit="restarts/s",
    size=20_000,
    quick=3_000,
    on_beamish=on_beamish,
)
