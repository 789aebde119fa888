"""What the measurements of one workload say: medians and ratios. One figure is one JSON line."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

__all__ = [
    "Figure",
    "compare",
    "fastest_peer",
    "from_json",
    "groups",
    "round_ratios",
    "times_better",
    "to_json",
]

OWN = ("beamish", "beamish-uvloop")
NOT_PEERS = ("otp", "otp-active", "c", *OWN)


@dataclass
class Figure:
    """One system's figure of one workload.

    Attributes:
        workload: its name.
        title: what it counts.
        unit: of the value.
        better: whether the ``higher`` or the ``lower`` value is the better one.
        system: its name.
        label: how the table calls it: with a version where several Pythons are compared.
        version: of the system, and of the Python that it ran on.
        values: of each round, in turn.
        ratio_to_otp: of the medians; None where OTP was not measured.
        round_ratios: the ratio to OTP of each round.
        remark: what the measurement had to say.
        failure: why there are fewer values than rounds, or none.
    """

    workload: str
    title: str
    unit: str
    better: str
    system: str
    label: str
    version: str = ""
    values: list[float] = field(default_factory=list[float])
    ratio_to_otp: float | None = None
    round_ratios: list[float] = field(default_factory=list[float])
    remark: str = ""
    failure: str = ""

    @property
    def value(self) -> float:
        """The median."""
        return statistics.median(self.values)


def compare(group: Sequence[Figure]) -> None:
    """Notes the ratios to OTP in the figures of one workload."""
    otp = next((one for one in group if one.system == "otp" and one.values), None)
    if otp is None:
        return
    for one in group:
        if one.values:
            one.ratio_to_otp = one.value / otp.value
            one.round_ratios = round_ratios(one.values, otp.values)


def round_ratios(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """Returns the ratio of each round.

    What is measured within seconds of each other is compared: the speed of a virtual machine may
    double and halve within minutes, and then the spread of these says more than that of medians.
    """
    return [one / other for one, other in zip(values, others, strict=False)]


def times_better(one: Figure, other: Figure) -> float:
    """Returns how many times as good as the other a figure is."""
    ratio = one.value / other.value
    return ratio if one.better == "higher" else 1 / ratio


def fastest_peer(group: Iterable[Figure]) -> Figure | None:
    """Returns the best figure of those that are neither beamish nor Erlang."""
    peers = [one for one in group if one.values and one.system not in NOT_PEERS]
    if not peers:
        return None
    return max(peers, key=lambda one: one.value if one.better == "higher" else -one.value)


def to_json(figure: Figure, machine: dict[str, Any], missing: dict[str, str]) -> str:
    """Returns the JSON line of a figure that has values.

    Args:
        figure: what was measured.
        machine: on what.
        missing: who else was to measure the workload, and why there is no figure of it.
    """
    fields = asdict(figure)
    fields["value"] = round(figure.value, 3)
    fields["values"] = [round(value, 3) for value in figure.values]
    fields["round_ratios"] = [round(value, 4) for value in figure.round_ratios]
    if figure.ratio_to_otp is not None:
        fields["ratio_to_otp"] = round(figure.ratio_to_otp, 4)
    first = ("workload", "system", "value", "unit", "ratio_to_otp")
    ordered = {name: fields.pop(name) for name in first}
    return json.dumps({**ordered, **fields, "missing": missing, "machine": machine})


def from_json(lines: Iterable[str]) -> Iterator[tuple[Figure, dict[str, str], dict[str, Any]]]:
    """Yields the figures of JSON lines, who is missing beside them, and their machine."""
    for line in lines:
        fields = json.loads(line)
        del fields["value"]
        missing, machine = fields.pop("missing"), fields.pop("machine")
        yield Figure(**fields), missing, machine


def groups(figures: Iterable[Figure]) -> Iterator[list[Figure]]:
    """Yields the figures of each workload: those that stand side by side."""
    for _, group in groupby(figures, key=lambda one: one.workload):
        yield list(group)
