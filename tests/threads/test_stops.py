"""Threads and the end of a node: never a hang, and all of them hear of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.hostile.apart import Apart
from tests.hostile.test_objects import SOAK

from . import stops


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as forks:
        yield forks


@pytest.mark.slow  # ten nodes, in `make soak` more, and eight threads that ask them
@pytest.mark.parametrize("what", stops.ASKING)
def test_r14_whoever_asks_while_a_node_stops_hears_of_it(what: str, apart: Apart) -> None:
    outcome = apart.run(stops.ask_while_nodes_stop, what, patience=600.0 if SOAK else 60.0)

    assert outcome.code == 0, outcome.output
    assert outcome.output == ""


@pytest.mark.parametrize(
    "program",
    [
        stops.ask_after_a_node,
        stops.spawn_too_late,
        stops.ask_when_the_loop_is_closed,
        stops.node_that_cannot_begin,
    ],
)
def test_r14_what_comes_too_late_is_refused_or_never_begins(
    program: Callable[[], None], apart: Apart
) -> None:
    outcome = apart.run(program)

    assert outcome.code == 0, outcome.output
    assert outcome.output == ""


@pytest.mark.parametrize(
    "program",
    [
        stops.call_too_late,
        stops.call_a_sleeper,
        stops.call_one_that_ends_by_itself,
        stops.call_one_that_fails_then,
        stops.call_when_the_loop_fails,
        stops.ctrl_c_in_the_thread_that_waits,
    ],
)
def test_r15_a_call_ends_with_its_node_or_its_thread(
    program: Callable[[], None], apart: Apart
) -> None:
    outcome = apart.run(program)

    assert outcome.code == 0, outcome.output
