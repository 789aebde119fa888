"""Rules R8 and R9: the patterns of receive, and what each kind takes."""

from __future__ import annotations

import functools
from collections.abc import Sized
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import pytest

from beamish import Atom, BadArgError, Down, Exit, Pid, Ref, atom, process

from .harness import (
    PATIENCE,
    down_of,
    end_of,
    equal_to,
    on_virtual_clock,
    settle,
    watched_end,
)


class _Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass(frozen=True)
class _Point:
    x: int
    y: int


class _Pair(NamedTuple):
    left: int
    right: int


class _MyInt(int):
    pass


def _big(message: Any) -> bool:
    return bool(message > 10)


def _listed(message: object) -> Any:
    return [message]


def _nothing(_: object) -> Any:
    return None


_TAKEN: list[tuple[str, Any, Any]] = [
    ("a value", 1, 1),
    ("a value", 1, 1.0),  # Python's equality; Erlang's =:= would not
    ("a value", "text", "text"),
    ("a value", "ok", atom("ok")),
    ("a value", atom("ok"), "ok"),
    ("a value", 2.5, 2.5),
    ("a value", b"bytes", b"bytes"),
    ("a value", _Point(1, 2), _Point(1, 2)),
    ("a value", _Colour.RED, _Colour.RED),
    ("a value", frozenset({1}), {1}),
    ("anything", ..., None),
    ("anything", ..., object()),
    ("anything", ..., ...),
    ("a singleton", None, None),
    ("a singleton", True, True),
    ("a singleton", False, False),
    ("a type", int, 1),
    ("a type", int, _MyInt(1)),
    ("a type", int, True),
    ("a type", str, atom("ok")),
    ("a type", Atom, atom("ok")),
    ("a type", object, None),
    ("a type", Sized, [1]),
    ("a type", tuple, (1, 2)),
    ("a type", Exception, ValueError()),
    ("a type", _Colour, _Colour.RED),
    ("a tuple", (), ()),
    ("a tuple", (1, int, ...), (1, 2, 3)),
    ("a tuple", ("EXIT", ..., str), Exit(None, "boom")),
    ("a tuple", ("DOWN", ..., "process", ..., ...), Down(None, "process", None, "x")),
    ("a tuple", (1, 2), _Pair(1, 2)),
    ("a tuple", ((1, (2, ...)), [3]), ((1, (2, 0)), [3])),
    ("a list", [], []),
    ("a list", [int, ...], [1, "x"]),
    ("a dict", {}, {}),
    ("a dict", {}, {"more": 1}),
    ("a dict", {"kind": "event", "id": int}, {"kind": "event", "id": 1, "more": 2}),
    ("a dict", {"in": {"side": ...}}, {"in": {"side": None}}),
    ("a predicate", _big, 11),
    ("a predicate", str.isdigit, "12"),
    ("a predicate", (int, _big), (1, 11)),
    ("a predicate", {"n": _big}, {"n": 11}),
    ("a predicate", _listed, "truth is enough"),
]

_LEFT: list[tuple[str, Any, Any]] = [
    ("a value", 1, 2),
    ("a value", 1, "1"),
    ("a value", "text", b"text"),
    ("a value", _Point(1, 2), _Point(2, 1)),
    ("a value", _Colour.RED, _Colour.BLUE),
    ("a value", 0, None),
    ("a singleton", None, 0),
    ("a singleton", None, ""),
    ("a singleton", True, 1),
    ("a singleton", False, 0),
    ("a singleton", True, "True"),
    ("a type", int, "1"),
    ("a type", int, int),
    ("a type", Atom, "ok"),
    ("a type", str, b"text"),
    ("a type", Sized, 1),
    ("a tuple", (1, 2), (1, 3)),
    ("a tuple", (1, 2), (1, 2, 3)),
    ("a tuple", (1, 2, 3), (1, 2)),
    ("a tuple", (1, 2), [1, 2]),
    ("a tuple", (), []),
    ("a tuple", (int, int), "ab"),
    ("a list", [1, 2], (1, 2)),
    ("a list", [int], [1, 2]),
    ("a dict", {"id": int}, {"id": "1"}),
    ("a dict", {"id": ...}, {}),
    ("a dict", {"id": ...}, [("id", 1)]),
    ("a predicate", equal_to("yes"), "no"),
    ("a predicate", _nothing, 1),
]


def _names(cases: list[tuple[str, Any, Any]]) -> list[str]:
    return [f"{kind}-{index}" for index, (kind, _, _) in enumerate(cases)]


@pytest.mark.parametrize(("_kind", "pattern", "message"), _TAKEN, ids=_names(_TAKEN))
@on_virtual_clock
async def test_a_pattern_takes(_kind: str, pattern: Any, message: Any) -> None:
    """From the mailbox, and from the hand of the sender."""
    process.send(process.self(), message)
    assert await process.receive(pattern, timeout=0) is message

    pid = process.spawn(_take, process.self(), pattern)
    await settle()
    process.send(pid, message)
    assert await process.receive(timeout=PATIENCE) is message


@pytest.mark.parametrize(("_kind", "pattern", "message"), _LEFT, ids=_names(_LEFT))
@on_virtual_clock
async def test_a_pattern_leaves(_kind: str, pattern: Any, message: Any) -> None:
    """In the mailbox, and what comes while it waits."""
    process.send(process.self(), message)
    with pytest.raises(TimeoutError):
        await process.receive(pattern, timeout=0)
    assert process.flush() == [message]

    pid = process.spawn(_take, process.self(), pattern)
    await settle()
    process.send(pid, message)
    await settle()
    assert process.info(pid, "messages") == [message]


async def _take(parent: Pid, pattern: Any) -> None:
    process.send(parent, await process.receive(pattern))


@on_virtual_clock
async def test_references_and_pids_are_told_by_what_they_are() -> None:
    mine, other = process.make_ref(), process.make_ref()
    process.send(process.self(), (other, 1))
    process.send(process.self(), (mine, process.self()))

    assert await process.receive((mine, process.self()), timeout=0) == (mine, process.self())
    assert await process.receive((Ref, int), timeout=0) == (other, 1)


# ---- predicates


@on_virtual_clock
async def test_a_predicate_runs_in_the_receiver() -> None:
    """With its self(), its dictionary, its contextvars."""
    pids: list[Pid] = []

    def noting(message: object) -> bool:
        pids.append(process.self())
        return message == "end"

    pid, ref = process.spawn_monitor(process.receive, noting)
    for message in ("one", "two", "end"):
        await settle()
        process.send(pid, message)
    await down_of(ref)

    assert pids == [pid, pid, pid]


@on_virtual_clock
async def test_an_error_in_a_predicate_is_the_receivers() -> None:
    """The sender knows nothing of it."""

    def failing(message: object) -> bool:
        raise LookupError(message)

    pid, ref = process.spawn_monitor(process.receive, failing)
    await settle()
    process.send(pid, "hello")

    assert isinstance(await down_of(ref), LookupError)


async def _async_predicate(value: Any) -> bool:
    return bool(value)


@pytest.mark.parametrize(
    "pattern",
    [
        _async_predicate,
        functools.partial(_async_predicate),
        ("stop", _async_predicate),
        {"stop": _async_predicate},
    ],
)
@on_virtual_clock
async def test_an_async_predicate_is_refused_and_loses_no_message(pattern: Any) -> None:
    """Its result is a coroutine, which is true."""
    message: Any = {"stop": 1} if isinstance(pattern, dict) else ("stop", 1)
    process.send(process.self(), message)

    with pytest.raises(BadArgError, match="a predicate is a plain function"):
        await process.receive(pattern)

    assert process.flush() == [message]


@on_virtual_clock
async def test_an_error_in_a_predicate_can_be_caught_and_loses_no_message() -> None:
    def failing(message: object) -> bool:
        raise LookupError(message)

    process.send(process.self(), "hello")

    with pytest.raises(LookupError, match="hello"):
        await process.receive(failing)

    assert process.flush() == ["hello"]


class _Incomparable:
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        raise LookupError("compared")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [(_Incomparable(), 1), ((1, _Incomparable()), (1, 2)), ({"k": _Incomparable()}, {"k": 1})],
)
@on_virtual_clock
async def test_r12_an_error_in_a_comparison_is_no_match(pattern: Any, message: Any) -> None:
    """With a pattern that has an __eq__ of its own."""
    pid = process.spawn(_take, process.self(), [pattern, "end"])
    await settle()

    process.send(pid, message)
    process.send(pid, [pattern, "end"])

    assert await process.receive(timeout=PATIENCE) == [pattern, "end"]


@on_virtual_clock
async def test_r12_an_error_in_comparing_the_message_is_no_match() -> None:
    """With a message that has an __eq__ of its own, compared with a plain value."""
    pid = process.spawn(_take, process.self(), (1, 2))
    await settle()

    process.send(pid, (_Incomparable(), 2))
    process.send(pid, (1, 2))

    assert await process.receive(timeout=PATIENCE) == (1, 2)


@on_virtual_clock
async def test_a_predicate_may_send_to_its_own_process() -> None:
    """What it sends is looked at in its turn."""

    def echoing(message: Any) -> bool:
        if message == "first":
            process.send(process.self(), "second")
        return bool(message == "second")

    process.send(process.self(), "first")

    assert await process.receive(echoing, timeout=PATIENCE) == "second"
    assert process.flush() == ["first"]


@on_virtual_clock
async def test_a_predicate_may_take_messages_itself() -> None:
    """flush() inside of one: the message that it then says yes to is taken once."""
    flushed: list[Any] = []

    def greedy(message: Any) -> bool:
        if message == "b":
            flushed.extend(process.flush())
        return bool(message == "b")

    for message in ("a", "b", "c"):
        process.send(process.self(), message)

    assert await process.receive(greedy, timeout=0) == "b"
    assert flushed == ["a", "b", "c"]
    assert process.flush() == []


@on_virtual_clock
async def test_a_predicate_may_spawn_and_look_around() -> None:
    """It is the receiver's code like any other."""

    def busy(message: Any) -> bool:
        process.spawn(process.send, process.self(), "spawned")
        return process.alive(process.self()) and message == "end"

    process.send(process.self(), "end")

    assert await process.receive(busy, timeout=PATIENCE) == "end"
    assert await process.receive(timeout=PATIENCE) == "spawned"


@on_virtual_clock
async def test_a_predicate_that_exits_ends_its_process() -> None:
    def leaving(message: Any) -> bool:
        process.exit(("left", message))

    async def child() -> None:
        process.send(process.self(), 1)
        await process.receive(leaving)

    assert await watched_end(child) == ("left", 1)


# ---- several patterns


@on_virtual_clock
async def test_of_several_patterns_any_may_take_it() -> None:
    patterns: tuple[Any, ...] = (int, ("ok", ...), equal_to("yes"))

    for message in (1, ("ok", 2), "yes"):
        process.send(process.self(), message)
        assert await process.receive(*patterns, timeout=0) == message


@on_virtual_clock
async def test_a_waiting_process_takes_by_any_of_several_patterns() -> None:
    for message in (1, ("ok", 2), "yes"):
        pid = process.spawn(process.receive, int, ("ok", ...), "yes")
        await settle()
        process.send(pid, "noise")
        process.send(pid, message)
        assert await end_of(pid) in ("normal", "noproc")


# ---- references: older messages are not looked at


class _Probe:
    """A message that counts how often it is looked at."""

    looks = 0

    def __eq__(self, other: object) -> bool:
        _Probe.looks += 1
        return NotImplemented

    __hash__ = object.__hash__

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        _Probe.looks += 1
        return _Probe


_BUSY = 100_000


def _patterns_with(ref: Ref) -> dict[str, tuple[Any, ...]]:
    return {
        "tuple": ((ref, ...),),
        "deep": (("reply", [(ref, int)]),),
        "answer or down": ((ref, ...), ("DOWN", ref, ..., ..., ...)),
    }


@pytest.mark.slow  # puts 100,000 messages in a mailbox
@pytest.mark.parametrize("kind", ["tuple", "deep", "answer or down"])
@pytest.mark.parametrize("waiting", [False, True])
@on_virtual_clock
async def test_a_reference_skips_the_messages_that_are_older(kind: str, waiting: bool) -> None:
    """R9: a call stays O(1) with 100,000 unrelated messages waiting."""
    for _ in range(_BUSY):
        process.send(process.self(), (_Probe(), _Probe()))
    ref = process.make_ref()
    answer: Any = ("reply", [(ref, 1)]) if kind == "deep" else (ref, 1)
    _Probe.looks = 0

    if waiting:
        process.send_after(1.0, process.self(), answer)
    else:
        process.send(process.self(), answer)

    assert await process.receive(*_patterns_with(ref)[kind], timeout=PATIENCE) == answer
    assert _Probe.looks == 0
    assert len(process.flush()) == _BUSY


@on_virtual_clock
async def test_a_reference_finds_what_came_after_it() -> None:
    """Also after messages before it were taken, and with others between."""
    for number in range(10):
        process.send(process.self(), number)
    ref = process.make_ref()
    for number in range(10, 20):
        process.send(process.self(), number)
    process.send(process.self(), (ref, "answer"))
    for number in range(0, 20, 2):
        assert await process.receive(number, timeout=0) == number

    assert await process.receive((ref, ...), timeout=0) == (ref, "answer")
    assert process.flush() == list(range(1, 20, 2))


@on_virtual_clock
async def test_a_reference_of_another_process_is_looked_for_everywhere() -> None:
    """Only who made it knows when it was made."""
    parent = process.self()

    async def child() -> None:
        ref = process.make_ref()
        process.send(parent, (ref, "first"))
        process.send(parent, ref)

    process.spawn(child)
    await settle()
    ref = await process.receive(Ref, timeout=0)

    assert await process.receive((ref, ...), timeout=0) == (ref, "first")


@on_virtual_clock
async def test_of_two_references_the_newer_one_says_where_to_begin() -> None:
    """A message that holds both cannot be older than either."""
    old = process.make_ref()
    process.send(process.self(), (old, "x"))
    new = process.make_ref()
    process.send(process.self(), (old, new))

    assert await process.receive((old, new), timeout=0) == (old, new)
    assert await process.receive((old, ...), (new, ...), timeout=0) == (old, "x")
