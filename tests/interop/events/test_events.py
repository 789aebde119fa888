"""Our gen_event beside Erlang's, under orders that nobody has seen before.

EVENTS_SEED in the environment repeats a run, EVENTS_COUNT sets how many lists of orders are made.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

import pytest

from tests.interop.statem.ours import show

from .ours import orders, play

_PLAYER = Path(__file__).with_name("player.erl")
_COUNT = int(os.environ.get("EVENTS_COUNT", "200"))
_PATIENCE = 120.0


@pytest.mark.slow  # Erlang starts
def test_an_event_manager_does_the_same_on_erlang(tmp_path: Path) -> None:
    seed = os.environ.get("EVENTS_SEED") or secrets.token_hex(4)
    lists = [orders(f"{seed}/{number}") for number in range(_COUNT)]

    theirs = erlang(lists, tmp_path)

    for number, (given, told) in enumerate(zip(lists, theirs, strict=True)):
        assert play(given) == told, f"EVENTS_SEED={seed}, list {number}"


def erlang(lists: list[list[object]], folder: Path) -> list[str]:
    """What is told on Erlang."""
    file = folder / "orders"
    file.write_text("".join(show(given) + ".\n" for given in lists))
    _do("erlc", "-o", str(folder), str(_PLAYER))
    out = _do("erl", "-noshell", "-pa", str(folder), "-eval", f'player:main("{file}"),halt().')
    return [line.removesuffix(".").replace("'", "") for line in out.splitlines()]


def _do(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
