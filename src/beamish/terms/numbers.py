"""Numbers that callers pass: which are accepted, and the errors for all others.

In Python True and False are numbers. Passed as a number they are a mistake, and refused.
"""

from __future__ import annotations

import sys
from math import inf
from typing import Final, TypeGuard

from .errors import BadArgError, describe

__all__ = ["FINITE", "LONGEST", "check_seconds", "is_number", "is_whole"]

LONGEST: Final = 4_294_967.295  # seconds: the BEAM's limit of 2**32 - 1 milliseconds
FINITE: Final = sys.float_info.max


def is_number(value: object, least: float = 0, most: float = inf) -> TypeGuard[float]:
    """Whether this is a number within these bounds; NaN never is."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def is_whole(value: object, least: int = 0, most: float = inf) -> TypeGuard[int]:
    """Whether this is a whole number within these bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def check_seconds(
    where: str,
    value: object,
    most: float = inf,
    *,
    what: str = "seconds",
    forever: bool = True,
    zero: bool = True,
    hint: str = "",
) -> None:
    """Refuses a value that is not a number of seconds.

    Args:
        where: the function or argument, for the message.
        value: the value to check.
        most: the longest time that is accepted, in seconds.
        what: what is expected, for the message.
        forever: whether None is accepted as well.
        zero: whether 0 is.
        hint: what to write instead, for the message.

    Raises:
        BadArgError: it is not one.
    """
    if (forever and value is None) or (is_number(value, 0, most) and (zero or value)):
        return
    if hasattr(value, "total_seconds"):  # a timedelta
        hint = hint or "; write its total_seconds()"
    bounds = f"from 0 to {most}" if most <= LONGEST else ">= 0" if zero else "> 0"
    expected = f"{what} (a number {bounds}){' or None forever' if forever else ''}"
    raise BadArgError(f"{where}: expected {expected}; got {describe(value)}{hint}")
