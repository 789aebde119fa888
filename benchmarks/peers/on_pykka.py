# pyright: basic, reportMissingImports=false
"""Pykka: actors that are threads, `tell` and `ask`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pykka

from benchmarks.clock import perf_counter, rate

MEMBERS = SENDERS = 1000


def run(measured: Callable[[int], float], size: int) -> float:
    """Runs one of the functions below."""
    return measured(size)


class Server(pykka.ThreadingActor):
    def on_receive(self, message: Any) -> None:
        sender, n = message
        sender.tell(n)


class Client(pykka.ThreadingActor):
    def __init__(self, server: Any, left: int, done: threading.Event) -> None:
        super().__init__()
        self.server, self.left, self.done = server, left, done

    def on_receive(self, message: Any) -> None:
        if not self.left:
            self.done.set()
            return
        self.left -= 1
        self.server.tell((self.actor_ref, self.left))


def ping_pong(size: int) -> float:
    done = threading.Event()
    client = Client.start(Server.start(), size // 2, done)
    start = perf_counter()
    client.tell("go")
    done.wait()
    value = rate(size, start)
    pykka.ActorRegistry.stop_all()
    return value


class Member(pykka.ThreadingActor):
    after: Any

    def __init__(self, done: threading.Event) -> None:
        super().__init__()
        self.done = done

    def on_receive(self, message: Any) -> None:
        if not isinstance(message, int):
            self.after = message
        elif message:
            self.after.tell(message - 1)
        else:
            self.done.set()


def ring(size: int) -> float:
    done = threading.Event()
    members = [Member.start(done) for _ in range(MEMBERS)]
    for member, after in zip(members, members[1:] + members[:1], strict=True):
        member.tell(after)
    start = perf_counter()
    members[0].tell(size)
    done.wait()
    value = rate(size, start)
    pykka.ActorRegistry.stop_all()
    return value


class Sender(pykka.ThreadingActor):
    def on_receive(self, message: Any) -> None:
        to, count = message
        for n in range(count):
            to.tell(n)


class Taker(pykka.ThreadingActor):
    def __init__(self, left: int, done: threading.Event) -> None:
        super().__init__()
        self.left, self.done = left, done

    def on_receive(self, message: Any) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


def fan_in(size: int) -> float:
    done = threading.Event()
    start = perf_counter()
    taker = Taker.start(size // SENDERS * SENDERS, done)
    for _ in range(SENDERS):
        Sender.start().tell((taker, size // SENDERS))
    done.wait()
    value = rate(size, start)
    pykka.ActorRegistry.stop_all()
    return value


class Nothing(pykka.ThreadingActor):
    pass


def spawn_exit(size: int) -> float:
    """`stop` waits for the end of the actor."""
    start = perf_counter()
    for _ in range(size):
        Nothing.start().stop()
    return rate(size, start)


class Counter(pykka.ThreadingActor):
    calls = 0

    def on_receive(self, message: Any) -> int:
        self.calls += 1
        return self.calls


def call(size: int) -> float:
    counter = Counter.start()
    start = perf_counter()
    for _ in range(size):
        counter.ask("ping", timeout=5.0)
    value = rate(size, start)
    counter.stop()
    return value
