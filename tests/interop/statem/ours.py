"""Plays a scenario on beamish, on the virtual clock."""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, cast
from unittest import mock

import beamish
from beamish import process
from beamish.otp import gen_statem
from beamish.otp.gen_statem import (
    ChangeCallbackModule,
    EventTimeout,
    GenericTimeout,
    GenStatem,
    Hibernate,
    KeepState,
    NextEvent,
    NextState,
    PopCallbackModule,
    Postpone,
    PushCallbackModule,
    RepeatState,
    Reply,
    StateTimeout,
    Stop,
    StopAndReply,
)
from beamish.terms import Atom, Down, Pid, to_erlang
from tests.support.clock import VirtualClockLoop

from .scenario import STATES, Scenario

__all__ = ["CALLBACKS", "END", "play"]

# A machine that has been called so often stops, for many would go on forever.
CALLBACKS = 80
# Milliseconds that pass after the script.
END = 600
# Milliseconds between what happens at different times, or the order on Erlang is not certain.
APART = 25

_CALL = Atom("$gen_call")


class Machine(GenStatem):
    """The machine of a scenario, with state functions."""

    module = "sf"

    async def init(self, log: Pid, scenario: Scenario) -> Any:
        process.send(log, ("here", process.self()))
        await process.receive("go")
        self.log, self.count = log, 0
        self.caller: Any = None
        self.rules = dict(scenario.rules)
        self.turns: dict[Any, int] = {}
        state, actions = scenario.first
        return NextState(state, *self.do(actions))

    def answer(self, event_type: Any, content: Any, state: Any) -> Any:
        kind: Any = event_type
        match event_type:
            case ("call", caller):
                self.caller, kind = caller, "call"
            case _:
                pass
        process.send(self.log, ("event", self.module, kind, content, state))
        self.count += 1
        if self.count > CALLBACKS:
            return Stop
        key = (state, kind, content)
        answers = self.rules.get(key)
        if answers is None:
            return KeepState
        turn = self.turns.get(key, 0)
        self.turns[key] = turn + 1
        result, actions = answers[turn % len(answers)]
        return self.result(result, actions)

    def result(self, result: Any, actions: list[Any]) -> Any:
        match result:
            case ("next_state", state):
                return NextState(state, *self.do(actions))
            case "keep_state" | "keep_state_and_data":
                return KeepState(*self.do(actions))
            case "repeat_state" | "repeat_state_and_data":
                return RepeatState(*self.do(actions))
            case ("throw" | "error" | "exit" as kind, value):
                self.leave(kind, self.result(value, actions))
                return None
            case "stop" | ("stop", "normal"):
                return Stop
            case ("stop", reason):
                return Stop(reason)
            case ("stop_and_reply", reason, replies):
                return StopAndReply(reason, *self.do(replies))
            case _:
                return result

    def leave(self, kind: str, value: Any) -> None:
        if kind == "throw":
            process.throw(value)
        if kind == "error":
            process.error(value)
        process.exit(value)

    def do(self, actions: list[Any]) -> Iterator[Any]:
        return (done for done in map(self.action, actions) if done is not None)

    def action(self, action: Any) -> Any:
        match action:
            case ("reply", value):
                return Reply(self.caller, value) if self.caller else None
            case ("postpone", yes):
                return Postpone(yes)
            case ("next_event", "call", content):
                return NextEvent(("call", self.caller), content) if self.caller else None
            case ("next_event", kind, content):
                return NextEvent(kind, content)
            case ("hibernate",):
                return Hibernate
            case ("timer", kind, time, content):
                return self.timer(kind, time, content)
            case ("change", module):
                return ChangeCallbackModule(MODULES[module])
            case ("push", module):
                return PushCallbackModule(MODULES[module])
            case ("pop", _):
                return PopCallbackModule
            case _:
                return action

    def timer(self, kind: Any, time: Any, content: Any) -> Any:
        makers: dict[Any, Any] = {"state_timeout": StateTimeout, "timeout": EventTimeout}
        make = makers.get(kind) or partial(GenericTimeout, kind[1])
        match time:
            case "infinity":
                return make(None, content)
            case "cancel" | "update":
                return make(time, content)
            case ("abs", later):
                return make(process.monotonic_time() + later / 1000, content, abs=True)
            case _:
                return make(time / 1000, content)

    def terminate(self, reason: Any, state: Any) -> None:
        if isinstance(reason, BaseException):
            reason = to_erlang(reason)[0]
        process.send(self.log, ("terminate", _tag(reason), state))

    def s0(self, kind: Any, content: Any) -> Any:
        return self.answer(kind, content, "s0")

    def s1(self, kind: Any, content: Any) -> Any:
        return self.answer(kind, content, "s1")

    def s2(self, kind: Any, content: Any) -> Any:
        return self.answer(kind, content, "s2")

    def s3(self, kind: Any, content: Any) -> Any:
        return self.answer(kind, content, "s3")

    def handle_event(self, event_type: Any, content: Any, state: Any) -> Any:
        return self.answer(event_type, content, state)


class _Entering(Machine):
    module = "sfe"
    callback_mode = ("state_functions", "state_enter")


class _Handling(Machine):
    module = "he"
    callback_mode = "handle_event_function"


class _HandlingAndEntering(Machine):
    module = "hee"
    callback_mode = ("state_enter", "handle_event_function")


MODULES: dict[str, type[Machine]] = {
    cls.module: cls for cls in (Machine, _Entering, _Handling, _HandlingAndEntering)
}
assert all(hasattr(Machine, state) for state in STATES)


def _tag(reason: Any) -> Any:
    """A reason, without what came with it."""
    match reason:
        case (tag, *_):
            return tag
        case _:
            return reason


def play(scenario: Scenario) -> list[str] | None:
    """The trace; None if two things happen so close together that Erlang's order is not certain."""
    times: list[float] = []
    start_timer = process.start_timer

    def watched(seconds: float, dest: Any, message: Any) -> Any:
        times.append(process.monotonic_time() + seconds)
        return start_timer(seconds, dest, message)

    logging.disable()
    try:
        with mock.patch.object(process, "start_timer", watched):
            trace: list[str] = beamish.run(
                _drive, scenario, times, loop_factory=VirtualClockLoop, preempt=False
            )
    finally:
        logging.disable(logging.NOTSET)
    times.sort()
    close = any(b - a < APART / 1000 for a, b in itertools.pairwise(times))
    return None if close else trace


async def _drive(scenario: Scenario, times: list[float]) -> list[str]:
    process.spawn(MODULES[scenario.module].start, process.self(), scenario)
    _, pid = await process.receive(("here", ...))
    ref = process.monitor(pid)
    process.send(pid, "go")
    calls: dict[Any, int] = {}
    for wait, events in scenario.script:
        await process.sleep(wait / 1000)
        times.append(process.monotonic_time())
        for kind, content in events:
            if kind == "cast":
                gen_statem.cast(pid, content)
            elif kind == "info":
                process.send(pid, content)
            else:
                alias = process.alias()
                calls[alias] = len(calls)
                process.send(pid, (_CALL, (process.self(), alias), content))
    await process.sleep(END / 1000)
    times.append(process.monotonic_time())
    process.exit(pid, "kill")
    return [line async for line in _lines(ref, calls)]


async def _lines(ref: Any, calls: dict[Any, int]) -> AsyncIterator[str]:
    while True:
        match await process.receive():
            case Down(ref=down, reason=reason) if down is ref:
                yield show(("down", _tag(_tag(to_erlang(reason)))))
                return
            case ("event" | "terminate", *_) as told:
                yield show(told)
            case (alias, reply):
                yield show(("reply", calls[alias], reply))
            case _:
                pass


def show(term: Any) -> str:
    """A term as Erlang writes it."""
    match term:
        case bool():
            return "true" if term else "false"
        case tuple():
            return "{" + ",".join(map(show, cast("tuple[Any, ...]", term))) + "}"
        case list():
            return "[" + ",".join(map(show, cast("list[Any]", term))) + "]"
        case _:
            return str(term)
