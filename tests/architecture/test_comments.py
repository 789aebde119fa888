"""Comments, docstrings and the page of the architecture name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"

# Of the standard library.
_OTHERS = {"_base.py", "queue.py", "synchronize.py", "threading.py"}


def test_a_file_that_is_named_exists() -> None:
    files = {path.name for path in SRC.rglob("*.py")} | _OTHERS
    lost = {
        str(path.relative_to(SRC)): missing
        for path in SRC.rglob("*.py")
        if (missing := set(re.findall(r"\b\w+\.py\b", path.read_text())) - files)
    }

    assert lost == {}


def test_the_architecture_names_every_file_of_the_runtime() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page[page.index("The files of the runtime") : page.index("The rooms of `otp/`")]
    files = {path.name for path in (SRC / "beamish" / "runtime").glob("*.py")}

    assert sorted(re.findall(r"`(\w+\.py)`", table)) == sorted(files - {"__init__.py"})
