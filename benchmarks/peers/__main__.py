"""One measurement of a peer: ``python -m benchmarks.peers PEER WORKLOAD SIZE WARM REPEATS``."""

from __future__ import annotations

import logging
import statistics
import sys
from importlib import import_module


def main(peer: str, workload: str, size: int, warm: int, repeats: int) -> None:
    logging.disable()
    module = import_module(f"benchmarks.peers.on_{peer}")
    measured = getattr(module, workload)
    if warm:
        module.run(measured, warm)
    print(statistics.median([module.run(measured, size) for _ in range(repeats)]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
