"""Compares our gen_statem with Erlang's on state machines made by chance.

python -m tests.interop.statem.fuzz --seed 7 --count 1000
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from .ours import play, show
from .scenario import Scenario, random_scenario

__all__ = ["Difference", "Report", "compare", "erlang"]

_PLAYER = Path(__file__).with_name("player.erl")
_AT_ONCE = 500  # machines that Erlang runs side by side
_PATIENCE = 120.0

# OTP 25 loses a time-out that is set while one of 0 of that kind waits, or beside it with
# {abs, true} in the same list; its message then comes as an info event, which the manual excludes.
_LOST_TIMER = "info,{timeout,#Ref"


class Difference(NamedTuple):
    """A machine that does not do the same on both."""

    seed: str
    ours: str
    erlang: str

    def __str__(self) -> str:
        return f"{self.seed}\n  ours:   {self.ours}\n  erlang: {self.erlang}"


class Report(NamedTuple):
    """What a comparison found.

    Attributes:
        compared: the machines that both have played.
        left_out: those in which Erlang lost a timer of its own.
        differences: those that differ.
    """

    compared: int
    left_out: int
    differences: list[Difference]


def compare(seed: str, count: int) -> Report:
    """Plays `count` machines on both."""
    found: list[Difference] = []
    left_out = 0
    cases = _certain(seed, count)
    for first in range(0, count, _AT_ONCE):
        some = cases[first : first + _AT_ONCE]
        theirs = erlang([scenario for _, scenario, _ in some])
        for (name, _, ours), other in zip(some, theirs, strict=True):
            if _LOST_TIMER in other:
                left_out += 1
            elif ours != other:
                found.append(Difference(name, ours, other))
    sure = [one for one in found if _is_sure(one)]
    return Report(count - left_out - len(found) + len(sure), left_out, sure)


def _is_sure(one: Difference) -> bool:
    """Whether Erlang, which a busy machine makes late, gives that trace again and again."""
    again = erlang([random_scenario(one.seed)] * 3)
    return one.ours not in again


def _certain(seed: str, count: int) -> list[tuple[str, Scenario, str]]:
    """Machines of which nothing depends on a few milliseconds, with our traces."""
    cases: list[tuple[str, Scenario, str]] = []
    number = 0
    while len(cases) < count:
        name = f"{seed}/{number}"
        number += 1
        scenario = random_scenario(name)
        trace = play(scenario)
        if trace is not None:
            cases.append((name, scenario, "[" + ",".join(trace) + "]"))
    return cases


def erlang(scenarios: list[Scenario]) -> list[str]:
    """The traces that Erlang gives."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        _do("erlc", "-o", folder, str(_PLAYER))
        file = here / "scenarios"
        file.write_text("".join(show(tuple(scenario)) + ".\n" for scenario in scenarios))
        main = f'player:main("{file}",{len(scenarios)}),halt().'
        out = _do("erl", "-noshell", "-pa", folder, "-eval", main)
    return [line.removesuffix(".") for line in out.splitlines()]


def _do(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Compares, and prints what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=500)
    given = parser.parse_args()
    report = compare(given.seed, given.count)
    for one in report.differences[:5]:
        print(one)
    print(f"{report.compared} machines compared, {len(report.differences)} differ")
    print(f"{report.left_out} left out")


if __name__ == "__main__":
    main()
