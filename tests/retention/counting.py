"""What is there before a storm and after it: live objects by their type, and the payloads.

Counted is what the interpreter has, of any type, and not what the runtime says of itself. So a
leak shows wherever it is, and a bound shows as a count that does not grow with the storm.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, cast

import beamish
from beamish import process
from beamish.runtime.here import running_node
from beamish.runtime.journal import SIZE
from tests.retention.storms import STORMS

__all__ = ["judge"]

_PATIENCE: Final = 5.0  # seconds, which pass only in a test that fails
_OURS: Final = ("beamish", "tests", "greenlet")
_FEW: Final = 8  # of our objects may come and go: spare greenlets, for example
_BOUNDS: Final = {"beamish.runtime.timers.Limit": 64}  # that are kept on purpose
_SLACK: Final = 150  # of others: asyncio itself keeps 100 cancelled timers


def judge(name: str, size: int) -> None:
    """Raises a storm of that size, and fails if it leaves more behind than a small one."""
    logging.disable()
    beamish.run(_judge, STORMS[name], size)


async def _judge(storm: Callable[[int], Awaitable[object]], size: int) -> None:
    kept = [await storm(8)]
    await _fill_the_journal()
    await _quiet(lambda: True)
    before = _objects()
    kept.append(await storm(size))
    before += Counter(_name(one) for one in _elements(kept[1]))
    await _fill_the_journal()
    await _quiet(lambda: not _grown(before))
    grown = _grown(before)
    assert not grown, f"left behind: {grown}"


async def _fill_the_journal() -> None:
    """It keeps so many entries, and those of the storm are not among them."""
    for _ in range(SIZE):
        pid, ref = process.spawn_monitor(process.receive)
        process.exit(pid, "kill")
        await process.receive(("DOWN", ref, ..., ..., ...))


async def _quiet(is_quiet: Callable[[], bool]) -> None:
    """Waits until what has ended is gone: some of it goes when the loop comes to it."""
    end = time.monotonic() + _PATIENCE
    for _ in range(10):
        await asyncio.sleep(0)
    while not is_quiet() and time.monotonic() < end:
        await asyncio.sleep(0.01)


def _elements(kept: object) -> list[object]:
    return cast("list[object]", kept) if isinstance(kept, list) else []


def _name(one: object) -> str:
    return f"{type(one).__module__}.{type(one).__qualname__}"


def _objects() -> Counter[str]:
    gc.collect()
    found = Counter(map(_name, gc.get_objects()))
    node = running_node()
    timers = node.timers
    found["beamish: processes"] = len(node.processes)
    found["beamish: timers"] = len(timers.all())
    found["times of timers"] = len(timers._heap)
    found["beamish: names"] = len(node.names.table)
    return found


def _grown(before: Counter[str]) -> dict[str, int]:
    grown = _objects() - before
    return {
        name: number
        for name, number in grown.items()
        if number > _BOUNDS.get(name, _FEW if name.startswith(_OURS) else _SLACK)
    }
