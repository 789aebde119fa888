"""The choices behind a random scenario: who acts on whom, with which message or reason.

A sketch keeps a rough idea of who is alive, linked and waiting, so that most operations have
something to act on. The idea may be wrong: what is true is for the trace to say.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from .terms import JSON, Step

__all__ = ["NAMES", "Figure", "Sketch", "weighted"]

_T = TypeVar("_T")

_REASONS: Final[list[tuple[JSON, float]]] = [
    ("normal", 15),
    ("shutdown", 12),
    ("kill", 13),
    ("killed", 5),
    ("boom", 18),
    ("noproc", 3),
    (["shutdown", "x"], 6),
    (["boom", 7], 4),
    (42, 3),
    (["bye", "@self"], 3),
    ({"l": ["why", "not"]}, 2),
    (True, 1),
]
NAMES: Final = ["n1", "n2", "n3"]


def weighted(rng: random.Random, pairs: Sequence[tuple[_T, float]]) -> _T:
    """One of the values, each as likely as its weight says."""
    possible = [(value, weight) for value, weight in pairs if weight > 0]
    return rng.choices([v for v, _ in possible], [w for _, w in possible])[0]


@dataclass
class Figure:
    """What is believed of one actor."""

    alive: bool = True
    trap: bool = False
    waits: bool = False
    links: set[str] = field(default_factory=set[str])


@dataclass(frozen=True)
class Reference:
    """A reference that the scenario has made: its name, its kind, and who made it."""

    name: str
    kind: str
    owner: str


class Sketch:
    """A scenario being written, with what is believed of its actors."""

    def __init__(
        self, rng: random.Random, ident: str, weights: dict[str, float], steps: int
    ) -> None:
        self.rng = rng
        self.ident = ident
        self.weights = weights
        self.length = steps
        self.most = 12 + steps // 4  # actors in all
        self.steps: list[Step] = []
        self.refs: list[Reference] = []
        self.named: dict[str, str] = {}  # registered name -> actor
        self.sent: list[JSON] = []
        self.counter = 0
        self.actor: dict[str, Figure] = {}
        self.waiting: dict[str, JSON] = {}  # actor -> the pattern it waits for
        self.first = ["a", "b", "c", "d", "e"][: rng.choice([2, 3, 3, 4, 4, 5])]
        for name in self.first:
            self.actor[name] = Figure()

    # ---- what is believed

    def living(self, *, idle: bool = False) -> list[str]:
        """Who is alive; with idle, only those who do not wait."""
        return [n for n, one in self.actor.items() if one.alive and not (idle and one.waits)]

    def dead(self) -> list[str]:
        """Who is not alive any more."""
        return [name for name, one in self.actor.items() if not one.alive]

    def kill(self, name: str, reason: JSON) -> None:
        """An actor ends, and with it those that are linked to it."""
        todo = [(name, reason)]
        while todo:
            who, why = todo.pop()
            state = self.actor[who]
            if not state.alive:
                continue
            state.alive = False
            links, state.links = state.links, set()
            for other in sorted(links):
                peer = self.actor[other]
                peer.links.discard(who)
                if peer.alive and not peer.trap and why != "normal":
                    todo.append((other, why))
            for registered in [r for r, n in self.named.items() if n == who]:
                del self.named[registered]

    def signal(self, target: str, reason: JSON) -> None:
        """An actor gets an exit signal."""
        if reason == "kill":
            self.kill(target, "killed")
        elif reason != "normal" and not self.actor[target].trap:
            self.kill(target, reason)

    def join(self, one: str, other: str) -> None:
        """Two actors are linked."""
        if one != other:
            self.actor[one].links.add(other)
            self.actor[other].links.add(one)

    def part(self, one: str, other: str) -> None:
        """Two actors are linked no more."""
        self.actor[one].links.discard(other)
        self.actor[other].links.discard(one)

    def wait(self, me: str, pattern: JSON) -> None:
        """An actor waits for a message."""
        self.actor[me].waits = True
        self.waiting[me] = pattern

    # ---- choices

    def doer(self) -> str:
        """Who acts: nearly always someone who can."""
        idle = self.living(idle=True)
        if idle and self.rng.random() < 0.98:
            return self.rng.choice(idle)
        return self.rng.choice(sorted(self.actor))

    def target(self, me: str, dead: float = 0.15, self_: float = 0.08) -> str:
        """Whom to act on: oneself or a dead actor this often, else one who lives."""
        x = self.rng.random()
        gone = self.dead()
        others = [name for name in self.living() if name != me]
        if x < self_:
            return me
        if x < self_ + dead and gone:
            return self.rng.choice(gone)
        if others:
            # The neighbours are the interesting ones.
            near = [name for name in others if name in self.actor[me].links]
            if near and self.rng.random() < 0.45:
                return self.rng.choice(near)
            return self.rng.choice(others)
        return self.rng.choice(sorted(self.actor))

    def reason(self, me: str) -> JSON:
        """An exit reason."""
        why = weighted(self.rng, _REASONS)
        return ["bye", "@" + me] if why == ["bye", "@self"] else why

    def message(self, me: str) -> JSON:
        """A message to send."""
        rng = self.rng
        self.counter += 1
        options: list[tuple[JSON, float]] = [
            (self.counter, 3),
            ("hi", 2),
            ("go", 3),
            (["msg", self.counter], 5),
            (["from", "@" + me], 2),
            ({"l": [1, ["x", "y"]]}, 1),
            ([], 0.5),
            (["EXIT", "@" + self.target(me), "fake"], 0.6),
            (["msg", rng.choice([1, 2, 3])], 2),
            (["ref", "#" + rng.choice(self.refs).name] if self.refs else "hi", 1),
        ]
        chosen = weighted(rng, options)
        self.sent.append(chosen)
        return chosen

    def pattern(self, me: str) -> JSON:
        """A pattern to receive with."""
        rng = self.rng
        monitors = [one.name for one in self.refs if one.kind == "monitor" and one.owner == me]
        options: list[tuple[JSON, float]] = [
            ("any", 5),
            ("atom", 2),
            ("int", 2),
            (["tag", "EXIT"], 4),
            (["tag", "DOWN"], 3),
            (["tag", "msg"], 4),
            (["tag2", "EXIT", "@" + self.target(me)], 3),
        ]
        if monitors:
            options.append((["tag2", "DOWN", "#" + rng.choice(monitors)], 5))
        if self.sent:
            options.append((["is", rng.choice(self.sent[-6:])], 3))
        return weighted(rng, options)

    def fitting(self, pattern: JSON) -> JSON:
        """A message that the pattern takes."""
        self.counter += 1
        match pattern:
            case "any" | "atom":
                return "go"
            case "int":
                return self.counter
            case ["is", term]:
                return term
            case [_, *head]:
                return [*head, self.counter]
            case _:
                raise ValueError(f"expected a pattern of scenario.md; got {pattern!r}")

    def alias_kind(self) -> str:
        """How an alias of a monitor ends."""
        return weighted(
            self.rng, [("demonitor", 3), ("reply_demonitor", 4), ("explicit_unalias", 3)]
        )

    def new_ref(self, kind: str, owner: str) -> str:
        """The name of a reference that is about to be made."""
        name = f"r{len(self.refs) + 1}"
        self.refs.append(Reference(name, kind, owner))
        return name

    def some_ref(self, me: str, kinds: tuple[str, ...], own: float = 0.85) -> str | None:
        """A reference of one of these kinds, one's own this often; None if there is none."""
        mine = [one.name for one in self.refs if one.kind in kinds and one.owner == me]
        rest = [one.name for one in self.refs if one.kind in kinds]
        if mine and self.rng.random() < own:
            return self.rng.choice(mine[-4:])
        return self.rng.choice(rest) if rest else None

    def emit(self, me: str, operations: list[JSON]) -> None:
        """Writes a step."""
        self.steps.append({"by": me, "do": operations})
