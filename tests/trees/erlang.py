"""Plays plans on the OTP of this machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .plan import Plan, erlang_term
from .play import Seen

__all__ = ["play_on_otp"]

_SOURCE = Path(__file__).with_name("trees.erl")


def play_on_otp(
    plans: Sequence[Plan], folder: Path, *, schedulers: int = 1, erl: str = "erl"
) -> list[list[Seen]]:
    """The results of plans, each played once.

    Args:
        plans: what to play.
        folder: for what is compiled and written; it need not be empty.
        schedulers: how many threads Erlang has.
        erl: the command.
    """
    given, result = folder / "plans", folder / "results"
    given.write_text("".join(erlang_term(plan) + ".\n" for plan in plans))
    if not (folder / "trees.beam").exists():
        compiled = f'case compile:file("{_SOURCE}") of {{ok, _}} -> halt(0); _ -> halt(1) end.'
        _run([erl, "-noshell", "-eval", compiled], folder)
    threads = ["+S", f"{schedulers}:{schedulers}"]
    _run([erl, *threads, "-noshell", "-run", "trees", "main", str(given), str(result)], folder)
    with result.open() as lines:
        return [json.loads(line) for line in lines]


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL)
