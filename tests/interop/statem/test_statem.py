"""Our gen_statem beside Erlang's, on state machines that nobody has seen before.

STATEM_SEED in the environment repeats a run, STATEM_COUNT sets how many machines are made.
"""

from __future__ import annotations

import os
import secrets

import pytest

from .fuzz import compare

_COUNT = int(os.environ.get("STATEM_COUNT", "150"))


@pytest.mark.slow  # Erlang plays them in real time
def test_new_state_machines_give_the_same_trace_on_erlang() -> None:
    seed = os.environ.get("STATEM_SEED") or secrets.token_hex(4)

    report = compare(seed, _COUNT)

    words = [
        f"{one.seed}\n  ours:   {one.ours}\n  erlang: {one.erlang}" for one in report.differences
    ]
    assert not words, "\n".join([f"seed {seed}", *words])
    assert report.compared > _COUNT // 2, f"only {report.compared} have a certain answer"
