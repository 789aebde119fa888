"""beamish against the traces that were recorded on Erlang/OTP 29."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .check import Runner, difference, play, read
from .runner import run, run_disturbed, run_embedded, run_on_uvloop

_GOLDEN = sorted(Path(__file__).with_name("golden").glob("*.jsonl.gz"))
_OF_ALL_KINDS = [golden for golden in _GOLDEN if golden.name.startswith(("long", "mix"))]
_SHOWN = 5


def _differences(golden: Path, runner: Runner) -> list[str]:
    """The first differences, in words, after how many there are."""
    scenarios = read(golden)
    found = [str(d) for one in scenarios if (d := difference(one, one, play(runner, one)))]
    if found:
        found.insert(0, f"{len(found)} of {len(scenarios)} scenarios differ")
    return found[: _SHOWN + 1]


def _name(golden: Path) -> str:
    return golden.name.removesuffix(".jsonl.gz")


@pytest.mark.slow  # hundreds of scenarios, each on a node of its own
@pytest.mark.parametrize("golden", _GOLDEN, ids=_name)
def test_every_recorded_trace_is_the_same_on_beamish(golden: Path) -> None:
    differences = _differences(golden, run)

    assert not differences, "\n".join(differences)


@pytest.mark.slow  # the same scenarios once more
@pytest.mark.parametrize("golden", _GOLDEN, ids=_name)
def test_a_trace_does_not_depend_on_when_actors_yield(
    golden: Path, fresh_seed: Callable[[], str]
) -> None:
    seed = fresh_seed()

    differences = _differences(golden, lambda scenario: run_disturbed(scenario, seed))

    assert not differences, "\n".join([f"seed {seed}", *differences])


@pytest.mark.slow  # hundreds of scenarios, each on a node of its own
@pytest.mark.parametrize("host", [run_on_uvloop, run_embedded])
@pytest.mark.parametrize("golden", _OF_ALL_KINDS, ids=_name)
def test_a_trace_does_not_depend_on_what_hosts_the_node(golden: Path, host: Runner) -> None:
    differences = _differences(golden, host)

    assert not differences, "\n".join(differences)


def test_the_golden_files_hold_all_scenarios() -> None:
    count = sum(len(read(golden)) for golden in _GOLDEN)

    assert count == 2430
