"""Memory that runs out: a process ends and is heard of, or the OS process ends; nothing hangs.

Each case is an OS process of its own. Floods use up what it may have. In the others the interpreter
is made to refuse memory, from the nth time that it is asked for some.
"""

from __future__ import annotations

import importlib.util
import random
import signal
import sys
from collections.abc import Iterator
from typing import Final

import pytest

from beamish.runtime import giving_up
from tests.hostile.apart import Apart, Outcome
from tests.hostile.test_objects import SEED, SOAK

from .floods import FLOODS, flood_in_little_memory
from .jobs import JOBS, refuse_memory

pytestmark = pytest.mark.slow  # some hundred OS processes

SAMPLE: Final = 80
_MOST: Final = 400  # times that one of the jobs asks for memory, hardly more

Refusal = tuple[str, int, int]


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    print(f"BEAMISH_SEED={SEED}")
    with Apart() as forks:
        yield forks


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory elsewhere")
@pytest.mark.parametrize("name", FLOODS)
def test_whoever_uses_up_the_memory_ends_or_the_os_process_does(name: str, apart: Apart) -> None:
    must_have_ended(apart.run(flood_in_little_memory, name))


def _refusals() -> list[Refusal]:
    # Not forever: where it cannot even number an instruction, CPython 3.11 to 3.13 loops.
    every = [(job, start, count) for job in JOBS for start in range(_MOST) for count in (1, 20)]
    return every if SOAK else random.Random(SEED).sample(every, SAMPLE)


@pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None, reason="this interpreter never refuses memory"
)
@pytest.mark.parametrize(("name", "start", "count"), _refusals())
def test_memory_that_is_refused_leaves_nobody_undead(
    name: str, start: int, count: int, apart: Apart
) -> None:
    outcome = apart.run(refuse_memory, name, start, count)

    if "Fatal Python error" in outcome.output:
        pytest.skip("CPython itself does not get over this one")
    must_have_ended(outcome)


def must_have_ended(outcome: Outcome) -> None:
    """In order, or for want of memory, with a line that says so.

    Where greenlet has no memory for the stack that it puts aside, it aborts in C, with a line.
    """
    if outcome.code == -signal.SIGABRT and "greenlet: Failed low-level" in outcome.output:
        return
    words = outcome.output.splitlines()[-1:]
    gave_up = giving_up.LAST_WORDS.decode() in outcome.output or words == ["MemoryError"]
    assert outcome.code == 0 or (outcome.code == giving_up.EXIT_CODE and gave_up), (
        f"{outcome.code}\n{outcome.output}"
    )
