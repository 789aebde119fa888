"""Scenario terms: from JSON to Erlang's terms as beamish spells them, and back.

``true`` and ``1``, an atom and a text, an empty tuple and an empty list are different terms in
Erlang; Python's equality would let some of them pass for each other, so this module compares
with :func:`same`. How terms are written is told in scenario.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, TypeAlias, TypedDict, cast

from beamish.terms import Atom, Pid, Ref, atom, to_erlang

__all__ = [
    "JSON",
    "Bindings",
    "Predicate",
    "Result",
    "Scenario",
    "Step",
    "same",
]

# A JSON value: bool, int, str, or a list or dict of them. What is in it depends on data, so a
# static type would only move the same casts to every line that looks inside.
JSON: TypeAlias = Any

Predicate: TypeAlias = Callable[[object], bool]


class Step(TypedDict):
    """One step: the actor that acts, and its operations."""

    by: str
    do: list[JSON]


class Scenario(TypedDict):
    """What a runner is given."""

    id: str
    actors: list[str]
    steps: list[Step]


class Result(TypedDict):
    """What a runner returns: an entry for each step, and one for each actor alive at the end."""

    trace: list[JSON]
    final: dict[str, JSON]


def same(left: object, right: object) -> bool:
    """Erlang's ``=:=`` on the terms that scenarios have."""
    if isinstance(left, tuple | list):
        mine = cast("tuple[object, ...] | list[object]", left)
        if not isinstance(right, tuple if isinstance(left, tuple) else list):
            return False
        theirs = cast("tuple[object, ...] | list[object]", right)
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    for kind in (bool, int, Atom, str):
        if isinstance(left, kind) or isinstance(right, kind):
            return isinstance(left, kind) and isinstance(right, kind) and left == right
    return left == right


def is_int(term: object) -> bool:
    """Whether it is an integer; the atoms true and false are not."""
    return isinstance(term, int) and not isinstance(term, bool)


def is_atom(term: object) -> bool:
    """Whether it is an atom; true and false are."""
    return isinstance(term, Atom | bool)


class Bindings:
    """The names of a scenario: which pid is ``@b``, which reference ``#r1``, and back."""

    def __init__(self, node: str) -> None:
        self.node = atom(node)
        self._term: dict[str, Pid | Ref] = {}
        self._name: dict[Pid | Ref, str] = {}

    def bind(self, name: str, term: Pid | Ref) -> None:
        """Names a pid or a reference; the name includes its ``@`` or ``#``."""
        self._term[name] = term
        self._name[term] = name

    def knows(self, name: str) -> bool:
        """Whether something has this name."""
        return name in self._term

    def pid(self, name: str) -> Pid:
        """The pid of this name."""
        term = self._term[name]
        assert isinstance(term, Pid), name
        return term

    def ref(self, name: str) -> Ref:
        """The reference of this name, which comes without its ``#``."""
        term = self._term["#" + name]
        assert isinstance(term, Ref), name
        return term

    def actor(self, pid: Pid) -> str:
        """The name, without its ``@``, of the actor that has this pid."""
        return self._name[pid][1:]

    def unbound(self, *terms: JSON) -> str | None:
        """The first name in these terms that nothing has yet; None where all are known."""
        for term in terms:
            if isinstance(term, str):
                if term[:1] in ("@", "#") and term not in self._term:
                    return term
            elif isinstance(term, list | dict):
                inside = cast("list[JSON] | dict[str, list[JSON]]", term)
                missing = self.unbound(*(inside if isinstance(inside, list) else inside["l"]))
                if missing is not None:
                    return missing
        return None

    def term(self, written: JSON) -> Any:
        """The term that a scenario writes like this."""
        if isinstance(written, str):
            if written[:1] in ("@", "#"):
                return self._term[written]
            return self.node if written == "node" else atom(written)
        if isinstance(written, list):
            return tuple(self.term(one) for one in cast("list[JSON]", written))
        if isinstance(written, dict):
            return [self.term(one) for one in cast("dict[str, list[JSON]]", written)["l"]]
        return written

    def show(self, term: object) -> JSON:
        """How a scenario writes this term."""
        if isinstance(term, BaseException):
            return self.show(to_erlang(term))
        if isinstance(term, bool | int):
            return term
        if isinstance(term, Atom):
            return "node" if term is self.node else str(term)
        if isinstance(term, Pid):
            return self._name.get(term, "@?")
        if isinstance(term, Ref):
            return self._name.get(term, "#?")
        if isinstance(term, tuple):
            return [self.show(one) for one in cast("tuple[object, ...]", term)]
        if isinstance(term, list):
            terms = cast("list[object]", term)
            return "*stack" if _is_stack(terms) else {"l": [self.show(one) for one in terms]}
        return f"?{term!r}"

    def show_set(self, terms: Iterable[object]) -> list[JSON]:
        """Terms that are in no order, sorted by their JSON text."""
        return sorted((self.show(term) for term in terms), key=_compact)

    def show_mailbox(self, messages: Iterable[object]) -> list[JSON]:
        """A mailbox in its order, but for each run of signals, which is sorted by its key.

        Erlang does not promise in which order a dying process's signals arrive.
        """

        def key(message: object) -> str:
            return self._signal_key(message) or ""  # what is no signal stays where it is

        shown: list[JSON] = []
        for _, run in groupby(messages, lambda m: self._signal_key(m) is not None):
            shown += [self.show(message) for message in sorted(run, key=key)]
        return shown

    def _signal_key(self, message: object) -> str | None:
        """What a link or a monitor left in a mailbox, told by its form alone."""
        if not isinstance(message, tuple):  # a list would match the sequence patterns below
            return None
        match cast("tuple[object, ...]", message):
            case (tag, Pid() as pid, _) if same(tag, _EXIT):
                return f"EXIT {self.show(pid)}"
            case (_, Ref() as ref, kind, _, _) if same(kind, _PROCESS):
                return f"DOWN {self.show(ref)}"
            case _:
                return None

    def predicate(self, pattern: JSON) -> Predicate:
        """A pattern of the scenario language as a predicate on messages."""
        match pattern:
            case "any":
                return _anything
            case "atom":
                return is_atom
            case "int":
                return is_int
            case ["is", written]:
                wanted = self.term(written)
                return lambda message: same(message, wanted)
            case ["tag" | "tag2", *first]:
                head = tuple(self.term(one) for one in first)
                return lambda message: _begins(message, head)
            case _:
                raise ValueError(f"expected a pattern of scenario.md; got {pattern!r}")

    def plain_patterns(self, pattern: JSON) -> tuple[Any, ...] | None:
        """The same as patterns of ``process.receive`` without a predicate.

        None where that cannot say it: an integer there also takes the bool that equals it.
        No patterns at all mean every message.
        """
        match pattern:
            case "any":
                return ()
            case "atom":
                return (Atom, bool)
            case ["is", written] if not _has_number(written):
                return (self.term(written),)
            case ["tag" | "tag2", *first] if not _has_number(first):
                head = tuple(self.term(one) for one in first)
                rest = range(_LONGEST - len(head) + 1)
                return tuple(head + (...,) * more for more in rest)
            case _:
                return None


_EXIT = atom("EXIT")
_PROCESS = atom("process")

# No tuple in a scenario is longer than {'DOWN', Ref, process, Pid, Reason}.
_LONGEST = 5


def _has_number(written: JSON) -> bool:
    if isinstance(written, list):
        return any(map(_has_number, cast("list[JSON]", written)))
    if isinstance(written, dict):
        return _has_number(cast("dict[str, JSON]", written)["l"])
    return isinstance(written, int)


def _anything(message: object) -> bool:
    return True


def _begins(message: object, head: tuple[object, ...]) -> bool:
    if not isinstance(message, tuple):
        return False
    terms = cast("tuple[object, ...]", message)
    return len(terms) >= len(head) and all(map(same, terms, head))


def _compact(value: JSON) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _is_stack(terms: list[object]) -> bool:
    """Whether it is a stack trace: a list that begins with {Module, Function, Arity, Where}."""
    match terms:
        case [(Atom(), Atom(), int() | list(), list()), *_]:
            return True
        case _:
            return False
