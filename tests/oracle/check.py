"""Compares traces with the ones recorded on real Erlang.

    python -m tests.oracle.check --runner tests.oracle.runner:run tests/oracle/golden/*
    python -m tests.oracle.check --got mine.jsonl tests/oracle/golden/mix.jsonl.gz

A runner takes a scenario (a dict with "id", "actors" and "steps") and returns
{"trace": [...], "final": {...}}. A file given with --got holds such results, one a line, each
with the "id" of its scenario. The exit status is 0 where every trace is the same.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

from .terms import JSON, Scenario, Step

__all__ = ["Difference", "Runner", "difference", "load_runner", "play", "read"]

Runner: TypeAlias = Callable[[Scenario], Mapping[str, Any]]


def read(path: str | Path) -> list[dict[str, JSON]]:
    """The JSON objects of a file that has one a line, and may be compressed."""
    file = gzip.open(path, "rt") if str(path).endswith(".gz") else Path(path).open()  # noqa: SIM115
    with file:
        return [json.loads(line) for line in file if line.strip()]


def load_runner(spec: str) -> Runner:
    """The function that MODULE:FUNCTION names."""
    module, _, name = spec.partition(":")
    return cast("Runner", getattr(importlib.import_module(module), name or "run"))


def bare(scenario: Mapping[str, JSON]) -> Scenario:
    """A scenario without the answer."""
    return cast("Scenario", {key: scenario[key] for key in ("id", "actors", "steps")})


def play(runner: Runner, scenario: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """What the runner makes of a scenario; {"crash": traceback} where it fails."""
    try:
        return runner(bare(scenario))
    except Exception:  # noqa: BLE001 - a runner that fails is a difference like another
        return {"crash": traceback.format_exc()}


@dataclass(frozen=True)
class Difference:
    """The first place where two traces of a scenario differ."""

    scenario: Mapping[str, JSON]
    where: str
    step: int | None
    expected: JSON
    got: JSON

    def __str__(self) -> str:
        lines = [f"{self.scenario['id']}: {self.where}"]
        if self.step is not None:
            steps = cast("list[Step]", self.scenario["steps"])
            for number, step in enumerate(steps[: self.step + 1]):
                mark = ">" if number == self.step else " "
                lines.append(f"   {mark} {number:2}  {step['by']}: {json.dumps(step['do'])}")
        lines.append(f"     expected {json.dumps(self.expected)}")
        got = self.got if isinstance(self.got, str) else json.dumps(self.got)
        lines.append(f"     got      {got}")
        return "\n".join(lines)


def difference(
    scenario: Mapping[str, JSON], expected: Mapping[str, JSON], got: Mapping[str, JSON] | None
) -> Difference | None:
    """The first difference between two results of a scenario; None where they are the same."""
    if got is None:
        return Difference(scenario, "result", None, "a result", None)
    if "crash" in got:
        return Difference(scenario, "runner", None, "a result", got["crash"])
    have: list[JSON] = got["trace"]
    for number in range(len(scenario["steps"])):
        want = expected["trace"][number]
        has = have[number] if number < len(have) else None
        # As text, because true is not 1.
        if canonical(want) != canonical(has):
            return Difference(scenario, f"step {number}", number, want, has)
    if canonical(expected["final"]) != canonical(got.get("final")):
        return Difference(scenario, "final", None, expected["final"], got.get("final"))
    return None


def canonical(value: JSON) -> str:
    """One text for one value."""
    return json.dumps(value, sort_keys=True)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Compares traces with recorded ones.")
    parser.add_argument("golden", nargs="+")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--runner", metavar="MODULE:FUNCTION")
    how.add_argument("--got", metavar="FILE")
    parser.add_argument("--only", default="", help="only scenarios whose id contains this")
    parser.add_argument(
        "--show", type=int, default=5, help="how many differences to print (default 5)"
    )
    args = parser.parse_args(argv)
    answer = _answers(args.runner, args.got)
    differences: list[Difference] = []
    total = 0
    for path in args.golden:
        scenarios = [one for one in read(path) if args.only in one["id"]]
        found = [d for one in scenarios if (d := difference(one, one, answer(one)))]
        print(f"{Path(path).name}: {len(scenarios) - len(found)} same, {len(found)} different")
        total += len(scenarios)
        differences += found
    for one in differences[: args.show]:
        print(one)
    print(f"{total - len(differences)} passed, {len(differences)} failed")
    return 1 if differences else 0


def _answers(
    runner: str | None, got: str | None
) -> Callable[[Mapping[str, JSON]], Mapping[str, JSON] | None]:
    if runner is not None:
        loaded = load_runner(runner)
        return lambda scenario: play(loaded, scenario)
    results = {result["id"]: result for result in read(cast("str", got))}
    return lambda scenario: results.get(scenario["id"])


if __name__ == "__main__":
    sys.exit(main())
