"""A state machine as data, so that Erlang and Python can run the same; and machines made by chance.

A scenario says what the machine answers to the n-th event of a kind in a state (the rules), and
when which events are sent to it (the script). Terms are atoms (str), numbers, tuples and lists.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

__all__ = ["Scenario", "random_scenario"]

STATES = ("s0", "s1", "s2", "s3")
CONTENTS = ("c0", "c1", "c2")
# Callback modules: state functions or handle_event, without and with state enter calls.
MODULES = ("sf", "sfe", "he", "hee")
KINDS: tuple[Any, ...] = (
    "cast",
    "info",
    "internal",
    "call",
    "timeout",
    "state_timeout",
    ("timeout", "n0"),
    ("timeout", "n1"),
)
TIMERS: tuple[Any, ...] = (
    "state_timeout",
    "state_timeout",
    "timeout",
    ("timeout", "n0"),
    ("timeout", "n1"),
)


class Scenario(NamedTuple):
    """One machine and what happens to it.

    Attributes:
        module: its first callback module.
        first: its first state, and the actions of init.
        rules: ((state, kind, content), [(result, actions)]): what it answers, in turn.
        script: (wait in ms, [(kind, content)]): what is sent, and when.
    """

    module: str
    first: tuple[str, list[Any]]
    rules: list[tuple[tuple[str, Any, str], list[tuple[Any, list[Any]]]]]
    script: list[tuple[int, list[tuple[str, str]]]]


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def scenario(self) -> Scenario:
        rng = self.rng
        module = rng.choice(MODULES)
        rules: list[tuple[tuple[str, Any, str], list[tuple[Any, list[Any]]]]] = []
        for state in STATES:
            for kind in KINDS:
                for content in CONTENTS:
                    if rng.random() < 0.75:
                        answers = [self.answer() for _ in range(rng.randint(1, 2))]
                        rules.append(((state, kind, content), answers))
            rules += [
                ((state, "enter", old), [self.enter_answer()])
                for old in STATES
                if rng.random() < 0.6
            ]
        script = [
            (rng.randint(60, 400), [self.sent() for _ in range(rng.randint(1, 5))])
            for _ in range(rng.randint(1, 4))
        ]
        return Scenario(module, (rng.choice(STATES), self.actions(2)), rules, script)

    def sent(self) -> tuple[str, str]:
        return (self.rng.choice(("cast", "cast", "info", "call", "call")), self.content())

    def content(self) -> str:
        return self.rng.choice(CONTENTS)

    def answer(self) -> tuple[Any, list[Any]]:
        rng = self.rng
        roll = rng.random()
        if roll < 0.02:
            return (self.end(), [])
        result: Any
        if roll < 0.40:
            result = ("next_state", rng.choice(STATES))
        elif roll < 0.5:
            result = rng.choice(("repeat_state", "repeat_state_and_data"))
        else:
            result = rng.choice(("keep_state", "keep_state_and_data"))
        if rng.random() < 0.03:
            result = ("throw", result)
        return (result, self.actions(3))

    def enter_answer(self) -> tuple[Any, list[Any]]:
        rng = self.rng
        roll = rng.random()
        if roll < 0.02:
            return (self.end(), [])
        if roll < 0.03:
            return (("next_state", rng.choice(STATES)), [])
        if roll < 0.04:
            return ("keep_state", [self.action()])
        result = "repeat_state" if roll < 0.1 else "keep_state"
        return (result, [self.enter_action() for _ in range(rng.randint(0, 2))])

    def end(self) -> Any:
        rng = self.rng
        replies = [("reply", rng.randint(0, 9)) for _ in range(rng.randint(0, 2))]
        return rng.choice(
            (
                "stop",
                ("stop", rng.choice(("normal", "shutdown", "why"))),
                ("stop_and_reply", "why", replies),
                "odd",
                ("error", "boom"),
                ("exit", "bye"),
            )
        )

    def actions(self, most: int) -> list[Any]:
        return [self.action() for _ in range(self.rng.randint(0, most))]

    def action(self) -> Any:
        rng = self.rng
        roll = rng.random()
        if roll < 0.25:
            return ("postpone", rng.random() < 0.9)
        if roll < 0.45:
            return ("next_event", rng.choice(("cast", "internal", "internal", "info", "call")),
                    self.content())  # fmt: skip
        if roll < 0.50:
            kind = rng.choice(("change", "change", "push", "push", "push", "pop"))
            return (kind, rng.choice(MODULES))
        if roll < 0.505:
            return ("odd",)
        return self.enter_action()

    def enter_action(self) -> Any:
        rng = self.rng
        roll = rng.random()
        if roll < 0.3:
            return ("reply", rng.randint(0, 9))
        if roll < 0.35:
            return ("hibernate",)
        return ("timer", rng.choice(TIMERS), self.time(), self.content())

    def time(self) -> Any:
        rng = self.rng
        roll = rng.random()
        if roll < 0.3:
            return 0
        if roll < 0.4:
            return rng.choice(("infinity", "cancel"))
        if roll < 0.5:
            return "update"
        if roll < 0.6:
            return ("abs", rng.randint(30, 500))
        return rng.randint(30, 500)


def random_scenario(seed: str) -> Scenario:
    """The machine of that seed."""
    return _Maker(random.Random(seed)).scenario()
