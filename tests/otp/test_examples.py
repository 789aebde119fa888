"""The examples in docstrings that run by themselves; those of the pages run in tests/docs."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("module", ["child.backoff", "supervisor.intensity"])
def test_the_examples_of_a_module_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"beamish.otp.{module}"))

    assert result.attempted > 0
    assert result.failed == 0
