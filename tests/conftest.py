"""What every test is held to: it leaves nothing behind. beamish's own plugin sees to that."""

from __future__ import annotations

import pytest

from beamish.testing.plugin import ABANDONS


@pytest.fixture
def abandons(request: pytest.FixtureRequest) -> None:
    """For a test of a process that can be ended by no means: its greenlet stays behind."""
    request.node.stash[ABANDONS] = True
