"""Threads and the end of a node; each function is the program of an OS process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, Final
from unittest import mock

import beamish
from beamish import Exit, NotRunningError, Pid, ProcessExit, Ref, behaviour, process
from beamish.net import new_event_loop
from beamish.runtime import node
from beamish.runtime.home import at_home
from tests.hostile.test_objects import SOAK

from .world import PATIENCE

_THREADS: Final = 8
_NODES: Final = 200 if SOAK else 10
_PAUSE: Final = 0.0001  # seconds, in which the node's thread has the GIL


_aliases: Final[list[Ref]] = []  # of the nodes' main processes


async def _sleep() -> None:
    await process.sleep(None)


def _never() -> None:
    raise AssertionError("this must not run")


async def _shortly() -> None:
    await process.sleep(0)


def _wait_for(begun: threading.Event) -> None:
    assert begun.wait(PATIENCE)


# ---- while a node stops


def _send(pid: Pid) -> object:
    return process.send(pid, "message")


def _send_threadsafe(pid: Pid) -> None:
    process.send_threadsafe(pid, "message")


def _exit(pid: Pid) -> object:
    return process.exit(pid, "normal")


def _spawn(_: Pid) -> object:
    return process.spawn(_shortly)


def _spawn_sleeper(_: Pid) -> object:
    return process.spawn(_sleep)


def _reply(pid: Pid) -> None:
    behaviour.reply((pid, _aliases[-1]), "reply")


def _call(_: Pid) -> object:
    return process.call_threadsafe(_shortly)


def _call_sleeper(_: Pid) -> object:
    return process.call_threadsafe(_sleep)


def _look(pid: Pid) -> object:
    return process.list(), process.alive(pid), process.registered(), process.info(pid, "dictionary")


ASKING: Final[dict[str, Callable[[Pid], object]]] = {
    "send": _send,
    "send_threadsafe": _send_threadsafe,
    "exit": _exit,
    "spawn": _spawn,
    "spawn a sleeper": _spawn_sleeper,
    "reply": _reply,
    "call": _call,
    "call a sleeper": _call_sleeper,
    "look": _look,
}


def ask_while_nodes_stop(what: str) -> None:
    """Threads ask one node after another, until each is over: all of them hear of it."""
    ask = ASKING[what]

    def work(pid: Pid, begun: threading.Event, told: list[str]) -> None:
        try:
            while True:
                begun.set()
                ask(pid)
                time.sleep(_PAUSE)
        except NotRunningError as error:
            told.append(str(error))

    for _ in range(_NODES):
        told: list[str] = []
        threads: list[threading.Thread] = []

        async def main(told: list[str] = told, threads: list[threading.Thread] = threads) -> None:
            pid = process.spawn(_sleep)
            _aliases.append(process.alias())
            for _ in range(_THREADS):
                begun = threading.Event()
                threads.append(threading.Thread(target=work, args=(pid, begun, told), daemon=True))
                await asyncio.to_thread(threads[-1].start)
                await asyncio.to_thread(_wait_for, begun)

        beamish.run(main)
        for thread in threads:
            thread.join(PATIENCE)
        assert len(told) == _THREADS, f"{len(told)} of {_THREADS} threads have heard of the end"


def ask_after_a_node() -> None:
    """What is asked when it is over."""
    pids: list[Pid] = []

    async def main() -> None:
        pids.append(process.spawn(_sleep))
        _aliases.append(process.alias())

    beamish.run(main)
    for name, ask in ASKING.items():
        try:
            ask(pids[0])
        except NotRunningError as error:
            assert "no node is running" in str(error), (name, error)
        else:
            raise AssertionError(f"{name} was not refused")


# ---- what was asked in time, and comes too late


class _OnAThread:
    """Calls a function beside the block; then, it has returned or raised what the list has."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._got: list[Any] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self._got.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is what is looked at
            self._got.append(error)

    def __enter__(self) -> list[Any]:
        self._thread.start()
        return self._got

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


def spawn_too_late() -> None:
    """A process that never began is not alive in the next node, and leaves no warning."""
    pids: list[Pid] = []
    ran: list[bool] = []

    async def child() -> None:
        ran.append(True)

    async def main() -> None:
        async with beamish.node():
            with _OnAThread(lambda: process.spawn(child)) as got:
                pass  # from here to the end of the node the loop gets no turn
            pids.extend(got)
            assert process.alive(pids[0])
        async with beamish.node():
            assert not process.alive(pids[0])
            process.send(pids[0], "to nobody")
            await process.sleep(0.01)

    asyncio.run(main())
    assert ran == []


def call_too_late() -> None:
    """A call that the node has not begun."""

    async def main() -> list[Any]:
        async with beamish.node():
            loop = asyncio.get_running_loop()
            asked = threading.Event()
            ask = loop.call_soon_threadsafe

            def tell(*args: Any, **kw: Any) -> Any:
                handle = ask(*args, **kw)
                asked.set()
                return handle

            loop.call_soon_threadsafe = tell  # type: ignore[method-assign,assignment]
            got = stack.enter_context(_OnAThread(lambda: process.call_threadsafe(_never)))
            _wait_for(asked)
        return got

    with contextlib.ExitStack() as stack:
        got = asyncio.run(main())
    assert isinstance(got[0], NotRunningError)
    assert "the node has ended" in str(got[0]), got


def _call_as_the_node_ends(function: Callable[[], Any], begun: threading.Event) -> list[Any]:
    """Calls a function from a thread, and ends the node when it has begun: what the thread got."""
    work = _OnAThread(lambda: process.call_threadsafe(function))
    with contextlib.ExitStack() as stack:

        async def main() -> list[Any]:
            got = stack.enter_context(work)
            await asyncio.to_thread(_wait_for, begun)
            return got

        return beamish.run(main)


def call_a_sleeper() -> None:
    """A call that runs when the node stops."""
    begun = threading.Event()

    async def sleeper() -> None:
        begun.set()
        await process.sleep(None)

    got = _call_as_the_node_ends(sleeper, begun)
    assert isinstance(got[0], NotRunningError)
    assert "the node has ended" in str(got[0]), got


def call_one_that_ends_by_itself() -> None:
    """It traps exits, and returns when it is told that the node stops."""
    begun = threading.Event()

    async def trapping() -> Any:
        process.flag(trap_exit=True)
        begun.set()
        return (await process.receive(Exit)).reason

    got = _call_as_the_node_ends(trapping, begun)
    assert got == ["shutdown"], got


def call_one_that_fails_then() -> None:
    """Its clean-up raises, when it is told that the node stops."""
    begun = threading.Event()

    async def failing() -> None:
        begun.set()
        try:
            await process.sleep(None)
        finally:
            raise ZeroDivisionError

    got = _call_as_the_node_ends(failing, begun)
    assert isinstance(got[0], NotRunningError), got  # the signal had decided its end before


def call_when_the_loop_fails() -> None:
    """The loop ends by itself, and with it the node."""
    begun = threading.Event()

    async def sleeper() -> None:
        begun.set()
        await process.sleep(None)

    def fail() -> None:
        raise SystemExit(3)

    with contextlib.ExitStack() as stack:
        got: list[Any] = []

        async def main() -> None:
            work = stack.enter_context(_OnAThread(lambda: process.call_threadsafe(sleeper)))
            got.append(work)
            await asyncio.to_thread(_wait_for, begun)
            asyncio.get_running_loop().call_soon(fail)
            await process.sleep(None)

        try:
            beamish.run(main)
        except SystemExit as error:
            assert error.code == 3
        else:
            raise AssertionError("the loop has not failed")
    assert isinstance(got[0][0], NotRunningError), got


def ask_when_the_loop_is_closed() -> None:
    """The loop is gone, and the node was never ended: nobody waits, and nobody hangs."""
    loop = new_event_loop()
    entered: list[Any] = []

    async def main() -> None:
        entered.append(beamish.node())
        await entered[0].__aenter__()

    loop.run_until_complete(main())
    loop.close()
    with _OnAThread(lambda: process.call_threadsafe(_never)) as got:
        pass
    assert isinstance(got[0], NotRunningError), got
    with _OnAThread(lambda: process.spawn(_never)) as got:
        pass
    assert isinstance(got[0], NotRunningError), got


# ---- Ctrl-C


def ctrl_c_in_the_thread_that_waits() -> None:
    """It is the main thread, and the node is on another: its process gets an exit signal."""
    reasons: list[Any] = []
    over = threading.Event()
    ready = threading.Event()

    async def call() -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            await process.sleep(None)
        except ProcessExit as error:
            reasons.append(error.reason)
            over.set()
            raise

    async def main() -> None:
        ready.set()
        await asyncio.to_thread(over.wait, PATIENCE)

    thread = threading.Thread(target=beamish.run, args=(main,), daemon=True)
    thread.start()
    _wait_for(ready)
    try:
        process.call_threadsafe(call)
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("not interrupted")
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert reasons == ["shutdown"], reasons


# ---- a node that does not begin


def node_that_cannot_begin() -> None:
    """It leaves its thread no node's: another thread can have one, and is a node's."""

    def fail(*_: object) -> None:
        raise MemoryError

    async def main() -> bool:
        return process.alive(process.self())

    with mock.patch.object(node, "Preemption", fail):
        try:
            beamish.run(main)
        except MemoryError:
            pass
        else:
            raise AssertionError("it has begun")
    assert not at_home()
    with _OnAThread(lambda: beamish.run(main)) as got:
        pass
    assert got == [True], got
    assert beamish.run(main)
