"""Rules B4 and B9: what is right with threads is right with processes, judged by threads.

`make soak` runs each program longer.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Final

import pytest

from beamish import process
from tests.hostile.apart import Apart

from .harness import PATIENCE, on_real_clock
from .programs_for_threads import PROGRAMS, compare

pytestmark = pytest.mark.slow  # each runs in an OS process of its own

ROUNDS: Final = 200 if os.environ.get("BEAMISH_SOAK") else 10


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as forks:
        yield forks


@pytest.mark.parametrize("program", PROGRAMS)
def test_b9_processes_do_what_threads_do(program: str, apart: Apart) -> None:
    outcome = apart.run(compare, program, ROUNDS, patience=20.0 + 3 * ROUNDS)

    assert outcome.code == 0, outcome.output


@on_real_clock
async def test_b9_thread_local_data_is_shared() -> None:
    """The limit that the documentation tells: processes share a thread. Use context variables."""
    local = threading.local()
    local.value = "of the parent"
    parent = process.self()

    process.spawn(lambda: process.send(parent, local.value))

    assert await process.receive(timeout=PATIENCE) == "of the parent"
