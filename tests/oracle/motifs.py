"""The steps of a random scenario: single ones, and motifs, a few steps that belong together."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from .sketch import NAMES, Figure, weighted
from .terms import JSON, Scenario
from .writer import Writer

__all__ = ["Teller"]

_MOTIFS = [
    "family",
    "chain",
    "ring",
    "flush",
    "reuse",
    "toggle",
    "crowd",
    "call",
    "wake",
    "parent",
    "unlinkflush",
]


class Teller(Writer):
    """Writes a whole scenario."""

    def make(self) -> Scenario:
        """Writes steps until there are enough."""
        while len(self.steps) < self.length:
            if not self.living(idle=True):
                break
            if self.rng.random() < 0.2:
                self.motif()
            else:
                self.step()
        return {"id": self.ident, "actors": self.first, "steps": self.steps[: self.length]}

    def step(self) -> None:
        """One step, of one to four operations."""
        me = self.doer()
        if self.rng.random() < 0.3 and self.actor[me].alive:
            operation = self.rouse(me)
            if operation:
                self.emit(me, [operation])
                return
        operations = self.operations(me)
        if operations:
            self.emit(me, operations)

    def operations(self, me: str) -> list[JSON]:
        done: list[JSON] = []
        want = weighted(self.rng, [(1, 62), (2, 20), (3, 12), (4, 6)])
        while len(done) < want and self.actor[me].alive:
            operation = self.op(me)
            if operation:
                done.append(operation)
                if operation[0] in ("send_after", "start_timer") and operation[2] == "now":
                    break  # when it comes is not promised
                if operation[0] == "exit2" and want > 1 and self.rng.random() < 0.6:
                    break  # what follows would race with it
            elif self.rng.random() < 0.3:
                break
        return done

    def motif(self) -> None:
        """A few steps that belong together."""
        idle = self.living(idle=True)
        if not idle:
            return
        me = self.rng.choice(idle)
        tell: Callable[[str, list[str]], None] = getattr(self, "motif_" + self.rng.choice(_MOTIFS))
        tell(me, idle)

    def spawn(self, me: str, *, link: bool = False, monitor: bool = False) -> str | None:
        """A step in which an actor spawns another; None if there are enough."""
        if len(self.actor) >= self.most:
            return None
        name = self.child()
        options: dict[str, JSON] = {}
        if link:
            options["link"] = True
        if monitor:
            options["monitor"] = self.new_ref("monitor", me)
        self.actor[name] = Figure()
        if link:
            self.join(me, name)
        self.emit(me, [["spawn", name, options]])
        return name

    # ---- motifs: who begins, and who is there

    def motif_family(self, me: str, idle: list[str]) -> None:
        rng = self.rng
        self.actor[me].trap = True
        self.emit(me, [["trap", True]])
        born = (
            self.spawn(me, link=True, monitor=rng.random() < 0.3)
            for _ in range(rng.choice([1, 2, 3]))
        )
        kids = [kid for kid in born if kid]
        if kids:
            kid = rng.choice(kids)
            self.emit(me, [self.op_exit2_on(me, kid)])

    def motif_parent(self, me: str, idle: list[str]) -> None:
        if len(idle) < 3:
            return
        rng = self.rng
        born = (self.spawn(me, link=True) for _ in range(rng.choice([1, 2, 3])))
        kids = [kid for kid in born if kid]
        for kid in kids[:-1]:
            if rng.random() < 0.4:
                self.actor[kid].trap = True
                self.emit(kid, [["trap", True]])
        end = rng.choice([self.op_exit, self.op_error, self.op_return])
        self.emit(me, [end(me)])

    def motif_chain(self, me: str, idle: list[str]) -> None:
        self.links_in_a_row(idle, ring=False)

    def motif_ring(self, me: str, idle: list[str]) -> None:
        self.links_in_a_row(idle, ring=True)

    def links_in_a_row(self, idle: list[str], *, ring: bool) -> None:
        rng = self.rng
        order = idle[:]
        rng.shuffle(order)
        pairs = list(itertools.pairwise(order))
        if ring and len(order) > 2:
            pairs.append((order[-1], order[0]))
        for one, other in pairs:
            self.join(one, other)
            self.emit(one, [["link", "@" + other]])
        if len(order) > 2 and rng.random() < 0.6:
            middle = rng.choice(order[1:])
            self.actor[middle].trap = True
            self.emit(middle, [["trap", True]])
        end = rng.choice([self.op_exit, self.op_error, self.op_exit])
        self.emit(order[0], [end(order[0])])

    def motif_flush(self, me: str, idle: list[str]) -> None:
        rng = self.rng
        who = self.target(me)
        ref = self.new_ref("monitor", me)
        self.emit(me, [["monitor", ref, "@" + who, {}]])
        if rng.random() < 0.7:
            self.emit(me, [self.op_exit2_on(me, who)])
        if self.actor[me].alive:
            choices: list[list[str]] = [[], ["flush"], ["info"], ["flush", "info"]]
            drop = ["demonitor", ref, rng.choice(choices)]
            self.emit(me, [drop, ["recv", ["tag2", "DOWN", "#" + ref]]])

    def motif_reuse(self, me: str, idle: list[str]) -> None:
        name = self.rng.choice(NAMES)
        who = self.target(me, dead=0, self_=0)
        self.named.setdefault(name, who)
        self.emit(me, [["register", name, "@" + who]])
        self.emit(me, [self.op_exit2_on(me, who)])
        if self.actor[me].alive:
            take = ["register", name, "@" + me]
            self.emit(me, [["whereis", name], take, ["send", name, self.message(me)]])

    def motif_toggle(self, me: str, idle: list[str]) -> None:
        who = self.target(me, dead=0, self_=0)
        self.join(me, who)
        self.emit(me, [["trap", True], ["link", "@" + who]])
        self.emit(me, [["trap", False]])
        self.actor[me].trap = False
        if self.rng.random() < 0.5 and self.actor[who].alive:
            end = self.rng.choice([self.op_exit, self.op_return])
            self.emit(who, [end(who)])

    def motif_crowd(self, me: str, idle: list[str]) -> None:
        who = self.target(me, dead=0, self_=0)
        for other in idle:
            if other != who:
                ref = self.new_ref("monitor", other)
                operations: list[JSON] = [["monitor", ref, "@" + who, {}]]
                if self.rng.random() < 0.5:
                    operations.append(["link", "@" + who])
                    self.join(other, who)
                self.emit(other, operations)
        self.emit(me, [self.op_exit2_on(me, who)])

    def motif_call(self, me: str, idle: list[str]) -> None:
        if "monitoralias" not in self.weights:
            return
        who = self.target(me, dead=0, self_=0)
        ref = self.new_ref("monitor", me)
        watch = ["monitor", ref, "@" + who, {"alias": "reply_demonitor"}]
        self.emit(me, [watch, ["send", "@" + who, ["call", "@" + me, "#" + ref]]])
        answer = ["send", "#" + ref, ["#" + ref, "answer"]]
        self.emit(who, [["recv", ["tag2", "call", "@" + me]], answer])
        if self.rng.random() < 0.6:
            self.emit(who, [["send", "#" + ref, ["#" + ref, "again"]]])
        self.emit(who, [self.op_exit(who)])

    def motif_wake(self, me: str, idle: list[str]) -> None:
        if "await" not in self.weights or len(idle) < 2:
            return
        rng = self.rng
        who = self.target(me, dead=0, self_=0)
        pattern = self.pattern(me)
        then: list[JSON] = [["await", pattern]]
        for _ in range(rng.choice([0, 1, 1, 2])):
            operation = self.op(me)
            if operation:
                then.append(operation)
        if self.actor[me].alive:
            self.wait(me, pattern)
        self.emit(me, then)
        if self.actor[who].alive:
            self.emit(who, [["send", "@" + me, self.message(who)]])
            operation = self.rouse(who)
            if operation and rng.random() < 0.7:
                self.emit(who, [operation])

    def motif_unlinkflush(self, me: str, idle: list[str]) -> None:
        who = self.target(me, dead=0, self_=0)
        self.actor[me].trap = True
        self.join(me, who)
        self.emit(me, [["trap", True], ["link", "@" + who]])
        if self.rng.random() < 0.6:
            self.emit(me, [self.op_exit2_on(me, who)])
        self.part(me, who)
        self.emit(me, [["unlink", "@" + who], ["recv", ["tag2", "EXIT", "@" + who]]])
