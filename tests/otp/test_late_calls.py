"""What the error of a call that took too long says of the process that did not reply."""

from __future__ import annotations

import asyncio
import inspect
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from beamish import CallTimeout, Pid, behaviour, process
from beamish.otp import Agent, GenServer, NoReply, Task, call, gen_server
from beamish.runtime import doing as looking

from .support import on_real_clock, on_virtual_clock

REPRS: list[str] = []


class Loud:
    """Whose repr is the user's code."""

    def __repr__(self) -> str:
        REPRS.append("asked")
        return "Loud()"


class Server(GenServer):
    @call
    async def sleeps(self, what: Any) -> None:
        await asyncio.sleep(60)

    @call
    async def asks(self, other: Pid, what: Any) -> None:
        await Server.sleeps.within(60)(other, what)

    @call
    async def asks_through(self, first: Pid, other: Pid) -> None:
        await Server.asks.within(60)(first, other, "deep")

    @call
    async def awaits(self) -> None:
        await asyncio.get_running_loop().create_future()

    @call
    async def receives(self) -> None:
        await process.receive(("never", ...))

    @call
    def computes(self) -> None:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            pass

    def handle_call(self, request: Any, caller: Any) -> Any:
        return NoReply()


async def said(ask: Awaitable[Any]) -> str:
    """What the error says of the callee."""
    with pytest.raises(CallTimeout) as late:
        await ask
    assert late.value.callee is not None
    assert str(late.value).endswith(late.value.callee[-100:])
    return late.value.callee


def line_of(function: Any, word: str) -> str:
    """File and line of the first line of a function with this word, as a text has it."""
    lines, first = inspect.getsourcelines(function)
    number = next(place for place, line in enumerate(lines) if word in line)
    return f"({__file__}:{first + number})"


# What a server does, and the words that the error has for it.
DOES: dict[str, tuple[Callable[[Pid], Awaitable[Any]], list[str]]] = {
    "sleeps": (
        lambda pid: Server.sleeps.within(0.01)(pid, "a"),
        [
            "awaits a Future",
            "in Server.sleeps",
            line_of(Server.sleeps.body, "asyncio.sleep"),
            "'sleeps', ('a',)",
            "0 messages in its queue",
        ],
    ),
    "awaits": (
        lambda pid: Server.awaits.within(0.01)(pid),
        ["awaits a Future", "in Server.awaits"],
    ),
    "receives": (
        lambda pid: Server.receives.within(0.01)(pid),
        ["waits for a message that matches", line_of(Server.receives.body, "receive(")],
    ),
    "has put it aside": (
        lambda pid: gen_server.call(pid, "x", timeout=0.01),
        ["waits for a message", "0 messages"],
    ),
}


@pytest.mark.parametrize(("ask", "words"), DOES.values(), ids=DOES.keys())
@on_virtual_clock
async def test_it_says_what_the_callee_does_and_where(ask: Any, words: list[str]) -> None:
    pid = await Server.start(name="server")

    text = await said(ask(pid))

    assert text.startswith(f"{pid!r} (server) ")
    assert [word for word in words if word not in text] == [], text


@on_real_clock
async def test_it_says_at_which_line_the_callee_computes() -> None:
    pid = await Server.start()

    text = await said(Server.computes.within(0.05)(pid))

    assert re.search(r" computes, in Server.computes \(.*test_late_calls.py:\d+\)", text), text


@on_virtual_clock
async def test_it_says_whom_the_callee_waits_for_and_what_that_one_does() -> None:
    last = await Server.start(name="last")
    middle = await Server.start(name="middle")
    first = await Server.start(name="first")

    text = await said(Server.asks_through.within(0.01)(first, middle, last))

    one, two, three = text.split("; ")
    assert f"(first) waits for {middle!r} (middle), in Server.asks_through" in one
    assert f"(middle) waits for {last!r} (last), in Server.asks" in two
    assert "(last) awaits a Future, in Server.sleeps" in three
    assert "'deep'" in three


@on_virtual_clock
async def test_it_says_how_many_wait_before_and_behind() -> None:
    pid = await Server.start()
    process.spawn(Server.sleeps.within(60), pid, "first")
    for _ in range(7):
        process.spawn(Server.sleeps.within(60), pid, "next")
    await process.sleep(0)

    text = await said(Server.sleeps.within(0.01)(pid, "last"))

    assert "working on the request MethodCall('sleeps', ('first',), {}), with 8 messages" in text


@on_virtual_clock
async def test_it_says_it_of_tasks_agents_and_processes_that_stop() -> None:
    async def works() -> None:
        await asyncio.sleep(60)

    async def slow(state: Any) -> Any:
        await asyncio.sleep(60)

    class Slow(GenServer):
        async def terminate(self, reason: Any) -> None:
            await asyncio.sleep(60)

    agent = await Agent.start(dict)
    server = await Slow.start()

    assert ".works (" in await said(Task.run_async(works).await_(0.01))
    assert ".works (" in await said(anext(Task.async_stream([works], run, timeout=0.01)))
    assert ".slow (" in await said(Agent.get(agent, slow, timeout=0.01))
    assert "Slow.terminate (" in await said(gen_server.stop(server, "normal", 0.01))


async def run(fn: Callable[[], Awaitable[Any]]) -> Any:
    return await fn()


@on_virtual_clock
async def test_it_runs_no_code_of_the_user_and_fits_on_a_line() -> None:
    class Named(GenServer):
        async def handle_call(self, request: Any, caller: Any) -> None:
            await asyncio.sleep(60)

    pid = await Named.start(spawn_opt={"label": Loud()})
    REPRS.clear()

    with pytest.raises(CallTimeout) as late:
        await gen_server.call(pid, (Loud(), "x" * 100_000, {Loud(): [Loud()] * 9}), timeout=0.01)

    assert REPRS == []
    assert late.value.callee is not None
    assert "(<Loud>, 'xxx" in late.value.callee
    assert late.value.callee.isprintable()
    assert len(str(late.value)) <= 2_000


@on_virtual_clock
async def test_many_that_time_out_at_once_look_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pid = await Server.start()
    texts: list[str | None] = []
    looks: list[Any] = []

    async def caller() -> None:
        try:
            await Server.sleeps.within(1.0)(pid, "x")
        except CallTimeout as late:
            texts.append(late.callee)

    chain = looking._chain

    def counted(pid: Pid) -> Any:
        looks.append(pid)
        return chain(pid)

    monkeypatch.setattr(looking, "_chain", counted)
    for _ in range(1_000):
        process.spawn(caller)
    await process.sleep(2.0)

    assert len(texts) == 1_000
    assert len(looks) < 100  # one for each turn of the loop
    assert None not in texts


@on_virtual_clock
async def test_a_process_that_has_ended_is_said_to_have() -> None:
    pid = process.spawn(print)
    process.exit(pid, "kill")
    await process.sleep(0.01)

    assert behaviour.doing(pid) == f"{pid!r} has ended"


@on_virtual_clock
async def test_an_asyncio_task_is_looked_at_as_well() -> None:
    async def plain() -> None:
        process.self()
        await asyncio.sleep(60)

    task = asyncio.create_task(plain())
    await asyncio.sleep(0)
    with pytest.raises(CallTimeout) as late:
        await gen_server.call(process.adopt(task), "x", timeout=0.01)

    assert "is an asyncio Task, in " in str(late.value.callee)
    assert ".plain (" in str(late.value.callee)
    task.cancel()
