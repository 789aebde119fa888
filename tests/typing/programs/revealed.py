"""What type checkers know of results: the comment is what both reveal."""

from __future__ import annotations

from typing import Any, reveal_type

import beamish
from beamish import Down, Exit, process, receive, spawn
from beamish.otp import Agent, GenEvent, GenServer, GenStatem, gen_server, gen_statem


async def answer() -> int:
    return 42


def plain() -> str:
    return "plain"


async def main() -> None:
    message: Any = None
    reveal_type(spawn(answer))  # Pid
    reveal_type(process.spawn_monitor(answer))  # tuple[Pid, Ref]
    reveal_type(await receive(int))  # int
    reveal_type(await receive(Down, Exit))  # Down | Exit
    reveal_type(await receive(Down, Exit, str))  # Down | Exit | str
    reveal_type(await receive(Down, Exit, str, int))  # Down | Exit | str | int
    reveal_type(await receive((1, ...)))  # Any
    reveal_type(process.send(process.self(), message))  # Any
    reveal_type(await GenServer.start_link(1))  # Pid
    reveal_type(await GenStatem.start_monitor(1))  # tuple[Pid, Ref]
    reveal_type(await gen_server.start_monitor(GenServer, 1))  # tuple[Pid, Ref]
    reveal_type(await gen_statem.start(GenStatem))  # Pid
    reveal_type(await GenEvent.start_monitor())  # tuple[Pid, Ref]
    reveal_type(await Agent.start(dict))  # Pid


reveal_type(beamish.run(answer))  # int
reveal_type(beamish.run(plain))  # str
reveal_type(beamish.run(main))  # None
