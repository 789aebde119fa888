"""Many at once: rule L8, and the size of a process."""

from __future__ import annotations

import sys

import pytest

import beamish
from beamish import Pid, process

from .harness import PATIENCE, down_of, on_real_clock, sleeper

pytestmark = pytest.mark.slow  # 100,000 of everything

_MANY = 100_000


async def _chain(length: int, top: Pid) -> None:
    """Each process starts and links the next; the last tells the top."""
    if length:
        process.spawn_link(_chain, length - 1, top)
    else:
        process.send(top, ("the last", process.self()))
    await process.receive()


@on_real_clock
async def test_a_chain_of_100_000_links_dies_without_recursion() -> None:
    """L8: deep structures are walked with a loop."""
    first, ref = process.spawn_monitor(_chain, _MANY, process.self())
    _, last = await process.receive(("the last", ...), timeout=PATIENCE)
    last_ref = process.monitor(last)
    assert len(process.list()) == _MANY + 2

    process.exit(first, "chain dies here")

    assert await down_of(ref) == "chain dies here"
    assert await down_of(last_ref) == "chain dies here"
    assert process.list() == [process.self()]


@on_real_clock
async def test_a_chain_dies_from_its_end_as_well() -> None:
    _, ref = process.spawn_monitor(_chain, _MANY, process.self())
    _, last = await process.receive(("the last", ...), timeout=PATIENCE)

    process.exit(last, "from the end")

    assert await down_of(ref) == "from the end"
    assert process.list() == [process.self()]


@on_real_clock
async def test_100_000_processes_are_killed_one_by_one() -> None:
    born = [process.spawn_monitor(sleeper) for _ in range(_MANY)]
    await process.sleep(0)

    for pid, _ in born:
        process.exit(pid, "kill")
    for _, ref in born:
        assert await down_of(ref) == "killed"

    assert process.list() == [process.self()]


@on_real_clock
async def test_100_000_processes_linked_to_one_die_with_it() -> None:
    async def hub() -> None:
        for _ in range(_MANY):
            process.spawn_link(sleeper)
        await process.receive()
        process.exit("hub")

    pid, ref = process.spawn_monitor(hub)
    process.send(pid, "die")

    assert await down_of(ref) == "hub"
    while len(process.list()) > 1:
        await process.sleep(0)


@on_real_clock
async def test_100_000_monitors_of_one_process_are_told() -> None:
    pid = process.spawn(sleeper)
    refs = [process.monitor(pid) for _ in range(_MANY)]

    process.exit(pid, "boom")

    for ref in refs:
        assert await down_of(ref) == "boom"


def test_a_node_with_100_000_processes_stops() -> None:
    async def main() -> int:
        for _ in range(_MANY):
            process.spawn(sleeper)
        await process.sleep(0)
        return len(process.list())

    assert beamish.run(main) == _MANY + 1


def test_an_idle_process_is_small() -> None:
    """Under 1.0 KB; the coroutine of `receive` in an empty function included."""

    async def idle() -> None:
        await process.receive()

    async def main() -> float:
        pids = [process.spawn(idle) for _ in range(1000)]
        await process.sleep(0)
        before = _allocated()
        pids += [process.spawn(idle) for _ in range(10_000)]
        await process.sleep(0)
        return (_allocated() - before) / 10_000

    # A Pid, its slot in `pids`, and the growth of tables are in it too.
    assert beamish.run(main) < 1500


def _allocated() -> int:
    """Bytes that Python's allocator has handed out, as far as the interpreter tells."""
    import gc

    gc.collect()
    return sum(map(sys.getsizeof, gc.get_objects()))
