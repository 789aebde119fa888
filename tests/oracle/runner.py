"""Plays a scenario on beamish, through its public door alone, and returns the trace.

The controller spawns the actors, watches each with a monitor, tells them step by step what to
do, waits until all is quiet, and then writes down what can be observed. The same is done on a
real Erlang by oracle.erl; what a trace holds is told in scenario.md.

    python -m tests.oracle.check --runner tests.oracle.runner:run tests/oracle/golden/*
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager

import uvloop

import beamish
from beamish import process
from beamish.terms import Down, Pid

from .actor import World, spawn_actor
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
    TimerIsOver,
    TimerWasStarted,
    Woke,
)
from .operations import NOW, messages, relations
from .terms import JSON, Bindings, Result, Scenario, Step

__all__ = ["run", "run_disturbed", "run_embedded", "run_on_uvloop"]


def run(scenario: Scenario) -> Result:
    """Plays a scenario on a fresh node."""
    with _quiet():
        result: Result = beamish.run(_play, scenario, None)
    return result


def run_disturbed(scenario: Scenario, seed: object = 0) -> Result:
    """The same, while the actors yield at random between their operations.

    A trace does not depend on scheduling, so this must give the same one for every seed.
    """
    with _quiet():
        rng = random.Random(f"{seed}/{scenario['id']}")
        result: Result = beamish.run(_play, scenario, rng)
    return result


def run_on_uvloop(scenario: Scenario) -> Result:
    """The same on uvloop's event loop."""
    with _quiet():
        result: Result = beamish.run(_play, scenario, None, loop_factory=uvloop.new_event_loop)
    return result


def run_embedded(scenario: Scenario) -> Result:
    """The same in a node inside a running asyncio program; the controller is a plain Task."""

    async def program() -> Result:
        async with beamish.node():
            return await _play(scenario, None)

    with _quiet():
        return asyncio.run(program())


@contextmanager
def _quiet() -> Generator[None]:
    """Actors die by the thousand; their crash reports are no news."""
    logger = logging.getLogger("beamish")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


async def _play(scenario: Scenario, disturb: random.Random | None) -> Result:
    names = Bindings(process.self().node)
    names.bind("@ctl", process.self())
    controller = _Controller(World(names, process.self(), disturb))
    for name in scenario["actors"]:
        spawn_actor(controller.world, name, {})
        controller.adopt(name)
    trace = [await controller.step(step) for step in scenario["steps"]]
    final = controller.final()
    await controller.end()
    return {"trace": trace, "final": final}


class _Controller:
    """Knows who lives, who waits, and what the step that is running has brought so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.names = world.names
        self.alive: dict[str, Pid] = {}
        self.blocked: set[str] = set()
        self.shown: dict[str, JSON] = {}  # each mailbox as it was last shown
        self.results: defaultdict[str, list[JSON]] = defaultdict(list)
        self.died: dict[str, JSON] = {}
        self.events = 0  # whatever may still have consequences
        self.timer = False  # a timer of no time was started
        self.round = 0

    def adopt(self, name: str) -> None:
        pid = self.names.pid("@" + name)
        process.monitor(pid)
        self.alive[name] = pid

    # ---- one step

    async def step(self, step: Step) -> JSON:
        self.results.clear()
        self.died = {}
        who = step["by"]
        if who in self.blocked:
            return {"r": "busy"}
        if who not in self.alive:
            return {"r": "dead" if self.names.knows("@" + who) else "unbound"}
        process.send(self.alive[who], Command(step["do"]))
        while not self.has_stopped(who, await self.event()):
            pass
        await self.settle()
        return self.report(who)

    def has_stopped(self, who: str, event: object) -> bool:
        """Whether the acting actor has finished its operations, waits, or is dead."""
        return who not in self.alive or (isinstance(event, Done | Blocked) and event.actor == who)

    async def event(self) -> object:
        """Takes the next message to the controller and notes what it says."""
        message = await process.receive()
        self.note(message)
        return message

    def note(self, message: object) -> None:
        self.events += not isinstance(message, Synced | TimerIsOver)
        match message:
            case Born():
                self.adopt(message.name)
                process.send(message.parent, Ack())
            case Noted():
                self.results[message.actor].append(message.result)
            case Blocked():
                self.blocked.add(message.actor)
            case Woke():
                self.blocked.discard(message.actor)
            case TimerWasStarted():
                self.timer = True
            case Down():
                self.bury(self.names.actor(message.pid), message.reason)
            case _:
                pass

    def bury(self, name: str, reason: object) -> None:
        del self.alive[name]
        self.blocked.discard(name)
        self.shown.pop(name, None)
        self.died[name] = self.names.show(reason)

    # ---- until all is quiet

    async def settle(self) -> None:
        """Asks every live actor for an answer, until in two rounds nothing else has happened.

        An actor that has answered has taken every signal that was sent to it before; one that
        is dying answers by its death, after its own signals have gone out.
        """
        quiet = 0
        while quiet < 2:
            self.events = 0
            if self.timer:
                await self.timers()
            await self.ask_all()
            quiet = 0 if self.events else quiet + 1

    async def timers(self) -> None:
        """Waits until the timers of no time have fired: one that starts later fires later."""
        self.timer = False
        mark = TimerIsOver()
        process.send_after(NOW, process.self(), mark)
        while await self.event() is not mark:
            pass

    async def ask_all(self) -> None:
        self.round += 1
        waiting = set(self.alive.values())
        for pid in waiting:
            process.send(pid, Sync(self.round))
        while waiting:
            match await self.event():
                case Synced(pid, number) if number == self.round:
                    waiting.discard(pid)
                case Down(_, _, pid, _):
                    waiting.discard(pid)
                case _:
                    pass
        for message in process.flush():
            self.note(message)

    # ---- what is written down

    def report(self, who: str) -> JSON:
        entry: dict[str, JSON] = {"r": self.results.pop(who, [])}
        if self.results:
            entry["late"] = dict(self.results)
        if self.died:
            entry["died"] = dict(self.died)
        mail = {name: self.mailbox(pid) for name, pid in self.alive.items()}
        changed = {name: box for name, box in mail.items() if box != self.shown.get(name, [])}
        if changed:
            entry["mail"] = changed
        self.shown = mail
        return entry

    def mailbox(self, pid: Pid) -> JSON:
        return self.names.show_mailbox(m for m in messages(pid) if not isinstance(m, Letter))

    def final(self) -> dict[str, JSON]:
        return {name: self.state(name, pid) for name, pid in self.alive.items()}

    def state(self, name: str, pid: Pid) -> JSON:
        def related(item: str) -> Iterable[JSON]:
            return self.names.show_set(relations(self.names, pid, item))

        registered = process.info(pid, "registered_name")
        return {
            "trap": process.info(pid, "trap_exit"),
            "links": related("links"),
            "monitors": related("monitors"),
            "monitored_by": related("monitored_by"),
            "name": "" if registered == "" else self.names.show(registered),
            "waiting": name in self.blocked,
            "mail": self.mailbox(pid),
        }

    async def end(self) -> None:
        """Kills every actor and waits for it, so that names and timers are free."""
        for pid in self.alive.values():
            process.exit(pid, beamish.atom("kill"))
        while self.alive:
            await self.event()
