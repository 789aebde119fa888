"""The picture of the figures: the ratio to OTP of each system, a row a workload, as SVG.

It is drawn here rather than by a plotting library: none of those writes colours that change with
the reader's light or dark scheme, and numpy and a font cache would be a lot to install for some
circles on a logarithmic scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from benchmarks.figures import Figure, groups

__all__ = ["draw"]

WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM = 860, 250, 36, 92, 26, 44

# Of each system: colours on a light and on a dark card, readable for the colour-blind (Okabe, Ito).
COLOURS = {
    "beamish": ("#0072b2", "#56b4e9"),
    "beamish-uvloop": ("#009e73", "#2fd0a2"),
    "asyncio": ("#d55e00", "#ff9147"),
    "asyncio-uvloop": ("#b8860b", "#f0c743"),
    "c": ("#7a7a7a", "#a8a8a8"),
}
PEERS = ("#a8609a", "#dd94c4")

STYLE = """
.card{fill:#ffffff;stroke:#d0d7de} .text{fill:#1f2328} .faint{fill:#59636e}
.grid{stroke:#e4e8ec} .otp{stroke:#1f2328;stroke-width:1.5}
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
        caption: a line below it, in small print.
    """
    rows = [group for group in groups(figures) if any(map(ratio, group))]
    height = TOP + ROW * len(rows) + BOTTOM
    size = {"width": str(WIDTH), "height": str(height), "viewBox": f"0 0 {WIDTH} {height}"}
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    SubElement(svg, "title").text = "The speed of each system, in parts of one scheduler of OTP"
    SubElement(svg, "style").text = style()
    card = {"x": "0.5", "y": "0.5", "width": str(WIDTH - 1), "height": str(height - 1), "rx": "8"}
    SubElement(svg, "rect", {"class": "card", **card})
    write(svg, 20, 30, "How many times as good as one scheduler of Erlang/OTP", "text title")
    legend(svg, list(dict.fromkeys(one.system for group in rows for one in group if ratio(one))))
    scale = Scale([ratio(one) for group in rows for one in group if ratio(one)])
    grid(svg, scale, TOP + ROW * len(rows))
    for number, group in enumerate(rows):
        line(svg, scale, TOP + ROW * (number + 0.5), group)
    write(svg, 20, height - 12, caption.replace("\n", ", "), "faint")
    indent(svg)
    return tostring(svg, encoding="unicode") + "\n"


def ratio(figure: Figure) -> float:
    """Returns how many times as good as OTP, whichever way is better; 0.0 where that is unknown."""
    times = figure.ratio_to_otp
    if figure.system == "otp" or not times:
        return 0.0
    return times if figure.better == "higher" else 1 / times


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


def legend(svg: Element, systems: Sequence[str]) -> None:
    """Names each colour once; the peers but asyncio share one, and a letter tells them apart."""
    x = 20.0
    for system in systems:
        text = system if system in COLOURS else f"{system} ({system[:2]})"
        dot(svg, x + 5, 54, system, text)
        write(svg, x + 15, 58.5, text, "text")
        x += 30 + 7.2 * len(text)


def grid(svg: Element, scale: Scale, bottom: float) -> None:
    for value in scale.ticks():
        x = f"{scale.x(value):.1f}"
        kind = "otp" if value == 1 else "grid"
        SubElement(
            svg, "line", {"class": kind, "x1": x, "x2": x, "y1": str(TOP), "y2": str(bottom)}
        )
        name = "OTP" if value == 1 else f"{value:g}"
        write(svg, scale.x(value), TOP - 8, name, "faint", anchor="middle")


def line(svg: Element, scale: Scale, y: float, group: Sequence[Figure]) -> None:
    """Draws one workload; beamish comes last, on top of the others."""
    write(svg, LEFT - 16, y + 4.5, group[0].workload.replace("_", " "), "text", anchor="end")
    ends = {"class": "grid", "x1": str(LEFT), "x2": str(WIDTH - RIGHT)}
    SubElement(svg, "line", {**ends, "y1": f"{y:.1f}", "y2": f"{y:.1f}"})
    shown = [one for one in group if ratio(one)]
    for one in sorted(shown, key=lambda one: one.system.startswith("beamish")):
        text = f"{one.label}: {ratio(one):.2g} x OTP"
        dot(svg, scale.x(ratio(one)), y, one.system, text)


def dot(svg: Element, x: float, y: float, system: str, text: str) -> None:
    mark = SubElement(svg, "g", {"class": name_of(system)})
    radius = "6" if system.startswith("beamish") else "5"
    SubElement(mark, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": radius})
    SubElement(mark, "title").text = text


def write(svg: Element, x: float, y: float, text: str, style: str, anchor: str = "start") -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    SubElement(svg, "text", {"class": style, **place}).text = text


def name_of(system: str) -> str:
    return f"of-{system}" if system in COLOURS else "of-peer"


def style() -> str:
    """Returns the style sheet: light, and dark for readers who have set that."""
    pairs = {**{name_of(system): pair for system, pair in COLOURS.items()}, "of-peer": PEERS}
    light = "".join(f".{name}{{fill:{pair[0]}}}" for name, pair in pairs.items())
    dark = "".join(f".{name}{{fill:{pair[1]}}}" for name, pair in pairs.items())
    return f"{STYLE}{light}@media (prefers-color-scheme:dark){{{DARK}{dark}}}"
