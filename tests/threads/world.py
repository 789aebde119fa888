"""A node, seen from another thread: its processes, and what they have that must not change."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import beamish
from beamish import Pid, Ref, behaviour, process
from beamish.runtime.here import here
from beamish.runtime.info import ITEMS

__all__ = ["PATIENCE", "Outcome", "World", "call_in_a_loop", "call_on_a_thread"]

T = TypeVar("T")

PATIENCE: Final = 30.0  # seconds, which pass only in a test that fails

# What a process shows that changes by itself while it runs.
_FLEETING: Final = ("status",)


@dataclass
class World:
    """A node's processes: one that has something of everything, one that tells what it receives.

    Attributes:
        busy: whether the first one computes, so that it is current while a thread calls.
        subject: that process.
        friend: it is linked to it and monitors it.
        witness: the one that tells.
        seen: what that has received.
        told: set when it has received something.
        done: ends the computing.
        starter: of a process that has not acknowledged its start.
    """

    busy: bool
    done: bool = False
    seen: list[Any] = field(default_factory=list[Any])
    told: threading.Event = field(default_factory=threading.Event)
    starter: tuple[Pid, Any] = field(init=False)

    async def begin(self) -> None:
        """Called by the node's main process."""
        self.main: Pid = process.self()
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.task: asyncio.Task[Any] = self.loop.create_task(asyncio.sleep(0))
        await self.task
        self.friend: Pid = process.spawn(_sleep)
        self.victim: Pid = process.spawn(_sleep)
        self.witness: Pid = process.spawn(self._witness)
        self.subject: Pid = process.spawn(self._subject)
        process.spawn(self._starter)
        while not hasattr(self, "starter") or not hasattr(self, "ref"):
            await process.sleep(0)

    def run(
        self,
        work: Callable[[], T],
        *,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        debug: bool = False,
    ) -> T:
        """What a function returns on another thread than that of the node, which this one runs."""

        async def main() -> T:
            asyncio.get_running_loop().set_debug(debug)
            await self.begin()
            try:
                return await asyncio.to_thread(work)
            finally:
                self.done = True

        result: T = beamish.run(main, loop_factory=loop_factory)
        return result

    def run_elsewhere(self, work: Callable[[], T]) -> T:
        """The same with the threads exchanged: this one works, another runs the node."""
        begun, over = threading.Event(), threading.Event()

        async def main() -> None:
            await self.begin()
            begun.set()
            await asyncio.to_thread(over.wait, PATIENCE)

        thread = threading.Thread(target=beamish.run, args=(main,))
        thread.start()
        try:
            assert begun.wait(PATIENCE)
            return work()
        finally:
            over.set()
            thread.join(PATIENCE)

    async def settle(self) -> None:
        """Waits until nothing changes by itself any more."""
        before, unchanged = self.picture(), 0
        while unchanged < 3:
            await process.sleep(0)
            now = self.picture()
            unchanged = unchanged + 1 if now == before else 0
            before = now

    def tell(self, what: Any) -> None:
        """For processes."""
        self.seen.append(what)
        self.told.set()

    async def _subject(self) -> None:
        self.thing = process.own(object(), close=repr)
        process.register("subject", process.self())
        process.set_label("a label")
        process.put("key", "value")
        process.link(self.friend)
        self.alias = process.alias()
        self.timer = process.send_after(3_600, process.self(), "too late")
        process.send(process.self(), "in the mailbox")
        self.ref: Any = process.monitor(self.friend)
        if self.busy:
            self._compute()
        await process.receive("never")

    def _compute(self) -> int:
        turns = 0
        while not self.done:
            turns += 1
        return turns

    async def _witness(self) -> None:
        process.monitor(self.victim)
        self.urgent: Ref = process.alias(priority=True)
        self.caller = (process.self(), process.alias(reply=True))
        while True:
            self.tell(await process.receive())

    async def _starter(self) -> None:
        async def child(starter: tuple[Pid, Any]) -> None:
            self.starter = starter
            await _sleep()

        _, acknowledged, _ = await behaviour.start(child, ())
        self.tell(acknowledged[1])

    # ---- from the other thread

    def picture(self) -> dict[Any, Any]:
        """What its processes have and are."""
        node = here.node
        assert node is not None
        shown: dict[Any, Any] = {proc.pid: _picture(proc) for proc in list(node.processes)}
        shown["names"] = dict(here.names)
        shown["timers"] = {timer for part in node.timers.parts(10**9) for timer in list(part)}
        shown["alias"], shown["monitor"] = self.alias._alias, self.ref._watched
        return shown

    def meet(self) -> None:
        """Waits until the subject runs, if it computes. From then on this thread has the GIL."""
        until = time.monotonic() + PATIENCE
        while self.busy and here.process is not self.subject._process:
            assert time.monotonic() < until
            time.sleep(0)


async def _sleep() -> None:
    await process.sleep(None)


def _picture(proc: Any) -> dict[str, Any]:
    shown = {name: get(proc) for name, get in ITEMS.items() if name not in _FLEETING}
    rare = proc.rare
    task = rare and rare.task
    return {
        **shown,
        "fate": proc.fate,
        "serving": proc.serving,
        "critical": rare and rare.critical,
        "urgent": rare and rare.urgent,
        "deferred": task and task.deferred,
    }


async def _wait_for(what: Awaitable[Any]) -> Any:
    return await what


@dataclass
class Outcome:
    """What a call has led to.

    Attributes:
        result: what it returned.
        error: what it raised.
        before: the picture of the node before it.
        after: the same after it.
    """

    result: Any
    error: BaseException | None
    before: dict[Any, Any]
    after: dict[Any, Any]

    def changes(self) -> dict[Any, Any]:
        """What is different after it."""
        keys = {*self.before, *self.after}
        both = {key: (self.before.get(key), self.after.get(key)) for key in keys}
        return {key: pair for key, pair in both.items() if pair[0] != pair[1]}


def call_on_a_thread(world: World, call: Callable[[World], Any]) -> Outcome:
    """Calls a function, or makes the first step of a coroutine, where no loop runs."""
    result = error = None
    world.meet()
    before = world.picture()
    try:
        result = call(world)
        if inspect.isawaitable(result):
            _wait_for(result).send(None)
    except BaseException as raised:  # noqa: BLE001 - it is what the test is about
        error = raised
    return Outcome(result, error, before, world.picture())


def call_in_a_loop(world: World, call: Callable[[World], Any]) -> Outcome:
    """Calls a function, or awaits a coroutine, in a Task of another event loop."""

    async def main() -> Outcome:
        result = error = None
        world.meet()
        before = world.picture()
        try:
            result = call(world)
            if inspect.isawaitable(result):
                async with asyncio.timeout(PATIENCE):
                    result = await result
        except BaseException as raised:  # noqa: BLE001 - as above
            error = raised
        return Outcome(result, error, before, world.picture())

    return asyncio.run(main())
