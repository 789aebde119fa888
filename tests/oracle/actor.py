"""An actor of a scenario: a real process that runs the operations it is told.

It takes the controller's letters with a selective receive and leaves every other message where
it is. An operation and the note of its result are one action: nothing between them waits.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from beamish import process
from beamish.terms import Pid, Throw

from .letters import (
    Ack,
    Blocked,
    Born,
    Command,
    Done,
    Letter,
    Noted,
    Sync,
    Synced,
    TimerWasStarted,
    Woke,
)
from .operations import OPERATIONS, mentions, monitor_options
from .terms import JSON, Bindings

__all__ = ["World", "spawn_actor"]


@dataclass(frozen=True, slots=True)
class World:
    """What the processes of one scenario share."""

    names: Bindings
    controller: Pid
    # Where there is one, actors yield at random between their operations.
    disturb: random.Random | None


def spawn_actor(world: World, name: str, options: dict[str, JSON]) -> JSON:
    """Spawns and names an actor; returns what a scenario shows of it."""
    ref = None
    if "monitor" in options:
        pid, ref = _spawn_monitored(world, name, options)
        world.names.bind("#" + options["monitor"], ref)
    elif options.get("link"):
        pid = process.spawn_link(_actor, world, name)
    else:
        pid = process.spawn(_actor, world, name)
    world.names.bind("@" + name, pid)
    return world.names.show(pid if ref is None else (pid, ref))


def _spawn_monitored(world: World, name: str, options: dict[str, JSON]) -> Any:
    wanted = monitor_options(world.names, options)
    link = bool(options.get("link"))
    if not wanted and not link:
        return process.spawn_monitor(_actor, world, name)
    return process.spawn_opt(_actor, world, name, link=link, monitor=wanted or True)


async def _actor(world: World, name: str) -> None:
    actor = _Actor(world, name)
    while True:
        letter = await process.receive(Command, Sync)
        if isinstance(letter, Sync):
            actor.answer(letter)
            continue
        for operation in letter.operations:
            if operation == ["return"]:
                return
            await actor.run(operation)
        actor.tell(Done(name))


class _Actor:
    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.names = world.names
        self.name = name

    def tell(self, event: object) -> None:
        process.send(self.world.controller, event)

    def answer(self, letter: Sync) -> None:
        self.tell(Synced(process.self(), letter.round))

    async def run(self, operation: list[JSON]) -> None:
        """Runs one operation and notes its result; what it raises ends us only in a crash."""
        if self.world.disturb:
            for _ in range(self.world.disturb.choice((0, 0, 1, 5))):
                await process.sleep(0)
        missing = self.names.unbound(*mentions(operation))
        if missing is not None:
            result: JSON = {"unbound": missing}
        elif operation[0] == "crash":
            result = await self.perform(operation[1])
        elif operation[0] in ("exit", "error", "throw"):
            result = await self.perform(operation)
        else:
            result = await self.attempt(operation)
        self.tell(Noted(self.name, result))

    async def attempt(self, operation: list[JSON]) -> JSON:
        try:
            return await self.perform(operation)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
            shown = self.names.show(error)
            if isinstance(error, Throw):
                return {"throw": shown[0][1]}
            return {"error": shown[0]}

    async def perform(self, operation: list[JSON]) -> JSON:
        match operation:
            case ["spawn", name, options]:
                return await self.spawn(name, options)
            case ["recv", pattern]:
                return await self.take(self.patterns(pattern), 0)
            case ["await", pattern]:
                return await self.wait(self.patterns(pattern))
            case ["send_after" | "start_timer", _, "now", *_]:
                self.tell(TimerWasStarted())
            case _:
                pass
        return OPERATIONS[operation[0]](self.names, *operation[1:])

    async def spawn(self, name: str, options: dict[str, JSON]) -> JSON:
        result = spawn_actor(self.world, name, options)
        self.tell(Born(name, self.names.pid("@" + name), process.self()))
        await process.receive(Ack)  # it is watched before anything can happen to it
        return result

    def patterns(self, pattern: JSON) -> tuple[Any, ...]:
        """What to give to receive: a predicate, or plain patterns, which take other ways."""
        plain = self.names.plain_patterns(pattern)
        if plain is None or (self.world.disturb and self.world.disturb.random() < 0.5):
            takes = self.names.predicate(pattern)

            def predicate(message: object) -> bool:
                return not isinstance(message, Letter) and takes(message)

            return Sync, predicate
        return (Sync, *plain) if plain else ()

    async def wait(self, patterns: tuple[Any, ...]) -> JSON:
        result = await self.take(patterns, 0)
        if result == "timeout":
            self.tell(Blocked(self.name))
            result = await self.take(patterns, None)
            self.tell(Woke(self.name))
        return result

    async def take(self, patterns: tuple[Any, ...], timeout: float | None) -> JSON:
        """The first message that the patterns take; the controller is answered meanwhile."""
        while True:
            try:
                message = await process.receive(*patterns, timeout=timeout)
            except TimeoutError:
                return "timeout"
            if not isinstance(message, Sync):
                return ["got", self.names.show(message)]
            self.answer(message)
