"""The virtual clock fails where a process computes without end, and says where."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

import beamish
from beamish import process
from beamish.otp import GenServer
from beamish.testing import NothingWillHappenError, VirtualClockLoop, run_test

pytestmark = pytest.mark.slow  # CPU time has to pass

_LIMIT: Final = 0.1


def _spin() -> None:
    while True:
        pass


async def computes() -> None:
    _spin()


async def beside_a_process_that_computes() -> None:
    process.spawn(_spin)
    await process.sleep(60)


async def in_a_server() -> None:
    class Server(GenServer):
        def init(self) -> None:
            _spin()

    await Server.start_link()


async def in_a_critical_section() -> None:
    with process.critical():
        _spin()


async def in_a_task() -> None:
    async def spin() -> None:
        _spin()

    await asyncio.create_task(spin())


async def in_a_callback() -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _what: None)  # it would be reported, too
    loop.call_soon(_spin)
    await process.sleep(60)


async def with_turns_for_the_others() -> None:
    while True:
        _chunk()
        await process.sleep(0)


def _chunk() -> None:
    for _ in range(100_000):
        pass


@pytest.mark.parametrize(
    ("test", "where"),
    [
        (computes, "_spin"),
        (beside_a_process_that_computes, "_spin"),
        (in_a_server, "_spin"),
        (in_a_critical_section, "_spin"),
        (in_a_task, "_spin"),
        (in_a_callback, "_spin"),
        (with_turns_for_the_others, "_chunk"),
    ],
)
def test_a_program_that_computes_without_end_fails_with_file_and_line(
    test: Callable[[], Any], where: str
) -> None:
    with pytest.raises(NothingWillHappenError) as caught:
        run_test(test, clock="virtual", limit=_LIMIT)

    words = str(caught.value)
    assert words.startswith("the virtual clock has stood still for 0.1 s of CPU time")
    assert f"{__file__}:" in words
    assert words.endswith(f", in {where}")


def test_the_time_counts_from_the_last_time_that_everything_waited() -> None:
    """Long tests do not fail for their length."""

    async def main() -> None:
        end = time.thread_time() + 3 * _LIMIT
        while time.thread_time() < end:
            _chunk()
            await process.sleep(1)

    beamish.run(main, loop_factory=lambda: VirtualClockLoop(limit=_LIMIT))
