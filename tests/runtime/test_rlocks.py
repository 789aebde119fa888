"""Rule B9, in processes: one at a time holds an RLock, and it is reported if it takes long."""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import Any

import pytest

import beamish
from beamish import process
from beamish.runtime import held as held_module
from beamish.runtime.held import held_in, lend, take_back
from beamish.terms.careful import class_of
from tests.support.logs import fields_of

from .harness import PATIENCE, on_real_clock
from .test_held import KINDS


def _burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.slow  # real CPU time has to pass
@pytest.mark.parametrize("kind", KINDS)
@on_real_clock
async def test_b9_one_process_at_a_time_is_in_the_block(kind: str) -> None:
    parent, lock = process.self(), KINDS[kind]()
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(2):
            with lock:
                inside.append(number)
                _burn(0.015)
                most.append(len(inside))
                inside.remove(number)
            _burn(0.005)
        process.send(parent, "done")

    for number in range(3):
        process.spawn(work, number)
    for _ in range(3):
        await process.receive("done", timeout=PATIENCE)

    assert most == [1] * 6


@pytest.mark.slow  # real time has to pass
@on_real_clock
async def test_b9_it_is_parked_when_it_has_released_the_lock() -> None:
    lock = threading.RLock()
    stop: list[bool] = []

    def work() -> None:
        with lock:
            _burn(0.05)
        while not stop:
            pass
        process.send(parent, "done")

    parent = process.self()
    process.spawn(work)
    process.spawn(stop.append, True)

    assert await process.receive(timeout=PATIENCE) == "done"


@pytest.mark.slow  # real time has to pass
def test_b9_who_holds_one_for_long_is_reported_once_with_the_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lock = threading.RLock()

    def work() -> None:
        with lock:
            _burn(0.5)  # here

    async def main() -> None:
        _, ref = process.spawn_monitor(work)
        await process.receive(("DOWN", ref, ..., ..., ...))

    beamish.run(main)

    # (On a busy machine it may be reported before it has had the CPU time of two ticks.)
    blocked: list[Any] = [
        one for one in caplog.records if getattr(one, "report", None) == "blocked"
    ]
    (record,) = [one for one in blocked if fields_of(one)["rlock"] is not None]
    assert record.levelno == logging.WARNING
    assert f"{__file__}:{work.__code__.co_firstlineno + 2} in work" in fields_of(record)["rlock"]
    assert "because it holds an RLock at" in record.getMessage()
    assert "# here" in record.getMessage()


# ---- lending


@pytest.mark.parametrize("kind", ["RLock", "RLock in Python"])
def test_b9_a_lent_lock_is_free_for_nobody_and_comes_back(kind: str) -> None:
    lock = KINDS[kind]()
    if id(class_of(lock)) not in held_module._LENDABLE:
        pytest.skip("this CPython gives an RLock to no other owner")
    answers: list[Any] = []
    pid: Any = object()
    with lock, lock:
        lent = lend(held_in([sys._getframe()]) or (), pid)
        answers += [len(lent), lock.acquire(blocking=False), lock._is_owned()]
        take_back(lent)
        answers += [lock._is_owned()]
    with pytest.raises(RuntimeError):
        lock.release()

    assert answers == [1, False, False, True]


@pytest.mark.slow  # real time has to pass
@on_real_clock
async def test_b9_a_process_with_an_rlock_does_not_wait_for_a_lock_for_ever() -> None:
    """The process that has that lock is parked."""
    outer, inner = threading.RLock(), threading.Lock()
    holding: list[bool] = []
    order: list[str] = []

    def holder() -> None:
        with inner:
            holding.append(True)
            _burn(0.1)
            order.append("holder")

    async def waiter() -> None:
        while not holding:
            await process.sleep(0)
        with outer, inner:
            order.append("waiter")
        order.append("released")

    process.spawn(holder)
    _, ref = process.spawn_monitor(waiter)
    await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)

    assert order == ["holder", "waiter", "released"]
    with pytest.raises(RuntimeError):
        outer.release()
