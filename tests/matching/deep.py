"""``python -m tests.matching.deep TURNS``: is parked deep in C code, so many times.

Code that shows what is nested too deep for that uses up the stack of C, again and again, while
another process waits for its turn.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import beamish
from beamish import process

from .values import VALUES


async def other(turns: list[int]) -> None:
    while True:
        turns[0] += 1
        await process.sleep(0)


def show(nested: Any) -> None:
    try:
        repr(nested)
    except RecursionError:
        return


async def main(wanted: str) -> None:
    nested, turns = VALUES["a nested tuple"](), [0]
    pid = process.spawn(other, turns)
    while turns[0] < int(wanted):
        show(nested)
    process.exit(pid, "kill")


if __name__ == "__main__":
    logging.disable()  # it may block the node for long on a busy machine, which is reported
    beamish.run(main, *sys.argv[1:])
