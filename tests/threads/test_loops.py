"""The functions that work on other threads: on each loop, and with the node on any thread."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from beamish import NotRunningError, process
from tests.citizenship.harness import LOOPS

from .table import Delivered, Refused, Works, cases
from .world import PATIENCE, Outcome, World, call_on_a_thread

_LOOPS: Final = [(name, debug) for name in LOOPS for debug in (False, True)]
_on_each_loop: Final = pytest.mark.parametrize(("loop", "debug"), _LOOPS)


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """What a loop opens once in an OS process (uvloop: a pipe for signals) is no leak."""
    for factory in LOOPS.values():
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.sleep(0))


@_on_each_loop
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize(("name", "case"), cases(Delivered))
def test_r14_what_is_sent_is_delivered_on_each_loop(
    name: str, case: Delivered, busy: bool, loop: str, debug: bool
) -> None:
    world = World(busy=busy)

    def work() -> tuple[Outcome, bool]:
        return call_on_a_thread(world, case.call), world.told.wait(PATIENCE)

    outcome, told = world.run(work, loop_factory=LOOPS[loop], debug=debug)

    assert outcome.error is None
    assert told
    assert case.tells(world, world.seen[0])


@pytest.mark.parametrize(("name", "case"), cases(Delivered))
def test_r14_the_main_thread_sends_to_a_node_of_another(name: str, case: Delivered) -> None:
    world = World(busy=False)

    def work() -> tuple[Outcome, bool]:
        return call_on_a_thread(world, case.call), world.told.wait(PATIENCE)

    outcome, told = world.run_elsewhere(work)

    assert outcome.error is None
    assert told
    assert case.tells(world, world.seen[0])


@pytest.mark.parametrize(("name", "case"), cases(Refused))
def test_r14_the_main_thread_is_refused_by_a_node_of_another(name: str, case: Refused) -> None:
    world = World(busy=False)

    outcome = world.run_elsewhere(lambda: call_on_a_thread(world, case.call))

    assert isinstance(outcome.error, NotRunningError)
    assert "was called on the thread 'MainThread'" in str(outcome.error)
    assert outcome.after == outcome.before


@pytest.mark.parametrize(("name", "case"), cases(Works))
def test_r14_the_main_thread_looks_at_a_node_of_another(name: str, case: Works) -> None:
    world = World(busy=False)

    def work() -> tuple[Outcome, bool]:
        outcome = call_on_a_thread(world, case.call)
        return outcome, case.result(world, outcome.result)

    outcome, is_right = world.run_elsewhere(work)

    assert outcome.error is None
    assert is_right


@pytest.mark.parametrize("turn", [1, 2])
def test_nodes_one_after_another_run_on_different_threads(turn: int) -> None:
    """The thread of the first is a foreign one for the second."""
    World(busy=False).run(lambda: None)
    world = World(busy=False)

    outcome = world.run_elsewhere(lambda: call_on_a_thread(world, lambda _: process.self()))

    assert isinstance(outcome.error, NotRunningError)
