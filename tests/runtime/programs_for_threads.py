"""Programs that are right with threads; each runs with threads, or processes in their place."""

from __future__ import annotations

import contextvars
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import beamish
from beamish import process

__all__ = ["PROGRAMS", "compare", "run"]

Worker = Callable[[], object]


def _with_threads(workers: list[Worker]) -> None:
    threads = [threading.Thread(target=worker) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _with_processes(workers: list[Worker]) -> None:
    async def main() -> None:
        watched = [process.spawn_monitor(worker) for worker in workers]
        for _, ref in watched:
            down = await process.receive(("DOWN", ref, ..., ..., ...))
            assert down[4] == "normal", down

    beamish.run(main)


WAYS: Final = {"threads": _with_threads, "processes": _with_processes}


def _compute(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


# ---- the programs; what they return does not depend on the order of the workers


def _rlock(start: Callable[[list[Worker]], None], rounds: int) -> Any:
    """Nobody else is in the block, however often it is entered."""
    lock = threading.RLock()
    inside: list[int] = []
    most: set[int] = set()

    def deeper(depth: int) -> None:
        with lock:
            inside.append(depth)
            _compute(0.001)
            most.add(len(inside))
            if depth:
                deeper(depth - 1)
            inside.pop()

    def worker() -> None:
        for _ in range(rounds):
            deeper(2)

    start([worker] * 4)
    return sorted(most), inside


def _condition(start: Callable[[list[Worker]], None], rounds: int) -> Any:
    """A bounded buffer: nothing is lost, and nothing is taken twice."""
    changed = threading.Condition()
    buffer: list[int] = []
    taken: list[int] = []

    def producer() -> None:
        for number in range(rounds):
            with changed:
                changed.wait_for(lambda: len(buffer) < 8)
                buffer.append(number)
                _compute(0.001)
                changed.notify_all()

    def consumer() -> None:
        for _ in range(rounds):
            with changed:
                changed.wait_for(lambda: buffer)
                taken.append(buffer.pop())
                _compute(0.001)
                changed.notify_all()

    start([producer, consumer] * 2)
    return sorted(taken), buffer


def _file(start: Callable[[list[Worker]], None], rounds: int) -> Any:
    """Each line that was written to a slow pipe arrives whole."""
    reading, writing = os.pipe()
    got: list[bytes] = []

    def read_slowly() -> None:
        while data := os.read(reading, 65_536):
            got.append(data)
            time.sleep(0.15)  # longer than the watchdog waits

    reader = threading.Thread(target=read_slowly)
    reader.start()
    with os.fdopen(writing, "wb", buffering=1000) as file:

        def worker(name: bytes) -> None:
            for number in range(20 * rounds):
                file.write(b"%s %d %s\n" % (name, number, name * 400))
                if number % 20 == 0:
                    _compute(0.012)
                    file.flush()

        start([lambda name=name: worker(name) for name in (b"a", b"b", b"c")])  # type: ignore[misc]
    reader.join()
    os.close(reading)
    return sorted(Counter(b"".join(got).splitlines()).items())


def _locks(start: Callable[[list[Worker]], None], rounds: int) -> Any:
    """An RLock around a Lock, and the Lock alone."""
    outer, inner = threading.RLock(), threading.Lock()
    counts: Counter[str] = Counter()

    def both() -> None:
        for _ in range(rounds):
            with outer:
                before = counts["outer"]
                with inner:
                    _compute(0.001)
                counts["outer"] = before + 1

    def one() -> None:
        for _ in range(rounds):
            with inner:
                before = counts["inner"]
                _compute(0.002)
                counts["inner"] = before + 1

    start([both, one, both, one])
    return dict(counts)


_variable: contextvars.ContextVar[int] = contextvars.ContextVar("_variable")


def _context_variables(start: Callable[[list[Worker]], None], rounds: int) -> Any:
    """What a process has to itself, where a thread may have thread-local data."""
    wrong: list[int] = []

    def worker(number: int) -> None:
        _variable.set(number)
        for _ in range(rounds):
            _compute(0.002)
            if _variable.get() != number:
                wrong.append(number)

    start([lambda number=number: worker(number) for number in range(3)])  # type: ignore[misc]
    return wrong


PROGRAMS: Final = {
    "rlock": _rlock,
    "condition": _condition,
    "file": _file,
    "locks": _locks,
    "context_variables": _context_variables,
}


def run(program: str, way: str, rounds: int) -> Any:
    """What a program returns."""
    return PROGRAMS[program](WAYS[way], rounds)


def compare(program: str, rounds: int) -> None:
    """Fails unless processes do what threads do."""
    assert run(program, "processes", rounds) == run(program, "threads", rounds)
