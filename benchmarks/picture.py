"""The picture of the figures: the ratio to OTP of each system, a row a workload, as SVG.

It is drawn here rather than by a plotting library: none of those writes colours that change with
the reader's light or dark scheme, and numpy and a font cache would be a lot to install for some
circles on a logarithmic scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from benchmarks.figures import Figure, groups

__all__ = ["draw"]

WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM = 860, 150, 36, 92, 26, 52

# Of each system: colours on a light and on a dark card, readable for the colour-blind (Okabe, Ito).
COLOURS = {
    "beamish": ("#0072b2", "#56b4e9"),
    "beamish-uvloop": ("#009e73", "#2fd0a2"),
    "asyncio": ("#d55e00", "#ff9147"),
    "asyncio-uvloop": ("#b8860b", "#f0c743"),
    "c": ("#7a7a7a", "#a8a8a8"),
    "other Python libraries": ("#a8609a", "#dd94c4"),
}
OTHERS = "other Python libraries"

STYLE = """
.card{fill:#ffffff;stroke:#d0d7de} .text{fill:#1f2328} .faint{fill:#59636e}
.grid{stroke:#e4e8ec} .otp{stroke:#1f2328;stroke-width:1.5} .ring{stroke-width:2.5}
text{font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;font-size:13px}
.title{font-size:16px;font-weight:600} .faint{font-size:11px}
"""
DARK = """
.card{fill:#15191f;stroke:#3d444d} .text{fill:#f0f6fc} .faint{fill:#a5aeb9}
.grid{stroke:#2b323a} .otp{stroke:#f0f6fc}
"""


def draw(figures: Sequence[Figure], caption: str) -> str:
    """Returns the picture.

    Args:
        figures: the measurements of some workloads, those of OTP among them.
        caption: lines below it, in small print.
    """
    rows = [[one for one in group if ratio(one)] for group in groups(figures)]
    rows = [row for row in rows if row]
    bottom = TOP + ROW * len(rows)
    svg = canvas(bottom + BOTTOM)
    write(svg, 20, 30, "How many times as good as one scheduler of Erlang/OTP", "text title")
    marks = legend(svg, [one for row in rows for one in row])
    scale = Scale([ratio(one) for row in rows for one in row])
    grid(svg, scale, bottom)
    for number, row in enumerate(rows):
        line(svg, scale, TOP + ROW * (number + 0.5), row, marks)
    for number, text in enumerate(caption.splitlines()):
        write(svg, 20, bottom + 26 + 15 * number, text, "faint")
    indent(svg)
    return tostring(svg, encoding="unicode") + "\n"


def ratio(figure: Figure) -> float:
    """Returns how many times as good as OTP, whichever way is better; 0.0 where that is unknown."""
    times = figure.ratio_to_otp
    if figure.system == "otp" or not times:
        return 0.0
    return times if figure.better == "higher" else 1 / times


def canvas(height: int) -> Element:
    """Returns a card of that height, with its style sheet."""
    size = {"width": str(WIDTH), "height": str(height), "viewBox": f"0 0 {WIDTH} {height}"}
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    SubElement(svg, "title").text = "Each system, in parts of one scheduler of Erlang/OTP"
    SubElement(svg, "style").text = style()
    card = {"x": "0.5", "y": "0.5", "width": str(WIDTH - 1), "height": str(height - 1), "rx": "8"}
    SubElement(svg, "rect", {"class": "card", **card})
    return svg


class Scale:
    """Logarithmic, from below the smallest ratio to above the greatest, with 1 always on it."""

    def __init__(self, ratios: Sequence[float]) -> None:
        self.low = math.log10(min([*ratios, 0.5])) - 0.08
        self.high = math.log10(max([*ratios, 2.0])) + 0.08

    def x(self, ratio: float) -> float:
        part = (math.log10(ratio) - self.low) / (self.high - self.low)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> Iterator[float]:
        for power in range(math.floor(self.low), math.ceil(self.high) + 1):
            for digit in (1, 2, 5):
                value = digit * 10.0**power
                if self.low <= math.log10(value) <= self.high:
                    yield value


def legend(svg: Element, figures: Sequence[Figure]) -> dict[str, str]:
    """Names each colour once, and returns the marks by label.

    A colour is a system, and the libraries but asyncio share one: a dot says its name to who
    points at it. The first of the Pythons that are compared has dots, the others have rings.
    """
    firsts: dict[str, str] = {}
    for one in figures:
        firsts.setdefault(one.system, one.label)
    shared = {system: system if system in COLOURS else OTHERS for system in firsts}
    x = 20.0
    for name in (name for name in COLOURS if name in shared.values()):
        dot(svg, x + 5, 54, mark_of(name), name)
        write(svg, x + 15, 58.5, name, "text")
        x += 30 + 7.2 * len(name)
    rings = {one.label.rpartition(" ")[2] for one in figures if one.label != firsts[one.system]}
    if rings:
        write(svg, WIDTH - 20, 30, f"rings: {', '.join(sorted(rings))}", "text", anchor="end")
    return {
        one.label: mark_of(shared[one.system])
        + ("" if one.label == firsts[one.system] else " ring")
        for one in figures
    }


def mark_of(name: str) -> str:
    """Returns the class of the style sheet for an entry of the legend."""
    return f"of-{name.replace(' ', '-')}"


def grid(svg: Element, scale: Scale, bottom: float) -> None:
    for value in scale.ticks():
        x = f"{scale.x(value):.1f}"
        kind = "otp" if value == 1 else "grid"
        SubElement(
            svg, "line", {"class": kind, "x1": x, "x2": x, "y1": str(TOP), "y2": str(bottom)}
        )
        name = "OTP" if value == 1 else f"{value:g}"
        write(svg, scale.x(value), TOP - 8, name, "faint", anchor="middle")


def line(
    svg: Element, scale: Scale, y: float, row: Sequence[Figure], marks: Mapping[str, str]
) -> None:
    """Draws one workload; beamish comes last, on top of the others."""
    write(svg, LEFT - 16, y + 4.5, row[0].workload.replace("_", " "), "text", anchor="end")
    ends = {"class": "grid", "x1": str(LEFT), "x2": str(WIDTH - RIGHT)}
    SubElement(svg, "line", {**ends, "y1": f"{y:.1f}", "y2": f"{y:.1f}"})
    for one in sorted(row, key=lambda one: one.system.startswith("beamish")):
        dot(svg, scale.x(ratio(one)), y, marks[one.label], f"{one.label}: {ratio(one):.2g} x OTP")


def dot(svg: Element, x: float, y: float, style: str, text: str) -> None:
    mark = SubElement(svg, "g", {"class": style})
    radius = 5.5 if style.startswith("of-beamish") else 4.5
    place = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius}"}
    SubElement(mark, "circle", place)
    SubElement(mark, "title").text = text


def write(svg: Element, x: float, y: float, text: str, style: str, anchor: str = "start") -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    SubElement(svg, "text", {"class": style, **place}).text = text


def style() -> str:
    """Returns the style sheet: light, and dark for readers who have set that."""
    light, dark = (colours(number) for number in (0, 1))
    return f"{STYLE}{light}@media (prefers-color-scheme:dark){{{DARK}{dark}}}"


def colours(scheme: int) -> str:
    rules = ((f".{mark_of(name)}", pair[scheme]) for name, pair in COLOURS.items())
    return "".join(
        f"{name}{{fill:{colour}}}{name}.ring{{fill:none;stroke:{colour}}}" for name, colour in rules
    )
