"""Every place where an object of the user's meets beamish."""

from __future__ import annotations

from . import places_of_errors, places_of_processes, places_of_servers, places_of_waits
from .judging import ERROR_PLACES, PLACES, judge

__all__ = [
    "ERROR_PLACES",
    "PLACES",
    "judge",
    "places_of_errors",
    "places_of_processes",
    "places_of_servers",
    "places_of_waits",
]
