"""Thousands of kills, at random: nobody is lost, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from .apart import Apart
from .killing import kill_at_random
from .test_objects import SEED, SOAK

pytestmark = pytest.mark.slow  # thousands of processes

STORMS: Final = 20 if SOAK else 3
KILLS: Final = 20_000 if SOAK else 1_500


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as forks:
        yield forks


@pytest.mark.parametrize("seed", range(SEED, SEED + STORMS))
def test_nobody_is_lost_in_a_storm_of_kills(seed: int, apart: Apart) -> None:
    outcome = apart.run(kill_at_random, seed, KILLS, patience=300.0)

    assert outcome.code == 0, outcome.output
