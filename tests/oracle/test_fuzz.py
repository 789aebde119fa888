"""beamish against the Erlang of this machine, on scenarios that nobody has seen before.

ORACLE_SEED in the environment repeats a run, ORACLE_COUNT sets how many scenarios of each
profile are made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator

import pytest

from .fuzz import compare
from .generate import PROFILES, random_scenarios
from .record import Erlang
from .runner import run

_COUNT = int(os.environ.get("ORACLE_COUNT", "40"))


@pytest.fixture(scope="module")
def erlang() -> Generator[Erlang]:
    with Erlang() as running:
        yield running


@pytest.mark.slow  # Erlang plays each scenario four times, and sleeps until all is quiet
@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_new_scenarios_give_the_same_trace_on_erlang(
    profile: str, erlang: Erlang, fresh_seed: Callable[[], str]
) -> None:
    seed = fresh_seed()

    report = compare(erlang, run, list(random_scenarios(profile, seed, _COUNT)))

    words = [f"{found}\n     {json.dumps(found.scenario)}" for found in report.differences]
    assert not words, "\n".join([f"seed {seed}", *words])
    assert report.compared > _COUNT // 2, f"only {report.compared} have a certain answer"
