"""Time and memory of the running worker."""

from __future__ import annotations

import gc
import os
import resource
import sys
from pathlib import Path
from time import perf_counter

__all__ = ["perf_counter", "rate", "resident_bytes"]


def rate(count: int, start: float) -> float:
    """Returns ``count`` a second since ``start``, a value of ``perf_counter()``."""
    return count / (perf_counter() - start)


def resident_bytes() -> int:
    """Returns the resident memory of this process in bytes, garbage collected first.

    Where there is no /proc it is the peak so far, which is the same while memory only grows.
    """
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
