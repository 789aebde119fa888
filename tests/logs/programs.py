"""Programs whose log nobody reads: ``python -m tests.logs.programs NAME``."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

from beamish import process
from beamish.cli.program import run_program
from beamish.otp.logger import ThreadedHandler
from tests.support.program import PATIENCE

STORM: Final = 3_000  # reports, of which each has more than 500 characters


async def _crash(number: int) -> None:
    raise ValueError(number, "x" * 500)


async def storm() -> None:
    """Crashes, says on standard output that it goes on, and waits for its end."""
    for number in range(STORM):
        _, ref = process.spawn_monitor(_crash, number)
        await process.receive(("DOWN", ref, ..., ..., ...))
    print("went on", flush=True)
    await process.receive()


async def storm_for_a_slow_reader() -> None:
    """The same, and its end waits longer for whoever reads the log: the machine may be busy."""
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, ThreadedHandler)
    handler.stop_time = PATIENCE
    await storm()


async def a_few() -> None:
    """Crashes a few times, and ends."""
    for number in range(3):
        _, ref = process.spawn_monitor(_crash, number)
        await process.receive(("DOWN", ref, ..., ..., ...))
    print("went on", flush=True)


async def without_threads() -> None:
    """The same where no thread can be had."""
    import threading

    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    setattr(threading.Thread, "start", refuse)  # noqa: B010 - a type checker refuses the assignment
    await a_few()


PROGRAMS: Final = {
    "storm": storm,
    "storm_for_a_slow_reader": storm_for_a_slow_reader,
    "a_few": a_few,
    "without_threads": without_threads,
}

if __name__ == "__main__":
    sys.exit(run_program(PROGRAMS[sys.argv[1]]))
