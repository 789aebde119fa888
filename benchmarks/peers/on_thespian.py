# pyright: basic, reportMissingImports=false
"""Thespian on its default base, `simpleSystemBase`: all actors on one thread, the fastest base."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thespian.actors import Actor, ActorExitRequest, ActorSystem, ChildActorExited

from benchmarks.clock import perf_counter, rate

MEMBERS = SENDERS = 1000


def run(measured: Callable[[Any, int], float], size: int) -> float:
    """Runs one of the functions below, in an actor system of its own."""
    system = ActorSystem(logDefs=False)
    try:
        return measured(system, size)
    finally:
        system.shutdown()


class Server(Actor):
    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, int):
            self.send(sender, message)


class Client(Actor):
    server: Any
    asker: Any
    left: int

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, tuple):
            self.server, self.left = message
            self.asker = sender
        elif not isinstance(message, int):
            return
        if self.left:
            self.left -= 1
            self.send(self.server, self.left)
        else:
            self.send(self.asker, "done")


def ping_pong(system: Any, size: int) -> float:
    server, client = system.createActor(Server), system.createActor(Client)
    start = perf_counter()
    assert system.ask(client, (server, size // 2)) == "done"
    return rate(size, start)


class Member(Actor):
    after: Any
    asker: Any

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, tuple):
            self.after, self.asker = message[0], sender
        elif isinstance(message, int):
            if message:
                self.send(self.after, message - 1)
            else:
                self.send(self.asker, "done")


def ring(system: Any, size: int) -> float:
    members = [system.createActor(Member) for _ in range(MEMBERS)]
    for member, after in zip(members, members[1:] + members[:1], strict=True):
        system.tell(member, (after,))
    start = perf_counter()
    assert system.ask(members[0], size) == "done"
    return rate(size, start)


class Sender(Actor):
    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, tuple):
            to, count = message
            for n in range(count):
                self.send(to, n)


class Taker(Actor):
    left: int
    asker: Any

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, tuple):
            count, each = message
            self.left, self.asker = count * each, sender
            for _ in range(count):
                self.send(self.createActor(Sender), (self.myAddress, each))
        elif isinstance(message, int):
            self.left -= 1
            if not self.left:
                self.send(self.asker, "done")


def fan_in(system: Any, size: int) -> float:
    start = perf_counter()
    taker = system.createActor(Taker)
    assert system.ask(taker, (SENDERS, size // SENDERS)) == "done"
    return rate(size, start)


class Nothing(Actor):
    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        pass


class Parent(Actor):
    """Starts a child, ends it, hears of its end, and again."""

    left: int
    asker: Any

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, int):
            self.left, self.asker = message, sender
        elif isinstance(message, ChildActorExited):
            self.left -= 1
        else:
            return
        if self.left:
            self.send(self.createActor(Nothing), ActorExitRequest())
        else:
            self.send(self.asker, "done")


def spawn_exit(system: Any, size: int) -> float:
    parent = system.createActor(Parent)
    start = perf_counter()
    assert system.ask(parent, size) == "done"
    return rate(size, start)


class Counter(Actor):
    calls = 0

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if message == "ping":
            self.calls += 1
            self.send(sender, self.calls)


def call(system: Any, size: int) -> float:
    counter = system.createActor(Counter)
    start = perf_counter()
    for _ in range(size):
        system.ask(counter, "ping", 5.0)
    return rate(size, start)
