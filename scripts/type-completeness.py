"""Fails where too many public names have no type that every type checker sees alike.

    type-completeness.py PYTHON PERCENT

PYTHON is the interpreter of the environment that has pyright; the package is the checkout's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SRC = Path(__file__).parents[1] / "src"


def main() -> None:
    python, percent = sys.argv[1], float(sys.argv[2])
    found = verify(python)
    completeness = found["typeCompleteness"]
    score = 100 * completeness["completenessScore"]
    print(f"{score:.2f} % of the public names have a type; {percent} % are asked for")
    if score < percent:
        print_untyped(completeness["symbols"])
        sys.exit(1)


def verify(python: str) -> Any:
    command = [python, "-m", "pyright", "--pythonpath", python, "--outputjson"]
    done = subprocess.run(
        [*command, "--verifytypes", "beamish", "--ignoreexternal"],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout)


def print_untyped(symbols: list[dict[str, Any]]) -> None:
    for symbol in symbols:
        if symbol["isExported"] and not symbol["isTypeKnown"]:
            print(f"  {symbol['name']}", file=sys.stderr)


if __name__ == "__main__":
    main()
