"""Plays a plan on beamish, on a virtual clock, and tells what can be seen.

A result is a list with one entry for the start of the tree, one for each step, and one for the
stop of the root: ``[result, events, deaths, seen]``.

    result    what the step answered
    events    [above, what, tag] in their order: "up" or "stopping"; a tag is [id, number of start]
    deaths    [tag, reason]
    seen      which_children and count_children of the root, and so on downwards; or "gone"
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import beamish
from beamish import process
from beamish.otp import (
    ChildError,
    ChildSpec,
    ChildSpecError,
    Ignore,
    StartError,
    StartIgnored,
    Supervisor,
    SupervisorFlags,
    proc_lib,
)
from beamish.terms import CallError, Down, Pid, to_erlang
from tests.support.clock import VirtualClockLoop

from .plan import ROOT, Node, Plan, Step, Sup, Worker

__all__ = ["Seen", "play"]

Seen: TypeAlias = list[Any]  # one entry of a result

_SETTLED = 4.0  # virtual seconds: more than all that may take time, less than a shutdown of 5


def play(plan: Plan) -> list[Seen]:
    """The result of a plan."""
    result: list[Seen] = beamish.run(_scenario, plan, loop_factory=VirtualClockLoop)
    return result


async def _scenario(plan: Plan) -> list[Seen]:
    process.flag(trap_exit=True)
    process.put("tag", (ROOT, 0))
    world = _World()
    began = await world.answer(world.start_supervisor(plan.tree), started=True)
    seen = [await world.observe(began)]
    for step in plan.steps:
        if seen[-1][3] == "gone":
            return seen
        seen.append(await world.observe(await world.step(step)))
    root = world.pid_of(ROOT)
    if root is not None:
        process.exit(root, "shutdown")
        seen.append(await world.observe("stopped"))
    return seen


class _World:
    """What the processes of a scenario share: how often each was started, and who tells whom."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.recorder = _Recorder()
        self.pid = process.spawn(self.recorder.run)

    # ---- what is done to a tree

    async def step(self, step: Step) -> Any:
        match step:
            case ("both", id, *ends):
                return await self.while_busy(id, ends)
            case ("kill", id):
                return self.on(id, process.exit, "kill")
            case ("signal", id, reason):
                return self.on(id, process.exit, reason)
            case ("tell", id, what):
                return self.on(id, process.send, ("do", what))
            case (verb, id, child):
                sup = self.pid_of(id)
                if sup is None:
                    return "none"
                if verb == "start":
                    return await self.answer(Supervisor.start_child(sup, self.spec(child)))
                ask = getattr(Supervisor, f"{verb}_child")
                return await self.answer(ask(sup, child))
            case _:
                raise AssertionError(step)

    async def while_busy(self, id: str, ends: list[Step]) -> str:
        """Two children end while their supervisor waits for a third to start, which is ignored."""
        sup, me = self.pid_of(id), process.self()
        if sup is None:
            return "none"

        async def gate() -> type[Ignore]:
            process.send(me, ("gate", process.self()))
            await process.receive("open")
            return Ignore

        async def ask() -> None:
            with contextlib.suppress(StartIgnored):
                await Supervisor.start_child(sup, ChildSpec("gate", gate, restart="temporary"))

        process.spawn(ask)
        await process.receive(("gate", sup))
        for step in ends:
            pid = self.pid_of(step[1])
            if pid is not None:
                ref = process.monitor(pid)
                await self.step(step)
                await process.receive(("DOWN", ref, ..., ..., ...))
        process.send(sup, "open")
        return "both"

    def on(self, id: str, do: Callable[[Pid, Any], object], what: Any) -> str:
        pid = self.pid_of(id)
        if pid is None:
            return "none"
        do(pid, what)
        return "ok"

    async def answer(self, request: Any, *, started: bool = False) -> Any:
        """What Erlang would have returned; a root that is ignored is just that."""
        try:
            await request
        except StartIgnored:
            return "ignore" if started else "ignored"
        except (StartError, ChildError) as error:
            reason: Any = error.reason
            if isinstance(reason, tuple) and reason[0] == "already_started":
                reason = "already_started"
            return ["error", reason]
        except ChildSpecError as error:
            return ["error", error.reason]
        except CallError as error:
            return ["exits", error.reason[0]]
        return "ok"

    # ---- the tree

    def spec(self, node: Node) -> ChildSpec:
        shutdown: Any = {"infinity": None, "brutal_kill": "brutal_kill"}.get(
            str(node.shutdown), 0.0
        )
        if isinstance(node.shutdown, int):
            shutdown = node.shutdown / 1000
        start = self.start_worker if isinstance(node, Worker) else self.start_supervisor
        return ChildSpec(
            node.id,
            (start, (node,)),
            restart=cast("Any", node.restart),
            shutdown=shutdown,
            significant=node.significant,
            type="worker" if isinstance(node, Worker) else "supervisor",
        )

    def counted(self, node: Node) -> tuple[tuple[str, int], str]:
        number = self.counts[node.id] = self.counts.get(node.id, 0) + 1
        return (node.id, number), dict(node.fails).get(number, "live")

    async def start_worker(self, node: Worker) -> Any:
        tag, how = self.counted(node)
        match how:
            case "error":
                raise StartError("why")
            case "ignore":
                raise StartIgnored
            case "odd":
                return "odd"
            case "crash":
                process.error("broken")
            case _:
                pass
        return await proc_lib.start_link(
            self.worker, process.self(), process.get("tag"), tag, node.kind, how
        )

    async def worker(self, above: Pid, over: Any, tag: Any, kind: str, how: str) -> None:
        process.flag(trap_exit=kind != "plain")
        await self.note("up", over, tag, "worker")
        if how == "die":
            process.exit("unborn")
        proc_lib.init_ack()
        while True:
            match await process.receive():
                case ("do", ("exit", reason)):
                    process.exit(reason)
                case ("do", "raise"):
                    process.error("broken")
                case ("do", "unlink"):
                    process.unlink(above)
                case ("EXIT", sender, reason) if sender is above:
                    if reason != "shutdown":
                        process.exit(reason)
                    if kind != "stubborn":
                        await self.note("stopping", over, tag, "worker")
                        process.exit(reason)
                case _:
                    pass

    async def start_supervisor(self, node: Sup) -> Pid:
        tag, how = self.counted(node)
        if how == "error":
            raise StartError("why")
        return await _Tree.start_link(self, node, process.get("tag"), tag, how)

    # ---- the recorder

    async def note(self, what: str, above: Any, tag: Any, kind: str) -> None:
        ref = process.make_ref()
        process.send(self.pid, ("note", process.self(), ref, what, above, tag, kind))
        await process.receive(("noted", ref))

    def pid_of(self, id: str) -> Pid | None:
        """The latest process of that id that lives."""
        live = [
            (tag[1], pid)
            for pid, (tag, _) in self.recorder.live.items()
            if tag[0] == id and process.alive(pid)
        ]
        return max(live)[1] if live else None

    # ---- what is seen

    async def observe(self, result: Any) -> Seen:
        await process.sleep(_SETTLED)
        events, self.recorder.events = self.recorder.events, []
        deaths, self.recorder.deaths = self.recorder.deaths, []
        root = self.pid_of(ROOT)
        seen = "gone" if root is None else await self.tree(root)
        shown: Seen = _plain([result, events, deaths, seen])
        return shown

    async def tree(self, sup: Pid) -> list[Any]:
        infos = await Supervisor.which_children(sup)
        children = [[info.id, await self.seen(info.pid, info.type)] for info in infos]
        return [children, list((await Supervisor.count_children(sup)).values())]

    async def seen(self, pid: Pid | str | None, type: str) -> Any:
        if not isinstance(pid, Pid):
            return "undefined" if pid is None else pid
        if not process.alive(pid):
            return "ghost"
        return await self.tree(pid) if type == "supervisor" else "running"


class _Recorder:
    """Knows who was started, who stopped, and who died of what."""

    def __init__(self) -> None:
        self.live: dict[Pid, tuple[Any, str]] = {}
        self.events: list[Any] = []
        self.deaths: list[Any] = []

    async def run(self) -> None:
        while True:
            match await process.receive():
                case ("note", pid, ref, what, above, tag, kind):
                    if what == "up":
                        process.monitor(pid)
                        self.live[pid] = (tag, kind)
                    self.events.append([above, what, tag])
                    process.send(pid, ("noted", ref))
                case Down(_, _, pid, reason):
                    self.deaths.append([self.live.pop(pid)[0], reason])
                case message:
                    raise AssertionError(message)


class _Tree(Supervisor):
    async def init(self, world: _World, node: Sup, above: Any, tag: Any, how: str) -> Any:
        process.put("tag", tag)
        await world.note("up", above, tag, "supervisor")
        if how == "ignore":
            return Ignore
        strategy, intensity, auto_shutdown = node.flags
        flags = SupervisorFlags(
            strategy=cast("Any", strategy),
            max_restarts=intensity,
            max_seconds=1000,
            auto_shutdown=cast("Any", auto_shutdown),
        )
        return flags, [world.spec(child) for child in node.children]


# ---- terms as JSON has them


def _plain(term: Any) -> Any:
    term = to_erlang(term)
    if isinstance(term, list | tuple):
        terms = cast("list[Any]", term)
        if terms and all(isinstance(one, tuple) and len(cast("Any", one)) == 4 for one in terms):
            return "stack"
        return [_plain(one) for one in terms]
    if isinstance(term, bool):
        return str(term).lower()
    if isinstance(term, int):
        return term
    return "pid" if isinstance(term, Pid) else str(term)
