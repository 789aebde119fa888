"""Compares supervision trees on real OTP and on beamish, and shrinks what differs.

    python -m tests.trees.fuzz --seed 7 --count 1000

Who runs beside whom may decide what happens on the BEAM: a plan that two runs of OTP itself (one
with one scheduler, one with two) answer in two ways is left out. Processes that do not wait for
each other may be seen in any order, so events are compared in their order below each
supervisor, deaths as a whole.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .erlang import play_on_otp
from .plan import Plan, Sup, erlang_term, random_plan
from .play import Seen, play

__all__ = ["Difference", "Report", "compare", "plans_of"]


@dataclass(frozen=True)
class Difference:
    """A plan, and the first entries that differ."""

    plan: Plan
    step: int
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        return (
            f"step {self.step} of {erlang_term(self.plan)}\n"
            f"     OTP      {json.dumps(self.theirs)}\n"
            f"     beamish  {json.dumps(self.ours)}"
        )


@dataclass
class Report:
    """What a comparison found."""

    compared: int = 0
    left_out: int = 0
    differences: list[Difference] = field(default_factory=list[Difference])


def plans_of(seed: str, count: int) -> list[Plan]:
    """So many plans; the same for the same seed."""
    return [random_plan(random.Random(f"{seed}/{n}")) for n in range(count)]


def ordered(result: list[Seen]) -> list[Seen]:
    """A result without what only chance has put in order."""
    return [
        [answer, _events(events), sorted(deaths), seen] for answer, events, deaths, seen in result
    ]


def _events(events: list[Any]) -> Any:
    below: defaultdict[str, list[Any]] = defaultdict(list)
    for above, what, tag in events:
        below[str(above)].append([what, tag])
    return sorted(below.items())


def compare(plans: Sequence[Plan], folder: Path, *, erl: str = "erl", to_shrink: int = 0) -> Report:
    """Plays plans on both; the first differences are shrunk."""
    report = Report()
    one = play_on_otp(plans, folder, schedulers=1, erl=erl)
    two = play_on_otp(plans, folder, schedulers=2, erl=erl)
    for plan, theirs, again in zip(plans, one, two, strict=True):
        if ordered(theirs) != ordered(again):
            report.left_out += 1
            continue
        report.compared += 1
        found = _difference(plan, ordered(theirs))
        if found is not None:
            if len(report.differences) < to_shrink:
                found = _shrunk(found, folder, erl)
            report.differences.append(found)
    return report


def _difference(plan: Plan, theirs: list[Any]) -> Difference | None:
    ours = json.loads(json.dumps(ordered(_quietly(plan))))
    theirs = json.loads(json.dumps(theirs))
    for step, (their, our) in enumerate(zip(theirs, ours, strict=False)):
        if their != our:
            return Difference(plan, step, their, our)
    if len(theirs) != len(ours):
        return Difference(plan, min(len(theirs), len(ours)), len(theirs), len(ours))
    return None


def _quietly(plan: Plan) -> list[Seen]:
    """Children die by the thousand; their reports are no news."""
    logging.disable()
    try:
        return play(plan)
    finally:
        logging.disable(logging.NOTSET)


# ---- the smallest plan that still differs


def _shrunk(found: Difference, folder: Path, erl: str) -> Difference:
    while True:
        tries = list(_smaller(found.plan))
        if not tries:
            return found
        for plan, theirs in zip(tries, play_on_otp(tries, folder, erl=erl), strict=True):
            less = _difference(plan, ordered(theirs))
            if less is not None:
                found = less
                break
        else:
            return found


def _smaller(plan: Plan) -> Iterator[Plan]:
    for n in range(len(plan.steps)):
        yield Plan(plan.tree, plan.steps[:n] + plan.steps[n + 1 :])
    for tree in _less(plan.tree):
        yield Plan(tree, plan.steps)


def _less(sup: Sup) -> Iterator[Sup]:
    """Every tree that lacks one node, or one failed start, of this one."""
    for n in range(len(sup.fails)):
        yield dataclasses.replace(sup, fails=sup.fails[:n] + sup.fails[n + 1 :])
    for n, child in enumerate(sup.children):
        before, after = sup.children[:n], sup.children[n + 1 :]
        yield dataclasses.replace(sup, children=before + after)
        if isinstance(child, Sup):
            for less in _less(child):
                yield dataclasses.replace(sup, children=(*before, less, *after))
        elif child.fails:
            spared = dataclasses.replace(child, fails=())
            yield dataclasses.replace(sup, children=(*before, spared, *after))


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Compares supervision trees with OTP's.")
    parser.add_argument("--erl", default="erl")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--show", type=int, default=3, help="how many differences to shrink")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="trees-") as folder:
        plans = plans_of(args.seed, args.count)
        report = compare(plans, Path(folder), erl=args.erl, to_shrink=args.show)
    for found in report.differences[: args.show]:
        print(found)
    bad = len(report.differences)
    print(
        f"seed {args.seed}: {report.compared} trees compared, {bad} differ, "
        f"{report.left_out} left out"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
