"""Storms: each makes so many of something, which have all ended when it returns.

What a storm returns is kept while the rest is counted: pids, references, reasons, a supervisor.
"""

from __future__ import annotations

from . import storms_of_processes, storms_of_resources, storms_of_servers, storms_of_waits
from .table import STORMS

__all__ = ["PARTS", "STORMS"]

PARTS = (storms_of_processes, storms_of_resources, storms_of_servers, storms_of_waits)
