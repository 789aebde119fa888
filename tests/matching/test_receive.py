"""Rule R12: a value that cannot be compared disturbs neither its receiver nor its sender."""

from __future__ import annotations

import pytest

from tests.support.nodes import on_virtual_clock

from .apart import run, skip_unless_installed
from .program import problems
from .values import APART, VALUES


@pytest.mark.parametrize("name", [name for name in VALUES if name not in APART])
@on_virtual_clock
async def test_r12_a_value_that_cannot_be_compared_is_no_match(name: str) -> None:
    skip_unless_installed(name)

    assert await problems(name) == []


@pytest.mark.slow  # an OS process for each
@pytest.mark.parametrize("name", APART)
def test_r12_nor_is_one_that_would_end_more_than_a_process(name: str) -> None:
    """In an OS process of its own, where Python refuses to compare bytes with texts."""
    assert run("tests.matching.program", name) == (0, "")
