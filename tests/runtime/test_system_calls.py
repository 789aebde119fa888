"""Rule B1 for code that is in the kernel most of the time, which the timer hardly counts."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from beamish import process
from beamish.runtime import preemption

from .harness import on_real_clock

pytestmark = pytest.mark.slow  # real CPU time has to pass

LONGEST = 2.0  # seconds of CPU time after which a process gives up that nobody has parked


def _stat(folder: Path) -> Callable[[], object]:
    return folder.stat


def _write(folder: Path) -> Callable[[], object]:
    file = os.open(folder / "file", os.O_CREAT | os.O_RDWR)
    process.own(file, os.close)
    return lambda: os.pwrite(file, b"x" * 4096, 0)


def _send(_: Path) -> Callable[[], object]:
    one, two = map(process.own, socket.socketpair())
    return lambda: (one.send(b"x" * 1000), two.recv(1000))


def _list(folder: Path) -> Callable[[], object]:
    return lambda: os.listdir(folder)  # noqa: PTH208 - one call of the system


def _random(_: Path) -> Callable[[], object]:
    return lambda: os.getrandom(1000)


CALLS = [_stat, _write, _send, _list, _random]


@pytest.mark.parametrize("make", CALLS)
@on_real_clock
async def test_b1_a_loop_of_system_calls_is_preempted(
    make: Callable[[Path], Callable[[], object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the timer saw nothing of it: the watchdog does, by the CPU time of the thread."""
    monkeypatch.setattr(preemption, "TICK", 1000.0)
    monkeypatch.setattr(preemption, "_AGAIN", 1000.0)
    unparked: list[str] = []

    def loops() -> None:
        call = make(tmp_path)
        end = time.thread_time() + LONGEST
        while time.thread_time() < end:
            call()
        unparked.append("to its end")

    for _ in range(2):
        process.spawn_link(loops)
    for _ in range(10):
        await process.sleep(0.001)

    assert unparked == []
