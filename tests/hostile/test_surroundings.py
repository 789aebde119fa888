"""Nothing around the processes breaks the runtime: logs, hooks, the loop and the system may fail.

Each is tried in an OS process of its own: processes, servers, Tasks and threads crash there in
every way, all of them are heard of, and the node ends in order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

import pytest

from .apart import Apart
from .objects import RAISES
from .surroundings import SURROUNDINGS, live_there
from .test_objects import SEED, SOAK

pytestmark = pytest.mark.slow  # an OS process for each

KINDS: Final = sorted(set(RAISES) - {"MemoryError"})  # which may end the OS process
SAMPLE: Final = 2  # of what each may raise


def _cases() -> list[tuple[str, str]]:
    chosen = random.Random(SEED)
    return [
        (name, raises)
        for name in SURROUNDINGS
        for raises in (KINDS if SOAK else chosen.sample(KINDS, SAMPLE))
    ]


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    print(f"BEAMISH_SEED={SEED}")
    with Apart() as forks:
        yield forks


@pytest.mark.parametrize(("name", "raises"), _cases(), ids=lambda part: part.replace(" ", "_"))
def test_hostile_surroundings_break_nothing(name: str, raises: str, apart: Apart) -> None:
    outcome = apart.run(live_there, name, raises, patience=60.0)

    assert outcome.code == 0, outcome.output
