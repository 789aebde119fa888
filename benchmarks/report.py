"""The table for people and the JSON lines for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.harness import Figures
from benchmarks.machine import Machine

__all__ = ["json_lines", "ratio_to_otp", "table"]


def ratio_to_otp(figures: Figures, group: Sequence[Figures]) -> float | None:
    """Returns the median divided by OTP's, or None where OTP was not measured."""
    for other in group:
        if other.system == "otp" and other.values and figures.values:
            return figures.median / other.median
    return None


def table(group: Sequence[Figures]) -> Iterator[str]:
    """Yields the lines of one workload."""
    workload = group[0].workload
    lower = ", lower is better" if workload.better == "lower" else ""
    yield f"\n{workload.name}: {workload.title} [{workload.unit}{lower}]"
    for figures in group:
        yield row(figures, ratio_to_otp(figures, group))


def row(figures: Figures, ratio: float | None) -> str:
    """Returns the line of one system: median, spread, ratio to OTP, remark."""
    if not figures.values:
        return f"  {figures.system:<15} failed: {figures.failure}"
    low, high = short(min(figures.values)), short(max(figures.values))
    times = f"{ratio:6.2f} x" if ratio is not None else " " * 8
    problem = f"stopped: {figures.failure}" if figures.failure else figures.remark
    line = f"  {figures.system:<15} {short(figures.median):>9} {times}   {low} .. {high}"
    return f"{line:<58} {problem}".rstrip()


def short(value: float) -> str:
    """Returns three digits and a unit prefix: 1.23 M, 45.6 k."""
    for factor, prefix in ((1e6, " M"), (1e3, " k")):
        if value >= factor:
            return f"{value / factor:.3g}{prefix}"
    return f"{value:.3g}"


def json_lines(group: Sequence[Figures], machine: Machine) -> Iterator[str]:
    """Yields one line a system that was measured."""
    for figures in group:
        if figures.values:
            yield json.dumps(record(figures, ratio_to_otp(figures, group), machine))


def record(figures: Figures, ratio: float | None, machine: Machine) -> dict[str, Any]:
    """Returns the fields of one line."""
    return {
        "workload": figures.workload.name,
        "system": figures.system,
        "value": round(figures.median, 3),
        "unit": figures.workload.unit,
        "ratio_to_otp": None if ratio is None else round(ratio, 4),
        "better": figures.workload.better,
        "min": round(min(figures.values), 3),
        "max": round(max(figures.values), 3),
        "rounds": len(figures.values),
        "remark": figures.remark,
        "machine": asdict(machine),
    }
