from __future__ import annotations

from beamish.otp.supervisor.intensity import RestartWindow


def test_as_many_restarts_as_allowed_are_allowed() -> None:
    window = RestartWindow(3, 5.0)

    assert [window.add(now) for now in (0.0, 1.0, 2.0)] == [True, True, True]


def test_one_restart_more_within_the_window_is_too_many() -> None:
    window = RestartWindow(3, 5.0)

    assert [window.add(now) for now in (0.0, 1.0, 2.0, 3.0)] == [True, True, True, False]


def test_restarts_that_have_left_the_window_do_not_count() -> None:
    window = RestartWindow(1, 5.0)

    assert [window.add(now) for now in (0.0, 5.1, 10.3)] == [True, True, True]


def test_a_restart_exactly_as_long_ago_as_the_window_still_counts() -> None:
    window = RestartWindow(1, 5.0)

    assert [window.add(now) for now in (0.0, 5.0)] == [True, False]


def test_with_no_restarts_allowed_the_first_is_too_many() -> None:
    assert RestartWindow(0, 5.0).add(0.0) is False


def test_old_restarts_are_forgotten() -> None:
    window = RestartWindow(2, 1.0)

    assert all(window.add(float(2 * n)) for n in range(1000))
