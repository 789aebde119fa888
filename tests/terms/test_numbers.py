"""What passes for a number of seconds, and what is said of anything else."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from beamish.terms import BadArgError
from beamish.terms.numbers import FINITE, LONGEST, check_seconds, is_number, is_whole


@pytest.mark.parametrize("value", [0, 0.0, 5, 2.5, 10**400, math.inf])
def test_seconds_are_numbers_from_0(value: float) -> None:
    assert is_number(value)
    check_seconds("sleep", value)


@pytest.mark.parametrize("value", [True, False, -1, -0.1, math.nan, -math.inf, "5", b"5", [5], 5j])
def test_what_else_looks_like_a_number_is_refused(value: Any) -> None:
    assert not is_number(value)
    with pytest.raises(BadArgError, match=r"^sleep: expected seconds \(a number >= 0\)"):
        check_seconds("sleep", value)


@pytest.mark.parametrize("value", [math.inf, 10**400, LONGEST + 1])
def test_seconds_may_be_bounded(value: float) -> None:
    with pytest.raises(BadArgError, match=r"seconds \(a number from 0 to 4294967\.295\)"):
        check_seconds("receive", value, LONGEST)


def test_infinity_is_more_than_any_finite_number() -> None:
    assert is_number(FINITE, 0, FINITE)
    assert not is_number(math.inf, 0, FINITE)


def test_none_is_accepted_where_one_may_wait_forever() -> None:
    check_seconds("sleep", None)
    with pytest.raises(BadArgError, match=r"^timer: expected seconds \(a number >= 0\); got None"):
        check_seconds("timer", None, forever=False)


def test_zero_is_refused_where_time_must_pass() -> None:
    check_seconds("interval", 0.001, zero=False)
    with pytest.raises(BadArgError, match=r"\(a number > 0\) or None .*; got 0 \(int\)"):
        check_seconds("interval", 0, zero=False)


def test_the_message_says_what_to_write_for_a_timedelta() -> None:
    with pytest.raises(BadArgError, match=r"got datetime.* \(timedelta\); write its total_sec"):
        check_seconds("sleep", dt.timedelta(seconds=5))


@pytest.mark.parametrize(("value", "least", "most"), [(0, 0, 10), (10, 0, 10), (-3, -5, -1)])
def test_whole_numbers_have_bounds(value: int, least: int, most: int) -> None:
    assert is_whole(value, least, most)


@pytest.mark.parametrize("value", [True, False, 1.0, -1, "1", None])
def test_what_else_looks_like_a_whole_number_is_refused(value: Any) -> None:
    assert not is_whole(value)
