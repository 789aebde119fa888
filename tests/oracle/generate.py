"""Makes process scenarios (see scenario.md), one JSON object a line.

    python -m tests.oracle.generate --seed 1 --count 100 --profile mix > in.jsonl
    python -m tests.oracle.generate --profile matrix > in.jsonl    # the enumerated cases

The same arguments give the same scenarios on every machine.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from .matrix import matrix
from .motifs import Teller
from .terms import Scenario

__all__ = ["PROFILES", "random_scenarios"]

_BASE: Final[dict[str, float]] = {
    "spawn": 4,
    "link": 5,
    "unlink": 2,
    "exit2": 7,
    "exit": 2,
    "error": 1,
    "throw": 0.5,
    "return": 0.7,
    "trap": 4,
    "alive": 2,
    "info": 3,
    "send": 4,
    "recv": 3,
    "crash": 1,
}

# How often each kind of operation comes, by what a scenario is about.
PROFILES: Final[dict[str, dict[str, float]]] = {
    "exits": _BASE | {"spawn": 6, "link": 9, "unlink": 5, "exit2": 9, "trap": 5, "send": 1},
    "monitors": _BASE | {"monitor": 12, "demonitor": 7, "link": 2, "spawn": 5},
    "names": _BASE
    | {
        "register": 10,
        "unregister": 4,
        "whereis": 4,
        "registered": 2,
        "sendname": 7,
        "monitorname": 5,
        "link": 2,
    },
    "aliases": _BASE
    | {
        "alias": 7,
        "unalias": 6,
        "sendref": 10,
        "monitoralias": 10,
        "demonitor": 5,
        "monitor": 2,
        "link": 1,
    },
    "mailbox": _BASE | {"send": 12, "recv": 14, "await": 8, "sendself": 4, "monitor": 3, "link": 3},
    "timers": _BASE
    | {"timer": 10, "canceltimer": 6, "readtimer": 5, "register": 3, "recv": 4, "link": 1},
    "mix": _BASE
    | {
        "monitor": 5,
        "demonitor": 3,
        "register": 4,
        "unregister": 1.5,
        "whereis": 1.5,
        "sendname": 3,
        "monitorname": 2,
        "alias": 2,
        "unalias": 2,
        "sendref": 4,
        "monitoralias": 4,
        "timer": 2,
        "canceltimer": 1.5,
        "readtimer": 1,
        "recv": 4,
        "sendself": 1,
        "registered": 0.5,
        "await": 3,
    },
}


def random_scenarios(profile: str, seed: object, count: int, steps: int = 0) -> Iterator[Scenario]:
    """Random scenarios of a profile; without a number of steps, 8 to 22 are drawn for each."""
    for number in range(count):
        rng = random.Random(f"{profile}/{seed}/{number}")
        length = steps or rng.randint(8, 22)
        ident = f"{profile}-{seed}-{number:04}"
        yield Teller(rng, ident, PROFILES[profile], length).make()


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes process scenarios.")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument(
        "--steps", type=int, default=0, help="steps a scenario; 0 draws 8 to 22 for each"
    )
    parser.add_argument("--profile", default="mix", choices=[*sorted(PROFILES), "all", "matrix"])
    args = parser.parse_args(argv)
    scenarios: Iterable[Scenario]
    if args.profile == "matrix":
        scenarios = matrix()
    else:
        profiles = sorted(PROFILES) if args.profile == "all" else [args.profile]
        scenarios = (
            scenario
            for profile in profiles
            for scenario in random_scenarios(profile, args.seed, args.count, args.steps)
        )
    for scenario in scenarios:
        sys.stdout.write(json.dumps(scenario, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
