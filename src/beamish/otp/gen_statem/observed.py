"""How a state machine answers system messages, and what crash reports show of it.

Its state is the pair ``(state, data)``; the data are a dict of the machine's attributes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from beamish.otp.gen import GEN_CALL, attributes_of, is_coroutine, set_attributes
from beamish.otp.sys import Event as DebugEvent
from beamish.otp.sys import Special, event_words, formatted
from beamish.terms import BadArgError
from beamish.terms.careful import elements, same, show
from beamish.terms.errors import describe
from beamish.terms.words import by_word

from .values import NextState

if TYPE_CHECKING:
    from .callbacks import GenStatemCallbacks
    from .timeouts import Timers

__all__ = ["Observed"]


class Observed(Special):
    """What sys(3) and the crash reports see of a running state machine."""

    if TYPE_CHECKING:
        machine: GenStatemCallbacks
        state: Any
        queue: deque[tuple[Any, Any]]
        postponed: list[tuple[Any, Any]]
        event: tuple[Any, Any] | None
        timers: Timers

    def become(self, cls: Any) -> None:
        """Makes the machine one of a class; its attributes stay."""
        raise NotImplementedError

    @property
    def message(self) -> Any:
        """The event that is being handled; a call in the shape of its message."""
        if self.event is None:
            return None
        kind, content = self.event
        match by_word(kind):
            case ("call", caller):
                return (GEN_CALL, caller, content)
            case _:
                return self.event

    # ---- for sys

    def system_get_state(self) -> Any:
        """The state that ``sys.get_state`` returns."""
        return self.state, attributes_of(self.machine)

    def system_replace_state(self, fn: Callable[[Any], Any]) -> Any:
        """Makes ``fn((state, data))`` the state and the attributes; no state enter call is made."""
        given = fn(self.system_get_state())
        match given:
            case (state, data):
                set_attributes(self.machine, data)
                self.state = state
            case _:
                raise BadArgError(
                    "sys.replace_state: expected (state, data) from the function, where data is a "
                    f"dict of attributes; got {describe(given)}"
                )
        return given

    async def system_code_change(self, module: Any, old_vsn: Any, extra: Any) -> None:
        """Makes the machine one of the new class, and has it take state and data over."""
        was = type(self.machine)
        if isinstance(module, type):
            self.become(module)
        try:
            result: Any = self.machine.code_change(old_vsn, self.state, extra)
            if is_coroutine(result):
                result = await result
        except BaseException:
            self.become(was)
            raise
        if isinstance(result, NextState):
            self.state = result.state

    def system_module(self) -> Any:
        """The machine's class."""
        return type(self.machine)

    def system_status(self) -> dict[str, Any]:
        """What ``sys.get_status`` shows, as the machine's ``format_status`` has it."""
        shown = self._formatted({})
        data = {"State": (shown["state"], shown["data"])}
        data["Postponed"] = shown["postponed"]
        data["Time-outs"] = shown["timeouts"]
        if "log" in shown:
            data["Logged events"] = shown["log"]
        return data

    def system_format_event(self, event: DebugEvent) -> str:
        """One event in words, for traces."""
        return f"*DBG* {self.system_name()!s} {_words(event)}"

    # ---- for the runtime's crash reports

    def crash_details(self, reason: Any) -> dict[str, Any]:
        """The event and the state, as the machine's ``format_status`` has them."""
        queue = list(self.queue)
        if self.event is not None:
            queue.insert(0, self.event)
        shown = self._formatted({"reason": reason, "queue": queue})
        details = {"reason": shown["reason"], "state": (shown["state"], shown["data"])}
        queue = shown["queue"]
        if queue:
            details["last_message"] = queue[0]
        waiting, postponed = queue[1:], shown["postponed"]
        if waiting or postponed:
            details["state"] += ({"queue": waiting, "postponed": postponed},)
        return details

    def _formatted(self, more: dict[str, Any]) -> dict[str, Any]:
        status: dict[str, Any] = {
            "state": self.state,
            "data": attributes_of(self.machine),
            "postponed": list(self.postponed),
            "timeouts": [(kind, content) for kind, _, content in self.timers.running.values()],
            **more,
        }
        return formatted(self.machine, status, self.debug, hidden="data")


def _words(event: DebugEvent) -> str:
    match by_word(event):
        case ("in", what, state):
            return f"receive {_event_in_words(what)} in state {show(state)}"
        case ("consume", what, state, after):
            return f"consume {_event_in_words(what)} in state {show(state)}{_step(state, after)}"
        case ("postpone", what, state, after):
            return f"postpone {_event_in_words(what)} in state {show(state)}{_step(state, after)}"
        case ("start_timer", what, state):
            return f"start_timer {show(what)} in state {show(state)}"
        case _:
            return event_words(event)


def _step(state: Any, after: Any) -> str:
    return "" if same(state, after) else f" => {show(after)}"


def _event_in_words(event: Any) -> str:
    kind, content = event
    match by_word(kind):
        case ("call", caller) if len(elements(caller)) == 2:
            return f"call {show(content)} from {show(elements(caller)[0])}"
        case _:
            return f"{show(kind, str)} {show(content)}"
