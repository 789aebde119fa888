"""State machines that do what they are told, in both callback modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from beamish import process
from beamish.otp.gen_statem import GenStatem, KeepState, NextState, Reply
from beamish.terms import Pid

__all__ = ["ByFunction", "ByName", "both_modes", "told"]


class ByName(GenStatem):
    """With state functions. An event that is a function is called, and its result returned.

    What it is told of otherwise it tells the witness: ``(state, event_type, content)``.
    """

    def init(self, witness: Pid | None = None, first: Any = None, trap: bool = False) -> Any:
        process.flag(trap_exit=trap)
        self.witness = witness
        if callable(first):
            first = first()
        return NextState("idle") if first is None else first

    def see(self, state: Any, event_type: Any, content: Any) -> Any:
        if callable(content):
            match event_type:
                case ("call", caller):
                    return content(caller)
                case _:
                    return content()
        match event_type:
            case ("call", caller) if content == "state":
                return KeepState(Reply(caller, state))
            case ("call", _):
                event_type = "call"
            case _:
                pass
        if self.witness is not None:
            process.send(self.witness, (state, event_type, content))
        return KeepState

    def idle(self, event_type: Any, content: Any) -> Any:
        return self.see("idle", event_type, content)

    def busy(self, event_type: Any, content: Any) -> Any:
        return self.see("busy", event_type, content)

    def done(self, event_type: Any, content: Any) -> Any:
        return self.see("done", event_type, content)

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        return self.see(state, event_type, content)

    def terminate(self, reason: Any, state: Any) -> None:
        if self.witness is not None:
            process.send(self.witness, ("terminate", reason, state))


class ByFunction(ByName):
    """The same with handle_event."""

    callback_mode = "handle_event_function"


class Entering(ByName):
    """With state functions and state enter calls."""

    callback_mode = ("state_functions", "state_enter")


def both_modes(test: Callable[..., None]) -> Callable[..., None]:
    """Runs a test with state functions and with handle_event."""
    return pytest.mark.parametrize("machine", [ByName, ByFunction])(test)


def told() -> list[Any]:
    """What machines have told this process so far."""
    return process.flush()
