"""A storm of kills: processes of all kinds, in all states, are ended at random, by all means.

Each of them is heard of once, nobody is left, and what the node keeps is as before.
"""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import beamish
from beamish import Pid, Ref, process
from beamish.otp import ChildSpec, Supervisor, gen_server
from beamish.runtime.here import here

from .judging import Echo, must, report_broken

__all__ = ["kill_at_random"]

_AT_ONCE: Final = 40  # processes that live at a time
_SOON: Final = 20.0  # seconds in which all must have been heard of


def kill_at_random(seed: int, kills: int) -> None:
    """Kills that many processes; exits with 1 if one is lost."""
    beamish.run(_storm, random.Random(seed), kills, grace=0.1, stop_time=1.0)
    report_broken()


async def _storm(chosen: random.Random, kills: int) -> None:
    before = _tables()
    living: dict[Ref, Pid] = {}
    ended: Counter[Ref] = Counter()
    for _ in range(kills):
        if len(living) < _AT_ONCE:
            pid, ref = process.spawn_monitor(chosen.choice(_KINDS), chosen)
            living[ref] = pid
        if chosen.random() < 0.5:
            await process.sleep(0 if chosen.random() < 0.9 else 0.001)
        _end_one(chosen, list(living.values()))
        for down in process.flush():
            ended[down[1]] += 1
            living.pop(down[1], None)
    for pid in process.list():
        if pid is not process.self():
            process.exit(pid, "kill")
    while living:
        down = await process.receive(("DOWN", ..., ..., ..., ...), timeout=_SOON)
        ended[down[1]] += 1
        living.pop(down[1], None)
    await process.sleep(0.3)  # the grace of what they left behind
    must(set(ended.values()) <= {1}, "somebody was heard of twice")
    must(process.list() == [process.self()], f"{len(process.list())} are left")
    must(_tables() == before, f"{before} has become {_tables()}")


def _end_one(chosen: random.Random, pids: list[Pid]) -> None:
    pid = chosen.choice(pids)
    reason = chosen.choice(("kill", "kill", "shutdown", "normal", ("any", "reason"), "killed"))
    process.exit(pid, reason)
    if chosen.random() < 0.2:
        process.exit(pid, "kill")


def _tables() -> dict[str, int]:
    """How much the node keeps."""
    gc.collect()
    node = here.node
    assert node is not None
    scheduler, me = node.scheduler, here.process
    assert me is not None
    return {
        "processes": len(node.processes),
        "names": len(node.names.table),
        "closing": len(node.closing),
        "adopted": len(node.adopted),
        "parked": scheduler.parked,
        "queue": len(scheduler.queue),
        "monitors": (isinstance(me.monitors, dict) and len(me.monitors)) or 0,
        "Tasks": len(asyncio.all_tasks()),
    }


# ---- who is killed


async def _waits(chosen: random.Random) -> None:
    await process.receive("never")


async def _traps(chosen: random.Random) -> None:
    process.flag(trap_exit=True)
    while (await process.receive())[2] != "normal":
        pass


async def _sleeps(chosen: random.Random) -> None:
    await asyncio.sleep(chosen.random() / 100)


async def _waits_with_a_time_out(chosen: random.Random) -> None:
    try:
        await process.receive("never", timeout=chosen.random() / 100)
    except TimeoutError:
        raise LookupError from None


def _computes(chosen: random.Random) -> None:
    for _ in range(chosen.randrange(300_000)):
        pass


async def _cleans_up(chosen: random.Random) -> None:
    try:
        await process.receive("never")
    finally:
        await asyncio.sleep(chosen.random() / 100)


async def _ignores_it(chosen: random.Random) -> None:
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await process.sleep(0)


async def _owns(chosen: random.Random) -> None:
    class Resource:
        async def aclose(self) -> None:
            await asyncio.sleep(chosen.random() / 200)

    process.own(Resource())
    process.own(asyncio.ensure_future(asyncio.sleep(3600)))
    await process.receive("never")


async def _has_a_chain(chosen: random.Random) -> None:
    if chosen.random() < 0.7:
        process.spawn_link(_has_a_chain, chosen)
    await process.receive("never")


async def _watches(chosen: random.Random) -> None:
    pid, ref = process.spawn_monitor(chosen.choice((_waits, _sleeps, _computes)), chosen)
    process.link(pid)
    await process.receive(("DOWN", ref, ..., ..., ...))


async def _has_a_name(chosen: random.Random) -> None:
    name = f"name{chosen.randrange(5)}"
    if process.whereis(name) is None:
        process.register(name, process.self())
    process.send_after(3600, process.self(), "late")
    await process.receive("never")


async def _groups(chosen: random.Random) -> None:
    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(asyncio.sleep(chosen.random() / 50))


async def _calls(chosen: random.Random) -> None:
    server = await Echo.start_link()
    for number in range(100):
        await gen_server.call(server, number)


async def _supervises(chosen: random.Random) -> None:
    specs = [ChildSpec(number, (Echo.start_link, ())) for number in range(3)]
    await Supervisor.start_link(specs)
    await process.receive("never")


async def _offloads(chosen: random.Random) -> None:
    await process.offload(len, "abc")


_KINDS: Final[list[Callable[..., Any]]] = [
    *(_waits, _traps, _sleeps, _waits_with_a_time_out, _computes, _cleans_up, _ignores_it, _owns),
    *(_has_a_chain, _watches, _has_a_name, _groups, _calls, _supervises, _offloads),
]
