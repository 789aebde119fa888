"""Rule B4, the watchdog: who holds the loop for too long is reported, and locks are freed."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest

import beamish
from beamish import process
from tests.support.logs import fields_of

from .harness import PATIENCE, down_of, on_real_clock

pytestmark = pytest.mark.slow  # real time has to pass


def _blocked(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [one for one in caplog.records if getattr(one, "report", None) == "blocked"]


async def _sleeps_badly() -> None:
    time.sleep(0.5)  # noqa: ASYNC251  # that is what is reported


def _block_once() -> None:
    async def main() -> None:
        _, ref = process.spawn_monitor(_sleeps_badly)
        await down_of(ref)

    beamish.run(main)


def test_a_blocking_call_is_reported_once_with_its_stack(caplog: pytest.LogCaptureFixture) -> None:
    """B4: 100 ms or more, in what cannot be preempted."""
    _block_once()

    (record,) = _blocked(caplog)
    assert record.name == "beamish"
    assert record.levelno == logging.WARNING
    fields = fields_of(record)
    assert fields["pid"] == "<0.101.0>"
    assert fields["initial_call"].endswith("_sleeps_badly")
    assert fields["seconds"] >= 0.1
    assert "time.sleep(0.5)" in fields["stack"]
    assert "time.sleep(0.5)" in record.getMessage()
    assert "process.offload" in record.getMessage()


def test_each_time_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        for _ in range(2):
            _, ref = process.spawn_monitor(_sleeps_badly)
            await down_of(ref)

    beamish.run(main)

    assert len(_blocked(caplog)) == 2


def test_off_the_main_thread_it_reports_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """B5: off the main thread a watchdog only reports."""
    thread = threading.Thread(target=_block_once)
    thread.start()
    thread.join()

    (record,) = _blocked(caplog)
    assert "time.sleep(0.5)" in fields_of(record)["stack"]


def test_a_hog_that_is_preempted_is_not_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its turns in CPU time, so by that it is judged: others may want the machine, too."""
    monkeypatch.setattr("beamish.runtime.watchdog.monotonic", time.process_time)

    async def hog() -> None:
        while True:
            pass

    async def main() -> None:
        process.spawn(hog)
        end = time.process_time() + 0.3
        while time.process_time() < end:
            await process.sleep(0.01)

    beamish.run(main)

    assert _blocked(caplog) == []


def test_an_idle_node_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        await process.sleep(0.3)

    beamish.run(main)

    assert _blocked(caplog) == []


@on_real_clock
async def test_one_who_waits_for_the_lock_of_a_parked_process_is_parked_too() -> None:
    """Else the two would wait for each other forever."""
    lock = threading.Lock()
    holding: list[bool] = []

    async def holder() -> None:
        with lock:
            holding.append(True)
            end = time.process_time() + 0.1
            while time.process_time() < end:
                pass
        process.send(parent, "holder")

    async def waiter() -> None:
        while not holding:
            await process.sleep(0)
        with lock:
            process.send(parent, "waiter")

    parent = process.self()
    process.spawn(holder)
    process.spawn(waiter)

    assert await process.receive(timeout=PATIENCE) == "holder"
    assert await process.receive(timeout=PATIENCE) == "waiter"
