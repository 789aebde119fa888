"""Rule R12: no behaviour ends because of a value that cannot be compared, hashed or shown.

Each value is tried in a few places, others each day; `make soak` tries it in all. A sample that
fails is played again with BEAMISH_SEED.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from typing import Final

import pytest

from tests.support.nodes import on_virtual_clock

from .apart import run, skip_unless_installed
from .places import PLACES, problems
from .values import APART, NO_PLACES, VALUES

SOAK: Final = bool(os.environ.get("BEAMISH_SOAK"))
SEED: Final = int(os.environ.get("BEAMISH_SEED") or dt.datetime.now(dt.UTC).strftime("%y%m%d"))
SAMPLE: Final = 6

NAMES: Final = [name for name in VALUES if name not in NO_PLACES]


def places_of(name: str) -> list[str]:
    """Where a value is tried."""
    if SOAK:
        return list(PLACES)
    print(f"BEAMISH_SEED={SEED}")
    return random.Random(f"{SEED} {name}").sample(list(PLACES), SAMPLE)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in APART])
@on_virtual_clock
async def test_r12_behaviours_take_any_value(name: str) -> None:
    skip_unless_installed(name)

    assert await problems(name, places_of(name)) == []


@pytest.mark.slow  # an OS process for each
@pytest.mark.parametrize("name", [name for name in NAMES if name in APART])
def test_r12_behaviours_take_one_that_would_end_more_than_a_process(name: str) -> None:
    assert run("tests.matching.places", name, *places_of(name)) == (0, "")
