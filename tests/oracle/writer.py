"""Single operations of a random scenario, each chosen so that it has something to act on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .sketch import NAMES, Figure, Sketch, weighted
from .terms import JSON

__all__ = ["Writer"]

# An operation as it is written; None where there is nothing to do.
Maybe: TypeAlias = list[JSON] | None

_ENDS = ("exit", "error", "throw", "return", "crash", "await")


class Writer(Sketch):
    """Writes operations; `op_KIND` writes one of that kind."""

    def op(self, me: str) -> Maybe:
        """An operation of a kind that the profile's weights choose."""
        few = len(self.living(idle=True)) < 3
        if few and self.rng.random() < 0.3 and len(self.actor) < self.most:
            return self.op_spawn(me)
        kind = weighted(self.rng, list(self.weights.items()))
        if few and kind in _ENDS and self.rng.random() < 0.85:
            return None
        write: Callable[[str], Maybe] = getattr(self, "op_" + kind)
        return write(me)

    def child(self) -> str:
        """The name of the actor that is spawned next."""
        return f"k{len(self.actor) - len(self.first) + 1}"

    def op_spawn(self, me: str) -> Maybe:
        if len(self.actor) >= self.most:
            return None
        name = self.child()
        options: dict[str, JSON] = {}
        if self.rng.random() < 0.55:
            options["link"] = True
        if self.rng.random() < 0.3:
            options["monitor"] = self.new_ref("monitor", me)
            if "monitoralias" in self.weights and self.rng.random() < 0.6:
                options["alias"] = self.alias_kind()
            if self.rng.random() < 0.2:
                options["tag"] = self.rng.choice(["t1", "t2"])
        self.actor[name] = Figure()
        if options.get("link"):
            self.join(me, name)
        return ["spawn", name, options]

    # ---- links and exits

    def op_link(self, me: str) -> Maybe:
        who = self.target(me, dead=0.1)
        if self.actor[who].alive:
            self.join(me, who)
        elif not self.actor[me].trap and self.rng.random() < 0.15:
            self.kill(me, "noproc")
            return ["crash", ["link", "@" + who]]
        return ["link", "@" + who]

    def op_unlink(self, me: str) -> Maybe:
        near = sorted(self.actor[me].links)
        if near and self.rng.random() < 0.8:
            who = self.rng.choice(near)
        else:
            who = self.target(me)
        self.part(me, who)
        return ["unlink", "@" + who]

    def op_exit2(self, me: str) -> Maybe:
        who = self.target(me, dead=0.06, self_=0.08)
        why = self.reason(me)
        if len(self.living()) < 4 and who == me and self.rng.random() < 0.8:
            return None
        if who == me and why == "normal":
            if not self.actor[me].trap:
                self.kill(me, "normal")
        else:
            self.signal(who, why)
        return ["exit2", "@" + who, why]

    def op_exit2_on(self, me: str, who: str) -> list[JSON]:
        why = self.reason(me)
        self.signal(who, why)
        return ["exit2", "@" + who, why]

    def op_exit(self, me: str) -> list[JSON]:
        why = self.reason(me)
        self.kill(me, why)
        return ["exit", why]

    def op_error(self, me: str) -> list[JSON]:
        why = self.reason(me)
        self.kill(me, [why, "*stack"])
        return ["error", why]

    def op_throw(self, me: str) -> list[JSON]:
        self.kill(me, "nocatch")
        return ["throw", self.rng.choice(["ball", "normal", ["x", 1]])]

    def op_return(self, me: str) -> list[JSON]:
        self.kill(me, "normal")
        return ["return"]

    def op_trap(self, me: str) -> Maybe:
        flag = self.rng.random() < 0.72
        self.actor[me].trap = flag
        return ["trap", flag]

    def op_crash(self, me: str) -> Maybe:
        choice = self.rng.choice(["register", "link", "unregister", "sendname"])
        if choice == "link":
            return self.crash_link(me)
        name = self.rng.choice(NAMES)
        if choice == "register":
            if name in self.named:
                self.kill(me, "badarg")
            return ["crash", ["register", name, "@" + me]]
        if name not in self.named:
            self.kill(me, "badarg")
        if choice == "unregister":
            return ["crash", ["unregister", name]]
        return ["crash", ["send", name, self.message(me)]]

    def crash_link(self, me: str) -> Maybe:
        gone = self.dead()
        if not gone:
            return None
        if not self.actor[me].trap:
            self.kill(me, "noproc")
        return ["crash", ["link", "@" + self.rng.choice(gone)]]

    # ---- questions

    def op_alive(self, me: str) -> Maybe:
        return ["alive", "@" + self.target(me, dead=0.3)]

    def op_info(self, me: str) -> Maybe:
        items: list[tuple[str, float]] = [
            ("links", 5),
            ("message_queue_len", 3),
            ("trap_exit", 2),
            ("messages", 2),
            ("monitors", 2),
            ("monitored_by", 2),
            ("registered_name", 1),
            ("parent", 0.5),
        ]
        return ["info", "@" + self.target(me, self_=0.3), weighted(self.rng, items)]

    def op_registered(self, me: str) -> Maybe:
        return ["info", "@" + self.target(me), "registered_name"]

    # ---- messages

    def op_send(self, me: str) -> Maybe:
        if self.rng.random() < 0.6:
            operation = self.rouse(me)
            if operation:
                return operation
        return ["send", "@" + self.target(me), self.message(me)]

    def op_sendself(self, me: str) -> Maybe:
        return ["send", "@" + me, self.message(me)]

    def op_recv(self, me: str) -> Maybe:
        return ["recv", self.pattern(me)]

    def op_await(self, me: str) -> Maybe:
        if len(self.living(idle=True)) < 2:
            return None
        pattern = self.pattern(me)
        self.wait(me, pattern)
        return ["await", pattern]

    def rouse(self, me: str) -> Maybe:
        """Sends to someone who waits what they wait for."""
        those = sorted(
            name
            for name in self.waiting
            if name != me and self.actor[name].alive and self.actor[name].waits
        )
        if not those:
            return None
        who = self.rng.choice(those)
        self.actor[who].waits = False
        return ["send", "@" + who, self.fitting(self.waiting.pop(who))]

    # ---- monitors and aliases

    def op_monitor(self, me: str) -> Maybe:
        who = self.target(me, dead=0.15, self_=0.05)
        options: dict[str, JSON] = {}
        if self.rng.random() < 0.15:
            options["tag"] = self.rng.choice(["t1", "t2"])
        return ["monitor", self.new_ref("monitor", me), "@" + who, options]

    def op_monitorname(self, me: str) -> Maybe:
        name = self.rng.choice(NAMES)
        target: JSON = name if self.rng.random() < 0.8 else [name, "node"]
        return ["monitor", self.new_ref("monitor", me), target, {}]

    def op_monitoralias(self, me: str) -> Maybe:
        who = self.target(me, dead=0.12)
        options: dict[str, JSON] = {"alias": self.alias_kind()}
        if self.rng.random() < 0.1:
            options["tag"] = "t1"
        return ["monitor", self.new_ref("monitor", me), "@" + who, options]

    def op_demonitor(self, me: str) -> Maybe:
        ref = self.some_ref(me, ("monitor",), own=0.93)
        if ref is None:
            return None
        choices: list[tuple[list[str], float]] = [
            ([], 5),
            (["flush"], 4),
            (["info"], 2),
            (["flush", "info"], 2),
        ]
        return ["demonitor", ref, weighted(self.rng, choices)]

    def op_alias(self, me: str) -> Maybe:
        options: list[str] = ["reply"] if self.rng.random() < 0.35 else []
        return ["alias", self.new_ref("alias", me), options]

    def op_unalias(self, me: str) -> Maybe:
        ref = self.some_ref(me, ("alias", "monitor"), own=0.9)
        return ["unalias", ref] if ref else None

    def op_sendref(self, me: str) -> Maybe:
        ref = self.some_ref(me, ("alias", "monitor"), own=0.3)
        return ["send", "#" + ref, self.message(me)] if ref else None

    # ---- names and timers

    def op_register(self, me: str) -> Maybe:
        name = self.rng.choice(NAMES)
        who = self.target(me, self_=0.4, dead=0.06)
        free = name not in self.named and who not in self.named.values()
        if free and self.actor[who].alive:
            self.named[name] = who
        if self.rng.random() < 0.04:
            name = "undefined"
        return ["register", name, "@" + who]

    def op_unregister(self, me: str) -> Maybe:
        name = self.rng.choice(NAMES)
        self.named.pop(name, None)
        return ["unregister", name]

    def op_whereis(self, me: str) -> Maybe:
        return ["whereis", self.rng.choice(NAMES)]

    def op_sendname(self, me: str) -> Maybe:
        name = self.rng.choice(NAMES)
        target: JSON = name if self.rng.random() < 0.75 else [name, "node"]
        return ["send", target, self.message(me)]

    def op_timer(self, me: str) -> Maybe:
        when = "now" if self.rng.random() < 0.5 else "far"
        target = "@" + self.target(me, dead=0.15, self_=0.4)
        if self.rng.random() < 0.25:
            target = self.rng.choice(NAMES)
        kind = self.rng.choice(["send_after", "start_timer"])
        return [kind, self.new_ref("timer", me), when, target, self.message(me)]

    def op_canceltimer(self, me: str) -> Maybe:
        ref = self.some_ref(me, ("timer",), own=0.7)
        return ["cancel_timer", ref] if ref else None

    def op_readtimer(self, me: str) -> Maybe:
        ref = self.some_ref(me, ("timer",), own=0.7)
        return ["read_timer", ref] if ref else None
