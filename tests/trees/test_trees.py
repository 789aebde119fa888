"""Supervision trees that nobody has seen before, on beamish and on the OTP of this machine.

TREES_SEED in the environment repeats a run, TREES_COUNT sets how many trees are grown.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from .fuzz import compare, plans_of
from .plan import Sup, erlang_term, walk

_COUNT = int(os.environ.get("TREES_COUNT", "100"))


@pytest.mark.slow  # OTP plays all trees twice
def test_random_trees_of_supervisors_do_what_otps_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = os.environ.get("TREES_SEED") or secrets.token_hex(4)
    with capsys.disabled():  # so that the log of every run has it
        print(f" TREES_SEED={seed} ", end="", flush=True)

    report = compare(plans_of(seed, _COUNT), tmp_path, to_shrink=3)

    words = "\n".join(map(str, report.differences))
    assert not report.differences, f"TREES_SEED={seed}\n{words}"
    assert report.compared > _COUNT * 0.9, f"only {report.compared} have a certain answer"


def test_a_seed_always_grows_the_same_trees() -> None:
    assert plans_of("7", 5) == plans_of("7", 5)


def test_trees_are_nested_and_use_all_that_a_supervisor_knows() -> None:
    plans = plans_of("7", 200)

    nodes = [node for plan in plans for node in walk(plan.tree)]
    inner = [node for plan in plans for child in plan.tree.children for node in walk(child)]
    text = "".join(map(erlang_term, plans))
    assert any(isinstance(n, Sup) and any(isinstance(c, Sup) for c in n.children) for n in inner)
    assert {node.restart for node in nodes} == {"permanent", "transient", "temporary"}
    for word in (
        "one_for_all",
        "rest_for_one",
        "any_significant",
        "all_significant",
        "brutal_kill",
        "unlink",
        "both",
        "terminate",
        "restart",
        "delete",
        "start",
        "ignore",
        "crash",
    ):
        assert word in text
