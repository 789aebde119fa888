"""Exit reasons: expected ones, their Erlang shape, their words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from beamish import (
    BadArgError,
    BeamishError,
    NoProcError,
    ProcessError,
    ProcessExit,
    Throw,
    format_exit,
    to_erlang,
)
from beamish.terms import KILLED, NORMAL, SHUTDOWN, is_expected


@pytest.mark.parametrize("reason", [NORMAL, SHUTDOWN, "normal", "shutdown", ("shutdown", 1)])
def test_expected_reasons(reason: Any) -> None:
    assert is_expected(reason)


@pytest.mark.parametrize(
    "reason",
    [
        KILLED,
        "boom",
        None,
        1,
        (),
        ("shutdown",),
        ("shutdown", 1, 2),
        ("normal", 1),
        ["shutdown", 1],
    ],
)
def test_unexpected_reasons(reason: Any) -> None:
    assert not is_expected(reason)


def _raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001
        return caught


@pytest.mark.parametrize(
    ("error", "term"),
    [
        (ZeroDivisionError(), "badarith"),
        (OverflowError(), "badarith"),
        (BadArgError("x"), "badarg"),
        (TypeError("x"), "badarg"),
        (ValueError("x"), "badarg"),
        (NoProcError("x"), "noproc"),
        (ProcessError(("my", "term")), ("my", "term")),
        (Throw("rocks"), ("nocatch", "rocks")),
        (KeyError("k"), ("badkey", "k")),
        (RuntimeError("text"), ("RuntimeError", "text")),
        (AssertionError(), ("AssertionError", "")),
    ],
)
def test_the_erlang_shape_of_an_error(error: Exception, term: Any) -> None:
    for one in (_raised(error), error):
        shaped, stack = to_erlang(one)
        assert shaped == term
        assert stack


@pytest.mark.parametrize("reason", ["boom", ("a", 1), None, 42, [1, 2], {"k": 1}])
def test_any_other_term_is_its_own_shape(reason: Any) -> None:
    assert to_erlang(reason) == reason


def test_shapes_are_looked_for_in_tuples_and_lists() -> None:
    shaped = to_erlang((ZeroDivisionError(), ["call", ProcessError("e")]))

    assert shaped[0][0] == "badarith"
    assert shaped[1][1][0] == "e"


def test_an_exit_is_its_reason() -> None:
    assert to_erlang(ProcessExit("bye")) == "bye"
    assert to_erlang(SystemExit(3)) == ("SystemExit", 3)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("boom", "boom"),
        (NORMAL, "normal"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (("a", 1), "('a', 1)"),
        (None, "None"),
        (
            ("noproc", ("gen_server", "call", ("name", "x"))),
            "gen_server.call('name', 'x') failed: noproc",
        ),
        (
            ("noproc", ("sys", ("replace_state", print), ("name",))),
            "sys.replace_state('name') failed: noproc",
        ),
        (
            ("timeout", ("sys", ("debug", "no_debug"), ("name", 0.1))),
            "sys.no_debug('name', 0.1) failed: timeout",
        ),
        ((1, ("a", (2, "b"), ())), "(1, ('a', (2, 'b'), ()))"),
    ],
)
def test_reasons_in_words(reason: Any, words: str) -> None:
    assert format_exit(reason) == words


def test_the_tree_of_exceptions() -> None:
    """What a user may catch."""
    assert issubclass(ProcessExit, asyncio.CancelledError)
    assert not issubclass(ProcessExit, Exception)
    assert issubclass(BadArgError, BeamishError)
    assert issubclass(BadArgError, ValueError)
    assert issubclass(NoProcError, LookupError)
    assert (ProcessExit("r").reason, ProcessError("r").reason, Throw("v").value) == ("r", "r", "v")
