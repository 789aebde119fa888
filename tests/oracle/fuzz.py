"""Compares a runner with a live Erlang on new scenarios, and shrinks what differs.

    python -m tests.oracle.fuzz --runner tests.oracle.runner:run --seed 3 --count 500

A scenario that Erlang itself answers in more than one way is left out. That is found by running
it several times, and more often where beamish gives another answer, because a few runs may
happen to agree. A scenario that still differs is cut down to the shortest that does.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from .check import Difference, Runner, difference, load_runner, play
from .generate import PROFILES, random_scenarios
from .record import Erlang, certain
from .terms import JSON, Scenario, Step

__all__ = ["Report", "compare"]

# Disturbed runs that an answer must withstand before beamish is said to differ from it.
_IN_DOUBT = 12


@dataclass
class Report:
    """What a comparison found."""

    compared: int = 0
    left_out: int = 0
    differences: list[Difference] = field(default_factory=list[Difference])


def smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Every scenario that lacks one step, operation or actor of this one."""
    steps, actors = scenario["steps"], scenario["actors"]
    number = itertools.count()

    def attempt(steps: list[Step], actors: list[str]) -> Scenario:
        return {"id": f"try-{next(number)}", "actors": actors, "steps": steps}

    for i in range(len(steps)):
        yield attempt(steps[:i] + steps[i + 1 :], actors)
    for i, step in enumerate(steps):
        if len(step["do"]) > 1:
            for j in range(len(step["do"])):
                less: Step = {"by": step["by"], "do": step["do"][:j] + step["do"][j + 1 :]}
                yield attempt([*steps[:i], less, *steps[i + 1 :]], actors)
    used = json.dumps(steps)
    for actor in actors:
        if f'"{actor}"' not in used and f'"@{actor}"' not in used:
            yield attempt(steps, [one for one in actors if one != actor])


def shrink(erlang: Erlang, runner: Runner, found: Difference) -> Difference:
    """The difference in the shortest scenario that still has one."""
    while True:
        tries = list(smaller(cast("Scenario", found.scenario)))
        truth = certain(erlang, as_lines(tries), _IN_DOUBT) if tries else {}
        for attempt in as_lines(tries):
            expected = truth.get(attempt["id"])
            less = difference(attempt, expected, play(runner, attempt)) if expected else None
            if less:
                found = less
                break
        else:
            return found


def as_lines(scenarios: Sequence[Scenario]) -> list[Mapping[str, JSON]]:
    """Scenarios as the plain mappings that are written and compared."""
    return [cast("Mapping[str, Any]", one) for one in scenarios]


def compare(
    erlang: Erlang, runner: Runner, scenarios: Sequence[Scenario], to_shrink: int = 3
) -> Report:
    """Plays scenarios on Erlang and in the runner; the first differences are shrunk."""
    report = Report()
    lines = as_lines(scenarios)
    truth = certain(erlang, lines)
    for line in lines:
        expected = truth.get(line["id"])
        found = difference(line, expected, play(runner, line)) if expected else None
        if expected is None or (found and not certain(erlang, [line], _IN_DOUBT)):
            report.left_out += 1
            continue
        report.compared += 1
        if found:
            if len(report.differences) < to_shrink:
                found = shrink(erlang, runner, found)
            report.differences.append(found)
    return report


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Compares a runner with a live Erlang.")
    parser.add_argument("--runner", default="tests.oracle.runner:run", metavar="MODULE:FUNCTION")
    parser.add_argument("--erl", default="erl")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=200, help="scenarios of each profile")
    parser.add_argument("--steps", type=int, default=0, help="0 draws 8 to 22 for each")
    parser.add_argument("--profile", default="all", choices=[*sorted(PROFILES), "all"])
    parser.add_argument(
        "--show", type=int, default=3, help="how many differences to shrink (default 3)"
    )
    args = parser.parse_args(argv)
    profiles = sorted(PROFILES) if args.profile == "all" else [args.profile]
    scenarios = [
        scenario
        for profile in profiles
        for scenario in random_scenarios(profile, args.seed, args.count, args.steps)
    ]
    with Erlang(args.erl) as erlang:
        report = compare(erlang, load_runner(args.runner), scenarios, args.show)
    for found in report.differences[: args.show]:
        print(found)
        print("     " + json.dumps(found.scenario))
    bad = len(report.differences)
    print(f"{report.compared - bad} passed, {bad} failed, {report.left_out} left out")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
