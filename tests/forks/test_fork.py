"""Rule B12: a forked child starts clean, wherever it was forked; its parent goes on."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.hostile.apart import Apart

from . import children


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as forks:
        yield forks


def _pairs(some: Iterable[str], others: Iterable[str]) -> list[tuple[str, str]]:
    """Each with each in `make soak`; else each with a third of the others."""
    every = 1 if os.environ.get("BEAMISH_SOAK") else 3
    return [
        (one, other)
        for (i, one), (j, other) in itertools.product(enumerate(some), enumerate(others))
        if (i + j) % every == 0
    ]


# asyncio.run has a handler of its own for SIGINT, and keeps it in a child.
CHILDREN = [
    pair
    for pair in _pairs(children.PLACES, children.CHILDREN)
    if pair != ("embedded node", "SIGINT")
]


@pytest.mark.parametrize(("place", "child"), CHILDREN)
def test_b12_a_child_starts_clean_wherever_it_is_forked(
    place: str, child: str, apart: Apart
) -> None:
    outcome = apart.run(children.fork_there, place, "fork", child)

    assert outcome.code == 0, outcome


@pytest.mark.parametrize(("way", "child"), _pairs(children.WAYS, children.MAIN_CHILDREN))
@pytest.mark.parametrize("place", ["beside a hog", "adopted Task", "thread"])
def test_b12_a_child_starts_clean_however_it_is_forked(
    place: str, way: str, child: str, apart: Apart
) -> None:
    outcome = apart.run(children.fork_there, place, way, child)

    assert outcome.code == 0, outcome


@pytest.mark.parametrize(("place", "end"), _pairs(children.COMING_BACK, children.ENDS))
def test_b12_a_child_that_comes_back_ends_there(place: str, end: str, apart: Apart) -> None:
    outcome = apart.run(children.come_back, place, end)

    assert outcome.code == 0, outcome
    lines = outcome.output.splitlines()
    assert (lines.count("parent ended"), lines.count("at the parent's exit")) == (1, 1), outcome


@pytest.mark.parametrize("wait", children.WAITS)
@pytest.mark.parametrize("place", ["process", "Task"])
def test_b12_a_child_that_waits_ends_with_an_error(wait: str, place: str, apart: Apart) -> None:
    outcome = apart.run(children.wait_in_child, wait, place)

    assert (outcome.code, outcome.output.count("parent ended")) == (0, 1), outcome


def test_b12_what_the_parent_was_about_to_run_is_not_run_by_the_child(apart: Apart) -> None:
    outcome = apart.run(children.run_others)

    assert outcome.code == 0, outcome
    assert "child" not in outcome.output, outcome


def test_b12_what_is_the_parents_is_cleaned_up_by_the_parent(apart: Apart) -> None:
    outcome = apart.run(children.clean_up_once)

    assert (outcome.code, outcome.output.count("cleaned up")) == (0, 3), outcome


@pytest.mark.parametrize(
    "program",
    [
        children.wait_for_a_future_of_the_parent,
        children.signal_in_the_fork,
        children.keep_the_users_handler,
        children.with_handlers_of_its_own,
        children.keep_the_mask,
        children.fork_from_many_threads,
        children.stop_the_parent,
        children.keep_the_pipe,
        children.with_preexec,
        children.send_to_the_parent,
        children.fork_in_a_predicate,
        children.fork_in_every_callback,
    ],
)
def test_b12_programs_that_fork(program: Callable[[], None], apart: Apart) -> None:
    outcome = apart.run(program)

    assert outcome.code == 0, outcome


def test_b12_a_child_is_terminated_right_after_its_start(apart: Apart) -> None:
    outcome = apart.run(children.terminate_at_once, 50)

    assert outcome.code == 0, outcome


def test_b12_a_child_is_interrupted_right_after_its_start(apart: Apart) -> None:
    outcome = apart.run(children.interrupt_at_once, 50)

    assert outcome.code == 0, outcome
