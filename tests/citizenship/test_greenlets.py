"""Libraries that run plain code in a greenlet of its own and await from there: SQLAlchemy's way.

The runtime uses greenlets itself; theirs come between a process and the code that it runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from beamish import process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, SOON, Scene, Way, end_midway


def wait(awaitable: Awaitable[Any]) -> Any:
    """Awaits from plain code: the coroutine around it does so."""
    parent = getcurrent().parent
    assert parent is not None
    return parent.switch(awaitable)


async def greenlet_spawn(function: Callable[..., Any], *args: Any) -> Any:
    """Runs plain code that may use `wait`."""
    runner = greenlet(function)
    runner.gr_context = getcurrent().gr_context
    result: Any = runner.switch(*args)
    while not runner.dead:
        try:
            value: Any = await result
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is the plain code's
            result = runner.throw(type(error), error, error.__traceback__)
        else:
            result = runner.switch(value)
    return result


def test_plain_code_awaits(run: Run) -> None:
    async def answer(n: int) -> int:
        await asyncio.sleep(0)
        return n

    def plain() -> int:
        return sum(wait(answer(n)) for n in range(3))

    async def main() -> int:
        result: int = await greenlet_spawn(plain)
        return result

    assert run(main) == 3


def test_plain_code_is_the_process_that_runs_it(run: Run) -> None:
    def plain() -> tuple[Any, Any]:
        process.send(process.self(), "message")
        return process.self(), wait(process.receive(timeout=PATIENCE))

    async def main() -> bool:
        return await greenlet_spawn(plain) == (process.self(), "message")

    assert run(main)


def test_timeout_ends_plain_code(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await greenlet_spawn(wait, asyncio.get_running_loop().create_future())

    run(main)


def test_process_ends_in_plain_code(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        def plain() -> None:
            with scene.noting("left"):
                scene.ready()
                wait(asyncio.sleep(60))

        await greenlet_spawn(plain)

    assert run(end_midway, way, body) == (REASONS[way], ["left"])


@pytest.mark.slow  # it computes for some ticks of the preemption timer
def test_plain_code_that_computes_is_not_torn_from_its_greenlet(run: Run) -> None:
    """It is not preempted there, for its greenlet is not the runtime's to park."""

    def plain() -> int:
        total = 0
        for n in range(1_000_000):
            total += n
        return total

    async def main() -> bool:
        return await greenlet_spawn(plain) == sum(range(1_000_000))

    assert run(main)
