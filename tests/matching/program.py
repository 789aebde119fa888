"""``python -m tests.matching.program NAME``: tries a value in each kind of receive.

Writes what went wrong, a line each, and ends with 0 if nothing did.
"""

from __future__ import annotations

import logging
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Protocol, runtime_checkable
from unittest.mock import NonCallableMock
from uuid import UUID

import beamish
from beamish import Down, Exit, Pid, atom, process
from beamish.testing import settle

from .values import NO_PATTERNS, VALUES

# Seconds that a receive may take; they pass only where something is wrong.
PATIENCE: Final = 5.0

# More than a mailbox may hold before it is indexed.
DEEP: Final = 100

NAMELESS: Final = UUID(int=42)


class _Colour(Enum):
    RED = 1


@dataclass(frozen=True)
class _Point:
    x: int


@runtime_checkable
class _Weighs(Protocol):
    def weigh(self) -> int: ...


class _Heavy(ABC):
    @abstractmethod
    def weigh(self) -> int: ...


class _Stone(_Heavy):
    def weigh(self) -> int:
        return 1


def _is_done(message: object) -> bool:
    return message is NAMELESS


# Each pattern, and a message that it takes.
_STONE: Final = _Stone()
_PATTERNS: Final[dict[str, tuple[tuple[Any, ...], Any]]] = {
    "a text": (("halt",), "halt"),
    "an atom": ((atom("halt"),), "halt"),
    "an int": ((43,), 43),
    "a float": ((4.5,), 4.5),
    "bytes": ((b"halt",), b"halt"),
    "an enum member": ((_Colour.RED,), _Colour.RED),
    "a dataclass": ((_Point(1),), _Point(1)),
    "a UUID": ((NAMELESS,), NAMELESS),
    "a Decimal": ((Decimal(43),), Decimal(43)),
    "a tuple": ((("stop", 43),), ("stop", 43)),
    "a tuple of texts": ((("stop", "now"),), ("stop", "now")),
    "a tuple of anything": ((("halt", ..., ...),), ("halt", 1, 2)),
    "a tuple of types": (((str, int, Pid),), None),
    "a long tuple": ((tuple(range(9)),), tuple(range(9))),
    "a nested tuple": ((("stop", ("now", 43)),), ("stop", ("now", 43))),
    "a tuple of an enum member": ((("stop", _Colour.RED),), ("stop", _Colour.RED)),
    "a tuple of bytes": ((("stop", b"now"),), ("stop", b"now")),
    "a list": ((["stop", 43],), ["stop", 43]),
    "a dict": (({"k": 43},), {"k": 43, "more": 1}),
    "a dict of dicts": (({"k": {"v": 43}},), {"k": {"v": 43}}),
    "a type": ((_Stone,), _STONE),
    "an abstract type": ((_Heavy,), _STONE),
    "a protocol": ((_Weighs,), _STONE),
    "a predicate": ((_is_done,), NAMELESS),
    "a tuple with a predicate": ((("stop", _is_done),), ("stop", NAMELESS)),
    "a predicate and a value": ((_is_done, "halt"), "halt"),
    "a down": ((("DOWN", ..., "process", ..., "done"),), Down(None, "process", None, "done")),
    "an exit": ((("EXIT", ..., "done"),), Exit(None, "done")),
    "two tuples": ((("stop", 43), ("halt", ...)), ("halt", 1)),
}
_IN: Final[dict[str, Callable[[Any], Any]]] = {
    "alone": lambda value: value,
    "second": lambda value: ("stop", value),
    "first": lambda value: (value, 43),
    "inside": lambda value: ("stop", ("now", value)),
    "of three": lambda value: (value, value, value),
    "in a list": lambda value: ["stop", value],
    "in a dict": lambda value: {"k": value},
    "as a reason": lambda value: Down(None, "process", None, value),
    "as an exit": lambda value: Exit(None, value),
    "as a pid": lambda value: Exit(value, "boom"),
}

_Receive = Callable[[tuple[Any, ...]], Any]


async def _forever(patterns: tuple[Any, ...]) -> Any:
    return await process.receive(*patterns)


async def _in_time(patterns: tuple[Any, ...]) -> Any:
    return await process.receive(*patterns, timeout=PATIENCE)


_RECEIVES: Final[dict[str, _Receive]] = {"for ever": _forever, "in time": _in_time}


async def problems(name: str) -> list[str]:
    """Tries a value in each kind of receive: in which of them something went wrong, and what."""
    value = VALUES[name]()
    messages = [put(value) for put in _IN.values()]
    found: list[str] = []
    for kind, (patterns, example) in _PATTERNS.items():
        if (
            issubclass(type(value), NonCallableMock)
            and patterns == (_Weighs,)
            and isinstance(value, _Weighs)
        ):
            continue  # until CPython 3.11 a mock has whatever a protocol asks for
        wanted = ("x", 1, process.self()) if example is None else example
        for depth in (0, DEEP):
            sent = [*messages, *[("noise", number) for number in range(depth)]]
            found += [
                f"{kind}, depth {depth}, {text}" for text in await _try(patterns, sent, wanted)
            ]
    if name not in NO_PATTERNS:
        for pattern in (value, ("stop", value)):
            found += [
                f"as a pattern: {text}" for text in await _try((pattern,), ["noise"], pattern)
            ]
    return found


async def _try(patterns: tuple[Any, ...], messages: list[Any], wanted: Any) -> list[str]:
    found: list[str] = []
    for time, receive in _RECEIVES.items():
        for where, play in (("in the mailbox", _play_there), ("while it waits", _play_waiting)):
            problem = await play(receive, patterns, messages, wanted)
            if problem is not None:
                found.append(f"{time}, {where}: {problem}")
    return found


async def _play_there(
    receive: _Receive, patterns: tuple[Any, ...], messages: list[Any], wanted: Any
) -> str | None:
    pid = process.spawn(_take, process.self(), receive, patterns, *messages, wanted)
    return await _taken(pid, wanted)


async def _play_waiting(
    receive: _Receive, patterns: tuple[Any, ...], messages: list[Any], wanted: Any
) -> str | None:
    pid = process.spawn(_take, process.self(), receive, patterns)
    await settle()
    _, ref = process.spawn_monitor(_send_all, pid, [*messages, wanted])
    down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
    if down[4] is not atom("normal"):
        return f"the sender ended: {beamish.format_exit(down[4])}"
    return await _taken(pid, wanted)


async def _take(parent: Pid, receive: _Receive, patterns: tuple[Any, ...], *there: Any) -> None:
    for message in there:
        process.send(process.self(), message)
    process.send(parent, (process.self(), await receive(patterns)))


async def _send_all(pid: Pid, messages: list[Any]) -> None:
    for message in messages:
        process.send(pid, message)


async def _taken(pid: Pid, wanted: Any) -> str | None:
    """What is wrong with what a process has taken."""
    ref = process.monitor(pid)
    took = await process.receive((pid, ...), ("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
    process.demonitor(ref, flush=True)
    if took[0] is not pid:
        return f"the receiver ended: {beamish.format_exit(took[4])}"
    return None if took[1] is wanted else f"it took {type(took[1])}"


async def main(name: str) -> int:
    """Prints them; 0 if there are none."""
    found = await problems(name)
    for text in found:
        print(text)
    return min(1, len(found))


if __name__ == "__main__":
    logging.disable()
    sys.exit(beamish.run(main, sys.argv[1]))
