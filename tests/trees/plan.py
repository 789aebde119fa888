"""Random supervision trees, and what is done to them.

A plan is a tree and steps. A node of the tree is a Worker or a Sup, known by an id of its own;
`fails` says at which of its starts (counted from 1) it does not start, and how. The root is a
Sup called "root". A step is a tuple:

    ("kill", id)  ("signal", id, reason)        an exit signal from outside of the tree
    ("tell", id, what)                          a worker ends by itself, raises, or unlinks itself
    ("terminate", sup, id) ("restart", ...) ("delete", ...) ("start", sup, node)
    ("both", sup, step, step)                   two children end while their supervisor is busy
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

__all__ = ["ROOT", "Node", "Plan", "Sup", "Worker", "erlang_term", "random_plan", "walk"]

ROOT = "root"
_DEEPEST = 2  # supervisors below the root

Fails: TypeAlias = tuple[tuple[int, str], ...]
Step: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True)
class Worker:
    """A leaf.

    Attributes:
        shutdown: milliseconds, "brutal_kill" or "infinity".
        kind: "plain"; "trapping": traps exits and stops when told; "stubborn": does not stop.
    """

    id: str
    restart: str
    shutdown: int | str
    significant: bool
    kind: str
    fails: Fails


@dataclass(frozen=True)
class Sup:
    """A supervisor: flags are (strategy, intensity, auto_shutdown)."""

    id: str
    restart: str
    shutdown: int | str
    significant: bool
    flags: tuple[str, int, str]
    children: tuple[Node, ...]
    fails: Fails


Node: TypeAlias = Worker | Sup


@dataclass(frozen=True)
class Plan:
    """A tree, and what is done to it."""

    tree: Sup
    steps: tuple[Step, ...]


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    if isinstance(node, Sup):
        for child in node.children:
            yield from walk(child)


def erlang_term(value: Any) -> str:
    """A plan, or a part of one, as text for file:consult."""
    match value:
        case bool():
            return str(value).lower()
        case Plan(tree, steps):
            return "{" + erlang_term(tree) + "," + erlang_term(list(steps)) + "}"
        case Worker():
            how = (value.shutdown, value.significant, value.kind, list(value.fails))
            return erlang_term(("worker", value.id, value.restart, *how))
        case Sup():
            rest = (value.flags, list(value.children), list(value.fails))
            fields = (value.shutdown, value.significant, *rest)
            return erlang_term(("supervisor", value.id, value.restart, *fields))
        case tuple():
            return "{" + ",".join(map(erlang_term, cast("tuple[Any, ...]", value))) + "}"
        case list():
            return "[" + ",".join(map(erlang_term, cast("list[Any]", value))) + "]"
        case _:
            return str(value)


# ---- at random


def random_plan(rng: random.Random) -> Plan:
    """A tree and some steps; the same for the same state of `rng`."""
    return _Maker(rng).plan()


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.count = 0

    def plan(self) -> Plan:
        flags = self.flags()
        tree = Sup(ROOT, "permanent", "infinity", False, flags, self.children(1, flags), ())
        nodes = list(walk(tree))
        return Plan(tree, tuple(self.step(nodes) for _ in range(self.rng.randint(3, 10))))

    def flags(self) -> tuple[str, int, str]:
        strategy = self.rng.choice(["one_for_one", "one_for_all", "rest_for_one"])
        auto_shutdown = self.rng.choice(["never", "never", "any_significant", "all_significant"])
        return strategy, self.rng.choice([0, 1, 2, 3, 10, 10]), auto_shutdown

    def children(self, depth: int, flags: tuple[str, int, str]) -> tuple[Node, ...]:
        made = [self.node(depth, flags) for _ in range(self.rng.randint(0 if depth > 1 else 1, 4))]
        if made and self.rng.random() < 0.02:
            made.append(made[0])  # an id that is there twice
        return tuple(made)

    def node(self, depth: int, above: tuple[str, int, str]) -> Node:
        self.count += 1
        rng, number = self.rng, self.count
        restart = rng.choice(["permanent", "permanent", "transient", "temporary"])
        significant = above[2] != "never" and restart != "permanent" and rng.random() < 0.5
        if depth <= _DEEPEST and rng.random() < 0.35:
            flags = self.flags()
            times: list[int | str] = ["infinity", "infinity", 5000, "brutal_kill"]
            below = self.children(depth + 1, flags)
            fails = self.fails(("error", "ignore"))
            shutdown = rng.choice(times)
            return Sup(f"s{number}", restart, shutdown, significant, flags, below, fails)
        kind = rng.choice(["plain", "plain", "trapping", "trapping", "stubborn"])
        patience: list[int | str] = [5000, 5000, "brutal_kill", "infinity"]
        if kind == "stubborn":
            patience = [10, "brutal_kill"]
        shutdown = rng.choice(patience)
        fails = self.fails(("error", "die", "crash", "ignore", "odd"))
        return Worker(f"w{number}", restart, shutdown, significant, kind, fails)

    def fails(self, ways: tuple[str, ...]) -> Fails:
        rng = self.rng
        chances = ((n, 0.02 if n == 1 else 0.12) for n in range(1, 9))
        return tuple((n, rng.choice(ways)) for n, chance in chances if rng.random() < chance)

    # ---- steps

    def step(self, nodes: list[Node]) -> Step:
        kind = self.rng.random()
        if kind < 0.6:
            return self.failure(nodes)
        if kind < 0.7:
            return self.both(nodes) or self.failure(nodes)
        return self.request(nodes)

    def failure(self, nodes: list[Node]) -> Step:
        rng = self.rng
        workers = [node for node in nodes if isinstance(node, Worker)]
        below = [node for node in nodes if node.id != ROOT]
        reason = rng.choice(["normal", "shutdown", ("shutdown", "x"), "boom", "boom"])
        what: Any = rng.choice([("exit", reason), ("exit", reason), "raise", "unlink"])
        if workers and rng.random() < 0.6:
            return ("tell", rng.choice(workers).id, what)
        target = rng.choice(below or nodes).id
        return ("kill", target) if rng.random() < 0.7 else ("signal", target, reason)

    def both(self, nodes: list[Node]) -> Step | None:
        sups = [node for node in nodes if isinstance(node, Sup) and len(node.children) > 1]
        if not sups:
            return None
        sup = self.rng.choice(sups)
        one, other = self.rng.sample(sup.children, 2)
        return ("both", sup.id, self.end(one), self.end(other)) if one is not other else None

    def end(self, node: Node) -> Step:
        if isinstance(node, Sup) or self.rng.random() < 0.4:
            return ("kill", node.id)
        return ("tell", node.id, self.rng.choice([("exit", "normal"), ("exit", "boom"), "raise"]))

    def request(self, nodes: list[Node]) -> Step:
        rng = self.rng
        sup = rng.choice([node for node in nodes if isinstance(node, Sup)])
        if rng.random() < 0.25:
            depth = 1 if sup.id == ROOT else 2
            node = self.node(depth, sup.flags)
            if rng.random() < 0.8:
                nodes.extend(walk(node))
                return ("start", sup.id, node)
        known = sup.children if sup.children and rng.random() < 0.9 else nodes
        child = rng.choice(known)
        verb: Literal["terminate", "restart", "delete"] = rng.choice(
            ["terminate", "terminate", "restart", "delete"]
        )
        if rng.random() < 0.1:
            return ("start", sup.id, child)
        return (verb, sup.id, child.id)
