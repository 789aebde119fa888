"""What a process owns of asyncio's is closed at its end, before anyone hears of it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from beamish import process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import REASONS, Scene, Way, end_midway


class Resource:
    """Takes some rounds of the loop to close."""

    def __init__(self, scene: Scene, name: str) -> None:
        self.scene = scene
        self.name = name

    async def aclose(self) -> None:
        self.scene.note(f"{self.name} closes")
        for _ in range(3):
            await asyncio.sleep(0)
        self.scene.note(f"{self.name} is closed")


def test_resources_are_closed_one_after_the_other_the_latest_first(run: Run, way: Way) -> None:
    """A server, say, before the socket that it listens on."""

    async def body(scene: Scene) -> None:
        process.own(object(), lambda _: scene.note("first"))
        process.own(Resource(scene, "second"))
        process.own(object(), lambda _: scene.note("third"))
        process.own(Resource(scene, "fourth"))
        scene.ready()
        await process.receive()

    reason, log = run(end_midway, way, body)
    assert reason == REASONS[way]
    assert log == [
        "fourth closes",
        "fourth is closed",
        "third",
        "second closes",
        "second is closed",
        "first",
    ]


def test_resource_that_fails_to_close_does_not_keep_the_others_open(run: Run) -> None:
    async def fail(_: object) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    def fail_at_once(_: object) -> None:
        raise ZeroDivisionError

    async def body(scene: Scene) -> None:
        process.own(Resource(scene, "first"))
        process.own(object(), fail)
        process.own(object(), fail_at_once)
        scene.ready()
        await process.receive()

    reason, log = run(end_midway, "boom", body, reports=("close", "close"))
    assert (reason, log) == ("boom", ["first closes", "first is closed"])


def test_resource_that_takes_too_long_to_close_is_left(run: Run) -> None:
    async def never(scene: Scene) -> None:
        with scene.noting("given up"):
            await asyncio.Event().wait()

    async def body(scene: Scene) -> None:
        process.own(object(), lambda _: scene.note("first"))
        process.own(scene, never)
        scene.ready()
        await process.receive()

    reason, log = run(end_midway, "boom", body, reports=("close",), grace=0.01)
    assert (reason, log) == ("boom", ["given up", "first"])


def test_stream_is_closed_when_the_end_is_told(run: Run, way: Way) -> None:
    async def main() -> tuple[Any, int]:
        one, other = socket.socketpair()
        with other:

            async def body(scene: Scene) -> None:
                _, writer = await asyncio.open_connection(sock=one)
                process.own(writer)
                scene.ready()
                await process.receive()

            reason, _ = await end_midway(way, body)
            return reason, one.fileno()

    assert run(main) == (REASONS[way], -1)


@pytest.mark.parametrize("given", ["disown", "give_away"])
def test_resource_that_is_given_up_is_not_closed(run: Run, given: str) -> None:
    async def main() -> tuple[list[str], list[str]]:
        director = process.self()

        async def body(scene: Scene) -> None:
            resource = process.own(Resource(scene, "resource"))
            if given == "disown":
                process.disown(resource)
            else:
                process.give_away(resource, director)
            scene.ready()
            await process.receive()

        _, log = await end_midway("kill", body)
        owned = process.info(director, "owned")
        for resource in owned:
            process.disown(resource)
        return log, [resource.name for resource in owned]

    assert run(main) == ([], ["resource"] if given == "give_away" else [])
