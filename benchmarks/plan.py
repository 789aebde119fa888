"""How much work one measurement does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from benchmarks.workload import InProcess

__all__ = ["Plan"]

# The warm-up has a tenth of the size, and workloads round down to whole batches of this.
WARM_PART, BATCH = 10, 10_000


@dataclass(frozen=True)
class Plan:
    """A warm-up, then some measurements, of which the median counts.

    Attributes:
        size: units of work of one measurement.
        warm: of the warm-up; 0 for none.
        repeats: how many measurements.
    """

    size: int
    warm: int
    repeats: int

    @classmethod
    def of(
        cls,
        workload: InProcess,
        *,
        quick: bool,
        size: int | None = None,
        repeats: int | None = None,
    ) -> Self:
        """Returns the plan of a workload; ``size`` and ``repeats`` stand for the workload's own."""
        size = size or (workload.quick if quick else workload.size)
        warm = max(size // WARM_PART, BATCH) if workload.warm else 0
        return cls(size, warm, repeats or workload.repeats)

    def part(self, part: int) -> Plan:
        """Returns the plan for who is slow: the given part of the work, once."""
        return Plan(self.size // part, self.warm // part, 1)
