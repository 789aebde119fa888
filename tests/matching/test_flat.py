"""Messages that are taken in their order cost the same however many wait behind them.

Not timed: what would make them cost more is counted, comparisons and the memory of copies.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from beamish import process
from beamish.otp import GenServer, gen_server
from beamish.process import receive, send
from tests.support.nodes import on_virtual_clock

MESSAGES = 5000
SOME = 20  # are taken

# Bytes: far less than a copy of the mailbox, far more than a receive needs.
LITTLE = 2 * MESSAGES


@dataclass(frozen=True)
class _Point:
    x: int


class Counting:
    """A value that counts how often it is compared."""

    def __init__(self) -> None:
        self.compared = 0

    def __hash__(self) -> int:
        raise AssertionError("the runtime has hashed a user's object")

    def __eq__(self, other: object) -> bool:
        self.compared += 1
        return other is self


def anything(_: object) -> bool:
    return True


@contextmanager
def needing_little_memory() -> Generator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()


SOCKET = object()
POINT = _Point(1)
NAME = UUID(int=1)

# The patterns of a receive, and a message that they take.
RECEIVES: dict[str, tuple[tuple[Any, ...], Any]] = {
    "anything": ((), 1),
    "a predicate": ((anything,), 1),
    "a predicate in a tuple": ((("tcp", anything),), ("tcp", 1)),
    "a socket": ((("tcp", SOCKET, ...), ("tcp_closed", SOCKET)), ("tcp", SOCKET, b"")),
    "a UUID": (((NAME, ...),), (NAME, 1)),
    "a dataclass": (((POINT, ...),), (POINT, 1)),
    "a dataclass alone": ((POINT,), POINT),
    "a list": ((["tcp", int],), ["tcp", 1]),
    "a dict": (({"k": int},), {"k": 1}),
    "a text": (("tcp",), "tcp"),
    "two types": ((int, str), 1),
    "a type in a tuple": (((int, ...),), (1, 1)),
}


@pytest.mark.parametrize("what", RECEIVES)
@on_virtual_clock
async def test_messages_are_taken_in_order_without_a_copy_of_the_mailbox(what: str) -> None:
    patterns, message = RECEIVES[what]
    for _ in range(MESSAGES):
        send(process.self(), message)
    await receive(*patterns)

    with needing_little_memory():
        for _ in range(SOME):
            assert await receive(*patterns) is message
            assert await receive(*patterns, timeout=0) is message

    process.flush()


@pytest.mark.parametrize("what", RECEIVES)
@on_virtual_clock
async def test_a_receive_looks_no_further_than_what_it_takes(what: str) -> None:
    patterns, message = RECEIVES[what]
    behind = Counting()
    send(process.self(), message)
    for _ in range(SOME):
        send(process.self(), ("tcp", behind, behind))

    await receive(*patterns)

    assert behind.compared == 0
    assert len(process.flush()) == SOME


@on_virtual_clock
async def test_a_process_that_waits_for_what_a_predicate_takes_looks_at_each_message_once() -> None:
    looked: list[Any] = []

    def wanted(message: Any) -> bool:
        looked.append(message)
        return bool(message == "end")

    for number in range(SOME):
        send(process.self(), number)
    for number in range(SOME):
        process.send_after(0.001 * (number + 1), process.self(), SOME + number)
    process.send_after(1.0, process.self(), "end")

    assert await receive(wanted) == "end"

    assert looked == [*range(2 * SOME), "end"]
    assert process.flush() == [*range(2 * SOME)]


@on_virtual_clock
async def test_what_is_behind_many_others_is_found_by_its_first_element() -> None:
    """Also where the rest of the pattern is the user's: others are not compared with it."""
    passed_over = Counting()
    for _ in range(MESSAGES):
        send(process.self(), ("noise", passed_over))
    for number in range(SOME):
        send(process.self(), ("tcp", SOCKET, number))
    await receive(("tcp", SOCKET, ...), ("tcp_closed", SOCKET))

    with needing_little_memory():
        for number in range(1, SOME):
            assert await receive(("tcp", SOCKET, anything)) == ("tcp", SOCKET, number)

    assert passed_over.compared == 0
    assert len(process.flush()) == MESSAGES


class Echo(GenServer):
    """Replies with the request."""

    def handle_call(self, request: Any, caller: Any) -> Any:
        return request


@on_virtual_clock
async def test_responses_of_a_collection_are_taken_in_order_without_a_copy() -> None:
    server = await Echo.start_link()
    ids = gen_server.reqids_new()
    for number in range(MESSAGES):
        gen_server.send_request(server, number, number, ids)
    await process.sleep(1.0)

    wait: Any = gen_server.receive_response
    assert (await wait(ids)).label == 0
    with needing_little_memory():
        for number in range(1, SOME):
            assert await wait(ids) == (number, number)

    process.flush()
    await gen_server.stop(server)
