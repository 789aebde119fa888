"""A behaviour's clock is the node's, which tests and simulations may replace."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

import beamish

_OTP: Final = Path(beamish.__file__).parent / "otp"
_MODULES: Final = sorted(_OTP.rglob("*.py"))

# Where real time is meant, with the reason.
_REAL_TIME: Final = {
    "logger/filters.py": "a filter of logging runs on any thread, and without a node",
    "logger/threaded.py": "a thread writes, and waits for whoever reads the log",
    "timer/functions.py": "tc measures how long the computer takes",
}


def _name(path: Path) -> str:
    return str(path.relative_to(_OTP))


def _other_clocks(source: str) -> list[int]:
    """The lines that look at another clock than ``process.monotonic_time``."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Import) and any(one.name == "time" for one in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "time" and not node.level)
        or (isinstance(node, ast.Attribute) and node.attr in ("time", "get_running_loop"))
    ]


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_otp_takes_its_time_from_the_node(path: Path) -> None:
    if _name(path) not in _REAL_TIME:
        assert _other_clocks(path.read_text()) == []


def test_other_clocks_are_found() -> None:
    assert _other_clocks("import time") == [1]
    assert _other_clocks("from time import monotonic") == [1]
    assert _other_clocks("import asyncio\nnow = asyncio.get_running_loop()") == [2]
    assert _other_clocks("now = loop.time") == [1]
    assert _other_clocks("now = process.monotonic_time()") == []


def test_where_real_time_is_meant_it_is_taken() -> None:
    assert [name for name in _REAL_TIME if not _other_clocks((_OTP / name).read_text())] == []
