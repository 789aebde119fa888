"""Rule R12: what cannot be shown is shown by its class; no report and no text of an error fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

import pytest

import beamish
from beamish import Atom, Down, Exit, process
from beamish.otp import AlreadyRegisteredError, ChildError, StartError
from beamish.terms.careful import show
from beamish.terms.errors import describe
from tests.support.nodes import on_virtual_clock
from tests.support.program import Program

from .apart import skip_unless_installed
from .values import VALUES

NAMES: Final = list(VALUES)
NOBODY: Final[Any] = None

# What puts a value into words.
WORDS: Final[dict[str, Callable[[Any], object]]] = {
    "show": show,
    "describe": describe,
    "an exit reason": beamish.format_exit,
    "an exit reason with more": lambda value: beamish.format_exit(("boom", value)),
    "a failed call": lambda value: beamish.format_exit((value, ("m", "f", (value, 1)))),
    "a cycle of calls": lambda value: beamish.format_exit(("call_cycle", ((value, value),))),
    "an exception of one": lambda value: beamish.format_exit(ValueError(value)),
    "an exception and one": lambda value: beamish.format_exit((ValueError("x"), value)),
    "an exit message": lambda value: repr(Exit(value, value)),
    "a down": lambda value: repr(Down(value, "process", value, value)),
    "a failed start": lambda value: str(StartError(value)),
    "a child": lambda value: str(ChildError("not_found", value)),
    "a key": lambda value: str(AlreadyRegisteredError(value, NOBODY)),
}


@pytest.mark.parametrize("name", NAMES)
def test_r12_anything_can_be_put_into_words(name: str) -> None:
    skip_unless_installed(name)
    value = VALUES[name]()

    for what, put in WORDS.items():
        assert type(put(value)) is str, what


@pytest.mark.parametrize("name", NAMES)
def test_r12_anything_has_a_shape_in_erlang(name: str) -> None:
    skip_unless_installed(name)
    value = VALUES[name]()

    for reason in (value, (value, 1), [value], ("boom", (1, [value]))):
        beamish.to_erlang(reason)
    assert beamish.to_erlang(beamish.ProcessError(value))[1] != []
    assert type(beamish.to_erlang(KeyError(value))) is tuple


def test_r12_what_can_be_shown_of_a_value_is_shown() -> None:
    hostile = VALUES["an unbound proxy"]()

    shown = beamish.format_exit(("boom", [hostile, {"k": 1}]))

    assert shown == "('boom', [<Opaque that cannot be shown>, {'k': 1}])"


@on_virtual_clock
async def test_r12_who_ended_whom_is_told_with_a_label_that_cannot_be_shown() -> None:
    async def kills(pid: beamish.Pid, label: Any) -> None:
        process.set_label(label)
        process.exit(pid, "boom")
        await process.receive()

    for name in ("an unbound proxy", "compares by raising an exception", "a signaling NaN"):
        pid, ref = process.spawn_monitor(process.receive)
        killer = process.spawn(kills, pid, VALUES[name]())
        await process.receive(("DOWN", ref, ..., ..., ...))
        why = process.why(pid)
        assert repr(killer) in str(why)
        process.exit(killer, "kill")


@pytest.mark.slow  # an OS process for each
@pytest.mark.parametrize("call", [False, True])
@pytest.mark.parametrize(
    "name",
    ["a nested tuple", "an unbound proxy", "compares by raising KeyboardInterrupt", "bytes"],
)
def test_r12_a_program_can_end_with_any_reason(name: str, call: bool) -> None:
    env = {"VALUE": name, **({"CALL": "1"} if call else {})}

    with Program(sys.executable, "-m", "beamish", "run", "tests.matching.ends", env=env) as program:
        program.wait_for("exited with reason ")
        assert program.wait() == 1


def test_r12_atoms_and_texts_are_shown_as_they_are() -> None:
    assert beamish.format_exit(Atom("boom")) == "boom"
    assert beamish.format_exit("boom") == "boom"
    assert beamish.format_exit(("boom", 1)) == "('boom', 1)"
