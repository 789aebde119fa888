"""The comparison itself: what it lets pass, and what not."""

import pytest

from tests.examples.transcript import assert_follows


def test_other_numbers_of_pids_are_the_same_transcript() -> None:
    assert_follows("1> self()\n<0.1.0>\n2> self()\n<0.2.0>", "1> a.\n<0.7.0>\n2> b.\n<0.9.0>")


def test_a_pid_that_should_have_stayed_the_same_is_noticed() -> None:
    with pytest.raises(AssertionError):
        assert_follows("1> self()\n<0.1.0>\n2> self()\n<0.2.0>", "1> a.\n<0.7.0>\n2> b.\n<0.7.0>")


def test_a_pid_that_should_have_changed_is_noticed() -> None:
    with pytest.raises(AssertionError):
        assert_follows("1> self()\n<0.1.0>\n2> self()\n<0.1.0>", "1> a.\n<0.7.0>\n2> b.\n<0.8.0>")


def test_a_missing_line_is_noticed() -> None:
    with pytest.raises(AssertionError):
        assert_follows("1> go()\nok", "1> go().\nc1 alive\nok")


def test_a_line_too_many_is_noticed() -> None:
    with pytest.raises(AssertionError):
        assert_follows("1> go()\nc1 alive\nc1 alive\nok", "1> go().\nc1 alive\nok")


def test_dots_stand_for_any_number_of_lines() -> None:
    assert_follows("first\nsecond\nthird\nlast", "first\n...\nlast")


def test_a_term_broken_into_lines_is_the_same_term() -> None:
    assert_follows("{'DOWN',process,normal}", "{'DOWN',process,\n          normal}")
