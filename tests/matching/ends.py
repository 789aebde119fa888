"""``beamish run tests.matching.ends``: a program that ends with the value named by VALUE."""

from __future__ import annotations

import os

from beamish import process

from .values import VALUES


def main() -> None:
    value = VALUES[os.environ["VALUE"]]()
    process.exit((value, ("module", "function", (value,))) if "CALL" in os.environ else value)
