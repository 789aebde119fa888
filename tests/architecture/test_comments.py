"""Comments and docstrings of src/ name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"

# Of the standard library.
_OTHERS = {"queue.py"}


def test_a_file_that_is_named_exists() -> None:
    files = {path.name for path in SRC.rglob("*.py")} | _OTHERS
    lost = {
        str(path.relative_to(SRC)): missing
        for path in SRC.rglob("*.py")
        if (missing := set(re.findall(r"\b\w+\.py\b", path.read_text())) - files)
    }

    assert lost == {}
