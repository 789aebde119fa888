"""The table for people and the JSON lines for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.harness import Figures
from benchmarks.machine import Machine

__all__ = ["json_lines", "table"]


def of_otp(group: Sequence[Figures]) -> Figures | None:
    """Returns OTP's figures among those of one workload, or None where it was not measured."""
    return next((one for one in group if one.system == "otp" and one.values), None)


def ratio_to_otp(figures: Figures, otp: Figures | None) -> float | None:
    """Returns the median divided by OTP's."""
    return figures.median / otp.median if otp and figures.values else None


def round_ratios(figures: Figures, otp: Figures | None) -> list[float]:
    """Returns the ratio to OTP of each round.

    What is measured within seconds of each other is compared: the speed of a virtual machine may
    double and halve within minutes, and then the spread of these says more than that of medians.
    """
    return (
        [one / other for one, other in zip(figures.values, otp.values, strict=False)] if otp else []
    )


def table(group: Sequence[Figures]) -> Iterator[str]:
    """Yields the lines of one workload."""
    workload = group[0].workload
    lower = ", lower is better" if workload.better == "lower" else ""
    yield f"\n{workload.name}: {workload.title} [{workload.unit}{lower}]"
    otp = of_otp(group)
    for figures in group:
        yield row(figures, otp)


def row(figures: Figures, otp: Figures | None) -> str:
    """Returns the line of one system: median, spread, ratio to OTP and its spread, remark."""
    if not figures.values:
        return f"  {figures.system:<15} failed: {figures.failure}"
    figure = f"{short(figures.median)} ({spread(figures.values, short)})"
    ratio = ratio_to_otp(figures, otp)
    times = f"{ratio:.2f} ({spread(round_ratios(figures, otp), '{:.2f}'.format)})" if ratio else ""
    problem = f"stopped: {figures.failure}" if figures.failure else figures.remark
    return f"  {figures.system:<15} {figure:<30} {times:<22} {problem}".rstrip()


def spread(values: Sequence[float], show: Callable[[float], str]) -> str:
    return f"{show(min(values))} .. {show(max(values))}"


def short(value: float) -> str:
    """Returns three digits and a unit prefix: 1.23 M, 45.6 k."""
    for factor, prefix in ((1e6, " M"), (1e3, " k")):
        if value >= factor:
            return f"{value / factor:.3g}{prefix}"
    return f"{value:.3g}"


def json_lines(group: Sequence[Figures], machine: Machine) -> Iterator[str]:
    """Yields one line a system that was measured."""
    otp = of_otp(group)
    for figures in group:
        if figures.values:
            yield json.dumps(record(figures, otp, machine))


def record(figures: Figures, otp: Figures | None, machine: Machine) -> dict[str, Any]:
    """Returns the fields of one line."""
    ratio = ratio_to_otp(figures, otp)
    return {
        "workload": figures.workload.name,
        "system": figures.system,
        "value": round(figures.median, 3),
        "unit": figures.workload.unit,
        "ratio_to_otp": None if ratio is None else round(ratio, 4),
        "better": figures.workload.better,
        "values": [round(value, 3) for value in figures.values],
        "round_ratios": [round(value, 4) for value in round_ratios(figures, otp)],
        "remark": figures.remark,
        "machine": asdict(machine),
    }
