"""The table for people: ``python -m benchmarks.report RESULTS.jsonl``, as Markdown or a picture."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import picture
from benchmarks.build import HERE
from benchmarks.figures import OWN, Figure, fastest_peer, from_json, groups, times_better
from benchmarks.systems import PEERS

__all__ = ["LATEST", "caption", "main", "markdown", "short", "table"]

LATEST = HERE / "results" / "latest.jsonl"


def table(group: Sequence[Figure], missing: Mapping[str, str]) -> Iterator[str]:
    """Yields the lines of one workload, for the terminal; none where there is no figure."""
    if not group:
        return
    first = group[0]
    lower = ", lower is better" if first.better == "lower" else ""
    yield f"\n{first.workload}: {first.title} [{first.unit}{lower}]"
    for figure in group:
        if figure.values:
            yield row(figure)
    for reason in dict.fromkeys(missing.values()):
        labels = [label for label, why in missing.items() if why == reason]
        yield f"  {', '.join(labels)}: - ({reason})"
    peer = fastest_peer(group)
    if peer is not None:
        for own in group:
            if own.system in OWN and own.values:
                yield f"  {own.label} is {times_better(own, peer):.2g} x {peer.label}"


def row(figure: Figure) -> str:
    """Returns the line of one system: median, spread, ratio to OTP and its spread, remark."""
    value = f"{short(figure.value)} ({spread(figure.values, short)})"
    ratio, ratios = figure.ratio_to_otp, figure.round_ratios
    times = f"{ratio:.2f} ({spread(ratios, '{:.2f}'.format)})" if ratio else ""
    problem = f"stopped: {figure.failure}" if figure.failure else figure.remark
    return f"  {figure.label:<19} {value:<30} {times:<22} {problem}".rstrip()


def spread(values: Sequence[float], show: Callable[[float], str]) -> str:
    return f"{show(min(values))} .. {show(max(values))}"


def short(value: float) -> str:
    """Returns three digits and a unit prefix: 1.23 M, 45.6 k."""
    for factor, prefix in ((1e6, " M"), (1e3, " k")):
        if value >= factor:
            return f"{value / factor:.3g}{prefix}"
    return f"{value:.3g}"


def markdown(figures: Sequence[Figure]) -> Iterator[str]:
    """Yields the lines of a table in Markdown: a row a workload, a column a system.

    A cell has the median and, in brackets, its ratio to OTP. The last column says how many times
    as good as the best peer the first beamish of the row is. The libraries that are measured on
    few workloads have a table of their own.
    """
    few = [one for one in figures if one.system in PEERS and one.values]
    many = [one for one in figures if one.system not in PEERS]
    best = {group[0].workload: of_best_peer(group) for group in groups(figures)}
    yield from columns(many, {"of the best peer": best})
    if few:
        yield ""
        yield from columns(few, {})


def columns(figures: Sequence[Figure], more: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yields one table; ``more`` are columns that are not a system, by title and workload."""
    labels = list(dict.fromkeys(one.label for one in figures if one.values))
    yield f"| workload | {' | '.join([*labels, *more])} |"
    yield "|---" * (len(labels) + len(more) + 1) + "|"
    for group in groups(figures):
        found = {one.label: cell(one) for one in group if one.values}
        cells = [found.get(label, "-") for label in labels]
        cells += [column[group[0].workload] for column in more.values()]
        yield f"| {group[0].title}, {group[0].unit} | {' | '.join(cells)} |"


def cell(figure: Figure) -> str:
    ratio = figure.ratio_to_otp
    times = "" if ratio is None or figure.system == "otp" else f" ({ratio:.2g})"
    return f"{short(figure.value)}{times}"


def of_best_peer(group: Sequence[Figure]) -> str:
    peer = fastest_peer(group)
    own = next((one for one in group if one.system in OWN and one.values), None)
    return f"{times_better(own, peer):.2g} x {peer.label}" if own and peer else "-"


def caption(figures: Sequence[Figure], machine: Mapping[str, Any]) -> str:
    """Returns two lines: what the figures were taken on, and of what."""
    rounds = max((len(one.values) for one in figures), default=0)
    own = [one.version for one in figures if one.system in (*OWN, "otp") and one.version]
    versions = dict.fromkeys(part for version in own for part in version.split(", "))
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}; "
        f"medians of {rounds} round(s), {machine['date']}\n"
        f"beamish {machine['beamish']} ({machine['commit']}), {', '.join(versions)}"
    )


def versions(figures: Sequence[Figure]) -> str:
    """Returns the version of each system, once."""
    known = {one.label: one.version for one in figures if one.version}
    return "; ".join(f"{label}: {version}" for label, version in known.items())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("results", nargs="*", type=Path, default=[LATEST], help="JSON lines")
    parser.add_argument("--markdown", action="store_true", help="print a table in Markdown")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw it, as SVG")
    options = parser.parse_args()
    lines = [line for path in options.results for line in path.read_text().splitlines()]
    read = list(from_json(lines))
    figures, machine = [figure for figure, _, _ in read], read[-1][2]
    if options.picture:
        options.picture.write_text(picture.draw(figures, caption(figures, machine)))
    if options.markdown:
        print(f"{caption(figures, machine)}\n\n{versions(figures)}\n")
        print("\n".join(markdown(figures)))
        return
    print(caption(figures, machine))
    missing = {figure.workload: gone for figure, gone, _ in read}
    for group in groups(figures):
        print("\n".join(table(group, missing[group[0].workload])))


if __name__ == "__main__":
    main()
