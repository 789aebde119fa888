"""A mailbox that is passed over deeply: the same messages in the same order, found by look-ups."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Any

import pytest

from beamish import Down, behaviour, process
from beamish.process import receive, send
from beamish.runtime.deep_mailbox import DEEP, MISSING, DeepMailbox, tag_of
from beamish.runtime.here import current
from beamish.runtime.patterns import AnyOf, matches

from .harness import PATIENCE, down_of, on_virtual_clock, settle, sleeper

NOISE = 3 * DEEP


class Same:
    """A user's value that is equal to a text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return other == self.text

    def __hash__(self) -> int:
        raise AssertionError("the runtime has hashed a user's object")


def fill(*, noise: int = NOISE) -> None:
    for number in range(noise):
        send(process.self(), ("noise", number))


async def make_deep() -> None:
    """Fills the caller's mailbox and has it indexed."""
    fill()
    send(process.self(), ("first", 0))
    assert await receive(("first", ...)) == ("first", 0)
    assert type(current().mailbox) is DeepMailbox


def taken(mailbox: list[Any], patterns: tuple[Any, ...]) -> Any:
    """What receive() takes, by the definition."""
    for index, message in enumerate(mailbox):
        if any(matches(pattern, message) for pattern in patterns):
            return mailbox.pop(index)
    return MISSING


@pytest.mark.parametrize("seed", range(40))
def test_it_takes_what_a_walk_takes_after_whatever_was_done_to_it(seed: int) -> None:
    rng = random.Random(seed)
    tags: list[Any] = ["a", "b", 1, 0, True, False, 1.0, None, (), Same("a"), b"a", process]
    start: list[Any] = [(rng.choice(tags), number % 3) for number in range(rng.randrange(50))]
    deep, plain = DeepMailbox(start), list(start)

    for _ in range(300):
        step = rng.randrange(12)
        if step < 5:
            tag = rng.choice(tags)
            new = rng.choice([(tag, rng.randrange(3)), (tag,), tag, [tag], (tag, 0, 1)])
            deep.append(new)
            plain.append(new)
        elif step < 9:
            wanted = tuple(
                (rng.choice(["a", "b", 1, 0]), rng.choice([0, 1, 2, ...]))
                for _ in range(rng.choice([1, 1, 2]))
            )
            found = deep.take([tag_of(pattern) for pattern in wanted], AnyOf(wanted))
            assert found is taken(plain, wanted)
        elif step == 9 and plain:
            assert deep.popleft() is plain.pop(0)
        elif step == 10 and plain:
            place = rng.randrange(len(plain))
            del deep[place], plain[place]
        elif step == 11 and rng.random() < 0.1:
            place = rng.randrange(len(plain) + 1)
            new = ("a", place)
            deep.insert(place, new)
            plain.insert(place, new)
        assert len(deep) == len(plain)
    assert all(one is other for one, other in zip(deep, plain, strict=True))


def test_patterns_are_looked_up_by_elements_that_a_dict_compares_as_they_do() -> None:
    assert tag_of(("tag", ...)) == "tag"
    assert tag_of((1, ...)) == 1
    for other in (
        (True, ...),
        (1.0, ...),
        (None, ...),
        (int, ...),
        (...,),
        (),
        ["tag"],
        "tag",
        int,
    ):
        assert tag_of(other) is None


@on_virtual_clock
async def test_a_mailbox_that_was_passed_over_deeply_keeps_its_order() -> None:
    await make_deep()
    for number in range(3):
        send(process.self(), ("wanted", number))
        send(process.self(), ("noise", NOISE + number))

    assert [await receive(("wanted", ...)) for _ in range(3)] == [("wanted", n) for n in range(3)]
    assert [await receive() for _ in range(NOISE + 3)] == [("noise", n) for n in range(NOISE + 3)]
    assert process.flush() == []


@on_virtual_clock
async def test_the_oldest_of_several_patterns_is_taken_first() -> None:
    await make_deep()
    for message in (("b", 1), ("c", 2), ("a", 3), ("b", 4)):
        send(process.self(), message)

    got = [await receive(("a", ...), ("b", ...), timeout=PATIENCE) for _ in range(3)]

    assert got == [("b", 1), ("a", 3), ("b", 4)]


@pytest.mark.parametrize("equal", [True, 1.0, 1])
@on_virtual_clock
async def test_what_is_equal_is_found_whatever_its_type_is(equal: Any) -> None:
    await make_deep()
    send(process.self(), (equal, "first"))
    send(process.self(), (1, "second"))

    assert await receive((1, ...)) == (1, "first")
    assert await receive((1, ...)) == (1, "second")


@on_virtual_clock
async def test_True_takes_no_1_in_a_deep_mailbox_either() -> None:  # noqa: N802
    await make_deep()
    send(process.self(), (1, "one"))
    send(process.self(), (True, "true"))

    assert await receive((True, ...)) == (True, "true")
    assert await receive((1, ...)) == (1, "one")


@on_virtual_clock
async def test_users_values_are_compared_but_never_hashed() -> None:
    await make_deep()
    send(process.self(), (Same("wanted"), 1))
    send(process.self(), ("wanted", 2))

    assert (await receive(("wanted", ...)))[1] == 1
    assert (await receive(("wanted", ...)))[1] == 2


@on_virtual_clock
async def test_a_deep_mailbox_can_be_flushed_and_used_again() -> None:
    await make_deep()

    assert process.flush() == [("noise", n) for n in range(NOISE)]
    send(process.self(), ("wanted", 1))
    assert process.info(process.self(), "messages") == [("wanted", 1)]
    assert await receive(("wanted", ...)) == ("wanted", 1)


@on_virtual_clock
async def test_it_becomes_a_plain_mailbox_when_it_is_shallow() -> None:
    await make_deep()
    for _ in range(NOISE - 5):
        await receive()

    send(process.self(), ("wanted", 1))

    assert await receive(("wanted", ...)) == ("wanted", 1)
    assert type(current().mailbox) is deque
    assert process.flush() == [("noise", NOISE - 5 + n) for n in range(5)]


@on_virtual_clock
async def test_demonitor_takes_its_message_out_of_a_deep_mailbox() -> None:
    await make_deep()
    pid, ref = process.spawn_monitor(sleeper)
    other = process.monitor(pid)
    process.exit(pid, "kill")
    await settle()
    send(process.self(), ("wanted", 1))

    process.demonitor(ref, flush=True)

    assert await down_of(other) == "killed"
    assert await receive(("wanted", ...)) == ("wanted", 1)
    assert process.flush() == [("noise", n) for n in range(NOISE)]


@on_virtual_clock
async def test_a_down_is_found_by_its_tag() -> None:
    await make_deep()
    pid, ref = process.spawn_monitor(sleeper)
    process.exit(pid, "stop")

    assert await receive(("DOWN", ref, "process", pid, ...)) == Down(ref, "process", pid, "stop")
    assert process.flush() == [("noise", n) for n in range(NOISE)]


@on_virtual_clock
async def test_priority_messages_come_first_in_a_deep_mailbox() -> None:
    alias = process.alias(priority=True)
    await make_deep()
    send(process.self(), ("wanted", "late"))

    process.send_priority(alias, ("wanted", "urgent"))

    assert await receive(("wanted", ...)) == ("wanted", "urgent")
    process.send_priority(alias, ("other", "urgent"))
    assert await receive() == ("other", "urgent")
    assert await receive(("wanted", ...)) == ("wanted", "late")


@on_virtual_clock
async def test_a_reply_is_taken_out_of_the_middle_of_a_deep_mailbox() -> None:
    await make_deep()
    ref = process.make_ref()
    send(process.self(), ("before", 1))
    send(process.self(), (ref, "answer"))
    send(process.self(), ("after", 2))

    assert await behaviour.receive_reply(ref) == (ref, "answer")
    assert await receive(("after", ...)) == ("after", 2)
    assert await receive(("before", ...)) == ("before", 1)


@on_virtual_clock
async def test_a_cancelled_wait_behind_a_deep_mailbox_loses_nothing() -> None:
    async def waits() -> list[Any]:
        await make_deep()
        try:
            async with asyncio.timeout(0.01):
                await receive(("wanted", ...))
        except TimeoutError:
            send(process.self(), ("wanted", 1))
            return [await receive(("wanted", ...)), len(process.flush())]
        raise AssertionError

    assert await waits() == [("wanted", 1), NOISE]
    assert await asyncio.create_task(waits()) == [("wanted", 1), NOISE]
