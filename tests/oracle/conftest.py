"""What the oracle's tests share."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable

import pytest
import uvloop


@pytest.fixture(scope="session", autouse=True)
def _uvloop_has_run_once() -> None:
    """It opens a pipe for the whole OS process when it first runs; that is no test's leak."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.sleep(0))


@pytest.fixture
def fresh_seed() -> Callable[[], str]:
    """A new seed each time, printed; ORACLE_SEED in the environment repeats a run."""

    def make() -> str:
        seed = os.environ.get("ORACLE_SEED") or secrets.token_hex(4)
        print(f"ORACLE_SEED={seed}")
        return seed

    return make
