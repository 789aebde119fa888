"""What is computed of measurements, without measuring anything."""

import json
from collections.abc import Sequence

import pytest

from benchmarks.figures import (
    Figure,
    compare,
    fastest_peer,
    from_json,
    groups,
    times_better,
    to_json,
)


def figure(system: str, *values: float, better: str = "higher", workload: str = "call") -> Figure:
    return Figure(
        workload=workload,
        title=workload,
        unit="calls/s",
        better=better,
        system=system,
        label=system,
        values=list(values),
    )


def test_the_value_is_the_median_of_the_rounds() -> None:
    assert figure("beamish", 1.0, 100.0, 3.0).value == 3.0


def test_the_ratio_to_otp_is_that_of_the_medians() -> None:
    otp, own = figure("otp", 1.0, 2.0, 9.0), figure("beamish", 4.0, 3.0, 1.0)

    compare([otp, own])

    assert own.ratio_to_otp == 1.5


def test_each_round_has_a_ratio_of_its_own() -> None:
    otp, own = figure("otp", 1.0, 2.0), figure("beamish", 3.0, 1.0)

    compare([otp, own])

    assert own.round_ratios == [3.0, 0.5]


def test_without_otp_there_are_no_ratios() -> None:
    otp, own = figure("otp"), figure("beamish", 3.0)

    compare([otp, own])

    assert (own.ratio_to_otp, own.round_ratios) == (None, [])


def test_a_system_that_failed_in_a_later_round_is_compared_by_the_rounds_it_has() -> None:
    otp, own = figure("otp", 2.0, 2.0, 2.0), figure("beamish", 4.0)

    compare([otp, own])

    assert own.round_ratios == [2.0]


@pytest.mark.parametrize(
    ("better", "systems", "fastest"),
    [
        ("higher", {"otp": 9.0, "beamish": 8.0, "trio": 2.0, "asyncio": 3.0, "c": 10.0}, "asyncio"),
        ("lower", {"otp": 1.0, "beamish": 2.0, "trio": 5.0, "asyncio": 4.0}, "asyncio"),
    ],
)
def test_the_fastest_peer_is_neither_beamish_nor_erlang_nor_c(
    better: str, systems: dict[str, float], fastest: str
) -> None:
    peer = fastest_peer(figure(name, value, better=better) for name, value in systems.items())

    assert peer is not None
    assert peer.system == fastest


def test_where_no_peer_was_measured_none_is_the_fastest() -> None:
    assert fastest_peer([figure("otp", 1.0), figure("trio")]) is None


@pytest.mark.parametrize(("better", "times"), [("higher", 4.0), ("lower", 0.25)])
def test_how_many_times_better_depends_on_which_way_is_better(better: str, times: float) -> None:
    own, other = (figure(name, value, better=better) for name, value in (("a", 8.0), ("b", 2.0)))

    assert times_better(own, other) == times


def test_a_json_line_begins_with_workload_system_value_unit_and_ratio() -> None:
    line = json.loads(to_json(figure("beamish", 1.0, 2.0, 4.0), {}, {}))

    assert list(line.items())[:5] == [
        ("workload", "call"),
        ("system", "beamish"),
        ("value", 2.0),
        ("unit", "calls/s"),
        ("ratio_to_otp", None),
    ]


def test_what_is_written_as_json_is_read_again() -> None:
    written: Sequence[Figure] = [figure("otp", 1.0), figure("beamish", 2.0)]
    compare(written)
    missing, machine = {"trio": "not installed"}, {"cpu": "a fast one"}

    read = list(from_json(to_json(one, machine, missing) for one in written))

    assert read == [(one, missing, machine) for one in written]


def test_figures_of_one_workload_form_a_group() -> None:
    figures = [figure(name, 1.0, workload=work) for work in ("call", "ring") for name in ("a", "b")]

    assert [[one.workload for one in group] for group in groups(figures)] == [
        ["call", "call"],
        ["ring", "ring"],
    ]
