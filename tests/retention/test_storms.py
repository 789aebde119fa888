"""Nothing of what has ended is kept: after a storm there are as many objects as before.

`make soak` raises storms of 20 times the size. Each is raised in an OS process of its own, where
nothing else comes and goes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

import pytest

from tests.hostile.apart import Apart

from .counting import judge
from .storms import STORMS

SIZE: Final = 20_000 if os.environ.get("BEAMISH_SOAK") else 1_000


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as forks:
        yield forks


@pytest.mark.parametrize("name", STORMS)
def test_a_storm_leaves_nothing_behind(name: str, apart: Apart) -> None:
    outcome = apart.run(judge, name, SIZE, patience=60.0 + SIZE / 50)

    assert outcome.code == 0, outcome.output
