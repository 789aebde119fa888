"""Nothing of the user's breaks the runtime: every kind of object at every place, sampled.

Each is tried in an OS process of its own: what is awaited there comes, the neighbours go on, and
the node ends in order. `make soak` tries them all.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Iterator
from typing import Final

import pytest

from .apart import Apart
from .objects import ERRORS, KINDS, combinations
from .places import ERROR_PLACES, PLACES, judge

pytestmark = pytest.mark.slow  # some hundred OS processes

SOAK: Final = bool(os.environ.get("BEAMISH_SOAK"))
# Another sample each day; a failing one is played again by BEAMISH_SEED.
SEED: Final = int(os.environ.get("BEAMISH_SEED") or dt.datetime.now(dt.UTC).strftime("%y%m%d"))
SAMPLE: Final = 300

Case = tuple[str, str, str, str]


def every_case() -> list[Case]:
    """Each place with each kind of object, and each thing that this may raise."""
    values = [("PLACES", name, *kind) for name in PLACES for kind in combinations(KINDS)]
    errors = [
        ("ERROR_PLACES", name, *kind) for name in ERROR_PLACES for kind in combinations(ERRORS)
    ]
    return values + errors


def _cases() -> list[Case]:
    cases = every_case()
    return cases if SOAK else random.Random(SEED).sample(cases, SAMPLE)


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    print(f"BEAMISH_SEED={SEED}")
    with Apart() as forks:
        yield forks


@pytest.mark.parametrize(
    ("table", "place", "kind", "raises"), _cases(), ids=lambda part: part.replace(" ", "_")
)
def test_a_hostile_object_breaks_nothing(
    table: str, place: str, kind: str, raises: str, apart: Apart
) -> None:
    outcome = apart.run(judge, table, place, kind, raises)

    assert outcome.code == 0, outcome.output
