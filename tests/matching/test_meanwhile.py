"""Rule R12: what happens while a message is compared, from outside or by its own code."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import pytest

from beamish import Pid, ProcessExit, process
from beamish.testing import settle
from tests.support.nodes import on_virtual_clock
from tests.support.program import PATIENCE, ROOT


def is_halt(message: object) -> bool:
    return message == "halt"


PATTERNS = [
    pytest.param(("halt",), id="text"),
    pytest.param((("stop", 43),), id="tuple"),
    pytest.param((("stop", 43), "halt"), id="several"),
    pytest.param((("stop", 43), is_halt), id="predicate"),
]


class Doing:
    """A value that does something when it is compared."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, do: Callable[[], object], *, answer: bool = False) -> None:
        self.do = do
        self.answer = answer

    def __eq__(self, other: object) -> bool:
        self.do()
        return self.answer


def once(do: Callable[[], object]) -> Callable[[], object]:
    """Does it at the first call only."""
    left = [do]
    return lambda: left.pop()() if left else None


async def take(parent: Pid, *patterns: Any) -> None:
    process.send(parent, ("taken", await process.receive(*patterns)))


# ---- what comes from outside


@contextmanager
def interrupting(handler: Any) -> Generator[None]:
    old = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    while True:
        pass


def raise_interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def exit_program(number: int, frame: object) -> None:
    sys.exit(number)


HANDLERS: dict[str, tuple[Any, type[BaseException]]] = {
    "Python's own": (signal.default_int_handler, KeyboardInterrupt),
    "one as asyncio's": (raise_interrupt, KeyboardInterrupt),
    "one that exits": (exit_program, SystemExit),
}


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("depth", [0, 100])
@on_virtual_clock
async def test_r12_a_ctrl_c_in_a_comparison_passes_and_loses_no_message(
    handler: str, depth: int
) -> None:
    handle, error = HANDLERS[handler]
    slow = ("stop", Doing(once(interrupt)))
    noise = [("noise", number) for number in range(depth)]
    for message in (slow, *noise):
        process.send(process.self(), message)

    with interrupting(handle), pytest.raises(error):
        await process.receive(("stop", 43))

    assert len(process.flush()) == depth + 1


@pytest.mark.parametrize("handler", HANDLERS)
@on_virtual_clock
async def test_r12_a_ctrl_c_in_a_senders_comparison_is_the_senders(handler: str) -> None:
    """The receiver looks at the message by itself then."""
    handle, error = HANDLERS[handler]
    pid = process.spawn(take, process.self(), ("stop", 43))
    await settle()

    with interrupting(handle), pytest.raises(error):
        process.send(pid, ("stop", Doing(once(interrupt), answer=True)))

    taken = await process.receive(("taken", ...), timeout=PATIENCE)
    assert isinstance(taken[1][1], Doing)


@on_virtual_clock
async def test_r12_a_priority_message_that_interrupts_its_sender_is_not_lost() -> None:
    alias = process.alias(priority=True)
    process.send(process.self(), "before")
    pid = process.spawn(_send_urgent, alias)
    with pytest.raises(TimeoutError):
        await process.receive(("stop", 43), timeout=0.1)

    assert not process.alive(pid)
    assert len(process.flush()) == 2


async def _send_urgent(alias: Any) -> None:
    with interrupting(signal.default_int_handler), pytest.raises(KeyboardInterrupt):
        process.send_priority(alias, ("stop", Doing(once(interrupt))))


@on_virtual_clock
async def test_r12_an_exit_signal_in_a_comparison_passes() -> None:
    """To its own process, for it is there at once (X4)."""

    async def compares() -> None:
        leave = Doing(lambda: process.exit(process.self(), "left"))
        process.send(process.self(), ("stop", leave))
        await process.receive(("stop", 43))

    _, ref = process.spawn_monitor(compares)

    assert (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4] == "left"


@on_virtual_clock
async def test_r12_an_exit_signal_that_a_comparison_swallows_still_ends_the_process() -> None:
    def leave() -> None:
        with pytest.raises(ProcessExit):
            process.exit(process.self(), "left")

    async def compares(*patterns: Any) -> None:
        process.send(process.self(), ("stop", Doing(once(leave))))
        await process.receive(*patterns)

    for patterns in ((("stop", 43),), (("stop", 43), "halt")):
        _, ref = process.spawn_monitor(compares, *patterns)
        down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
        assert down[4] == "left"


@on_virtual_clock
async def test_r12_a_cancellation_in_a_comparison_reaches_the_next_wait() -> None:
    async def compares(*patterns: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        process.send(process.self(), ("stop", Doing(once(task.cancel))))
        await process.receive(*patterns)

    for patterns in ((("stop", 43),), (("stop", 43), "halt")):
        _, ref = process.spawn_monitor(compares, *patterns)
        down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
        assert down[4] == "cancelled"


# ---- what the code of a comparison does itself


@pytest.mark.parametrize("patterns", PATTERNS)
@on_virtual_clock
async def test_r12_a_comparison_may_send_to_the_process_that_compares(
    patterns: tuple[Any, ...],
) -> None:
    """What it sends is looked at, from the mailbox as well as by the receiver that waits."""
    wanted = "halt" if patterns[0] == "halt" else ("stop", 43)

    for waits in (False, True):
        pid = process.spawn(take, process.self(), *patterns)
        if waits:
            await settle()
        message = Doing(once(partial(process.send, pid, wanted)))
        process.send(pid, ("stop", message) if patterns[0] != "halt" else message)
        assert await process.receive(timeout=PATIENCE) == ("taken", wanted)
    await settle()
    assert process.flush() == []


@pytest.mark.parametrize("patterns", PATTERNS)
@pytest.mark.parametrize("depth", [0, 100])
@on_virtual_clock
async def test_r12_a_comparison_may_empty_the_mailbox(
    patterns: tuple[Any, ...], depth: int
) -> None:
    """The receive goes on with what comes later."""
    wanted = "halt" if patterns[0] == "halt" else ("stop", 43)
    tag = "noise" if patterns[0] == "halt" else "stop"
    flush = once(process.flush)
    first: Any = Doing(flush) if tag == "noise" else ("stop", Doing(flush))

    async def child(parent: Pid) -> None:
        for message in (first, *[(tag, number) for number in range(depth)]):
            process.send(process.self(), message)
        await take(parent, *patterns)

    pid = process.spawn(child, process.self())
    await settle()
    assert process.info(pid, "messages") == []
    process.send(pid, wanted)

    assert await process.receive(timeout=PATIENCE) == ("taken", wanted)


@on_virtual_clock
async def test_r12_a_comparison_may_empty_the_mailbox_and_still_match() -> None:
    """As a predicate may: the message is taken once."""
    for depth in (0, 1, 100):
        for place in (0, depth):
            greedy = ("stop", Doing(once(process.flush), answer=True))
            noise = [("noise", number) for number in range(depth)]
            messages: list[Any] = [*noise[:place], greedy, *noise[place:]]
            for message in messages:
                process.send(process.self(), message)

            assert await process.receive(("stop", 43), timeout=0) is greedy
            assert process.flush() == []


@on_virtual_clock
async def test_r12_a_comparison_may_end_the_receiver() -> None:
    """By its sender: the message is dropped, as is any to a process that was told to end."""
    for answer in (False, True):
        pid, ref = process.spawn_monitor(process.receive, ("stop", 43))
        await settle()
        kill = Doing(once(partial(process.exit, pid, "kill")), answer=answer)

        process.send(pid, ("stop", kill))

        down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)
        assert down[4] == "killed"


@on_virtual_clock
async def test_r12_a_comparison_may_send_urgently() -> None:
    alias = process.alias(priority=True)

    def urge() -> None:
        process.send_priority(alias, "urgent")

    for depth in (0, 100):
        matching = ("stop", Doing(once(urge), answer=True))
        noise = [("noise", number) for number in range(depth)]
        for message in (*noise, matching, "last"):
            process.send(process.self(), message)

        assert await process.receive(("stop", 43), timeout=0) is matching
        assert process.flush() == ["urgent", *noise, "last"]


@on_virtual_clock
async def test_r12_a_message_may_send_itself_when_it_is_compared() -> None:
    """Each comparison sends the next one, deeper than Python can go."""
    pid = process.spawn(take, process.self(), ("stop", 43))
    await settle()
    left = iter(range(5000))
    message: Any = ("stop", Doing(lambda: [process.send(pid, message) for _ in islice(left, 1)]))

    process.send(pid, message)
    process.send(pid, ("stop", 43))

    assert await process.receive(timeout=PATIENCE) == ("taken", ("stop", 43))


# ---- a real Ctrl-C, in a program


@pytest.mark.parametrize("receiver", [True, False])
def test_r12_ctrl_c_ends_a_program_that_compares_without_end(receiver: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(receiver)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=PATIENCE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "KeyboardInterrupt" in done.stderr, done
    assert "went on" not in done.stdout


_PROGRAM = """
import os, signal, sys, beamish
from beamish import process
from beamish.testing import settle

class Endless:
    def __eq__(self, other):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.kill(os.getpid(), signal.SIGINT)
        while True:
            pass

async def main():
    if sys.argv[1] == "True":
        process.send(process.self(), ("stop", Endless()))
        await process.receive(("stop", 43))
    else:
        pid = process.spawn(process.receive, ("stop", 43))
        await settle()
        process.send(pid, ("stop", Endless()))
    print("went on")

beamish.run(main, handle_signals=False)
"""
