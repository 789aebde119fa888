"""Every example of the documentation runs, and prints what the page says."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import beamish
from beamish import otp

from .pages import DOCS, Page, all_pages, read_page
from .running import DocsError, run_page

PAGES = [page for page in all_pages() if page.runs]
REFERENCE = sorted((DOCS / "reference").glob("*.md"))
GUIDES = sorted((DOCS / "guides").glob("*.md"))

# A behaviour's page has these, in this order. Others may stand between them.
HEADINGS = [
    "What it is",
    "Smallest example",
    "Client and server",
    "Supervising",
    "Names",
    "Time-outs",
    "When not to use it",
    "Debugging",
]

# Names before a dot that are ours where they stand in code on a page of the reference.
OURS = [*otp.__all__, "process", "behaviour", "gen_tcp"]
NAME = re.compile(rf"(?<![\w.:])({'|'.join(OURS)})\.([a-z]\w*)(?!/)\b")


def _parameter(page: Page) -> object:
    runs_programs = any(block.kind in ("console", "elixir") for block in page.blocks)
    return pytest.param(page, id=page.name, marks=pytest.mark.slow if runs_programs else ())


@pytest.mark.parametrize("page", [_parameter(page) for page in PAGES])
def test_the_examples_of_a_page_run(page: Page, tmp_path: Path) -> None:
    run_page(page, tmp_path)


# ---- the reference


@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.stem)
def test_a_page_of_the_reference_has_its_parts_in_order(path: Path) -> None:
    found = re.findall(r"^## (.*)$", path.read_text(), re.MULTILINE)

    assert [heading for heading in found if heading in HEADINGS] == HEADINGS


def test_every_behaviour_has_a_page() -> None:
    modules = {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", value.__name__).lower()
        for value in (getattr(otp, name) for name in otp.__all__)
        if isinstance(value, type) and hasattr(value, "start_link")
    }
    names = {name for name in otp.__all__ if type(getattr(otp, name)) is type(otp)}

    assert (modules | names) - {"global_"} <= {path.stem for path in REFERENCE}


@pytest.mark.parametrize("path", [*REFERENCE, *GUIDES], ids=lambda path: path.stem)
def test_what_a_page_names_exists(path: Path) -> None:
    missing = [f"{owner}.{name}" for owner, name in _named(path) if not hasattr(_our(owner), name)]

    assert missing == []


def _named(path: Path) -> Iterator[tuple[str, str]]:
    """What stands in code in the text, and in those columns of tables that are about us."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for code in re.findall(r"`([^`\n]+)`", "\n".join(_ours_of(text))):
        yield from NAME.findall(code)


def _ours_of(text: str) -> Iterator[str]:
    column: int | None = None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if "beamish" in cells:
            column = cells.index("beamish")
        elif not line.startswith("|"):
            column = None
        yield line if column is None else cells[column]


def _our(owner: str) -> Any:
    if owner == "gen_tcp":
        return importlib.import_module("beamish.net.gen_tcp")
    return getattr(otp, owner, None) or getattr(beamish, owner)


# ---- who watches over the watchers

WRONG = {
    "a comment that is wrong": "```python\nprint(1)  # 2\n```\n",
    "output that is wrong": "```python\nprint(1)\n```\n\n```text\n2\n```\n",
    "output that is not shown": "```python\nprint(1)\n```\n",
    "an exception": "```python\nraise ValueError\n```\n",
    "a process that takes the page along": (
        "```python\nfrom beamish import process\nprocess.exit(process.self(), 'kill')\n"
        "await process.sleep(1)\n```\n"
    ),
    "a program that is wrong": (
        "```python\nimport beamish\n\n\nasync def main():\n    print(1)  # 2\n\n\n"
        "beamish.run(main)\n```\n"
    ),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_page_that_is_wrong_is_found_out(text: str, tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(text)

    with pytest.raises((DocsError, beamish.ProcessExit)):
        run_page(read_page(path), tmp_path)


def test_a_page_tells_which_line_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("# Title\n\n```python\nprint(1)  # 2\n```\n")

    with pytest.raises(DocsError, match=r"page\.md, line 4"):
        run_page(read_page(path), tmp_path)
