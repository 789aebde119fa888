"""What the oracle's tests share."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable

import pytest


@pytest.fixture
def fresh_seed() -> Callable[[], str]:
    """A new seed each time, printed; ORACLE_SEED in the environment repeats a run."""

    def make() -> str:
        seed = os.environ.get("ORACLE_SEED") or secrets.token_hex(4)
        print(f"ORACLE_SEED={seed}")
        return seed

    return make
