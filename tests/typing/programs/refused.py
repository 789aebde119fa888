"""What type checkers refuse: the lines marked so, and no others."""

from __future__ import annotations

import beamish
from beamish import process, receive, send, spawn


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


length: int = beamish.run(main)  # refused
number: int = beamish.run(work, 1)
