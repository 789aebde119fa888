"""The public functions and methods of rooms, and a check for each kind of case."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

import beamish
from beamish import NotRunningError

from .table import Case, Delivered, Raises, Refused, Works
from .world import PATIENCE, Outcome, World, call_in_a_loop, call_on_a_thread

__all__ = ["cases", "check_delivered", "check_raises", "check_refused", "check_works", "doors_of"]


# ---- which


def doors_of(rooms: Iterable[str], package: str) -> list[str]:
    """The functions and methods that users reach through rooms, each by its first name.

    Args:
        rooms: names of modules, whose ``__all__`` count.
        package: what they are all in.
    """
    seen: set[int] = set()
    found: list[str] = []
    for room in rooms:
        module = importlib.import_module(room)
        prefix = room.removeprefix(package).removeprefix(".")
        for name in module.__all__:
            for door, function in _doors(f"{prefix}.{name}".lstrip("."), getattr(module, name)):
                if id(function) not in seen:
                    seen.add(id(function))
                    found.append(door)
    return found


def _doors(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    if inspect.isfunction(thing):
        yield name, thing
    elif inspect.isclass(thing) and not issubclass(thing, BaseException):
        for key in dir(thing):
            if not key.startswith("_"):
                static = inspect.getattr_static(thing, key)
                function = getattr(static, "__func__", static)
                if inspect.isfunction(function) and function.__module__.startswith("beamish"):
                    yield f"{name}.{key}", function


def cases(table: dict[str, dict[str, Case]], kind: type[Case]) -> list[Any]:
    """The cases of one kind in a table, as parameters of a test."""
    return [
        pytest.param(case, id=f"{name} {what}".strip())
        for name, all_of_it in table.items()
        for what, case in all_of_it.items()
        if isinstance(case, kind)
    ]


# ---- what they do


def _run(world: World, work: Callable[[], Any]) -> Any:
    """What a function returns on another thread than that of the world's node."""

    async def main() -> Any:
        await world.begin()
        try:
            return await asyncio.to_thread(work)
        finally:
            world.done = True

    return beamish.run(main)


def check_refused(world: World, case: Refused) -> None:
    """It says what to call instead, and changes nothing, on a bare thread and in another loop."""

    def work() -> list[Outcome]:
        return [call_on_a_thread(world, case.call), call_in_a_loop(world, case.call)]

    on_a_thread, in_a_loop = _run(world, work)

    for outcome in (on_a_thread, in_a_loop):
        assert isinstance(outcome.error, NotRunningError), outcome
        assert "() was called on " in str(outcome.error)
        assert "process.call_threadsafe" in str(outcome.error)
        assert outcome.changes() == {}
    assert "another event loop" in str(in_a_loop.error)
    assert world.seen == []


def check_delivered(world: World, case: Delivered) -> None:
    """It arrives without another event, but not from another loop."""

    def work() -> tuple[Outcome, Outcome, bool]:
        in_a_loop = call_in_a_loop(world, case.call)
        world.told.clear()
        # Nothing wakes the node's loop, until this returns.
        return in_a_loop, call_on_a_thread(world, case.call), world.told.wait(PATIENCE)

    in_a_loop, outcome, told = _run(world, work)

    assert isinstance(in_a_loop.error, NotRunningError)
    assert in_a_loop.changes() == {}
    assert outcome.error is None
    assert told
    assert len(world.seen) == 1
    assert case.tells(world, world.seen[0])


def check_works(world: World, case: Works) -> None:
    """It does the same as in a process, and changes nothing."""

    def work() -> list[Outcome]:
        return [call_on_a_thread(world, case.call), call_in_a_loop(world, case.call)]

    for outcome in _run(world, work):
        assert outcome.error is None
        assert case.result(world, outcome.result), outcome.result
        assert outcome.changes() == {}


def check_raises(world: World, case: Raises) -> None:
    """It raises its own error, and changes nothing."""
    outcome = _run(world, lambda: call_on_a_thread(world, case.call))

    assert type(outcome.error) is case.error
    assert outcome.changes() == {}
