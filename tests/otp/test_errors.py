from __future__ import annotations

from typing import Any

import pytest

import beamish
from beamish import process, to_erlang
from beamish.otp import (
    AlreadyRegisteredError,
    ChildError,
    ChildSpecError,
    GenServer,
    StartError,
    StartIgnored,
)
from beamish.terms import BadArgError, BeamishError

from .support import on_real_clock


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (StartError("boom"), "could not start: boom"),
        (
            StartError(("shutdown", ("failed_to_start_child", "w", "boom"))),
            "could not start: ('shutdown', ('failed_to_start_child', 'w', 'boom'))",
        ),
        (StartIgnored(), "init returned Ignore, so there is no process"),
        (ChildError("not_found", "w"), "child 'w': this supervisor has no such child"),
        (
            ChildError("restarting", "w"),
            "child 'w': it is being restarted; terminate_child(supervisor, id) gives that up",
        ),
        (
            ChildSpecError("restart", 1, "this or that", where="child 2", hint="try that"),
            "child 2: restart: expected this or that; got 1 (int); try that",
        ),
        (ChildSpecError("", "x", "a child"), "expected a child; got 'x' (str)"),
    ],
)
def test_an_error_says_what_came_and_what_to_do(error: Exception, text: str) -> None:
    assert str(error) == text
    assert isinstance(error, BeamishError)


def test_an_ignored_start_is_a_start_that_gave_no_process() -> None:
    assert isinstance(StartIgnored(), StartError)
    assert StartIgnored().reason == "ignore"


def test_a_bad_child_spec_is_a_bad_argument() -> None:
    assert isinstance(ChildSpecError("f", 1, "2"), BadArgError)


@pytest.mark.parametrize(
    ("error", "term"),
    [
        (StartError("boom"), ("badmatch", ("error", "boom"))),
        (StartIgnored(), ("badmatch", "ignore")),
        (ChildError("running", "w"), ("badmatch", ("error", "running"))),
    ],
)
def test_in_erlangs_shape_it_is_a_failed_match(error: Exception, term: Any) -> None:
    reason, _stack = to_erlang(error)

    assert reason == term


@on_real_clock
async def test_a_taken_key_names_key_and_holder() -> None:
    me = process.self()
    error = AlreadyRegisteredError("k", me)

    assert str(error) == f"key 'k' is already registered by {me!r}"
    assert to_erlang(error)[0] == ("badmatch", ("error", ("already_registered", me)))


def test_an_uncaught_start_error_is_what_run_raises() -> None:
    class Failing(GenServer):
        def init(self) -> None:
            raise ValueError("no")

    async def main() -> None:
        await Failing.start()

    with pytest.raises(StartError, match="could not start: ValueError: no"):
        beamish.run(main)
