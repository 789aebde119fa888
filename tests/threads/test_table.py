"""Every public function of `process` and `behaviour`, called on another thread than the node's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from beamish import NotRunningError, behaviour, process

from .table import TABLES, Delivered, Raises, Refused, Works, cases
from .world import PATIENCE, Outcome, World, call_in_a_loop, call_on_a_thread

Call = Callable[[World], Any]


@pytest.fixture(params=[False, True], ids=["idle", "busy"])
def world(request: pytest.FixtureRequest) -> World:
    return World(busy=request.param)


@pytest.fixture(params=[call_on_a_thread, call_in_a_loop], ids=["thread", "loop"])
def place(request: pytest.FixtureRequest) -> Callable[[World, Call], Outcome]:
    where: Callable[[World, Call], Outcome] = request.param
    return where


@pytest.mark.parametrize("module", [process, behaviour], ids=lambda module: module.__name__)
def test_each_public_function_has_a_place_in_the_table(module: Any) -> None:
    assert sorted(TABLES[module.__name__.rpartition(".")[2]]) == sorted(module.__all__)


@pytest.mark.parametrize(("name", "case"), cases(Refused))
def test_r14_what_needs_a_process_is_refused(
    world: World, place: Any, name: str, case: Refused
) -> None:
    outcome = world.run(lambda: place(world, case.call))

    assert isinstance(outcome.error, NotRunningError)
    assert str(outcome.error).startswith(f"{case.name or name}() was called on ")
    assert ("another event loop" in str(outcome.error)) is (place is call_in_a_loop)
    assert "process.call_threadsafe" in str(outcome.error)
    assert outcome.after == outcome.before
    assert world.seen == []


@pytest.mark.parametrize(("name", "case"), cases(Delivered))
def test_r14_what_is_sent_is_delivered_without_another_event(
    world: World, name: str, case: Delivered
) -> None:
    def work() -> tuple[Outcome, bool]:
        # Nothing wakes the loop, until this returns.
        return call_on_a_thread(world, case.call), world.told.wait(PATIENCE)

    outcome, told = world.run(work)

    assert outcome.error is None
    assert told
    assert case.tells(world, world.seen[0])
    assert outcome.after[world.subject] == outcome.before[world.subject]


@pytest.mark.parametrize(("name", "case"), cases(Delivered))
def test_r14_in_another_event_loop_only_what_is_made_for_it_is_delivered(
    world: World, name: str, case: Delivered
) -> None:
    def work() -> tuple[Outcome, bool]:
        return call_in_a_loop(world, case.call), case.in_loops and world.told.wait(PATIENCE)

    outcome, told = world.run(work)

    if case.in_loops:
        assert outcome.error is None
        assert told
        assert case.tells(world, world.seen[0])
    else:
        assert isinstance(outcome.error, NotRunningError)
        assert str(outcome.error).startswith(f"{name}() was called on another event loop")
        assert outcome.after == outcome.before
        assert world.seen == []


@pytest.mark.parametrize(("name", "case"), cases(Works))
def test_r14_what_only_looks_works(world: World, place: Any, name: str, case: Works) -> None:
    outcome = world.run(lambda: place(world, case.call))

    assert outcome.error is None
    assert case.result(world, outcome.result)
    assert outcome.after == outcome.before


@pytest.mark.parametrize(("name", "case"), cases(Raises))
def test_what_is_made_to_raise_raises(world: World, place: Any, name: str, case: Raises) -> None:
    outcome = world.run(lambda: place(world, case.call))

    assert type(outcome.error) is case.error
    assert outcome.after[world.subject] == outcome.before[world.subject]
