"""Every example of the documentation runs, and prints what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from .pages import Page, all_pages
from .running import run_page

PAGES = [page for page in all_pages() if page.runs]
_COMMANDS = pytest.mark.slow  # a page with commands starts programs


def _parameter(page: Page) -> object:
    has_commands = any(block.kind in ("console", "elixir") for block in page.blocks)
    return pytest.param(page, id=page.name, marks=_COMMANDS if has_commands else ())


@pytest.mark.parametrize("page", [_parameter(page) for page in PAGES])
def test_the_examples_of_a_page_run(page: Page, tmp_path: Path) -> None:
    run_page(page, tmp_path)
