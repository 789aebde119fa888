"""What type checkers refuse: the lines marked so, and no others."""

from __future__ import annotations

import beamish
from beamish import process, receive, send, spawn
from beamish.otp import (
    Agent,
    GenEvent,
    GenServer,
    GenStatem,
    Supervisor,
    gen_event,
    gen_server,
    gen_statem,
)


async def work(number: int, text: str = "") -> int:
    return number + len(text)


async def main() -> str:
    spawn(work, 1)
    spawn(work, 1, "text")
    spawn(work, 1, text="text")
    spawn(print, "anything", end="")
    spawn(lambda: None)
    spawn(work)  # refused
    spawn(work, "one")  # refused
    spawn(work, 1, txt="text")  # refused
    spawn(work(1))  # refused
    process.spawn_link(work, number="one")  # refused
    process.spawn_monitor(work, 1, "text", 2)  # refused
    pid, ref = process.spawn_monitor(work, 1)
    send(pid, ref)
    number: int = await receive(int, timeout=1.0)
    pair: int | str = await receive(int, str)
    either = await receive(str, int)
    text: str = either  # refused
    process.exit(pid, "kill")
    process.link("name")  # refused
    return f"{number} {pair} {text}"


async def start() -> None:
    server = await GenServer.start_link(1, name="name", timeout=1.0, more=2)
    await gen_server.start_link(GenServer, 1, name="name", spawn_opt={"label": "a"}, more=2)
    await gen_server.start_link(GenServer, 1, spawn_opt={"labels": "a"})  # refused
    await gen_statem.start_monitor(GenStatem, debug=5)  # refused
    await gen_server.start(str)  # refused
    await GenEvent.start_link(name="name", debug=["trace"])
    await GenEvent.start_link("name")  # refused
    await gen_event.start(nam="name")  # refused
    await Agent.start_link(dict, [("a", 1)], name="name")
    await Agent.start_link(5)  # refused
    await gen_server.call(server, "hello", None)
    await gen_server.call(server, "hello", "soon")  # refused


class Counter(GenServer, restart="transient"):
    def init(self, start: int = 0, *, step: int = 1) -> None:
        self.n = start * step


class Stack(GenServer):
    async def init(self, items: list[str]) -> None:
        self.items = items


class Light(GenStatem):
    def init(self, watts: int) -> None:
        self.watts = watts


class Wrong(GenServer, restart="permanant"):  # refused
    pass


async def servers() -> None:
    await Counter.start_link()
    await Counter.start_link(5, step=2)
    await Counter.start_link(5, name="counter", timeout=1.0)
    await Counter.start(5)
    await Counter.start_monitor(5)
    await Stack.start_link(["one"], debug=["trace"])
    await Light.start_link(60)
    await GenServer.start_link(1, two=2)
    await gen_server.start_link(Counter, 5, name="counter")
    await Counter.start_link("wrong")  # refused
    await Counter.start_link(5, stpe=2)  # refused
    await Counter.start_link(5, name=5)  # refused
    await Light.start(60, timeout="soon")  # refused
    await Counter.start("wrong")  # refused
    await Counter.start_monitor("wrong")  # refused
    await Stack.start_link()  # refused
    await Light.start_link("bright")  # refused
    await gen_server.start_link(Counter, timeout="soon")  # refused
    children = [
        Counter,
        (Counter, 5),
        Counter.child_spec(5, step=2),
        Counter.child_spec(5, id="second", name="counter", restart="temporary"),
    ]
    Counter.child_spec("wrong")  # refused
    Counter.child_spec(5, restart="permanant")  # refused
    Light.child_spec()  # refused
    await Supervisor.start_link(children, strategy="one_for_all", max_restarts=1)
    await Supervisor.start_link(children, strategy="one_for_al")  # refused
    await Supervisor.start_link(children, max_restarts="many")  # refused
    await Supervisor.start_link(children, name=5)  # refused


length: int = beamish.run(main)  # refused
number: int = beamish.run(work, 1)
