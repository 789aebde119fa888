"""What a report says, to a collector and to people."""

from __future__ import annotations

import logging
from typing import Any

import pytest

__all__ = ["fields_of", "reports", "shown"]


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The structured record of a report."""
    return vars(record)["beamish"]


def shown(record: logging.LogRecord) -> str:
    """The whole text of a record, as logging's own formatter shows it."""
    return logging.Formatter().format(record)


def reports(caplog: pytest.LogCaptureFixture, kind: str) -> list[dict[str, Any]]:
    """The structured records of all reports of a kind."""
    return [fields_of(one) for one in caplog.records if vars(one).get("report") == kind]
