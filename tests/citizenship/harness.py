"""How the tests run: a program on each loop, and a process that is ended in the middle of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

import uvloop

import beamish
from beamish import Down, Pid, process
from beamish.net.loop import new_event_loop
from tests.citizenship.quiet import Reports, assert_no_timers, assert_quiet

__all__ = [
    "CLEANED",
    "LOOPS",
    "PATIENCE",
    "REASONS",
    "SOON",
    "WAYS",
    "Scene",
    "Way",
    "embed",
    "end_midway",
    "run",
]

T = TypeVar("T")
LoopFactory = Callable[[], asyncio.AbstractEventLoop]

LOOPS: Final[dict[str, LoopFactory]] = {
    "default": new_event_loop,
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}

# How a process is ended, and the reason that its monitor is told then.
Way = Literal["kill", "boom", "cancel"]
WAYS: Final[tuple[Way, ...]] = ("kill", "boom", "cancel")
REASONS: Final[dict[Way, str]] = {"kill": "killed", "boom": "boom", "cancel": "cancelled"}

# What of `Scene.cleaning` has run then: a killed process may not wait for anything.
CLEANED: Final[dict[Way, list[str]]] = {
    "kill": ["finally"],
    "boom": ["finally", "awaited"],
    "cancel": ["finally", "awaited"],
}

# Real seconds that a test waits for what will come. They pass only in a test that fails.
PATIENCE: Final = 10.0
# A time-out that is meant to pass.
SOON: Final = 0.001


def run(
    factory: LoopFactory,
    main: Callable[..., Awaitable[T]],
    *args: Any,
    reports: tuple[str, ...] = (),
    **kw: Any,
) -> T:
    """Runs `main` as a process of a new node, and asserts that it leaves nothing behind.

    Args:
        reports: the kinds of reports that beamish is to write.
    """

    async def checked() -> T:
        tasks = asyncio.all_tasks()
        result = await main(*args)
        await assert_quiet(tasks)
        return result

    with Reports() as written:
        result: T = beamish.run(checked, loop_factory=factory, **kw)
    assert written.found == list(reports)
    return result


def embed(
    factory: LoopFactory,
    main: Callable[..., Awaitable[T]],
    *args: Any,
    reports: tuple[str, ...] = (),
    **kw: Any,
) -> T:
    """Runs `main` as a plain asyncio Task in a loop with a node; else as `run`."""

    async def checked() -> T:
        tasks = asyncio.all_tasks()
        async with beamish.node(**kw):
            result = await main(*args)
            await assert_quiet(tasks)
        assert_no_timers(asyncio.get_running_loop())
        return result

    with Reports() as written, asyncio.Runner(loop_factory=factory) as runner:
        result: T = runner.run(checked())
    assert written.found == list(reports)
    return result


@dataclass
class Scene:
    """What a process that is to be ended tells the one that ends it.

    Attributes:
        log: what it did, in order.
        task: the process, as asyncio sees it.
    """

    director: Pid
    log: list[str] = field(default_factory=list[str])
    task: Any = None

    def ready(self) -> None:
        """It is in the middle of it: end it now. Anyone may say so."""
        process.send(self.director, "ready")

    def end(self, pid: Pid, way: Way) -> None:
        """Ends the process."""
        if way == "cancel":
            self.task.cancel()
        else:
            process.exit(pid, way)

    def note(self, what: str) -> None:
        """Writes into the log."""
        self.log.append(what)

    @contextlib.asynccontextmanager
    async def cleaning(self) -> AsyncGenerator[None]:
        """Writes what of a clean-up runs: a `finally`, and what it awaits."""
        try:
            yield
        finally:
            self.note("finally")
            await asyncio.sleep(0)
            self.note("awaited")

    @contextlib.contextmanager
    def noting(self, what: str) -> Generator[None]:
        """Writes when the block is left, however it is."""
        try:
            yield
        finally:
            self.note(what)


async def end_midway(
    way: Way,
    body: Callable[..., Awaitable[object]],
    *args: Any,
    when: Callable[[], Awaitable[object]] | None = None,
) -> tuple[Any, list[str]]:
    """Runs ``body(scene, *args)`` as a process and ends it when it is ready.

    Args:
        when: awaited after it is ready: until a server has got what it was sent, say.

    Returns:
        The exit reason that its monitor was told, and the scene's log.
    """
    scene = Scene(process.self())

    async def victim() -> None:
        scene.task = asyncio.current_task()
        await body(scene, *args)

    pid, ref = process.spawn_monitor(victim)
    first = await process.receive("ready", Down, timeout=PATIENCE)
    assert first == "ready", f"it ended by itself: {first}"
    if when is not None:
        await when()
    scene.end(pid, way)
    down = await process.receive(Down, timeout=PATIENCE)
    assert down.ref is ref
    return down.reason, scene.log
