"""Hogs that use whatever holds locks, for half a minute: nothing may come to a stand."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import io
import itertools
import logging
import queue
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

import beamish
from beamish import Down, process

# Seconds of real time. Long, because what it looks for is rare.
LENGTH: Final = 30.0

# In each of these parts of it everybody must have come further. A part is long, for the turn of a
# hog that is inside of logging or queue at nearly every tick may take seconds, with two for each.
_ROUNDS: Final = 2

Step = Callable[[], object]


class _Shared:
    """What the hogs fight for."""

    def __init__(self, folder: Path) -> None:
        self.lock = threading.Lock()
        self.rlock = threading.RLock()
        self.condition = threading.Condition()
        self.queue: queue.Queue[int] = queue.Queue(maxsize=100)
        self.numbers = itertools.count()
        self.folder = folder
        self.out = io.StringIO()
        self.logger = logging.Logger("stress")  # of this test alone
        self.logger.addHandler(logging.StreamHandler(self.out))

    # Each step is plain code of a user's, run in a loop without an await.

    def log(self) -> None:
        self.logger.warning("a line of %s", process.self())
        if self.out.tell() > 100_000:
            self.out.seek(0)
            self.out.truncate()

    def import_a_module(self) -> None:
        name = f"stress_{next(self.numbers)}"
        (self.folder / f"{name}.py").write_text("VALUE = sum(range(1000))")
        importlib.invalidate_caches()
        assert importlib.import_module(name).VALUE == 499500
        del sys.modules[name]
        (self.folder / f"{name}.py").unlink()

    def take_a_lock(self) -> None:
        with self.lock:
            sum(range(2000))

    def take_an_rlock(self) -> None:
        with self.rlock, self.rlock:
            sum(range(2000))

    def notify(self) -> None:
        with self.condition:
            sum(range(2000))
            self.condition.notify_all()

    def queue_up(self) -> None:
        try:
            self.queue.put_nowait(1)
            self.queue.get_nowait()
        except (queue.Full, queue.Empty):
            pass

    def compute(self) -> None:
        re.compile(f"(a|b){{{next(self.numbers) % 90}}}").match("ab" * 50)

    def raise_and_catch(self) -> None:
        with contextlib.suppress(LookupError):
            raise LookupError(process.self())

    def be_a_parent(self) -> None:
        process.exit(process.spawn(self.compute), "kill")

    def send(self) -> None:
        process.send(process.self(), 1)
        if process.info(process.self(), "message_queue_len") > 100:
            process.flush()


async def _hog(counts: Counter[str], name: str, step: Step) -> None:
    while True:
        step()
        counts[name] += 1


async def _takes_an_asyncio_lock(counts: Counter[str], lock: asyncio.Lock) -> None:
    while True:
        async with lock:
            sum(range(2000))
            await asyncio.sleep(0)
        counts["asyncio lock"] += 1


async def _talks(counts: Counter[str]) -> None:
    while True:
        process.send(process.self(), "hello")
        await process.receive("hello")
        counts["receive"] += 1
        await process.sleep(0.001)


async def _dies_and_is_started_again(counts: Counter[str]) -> None:
    async def victim() -> None:
        while True:
            sum(range(100))

    while True:
        pid, ref = process.spawn_monitor(victim)
        await process.sleep(0.01)
        process.exit(pid, "kill")
        down = await process.receive(Down)
        assert down.ref is ref
        counts["restarts"] += 1


async def _stress(shared: _Shared) -> Counter[str]:
    counts: Counter[str] = Counter()
    steps: list[Step] = [
        shared.log,
        shared.import_a_module,
        shared.take_a_lock,
        shared.take_an_rlock,
        shared.notify,
        shared.queue_up,
        shared.compute,
        shared.raise_and_catch,
        shared.be_a_parent,
        shared.send,
    ]
    for step in steps:
        for _ in range(2):
            process.spawn_link(_hog, counts, step.__name__, step)
    lock = asyncio.Lock()
    for _ in range(2):
        process.spawn_link(_takes_an_asyncio_lock, counts, lock)
    process.spawn_link(_talks, counts)
    process.spawn_link(_dies_and_is_started_again, counts)
    before: Counter[str] = Counter()
    for _ in range(_ROUNDS):
        end = time.monotonic() + LENGTH / _ROUNDS
        while time.monotonic() < end:
            await process.sleep(0.1)
        stuck = [name for name, count in counts.items() if count == before[name]]
        assert not stuck, f"no progress: {stuck} ({counts})"
        before = counts.copy()
    return counts


@pytest.mark.slow  # the longer it runs the more it can find
# A hog that is killed between `open` and the `with` around it leaves the file to the collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_hogs_with_locks_never_come_to_a_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B2, B4: it is parked only where that is safe, and the watchdog frees whoever waits."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    counts: Any = beamish.run(functools.partial(_stress, _Shared(tmp_path)), grace=1.0)

    assert len(counts) == 13
