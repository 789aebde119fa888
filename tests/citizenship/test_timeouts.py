"""asyncio.timeout and asyncio.wait_for inside of processes."""

from __future__ import annotations

import asyncio

import pytest

from beamish import process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import CLEANED, REASONS, Scene, Way, end_midway

SOON = 0.001


def test_timeout_ends_an_asyncio_sleep(run: Run) -> None:
    async def main() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await asyncio.sleep(60)
        return "went on"

    assert run(main) == "went on"


def test_timeout_ends_a_receive(run: Run) -> None:
    async def main() -> object:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await process.receive()
        process.send(process.self(), "late")
        return await process.receive(timeout=0)

    assert run(main) == "late"


def test_process_ends_inside_of_a_timeout(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        async with asyncio.timeout(60), scene.cleaning():
            scene.ready()
            await asyncio.sleep(60)

    assert run(end_midway, way, body) == (REASONS[way], CLEANED[way])
