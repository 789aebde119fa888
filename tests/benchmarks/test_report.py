"""The tables and the picture that are made of figures."""

from xml.etree import ElementTree as ET

import pytest

from benchmarks import flat, picture, report
from benchmarks.costs import table as costs_table
from benchmarks.figures import Figure, compare

SVG = "{http://www.w3.org/2000/svg}"


def figure(
    workload: str, system: str, *values: float, better: str = "higher", label: str = ""
) -> Figure:
    return Figure(
        workload=workload,
        title=f"the workload {workload}",
        unit="per second",
        better=better,
        system=system,
        label=label or system,
        values=list(values),
    )


def measured() -> list[Figure]:
    """Returns two workloads, and one that only beamish has."""
    call = [
        figure("call", "otp", 100.0),
        figure("call", "beamish", 200.0),
        figure("call", "asyncio", 20.0),
        figure("call", "trio", 10.0),
    ]
    idle = [
        figure("idle", "otp", 2000.0, better="lower"),
        figure("idle", "beamish", 1000.0, better="lower"),
    ]
    compare(call)
    compare(idle)
    return [*call, *idle, figure("startup", "beamish", 50.0, better="lower")]


@pytest.mark.parametrize(
    ("value", "text"), [(1_234_567.0, "1.23 M"), (45_600.0, "45.6 k"), (7.0, "7"), (0.5, "0.5")]
)
def test_a_value_has_three_digits_and_a_prefix(value: float, text: str) -> None:
    assert report.short(value) == text


def test_the_table_says_median_spread_and_ratio() -> None:
    otp, own = figure("call", "otp", 100.0, 100.0), figure("call", "beamish", 150.0, 250.0)
    compare([otp, own])

    lines = list(report.table([otp, own], {}))

    assert lines[2].split() == [
        "beamish",
        "200",
        "(150",
        "..",
        "250)",
        "2.00",
        "(1.50",
        "..",
        "2.50)",
    ]


def test_the_table_says_why_a_system_is_missing() -> None:
    lines = list(report.table([figure("call", "otp", 1.0)], {"trio": "gone", "pykka": "gone"}))

    assert lines[-1] == "  trio, pykka: - (gone)"


def test_the_table_compares_beamish_with_the_fastest_peer() -> None:
    assert list(report.table(measured()[:4], {}))[-1] == "  beamish is 10 x asyncio"


def test_the_markdown_has_a_row_for_each_workload_and_a_dash_for_what_is_missing() -> None:
    assert list(report.markdown(measured())) == [
        "| workload | otp | beamish | asyncio | of the best peer |",
        "|---|---|---|---|---|",
        "| the workload call, per second | 100 | 200 (2) | 20 (0.2) | 10 x asyncio |",
        "| the workload idle, per second | 2 k | 1 k (0.5) | - | - |",
        "| the workload startup, per second | - | 50 | - | - |",
        "",
        "| workload | trio |",
        "|---|---|",
        "| the workload call, per second | 10 (0.1) |",
    ]


def test_the_table_of_sizes_has_a_row_for_each_size() -> None:
    figures = [
        figure(f"flat_{operation}_{alive}", "otp", cost)
        for alive, cost in ((1_000, 1.0), (1_000_000, 1.25))
        for operation in flat.OPERATIONS
    ]

    assert list(flat.pivot(figures))[2:] == [
        "| 1,000 | 1 | 1 | 1 |",
        "| 1,000,000 | 1.25 | 1.25 | 1.25 |",
    ]


def test_the_table_of_costs_says_what_part_is_lost() -> None:
    figures = {
        "all": figure("ping_pong", "beamish", 90.0, 80.0),
        "without preemption": figure("ping_pong", "beamish", 100.0, 100.0),
    }

    assert list(costs_table(figures))[1].endswith("costs 15.0% (10.0% .. 20.0%)")


def test_the_caption_names_machine_and_versions_once() -> None:
    machine = {
        "cpu": "a fast one",
        "cores": 2,
        "system": "Linux",
        "date": "today",
        "beamish": "1.0",
        "commit": "abc",
    }
    figures = measured()
    for one in figures:
        one.version = {"otp": "OTP 25", "trio": "trio 1"}.get(one.system, "CPython 3.13.0")

    assert report.caption(figures, machine) == (
        "a fast one, 2 cores, Linux; medians of 1 round(s), today\n"
        "beamish 1.0 (abc), OTP 25, CPython 3.13.0"
    )


def test_the_picture_is_xml_with_a_dot_for_each_ratio() -> None:
    tree = ET.fromstring(picture.draw(measured(), "a machine & its <name>"))  # noqa: S314

    names = [name.text for dot in tree.iter(f"{SVG}g") for name in dot.iter(f"{SVG}title")]
    assert tree.tag == f"{SVG}svg"
    assert [name for name in names if name and "OTP" in name] == [
        "asyncio: 0.2 x OTP",
        "trio: 0.1 x OTP",
        "beamish: 2 x OTP",
        "beamish: 2 x OTP",
    ]


def test_the_picture_leaves_out_what_otp_has_not() -> None:
    tree = ET.fromstring(picture.draw(measured(), ""))  # noqa: S314

    assert "startup" not in [text.text for text in tree.iter(f"{SVG}text")]


def test_the_picture_of_nothing_is_a_picture() -> None:
    assert ET.fromstring(picture.draw([], "")).tag == f"{SVG}svg"  # noqa: S314


def test_every_mark_lies_on_the_card() -> None:
    extreme = [
        figure("call", "otp", 1.0),
        figure("call", "beamish", 1e-4),
        figure("call", "c", 1e4),
    ]
    compare(extreme)

    tree = ET.fromstring(picture.draw(extreme, ""))  # noqa: S314

    places = [float(circle.attrib["cx"]) for circle in tree.iter(f"{SVG}circle")]
    assert all(0 < place < picture.WIDTH for place in places)


def test_the_picture_has_colours_for_light_and_for_dark() -> None:
    light, _, dark = picture.draw(measured(), "").partition("prefers-color-scheme:dark")

    assert picture.COLOURS["beamish"][0] in light
    assert picture.COLOURS["beamish"][1] in dark


def test_a_second_python_has_rings() -> None:
    group = [
        figure("call", "otp", 1.0),
        figure("call", "beamish", 1.0, label="beamish 3.11"),
        figure("call", "beamish", 2.0, label="beamish 3.13"),
    ]
    compare(group)

    drawn = picture.draw(group, "")

    assert "rings: 3.13" in drawn
    assert drawn.count('class="of-beamish ring"') == 1
