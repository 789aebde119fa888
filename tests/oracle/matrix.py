"""The enumerated scenarios: each asks one question, in every combination that matters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TypeAlias, cast

from .terms import JSON, Scenario, Step

__all__ = ["matrix"]

# The actor that acts, followed by its operations.
Turn: TypeAlias = tuple[JSON, ...]
Cases: TypeAlias = Iterator[Scenario]

_BOTH = (False, True)
_DEMONITOR: list[list[str]] = [[], ["flush"], ["info"], ["flush", "info"]]
_ALIASES = ("explicit_unalias", "demonitor", "reply_demonitor")


def matrix() -> Cases:
    """All enumerated scenarios."""
    yield from _ends()
    yield from _relations()
    yield from _unlinked()
    yield from _demonitor()
    yield from _names()
    yield from _aliases()
    yield from _timers()
    yield from _order()
    yield from _mailbox()
    yield from _bools()
    yield from _chains()
    yield from _tags()


def _case(ident: str, actors: str, *turns: Turn) -> Scenario:
    steps: list[Step] = [{"by": by, "do": list(do)} for by, *do in turns]
    return {"id": ident, "actors": list(actors), "steps": steps}


def _word(term: JSON) -> str:
    return "-".join(map(str, cast("list[JSON]", term))) if isinstance(term, list) else str(term)


# ---- the ways to end


def _ways() -> Iterator[tuple[str, Turn, bool]]:
    """Each way in which b can end: its label, the turn, and whether b traps."""
    reasons: list[JSON] = ["normal", "shutdown", "kill", "killed", "boom", ["shutdown", "x"]]
    for why in reasons:
        yield f"exit-{_word(why)}", ("b", ["exit", why]), False
    for why in ("boom", "normal", "kill"):
        yield f"error-{why}", ("b", ["error", why]), False
        yield f"throw-{why}", ("b", ["throw", why]), False
    yield "return", ("b", ["return"]), False
    reasons = ["normal", "shutdown", "kill", "killed", "boom", "noproc", ["shutdown", "x"]]
    who = {"a": "peer", "b": "self", "c": "other"}
    for why, by, trap in itertools.product(reasons, "abc", _BOTH):
        label = f"exit2-{_word(why)}-by-{who[by]}{'-trapping' * trap}"
        yield label, (by, ["exit2", "@b", why]), trap


def _ends() -> Cases:
    """Each way to end, seen over a link, a monitor or both."""
    relations = ("link", "monitor", "both")
    for (label, act, traps), watch, relation in itertools.product(_ways(), _BOTH, relations):
        turns: list[Turn] = []
        if traps:
            turns.append(("b", ["trap", True]))
        if watch:
            turns.append(("a", ["trap", True]))
        relate: list[JSON] = []
        if relation != "monitor":
            relate.append(["link", "@b"])
        if relation != "link":
            relate.append(["monitor", "r1", "@b", {}])
        turns += [("a", *relate), act, ("c", ["alive", "@a"], ["alive", "@b"])]
        yield _case(f"ends-{label}-{relation}{'-watched' * watch}", "abc", *turns)


# ---- links and monitors


def _relations() -> Cases:
    """What link, unlink, monitor and spawn do to a target in each state."""
    states = ("alive", "dead", "self", "linked", "twice", "exiting-later")
    for op, trap, state in itertools.product(("link", "unlink", "monitor", "spawn"), _BOTH, states):
        before: list[Turn] = [("a", ["trap", True])] if trap else []
        if state == "dead":
            before.append(("b", ["exit", "boom"]))
        if state == "linked":
            before.append(("b", ["link", "@a"]))
        yield _case(
            f"rel-{op}-{state}{'-trapping' * trap}",
            "abc",
            *before,
            *_related(op, state),
            (
                "c",
                ["info", "@a", "links"],
                ["info", "@b", "links"],
                ["info", "@a", "monitors"],
                ["info", "@b", "monitored_by"],
                ["alive", "@a"],
            ),
        )


def _related(op: str, state: str) -> Iterator[Turn]:
    target = "@a" if state == "self" else "@b"
    acts: dict[str, JSON] = {
        "link": ["link", target],
        "unlink": ["unlink", target],
        "monitor": ["monitor", "r1", target, {}],
        "spawn": ["spawn", "k1", {"link": True, "monitor": "r1"}],
    }
    yield "a", acts[op]
    if state == "twice":
        again: dict[str, JSON] = {
            "monitor": ["monitor", "r2", target, {}],
            "spawn": ["spawn", "k2", {"link": True}],
        }
        yield "a", again.get(op, acts[op])
    if state == "exiting-later":
        yield "b", ["exit", "boom"]
        yield "a", ["recv", "any"], ["unlink", "@b"]


def _unlinked() -> Cases:
    """An unlink by one side is an unlink of both."""
    for by, trap_a, trap_b, why in itertools.product("abc", _BOTH, _BOTH, ("boom", "normal")):
        a, b = "t" if trap_a else "n", "t" if trap_b else "n"
        yield _case(
            f"unlink-then-exit-{by}-{a}{b}-{why}",
            "abc",
            ("a", ["trap", trap_a], ["link", "@b"]),
            ("b", ["trap", trap_b]),
            ("b", ["unlink", "@a"]),
            (by, ["exit", why]),
            ("c", ["alive", "@a"], ["alive", "@b"]),
        )


def _demonitor() -> Cases:
    states = ("alive", "down", "received", "dead-before", "self")
    for opts, state, times, owner in itertools.product(_DEMONITOR, states, (1, 2), "ac"):
        if owner == "c" and (times == 2 or state in ("received", "self")):
            continue
        turns: list[Turn] = []
        if state == "dead-before":
            turns.append(("b", ["exit", "boom"]))
        target = "@a" if state == "self" else "@b"
        turns.append(("a", ["monitor", "r1", target, {}], ["monitor", "r2", target, {}]))
        if state in ("down", "received"):
            turns.append(("b", ["exit", "boom"]))
        if state == "received":
            turns.append(("a", ["recv", ["tag2", "DOWN", "#r1"]]))
        turns += [(owner, ["demonitor", "r1", opts])] * times
        look = [["recv", ["tag2", "DOWN", "#r1"]], ["recv", ["tag2", "DOWN", "#r2"]]]
        turns.append(("a", ["info", "@a", "monitors"], *look))
        turns.append(("c", ["exit2", "@b", "boom"]))
        what = f"{'+'.join(opts) or 'plain'}-{state}-x{times}"
        by = "owner" if owner == "a" else "other"
        yield _case(f"demonitor-{what}-by-{by}", "abc", *turns)


# ---- names


def _names() -> Cases:
    acts = (
        "register",
        "unregister",
        "whereis",
        "send",
        "send-node",
        "monitor",
        "monitor-node",
        "crash-register",
        "crash-unregister",
        "crash-send",
    )
    before: dict[str, list[Turn]] = {
        "free": [],
        "mine": [("a", ["register", "n1", "@a"])],
        "theirs": [("c", ["register", "n1", "@c"])],
        "has-another": [("a", ["register", "n2", "@a"])],
        "died": [("c", ["register", "n1", "@c"]), ("c", ["return"])],
        "killed": [("c", ["register", "n1", "@c"]), ("a", ["exit2", "@c", "kill"])],
        "dead-target": [("b", ["exit", "boom"])],
        "undefined": [],
        "released": [("c", ["register", "n1", "@c"]), ("a", ["unregister", "n1"])],
    }
    for act, state in itertools.product(acts, before):
        yield _case(
            f"names-{act}-{state}",
            "abc",
            *before[state],
            ("a", _naming(act, state)),
            (
                "b",
                ["whereis", "n1"],
                ["info", "@a", "registered_name"],
                ["info", "@c", "registered_name"],
            ),
            ("c", ["exit", "boom"]),
            ("b", ["whereis", "n1"], ["whereis", "n2"]),
        )


def _naming(act: str, state: str) -> JSON:
    if act.startswith("crash-"):
        return ["crash", _naming(act.removeprefix("crash-"), state)]
    name = "undefined" if state == "undefined" else "n1"
    operations: dict[str, JSON] = {
        "register": ["register", name, "@b" if state == "dead-target" else "@a"],
        "unregister": ["unregister", name],
        "whereis": ["whereis", name],
        "send": ["send", name, "hi"],
        "send-node": ["send", [name, "node"], "hi"],
        "monitor": ["monitor", "r1", name, {}],
        "monitor-node": ["monitor", "r1", [name, "node"], {}],
    }
    return operations[act]


# ---- aliases


def _aliases() -> Cases:
    kinds = (
        "alias",
        "alias-reply",
        "plain",
        *_ALIASES,
        "spawn-demonitor",
        "spawn-reply_demonitor",
    )
    states = (
        "live",
        "unaliased",
        "demonitored",
        "down",
        "replied",
        "owner-dead",
        "unaliased-by-other",
        "flushed",
    )
    for kind, state in itertools.product(kinds, states):
        if kind.startswith("alias") and state in ("down", "flushed", "demonitored"):
            continue
        target = "k1" if kind.startswith("spawn-") else "b"
        yield _case(
            f"alias-{kind}-{state}",
            "abc",
            ("a", _made_alias(kind)),
            *_changed_alias(state, target),
            ("c", ["send", "#r1", "second"]),
            ("c", ["send", "#r1", "third"]),
            (target, ["exit", "later"]),
            ("c", ["send", "#r1", "fourth"]),
            ("a", ["unalias", "r1"], ["info", "@a", "monitors"]),
        )


def _made_alias(kind: str) -> JSON:
    if kind == "alias":
        return ["alias", "r1", []]
    if kind == "alias-reply":
        return ["alias", "r1", ["reply"]]
    if kind == "plain":
        return ["monitor", "r1", "@b", {}]
    if kind.startswith("spawn-"):
        return ["spawn", "k1", {"monitor": "r1", "alias": kind.removeprefix("spawn-")}]
    return ["monitor", "r1", "@b", {"alias": kind}]


def _changed_alias(state: str, target: str) -> list[Turn]:
    turns: dict[str, list[Turn]] = {
        "live": [],
        "unaliased": [("a", ["unalias", "r1"])],
        "demonitored": [("a", ["demonitor", "r1", []])],
        "down": [(target, ["exit", "boom"])],
        "replied": [("c", ["send", "#r1", "first"])],
        "owner-dead": [("a", ["exit", "bye"])],
        "unaliased-by-other": [("c", ["unalias", "r1"])],
        "flushed": [(target, ["exit", "boom"]), ("a", ["demonitor", "r1", ["flush", "info"]])],
    }
    return turns[state]


def _tags() -> Cases:
    """Monitors with a tag of their own."""
    kinds = (None, *_ALIASES)
    whens = ("before", "after", "spawn", "noproc")
    for opts, when, alias in itertools.product(_DEMONITOR, whens, kinds):
        extra: dict[str, JSON] = {"tag": ["mine", 1]}
        if alias:
            extra["alias"] = alias
        make: Turn = ("a", ["monitor", "r1", "@b", extra])
        if when == "spawn":
            make = ("a", ["spawn", "b", extra | {"monitor": "r1"}])
        end: Turn = ("b", ["exit", "boom"])
        drop: Turn = ("a", ["demonitor", "r1", opts])
        turns = {
            "before": [make, drop, end],
            "after": [make, end, drop],
            "spawn": [make, end, drop],
            "noproc": [end, make, drop],
        }[when]
        yield _case(
            f"tag-{'+'.join(opts) or 'plain'}-{when}-{alias or 'none'}",
            "ac" if when == "spawn" else "abc",
            *turns,
            ("c", ["send", "#r1", "late"]),
        )


# ---- timers


def _timers() -> Cases:
    kinds, whens = ("send_after", "start_timer"), ("now", "far")
    targets = {"self": "@a", "other": "@b", "name": "n1"}
    states = ("live", "target-dead", "owner-dead", "cancelled", "no-name")
    for kind, when, target, state in itertools.product(kinds, whens, targets, states):
        if state == "no-name" and target != "name":
            continue
        to = targets[target]
        turns: list[Turn] = []
        if target == "name" and state != "no-name":
            turns.append(("b", ["register", "n1", "@b"]))
        turns.append(("a", [kind, "r1", when, to, ["msg", 1]]))
        if state == "target-dead":
            turns.append(("c", ["exit2", "@b" if target == "name" else to, "kill"]))
        if state == "owner-dead":
            turns.append(("a", ["exit", "boom"]))
        if state == "cancelled":
            turns.append(("a", ["cancel_timer", "r1"]))
        turns.append(("c", ["read_timer", "r1"]))
        turns.append(("c", ["cancel_timer", "r1"]))
        turns.append(("c", ["cancel_timer", "r1"], ["read_timer", "r1"]))
        yield _case(f"timer-{kind}-{when}-{target}-{state}", "abc", *turns)


# ---- order, mailboxes, chains


def _order() -> Cases:
    """What two signals in a row from one process mean to another."""
    acts: dict[str, JSON] = {
        "normal": ["exit2", "@b", "normal"],
        "boom": ["exit2", "@b", "boom"],
        "kill": ["exit2", "@b", "kill"],
        "link": ["link", "@b"],
        "unlink": ["unlink", "@b"],
        "monitor": ["monitor", "r1", "@b", {}],
        "send": ["send", "@b", "hi"],
        "alive": ["alive", "@b"],
        "links": ["info", "@b", "links"],
        "len": ["info", "@b", "message_queue_len"],
    }
    asks = ("alive", "links", "len")
    for first, second, trap in itertools.product(acts, acts, _BOTH):
        if first == second or (first in asks and second in asks):
            continue
        turns: list[Turn] = [("a", ["trap", True])]
        if trap:
            turns.append(("b", ["trap", True]))
        turns.append(("a", acts[first], acts[second]))
        turns.append(("a", ["alive", "@b"], ["info", "@b", "links"]))
        yield _case(f"order-{first}-{second}{'-trapping' * trap}", "abc", *turns)


def _mailbox() -> Cases:
    """What each pattern takes, at once, later, or never."""
    messages: list[JSON] = ["hi", 7, ["msg", 1], ["msg", 2], ["go", "@b"], {"l": [1]}, []]
    patterns: list[JSON] = [
        "any",
        "atom",
        "int",
        ["tag", "msg"],
        ["tag", "go"],
        ["tag2", "msg", 2],
        ["tag2", "go", "@b"],
        ["is", 7],
        ["is", {"l": [1]}],
        ["is", []],
        ["is", "none"],
    ]
    sends: list[JSON] = [["send", "@a", message] for message in messages]
    for number, pattern in enumerate(patterns):
        recv: JSON = ["recv", pattern]
        wait: JSON = ["await", pattern]
        yield _case(f"mailbox-recv-{number:02}", "ab", ("b", *sends), ("a", recv, recv, recv))
        yield _case(
            f"mailbox-await-{number:02}",
            "ab",
            ("a", wait, ["send", "@b", "woken"], ["recv", "any"]),
            *[("b", send) for send in sends],
        )
        yield _case(
            f"mailbox-await-{number:02}-killed",
            "ab",
            ("a", ["trap", True], wait),
            ("b", ["link", "@a"], ["exit2", "@a", "normal"]),
            ("b", ["exit2", "@a", "boom"]),
            ("b", ["exit2", "@a", "kill"]),
        )
    for trap, why in itertools.product(_BOTH, ("normal", "boom")):
        yield _case(
            f"mailbox-await-exit-{why}-{trap}",
            "ab",
            ("a", ["trap", trap], ["link", "@b"], ["await", ["tag", "EXIT"]], ["exit", "seen"]),
            ("b", ["exit", why]),
        )


def _bools() -> Cases:
    """That true and false are atoms, and neither is a number."""
    messages: list[JSON] = [[True, False], 1, True, "hi", False, 0]
    patterns: list[JSON] = [
        "atom",
        "int",
        "any",
        ["is", True],
        ["is", "hi"],
        ["tag", True],
        ["tag2", True, False],
    ]
    for number, pattern in enumerate(patterns):
        recv: JSON = ["recv", pattern]
        yield _case(
            f"mailbox-bool-{number}",
            "ab",
            ("b", *[["send", "@a", message] for message in messages]),
            ("a", recv, recv, recv),
        )


def _chains() -> Cases:
    """An end that travels along links."""
    ways: dict[str, JSON] = {
        "exit-kill": ["exit", "kill"],
        "exit2-kill": ["exit2", "@a", "kill"],
        "exit-boom": ["exit", "boom"],
        "exit-normal": ["exit", "normal"],
        "return": ["return"],
        "error": ["error", "boom"],
        "exit2-killed": ["exit2", "@a", "killed"],
        "exit2-shutdown": ["exit2", "@a", "shutdown"],
    }
    for label, length in itertools.product(ways, (2, 3, 4)):
        names = "abcd"[:length]
        for trapping, ring in itertools.product((None, *names[1:]), _BOTH):
            if ring and length == 2:
                continue
            pairs = list(itertools.pairwise(names))
            if ring:
                pairs.append((names[-1], "a"))
            turns: list[Turn] = [(one, ["link", "@" + other]) for one, other in pairs]
            if trapping:
                turns.append((trapping, ["trap", True]))
            turns.append(("z", ["monitor", "r1", "@" + names[-1], {}]))
            act = ways[label]
            turns.append(("z" if act[0] == "exit2" else "a", act))
            ident = f"chain-{label}-{length}-{trapping or 'none'}{'-ring' * ring}"
            yield _case(ident, names + "z", *turns)
