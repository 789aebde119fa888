"""The page of limits says what the code has."""

from __future__ import annotations

from typing import Final

import pytest

from beamish.net.options import Options
from beamish.otp.logger import BurstLimit
from beamish.runtime import brief, exiting, garbage, journal, scheduler, timers
from beamish.terms.numbers import LONGEST
from tests.docs.pages import ROOT

PAGE: Final = (ROOT / "docs" / "guides" / "limits.md").read_text()

LIMITS: Final = [
    ("deaths that `process.why` tells of", journal.SIZE),
    ("an exit reason among them", f"{brief.LARGEST // 1024} KB"),
    ("stacks for processes that are parked", scheduler._MOST_SPARES),
    ("time-outs of calls", timers._FEW),
    ("objects in cycles", garbage._OBJECTS),
    ("reports of one kind", BurstLimit().max_count),
    ("data that waits in a socket", Options().high_watermark),
    ("the clean-up of a process", exiting.GRACE),
    ("closing what a process owned", exiting.GRACE),
    ("a timer or a time-out", LONGEST),
]


@pytest.mark.parametrize(("what", "limit"), LIMITS, ids=[what for what, _ in LIMITS])
def test_the_page_has_the_limit_of_the_code(what: str, limit: float | str) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| {what}")]

    assert (limit if isinstance(limit, str) else f"{limit:,}") in row.split("|")[2]
