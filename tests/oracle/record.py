"""Runs scenarios on real Erlang, and keeps those that have one answer only.

    python -m tests.oracle.generate --profile mix --seed 7 --count 200 > in.jsonl
    python -m tests.oracle.record in.jsonl out.jsonl

Each scenario is run plainly, with one scheduler and with two, and several times disturbed at
random (see oracle.erl). Only a scenario whose trace is the same every time is kept; a line of
the output is the scenario with its "trace" and "final".
"""

from __future__ import annotations

import argparse
import collections
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from .check import read
from .terms import JSON

__all__ = ["Erlang", "Run", "certain"]

_SOURCE = Path(__file__).with_name("oracle.erl")
_SIDE_BY_SIDE = 4
_COMPILE = 'case compile:file("oracle") of {ok,_} -> halt(0); _ -> halt(1) end.'


@dataclass(frozen=True)
class Run:
    """One way to run scenarios: with so many schedulers, and disturbed with this seed or not."""

    schedulers: int = 1
    disturbed: int | None = None

    def __str__(self) -> str:
        how = "plain" if self.disturbed is None else f"disturbed {self.disturbed}"
        return f"{how}, {self.schedulers} scheduler(s)"


class Erlang:
    """An Erlang that plays scenarios; compiles its runner into a folder of its own."""

    def __init__(self, command: str = "erl") -> None:
        self._command = command
        # By hand, because TemporaryDirectory warns when an interrupted test run forgets it.
        self._folder = Path(tempfile.mkdtemp(prefix="oracle-"))
        shutil.copy(_SOURCE, self._folder)
        subprocess.run(
            [command, "-noshell", "-eval", _COMPILE],
            cwd=self._folder,
            check=True,
            stdin=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._folder)

    def play(
        self, scenarios: Sequence[Mapping[str, JSON]], run: Run = Run()
    ) -> dict[str, dict[str, JSON]]:
        """The results of scenarios by their ids, run one after the other on a new node."""
        with tempfile.TemporaryDirectory(dir=self._folder) as made:
            given, result = Path(made, "in.jsonl"), Path(made, "out.jsonl")
            given.write_text("".join(json.dumps(one) + "\n" for one in scenarios))
            mode = [] if run.disturbed is None else ["jitter", str(run.disturbed)]
            schedulers = f"{run.schedulers}:{run.schedulers}"
            what = ["-run", "oracle", "main", str(given), str(result), *mode]
            subprocess.run(
                [self._command, "+S", schedulers, "-noshell", *what],
                cwd=self._folder,
                check=True,
                stdin=subprocess.DEVNULL,
            )
            return {one["id"]: one for one in read(result)}

    def play_all(
        self, scenarios: Sequence[Mapping[str, JSON]], runs: Sequence[Run]
    ) -> list[dict[str, dict[str, JSON]]]:
        """The results of several runs, some side by side: they sleep most of the time."""
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            started = [pool.submit(self.play, scenarios, run) for run in runs]
            return [one.result() for one in started]


def doubts(
    scenarios: Sequence[Mapping[str, JSON]],
    runs: Sequence[Run],
    results: Sequence[Mapping[str, Mapping[str, JSON]]],
) -> dict[str, str]:
    """Why scenarios have no certain answer, by their ids; the first run is the reference."""
    why: dict[str, str] = {}
    for scenario in scenarios:
        ident: str = scenario["id"]
        for run, got in zip(runs, results, strict=True):
            result = got.get(ident, {"oracle_error": "missing"})
            if "oracle_error" in result:
                why.setdefault(ident, f"{run}: {result['oracle_error']}")
            elif result.get("racy"):
                why.setdefault(ident, f"{run}: racy")
            elif result != results[0].get(ident):
                why.setdefault(ident, f"{run}: another trace")
    return why


def certain(
    erlang: Erlang, scenarios: Sequence[Mapping[str, JSON]], disturbed: int = 3
) -> dict[str, dict[str, JSON]]:
    """The results, by id, of those scenarios that Erlang answers in one way only."""
    runs = [Run(), *(Run(disturbed=seed) for seed in range(1, disturbed + 1))]
    results = erlang.play_all(scenarios, runs)
    out = doubts(scenarios, runs, results)
    return {ident: result for ident, result in results[0].items() if ident not in out}


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Records scenarios on real Erlang.")
    parser.add_argument("infile")
    parser.add_argument("outfile")
    parser.add_argument("--erl", default="erl", help="the erl to run (default: the one on PATH)")
    parser.add_argument("--runs", type=int, default=5, help="disturbed runs (default 5)")
    parser.add_argument("--dropped", help="write what was dropped to this file")
    args = parser.parse_args(argv)
    scenarios = read(args.infile)
    if len({one["id"] for one in scenarios}) != len(scenarios):
        sys.exit(f"{args.infile}: two scenarios have the same id")
    runs = [Run(), Run(schedulers=2)]
    runs += [Run(schedulers=2 - n % 2, disturbed=n) for n in range(1, args.runs + 1)]
    with Erlang(args.erl) as erlang:
        results = erlang.play_all(scenarios, runs)
    why = doubts(scenarios, runs, results)
    kept = [one for one in scenarios if one["id"] not in why]
    with Path(args.outfile).open("w") as file:
        for one in kept:
            result = results[0][one["id"]]
            line = dict(one, trace=result["trace"], final=result["final"])
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    if args.dropped:
        lines = [json.dumps({"id": ident, "why": reason}) + "\n" for ident, reason in why.items()]
        Path(args.dropped).write_text("".join(lines))
    print(f"{len(kept)} kept, {len(why)} dropped")
    for reason, times in collections.Counter(why.values()).most_common():
        print(f"  {times:5}  {reason}")


if __name__ == "__main__":
    main()
