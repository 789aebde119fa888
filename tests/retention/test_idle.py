"""A process that waits for a message keeps none that it is done with."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from beamish import Pid, behaviour, process
from beamish.otp import (
    Agent,
    Continue,
    DynamicSupervisor,
    GenEventHandler,
    GenServer,
    GenStatem,
    NoReply,
    Reply,
    Supervisor,
    Task,
    Timeout,
    gen_event,
    gen_server,
    gen_statem,
    sys,
)
from beamish.terms import CallTimeout
from tests.otp.support import on_real_clock


class Message:
    """A message, or what a message carries."""


class Server(GenServer):
    """What it does with a message is said beside it."""

    def handle_call(self, request: Any, caller: Any) -> Any:
        how: str
        how, _ = request
        match how:
            case "wait":
                return self.wait()
            case "later":
                gen_server.reply(caller, "ok")
                return NoReply
            case "continue":
                return Reply("ok", then=Continue("on"))
            case "time-out":
                return Reply("ok", then=Timeout(3600.0, "late"))
            case "throw":
                return process.throw("ok")
            case "compute":
                return compute()
            case _:
                return "ok"

    async def wait(self) -> str:
        await process.sleep(0)
        return "ok"

    def handle_continue(self, arg: Any) -> None:
        """Goes on."""

    def handle_cast(self, request: Any) -> Any:
        if request[0] == "wait":
            return self.sleep()
        return Timeout(3600.0, "late") if request[0] == "time-out" else None

    async def sleep(self) -> None:
        await process.sleep(0)

    def handle_info(self, message: Any) -> Any:
        return self.sleep() if type(message) is tuple and message[0] == "wait" else None


def compute() -> str:
    """Takes so long that it is parked."""
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    return "ok"


class Machine(GenStatem):
    """Takes any event."""

    def init(self) -> Any:
        return gen_statem.NextState("any")

    def any(self, kind: Any, content: Any) -> Any:
        match kind:
            case ("call", caller):
                return gen_statem.KeepState(gen_statem.Reply(caller, "ok"))
            case _:
                return gen_statem.KeepState()


class Handler(GenEventHandler):
    """Takes any event."""

    def init(self) -> None:
        """Has no state."""

    def handle_event(self, event: Any) -> None:
        """Takes it."""

    def handle_info(self, message: Any) -> None:
        """Takes it."""

    def handle_call(self, request: Any) -> Any:
        return "ok"


async def events() -> Pid:
    manager = await gen_event.start()
    await gen_event.add_handler(manager, Handler)
    return manager


async def traced() -> Pid:
    server = await Server.start()
    await sys.statistics(server, True)
    return server


async def loop() -> Pid:
    async def receive_all() -> None:
        while True:
            take(await process.receive())

    return process.spawn(receive_all)


async def selective_loop() -> Pid:
    async def receive_all() -> None:
        while True:
            take(await process.receive(("a", ...), object, timeout=3600.0))

    return process.spawn(receive_all)


async def plain_server() -> Pid:
    async def serve() -> None:
        await behaviour.Server(take, take).receive()

    return process.spawn(serve)


async def task() -> Pid:
    adopted: asyncio.Future[Pid] = asyncio.get_running_loop().create_future()

    async def receive_all() -> None:
        adopted.set_result(process.self())
        while True:
            take(await process.receive())

    _tasks.append(asyncio.create_task(receive_all()))
    return await adopted


_tasks: Final[list[asyncio.Task[None]]] = []


def take(_message: Any) -> None:
    """Is done with it."""


async def call(server: Pid, how: str) -> None:
    await gen_server.call(server, (how, Message()))


async def cast(server: Pid, how: str) -> None:
    gen_server.cast(server, (how, Message()))


async def info(server: Pid, how: str) -> None:
    process.send(server, (how, Message()))


async def direct(server: Pid, how: str) -> None:
    process.send(server, Message())


async def many(server: Pid, how: str) -> None:
    """So that most are in the mailbox."""
    for _ in range(3):
        gen_server.cast(server, (how, Message()))
        process.send(server, Message())


async def request(server: Pid, how: str) -> None:
    await gen_server.receive_response(gen_server.send_request(server, (how, Message())))


async def late(server: Pid, how: str) -> None:
    try:
        await gen_server.call(server, (how, Message()), timeout=0)
    except CallTimeout:
        pass


async def event(server: Pid, how: str) -> None:
    gen_event.notify(server, Message())
    await gen_event.sync_notify(server, Message())
    await gen_event.call(server, Handler, Message())


async def update(server: Pid, how: str) -> None:
    message = Message()
    await Agent.get(server, lambda _: repr(message))
    await Agent.get_and_update(server, lambda state: (message, state))
    Agent.cast(server, lambda state: (state, message)[0])


async def agent() -> Pid:
    return await Agent.start(int)


async def supervisor() -> Pid:
    return await Supervisor.start_link([])


async def dynamic_supervisor() -> Pid:
    return await DynamicSupervisor.start_link()


Start = Callable[[], Awaitable[Pid]]
Way = Callable[[Pid, str], Awaitable[None]]

CASES: Final[list[tuple[Start, Way, str]]] = [
    *((Server.start, call, how) for how in ("at once", "wait", "later", "continue")),
    *((Server.start, call, how) for how in ("time-out", "throw")),
    (Server.start, call, "compute"),
    *((Server.start, cast, how) for how in ("at once", "wait", "time-out")),
    *((Server.start, info, how) for how in ("at once", "wait")),
    *((Server.start, way, "at once") for way in (direct, many, request, late)),
    *((Server.start, way, "wait") for way in (many, request, late)),
    *((traced, way, "at once") for way in (call, cast, info)),
    *((Machine.start, way, "at once") for way in (call, cast, info, direct, many, late)),
    *((events, way, "at once") for way in (event, info, direct)),
    (agent, update, "at once"),
    *((start, direct, "at once") for start in (agent, supervisor, dynamic_supervisor)),
    *((start, way, "a") for start in (loop, selective_loop, task) for way in (info, direct, many)),
    *((plain_server, way, "a") for way in (info, direct, many)),
]


@pytest.mark.parametrize(
    ("start", "way", "how"), CASES, ids=lambda one: getattr(one, "__qualname__", one)
)
def test_what_waits_keeps_no_message(start: Start, way: Way, how: str) -> None:
    @on_real_clock
    async def test() -> None:
        server = await start()
        for _ in range(2):
            await process.sleep(0)
            assert await _kept_of(server, way, how) == 0
            assert process.alive(server)
        process.unlink(server)
        process.exit(server, "kill")
        while _tasks:
            _tasks.pop().cancel()

    test()


async def _kept_of(server: Pid, way: Way, how: str) -> int:
    """How many messages are still there when the server waits again."""

    async def tell() -> None:
        await way(server, how)

    _, ref = process.spawn_monitor(tell)
    await process.receive(("DOWN", ref, ..., ..., ...))
    for _ in range(100):  # one that has computed comes after others that are awake
        if _messages() == 0:
            break
        await process.sleep(0.001)
    return _messages()


def _messages() -> int:
    gc.collect()
    return sum(type(one) is Message for one in gc.get_objects())


async def _give() -> Message:
    return Message()


@on_real_clock
async def test_nor_does_who_has_awaited_a_task() -> None:
    await Task.run_async(_give).await_()
    await process.sleep(0)

    assert _messages() == 0
