"""A program that replaces itself (a reloader, say) is not ended by the node's interval timer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.apart import Apart

from . import execs


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as forks:
        yield forks


@pytest.mark.parametrize("way", execs.WAYS)
def test_b11_the_next_program_runs_to_its_end(way: str, apart: Apart) -> None:
    outcome = apart.run(execs.replace, way)

    assert (outcome.code, "replaced" in outcome.output) == (0, True), outcome


@pytest.mark.parametrize("place", execs.PLACES)
def test_b11_a_program_may_be_replaced_from_anywhere(place: str, apart: Apart) -> None:
    outcome = apart.run(execs.replace_from, place)

    assert (outcome.code, "replaced" in outcome.output) == (0, True), outcome


def test_b11_the_next_program_keeps_what_was_ignored_and_blocked(apart: Apart) -> None:
    outcome = apart.run(execs.replace_with_ignored)

    assert (outcome.code, "replaced" in outcome.output) == (0, True), outcome


def test_b11_without_such_a_program_the_node_preempts_as_before(apart: Apart) -> None:
    outcome = apart.run(execs.fail_to_exec)

    assert (outcome.code, "went on" in outcome.output) == (0, True), outcome


def test_b11_a_reloader_ends_in_order(apart: Apart) -> None:
    outcome = apart.run(execs.reload, 3)

    assert (outcome.code, "reloaded" in outcome.output) == (0, True), outcome
