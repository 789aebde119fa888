"""The journal of deaths takes no more than so much memory, whatever the exit reasons are."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from array import array
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from beamish import process
from beamish.runtime.brief import LARGEST, Omitted, brief
from beamish.runtime.journal import SIZE
from tests.otp.support import on_real_clock, reason_of

MUCH = 10 * LARGEST


class Boom(Exception):
    """An exception of the user's."""


@dataclasses.dataclass
class Order:
    """An object of the user's."""

    items: Any


class Hostile:
    """None of its code must run."""

    def __init__(self) -> None:
        self.held = "x" * MUCH

    def fail(self, *_: object) -> NoReturn:
        raise AssertionError("code of the user's")

    __eq__ = __hash__ = __len__ = __iter__ = __repr__ = __str__ = fail
    __sizeof__ = __bool__ = __getattr__ = fail


def enclosed(value: Any) -> Callable[[], Any]:
    return lambda: value


@pytest.mark.parametrize(
    "term",
    [
        "boom",
        ("shutdown", {"a": [1, 2.0, None]}),
        Boom("no", "such", "order"),
        Order({"milk": 3}),
        ("noproc", ("gen_server", "call", [enclosed("x"), 1])),
        ExceptionGroup("both", [Boom(), ValueError(1)]),
        {b"key": frozenset((1, 2))},
        SimpleNamespace(a=1),
    ],
    ids=repr,
)
def test_a_small_reason_is_kept_as_it_is(term: Any) -> None:
    assert brief(term) is term


def linked(length: int) -> Any:
    term: Any = None
    for _ in range(length):
        term = (term,)
    return term


def with_attribute(error: BaseException) -> BaseException:
    error.held = bytearray(MUCH)  # type: ignore[attr-defined]
    return error


def caused(error: BaseException) -> BaseException:
    error.__cause__ = Boom("x" * MUCH)
    return error


@pytest.mark.parametrize(
    ("term", "kept"),
    [
        ("x" * MUCH, "x" * 200 + "..."),
        (b"x" * MUCH, b"x" * 200 + b"..."),
        (1 << (8 * MUCH), Omitted("int")),
        (bytearray(MUCH), Omitted("bytearray")),
        (("bad", "x" * MUCH), ("bad", "x" * 200 + "...")),
        (["a"] * MUCH, ["a"] * 8 + ["..."]),
        (tuple(range(MUCH)), (*range(8), "...")),
        ({"a": "x" * MUCH}, Omitted("dict")),
        (Boom("x" * MUCH), ("Boom", ("x" * 200 + "...",))),
        (with_attribute(Boom("a")), ("Boom", ("a",))),
        (caused(Boom("a")), ("Boom", ("a",))),
        (ExceptionGroup("g", [Boom("x" * MUCH)]), ("ExceptionGroup", ("g", [("Boom", ("...",))]))),
        (Order(bytearray(MUCH)), Omitted("Order")),
        (SimpleNamespace(a="x" * MUCH), Omitted("SimpleNamespace")),
        (enclosed("x" * MUCH), Omitted("function")),
        (memoryview(bytes(3)), Omitted("memoryview")),
        (array("d", [0.0]), Omitted("array")),
        (Hostile(), Omitted("Hostile")),
    ],
    ids=lambda term: type(term).__name__,
)
def test_of_a_large_reason_a_short_form_is_kept(term: Any, kept: Any) -> None:
    assert repr(brief(term)) == repr(kept)


def test_what_an_array_of_numpy_takes_cannot_be_seen() -> None:
    numpy = pytest.importorskip("numpy")

    assert brief(numpy.zeros(3)) == Omitted("ndarray")


def test_nothing_is_too_deep() -> None:
    assert len(repr(brief(linked(100_000)))) < LARGEST


WAYS: dict[str, Callable[[Any], Any]] = {
    "itself": lambda reason: process.spawn(process.exit, reason),
    "signal": lambda reason: _by_signal(reason),
    "link": lambda reason: _by_link(reason),
}


def _by_signal(reason: Any) -> Any:
    pid = process.spawn(process.receive)
    process.exit(pid, reason)
    return pid


def _by_link(reason: Any) -> Any:
    async def outer() -> None:
        process.spawn_link(process.exit, reason)
        await process.receive()

    return process.spawn(outer)


@pytest.mark.parametrize("way", WAYS)
def test_the_journal_keeps_no_large_reason_alive(way: str) -> None:
    @on_real_clock
    async def test() -> None:
        def end() -> tuple[Any, weakref.ref[Order]]:
            order = Order(bytearray(MUCH))
            return WAYS[way](("bad", order)), weakref.ref(order)

        pid, order = end()
        await reason_of(pid)
        await process.sleep(0)  # until it waits again, a process knows its last message
        gc.collect()

        assert order() is None
        why = process.why(pid)
        assert why is not None
        assert [death.reason for death in why] == [("bad", Omitted("Order"))] * len(why)

    test()


@on_real_clock
async def test_so_many_large_reasons_take_no_more_than_the_limit() -> None:
    for number in range(SIZE):
        await reason_of(process.spawn(process.exit, f"{number}" + "x" * MUCH))

    gc.collect()
    assert not [one for one in gc.get_objects() if _is_large(one)]


def _is_large(one: object) -> bool:
    parts: Any = one if type(one) is tuple else ()  # pyright: ignore[reportUnknownVariableType]
    return any(type(part) is str and len(part) > MUCH for part in parts)
