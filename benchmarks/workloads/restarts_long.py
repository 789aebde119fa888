"""As ``restarts``, but one supervisor lives through 2,000 restarts: its record of them grows long.

Counted: restarts, from ``exit(pid, kill)`` to the message that the new child's ``init`` sends. The
supervisor allows a million in an hour, so it has to remember all of them: OTP walks its list at
each restart. Reports are switched off.
"""

from __future__ import annotations

from beamish import Pid, process
from beamish.otp import ChildSpec, GenServer, Supervisor
from beamish.process import receive, send
from benchmarks.clock import perf_counter, rate
from benchmarks.workload import InProcess

RESTARTS = 2_000


class Child(GenServer):
    def init(self, watcher: Pid) -> None:
        send(watcher, ("up", process.self()))


async def one_supervisor() -> None:
    sup = await Supervisor.start_link(
        [ChildSpec("child", (Child.start_link, (process.self(),)))],
        strategy="one_for_one",
        max_restarts=1_000_000,
        max_seconds=3600,
    )
    for _ in range(RESTARTS):
        _, child = await receive(("up", Pid))
        process.exit(child, "kill")
    await receive(("up", Pid))
    process.unlink(sup)
    process.exit(sup, "kill")


async def on_beamish(size: int) -> float:
    start = perf_counter()
    for _ in range(size // RESTARTS):
        await one_supervisor()
    return rate(size, start)


WORKLOAD = InProcess(
    name="restarts_long",
    title="children restarted by a supervisor that remembers 2,000 restarts",
    unit="restarts/s",
    size=20_000,
    quick=2_000,
    on_beamish=on_beamish,
)
