"""Rules X1 to X5, and T1 and T2: exit signals and trapping."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

from beamish import BadArgError, Exit, Pid, ProcessExit, process

from .harness import PATIENCE, down_of, ended, on_virtual_clock, settle, sleeper, watched_end

Outcome = tuple[Literal["lives", "ends", "message"], Any]


async def _collector(reporter: Pid, *, traps: bool) -> None:
    """Takes messages and hands on what it got."""
    process.flag(trap_exit=traps)
    process.send(reporter, "ready")
    while True:
        process.send(reporter, ("got", await process.receive()))


async def _outcome_of(reason: Any, *, traps: bool, through_link: bool) -> Outcome:
    """What an exit signal from another process does to one that does or does not trap."""
    pid, ref = process.spawn_monitor(_collector, process.self(), traps=traps)
    await process.receive("ready", timeout=PATIENCE)
    if through_link:
        sender = process.spawn(_link_and_exit, pid, reason)
    else:
        sender = process.spawn(process.exit, pid, reason)
    await settle()
    if process.alive(pid):
        process.send(pid, "are you there")
        match await process.receive(("got", ...), timeout=PATIENCE):
            case ("got", "are you there"):
                return "lives", None
            case ("got", Exit(from_, why)):
                assert from_ is sender
                return "message", why
            case other:
                raise AssertionError(other)
    return "ends", await down_of(ref)


async def _link_and_exit(pid: Pid, reason: Any) -> None:
    process.link(pid)
    process.exit(reason)


# ---- X1: the table


@pytest.mark.parametrize(
    ("reason", "traps", "through_link", "outcome"),
    [
        ("kill", False, False, ("ends", "killed")),  # row 2
        ("kill", True, False, ("ends", "killed")),  # row 2
        ("boom", True, False, ("message", "boom")),  # row 3
        ("boom", True, True, ("message", "boom")),  # row 3
        ("normal", True, False, ("message", "normal")),  # row 3
        ("normal", True, True, ("message", "normal")),  # row 3
        ("kill", True, True, ("message", "kill")),  # row 3
        ("killed", True, False, ("message", "killed")),  # row 3
        ("shutdown", True, False, ("message", "shutdown")),  # row 3
        ("normal", False, False, ("lives", None)),  # row 4
        ("normal", False, True, ("lives", None)),  # row 4
        ("boom", False, False, ("ends", "boom")),  # row 6
        ("boom", False, True, ("ends", "boom")),  # row 6
        ("killed", False, False, ("ends", "killed")),  # row 6
        ("shutdown", False, True, ("ends", "shutdown")),  # row 6
        (("shutdown", 1), False, False, ("ends", ("shutdown", 1))),  # row 6
        ("kill", False, True, ("ends", "kill")),  # row 6
        (None, False, False, ("ends", None)),  # row 6
        (0, False, True, ("ends", 0)),  # row 6
    ],
)
@on_virtual_clock
async def test_x1_what_a_signal_of_another_process_does(
    reason: Any, traps: bool, through_link: bool, outcome: Outcome
) -> None:
    """X1: rows 2, 3, 4 and 6 of the table."""
    assert await _outcome_of(reason, traps=traps, through_link=through_link) == outcome


@on_virtual_clock
async def test_x1_a_signal_through_a_link_that_is_gone_is_dropped() -> None:
    """X1, row 1: the partner's death comes through no link any more."""
    process.flag(trap_exit=True)
    pid, ref = process.spawn_opt(sleeper, link=True, monitor=True)
    process.exit(pid, "boom")

    process.unlink(pid)

    assert await down_of(ref) == "boom"
    assert process.flush() == []


@on_virtual_clock
async def test_x1_exit_self_normal_ends_with_normal() -> None:
    """X1, row 5: the one case in which 'normal' ends somebody."""

    async def child() -> None:
        process.exit(process.self(), "normal")
        raise AssertionError

    assert await watched_end(child) == "normal"


@pytest.mark.parametrize("reason", ["normal", "boom"])
@on_virtual_clock
async def test_x1_a_trapping_process_gets_its_own_signal_as_a_message(reason: str) -> None:
    """X1, row 3: also sent to itself."""
    process.flag(trap_exit=True)

    assert process.exit(process.self(), reason) is True

    assert process.flush() == [Exit(process.self(), reason)]


@on_virtual_clock
async def test_x1_exit_self_kill_ends_one_who_traps() -> None:
    """X1, row 2: killed, even when trapping."""

    async def child() -> None:
        process.flag(trap_exit=True)
        process.exit(process.self(), "kill")

    assert await watched_end(child) == "killed"


@on_virtual_clock
async def test_x5_exit_to_the_dead_is_true() -> None:
    """X5: exit(Pid, Reason) returns true, also for dead pids."""
    pid = await ended()

    assert process.exit(pid, "boom") is True
    assert process.exit(pid, "kill") is True


@pytest.mark.parametrize("thing", [None, "name", 42, ("name", "node")])
@on_virtual_clock
async def test_x5_exit_to_what_is_no_pid_is_badarg(thing: Any) -> None:
    """X5: a non-pid is badarg."""
    with pytest.raises(BadArgError, match="exit takes a Pid; got"):
        process.exit(thing, "reason")


@on_virtual_clock
async def test_x5_the_second_signal_changes_nothing() -> None:
    """X5: the first signal that ends a process gives the reason."""
    pid, ref = process.spawn_monitor(sleeper)

    process.exit(pid, "first")
    process.exit(pid, "second")
    process.exit(pid, "kill")

    assert await down_of(ref) == "first"


@on_virtual_clock
async def test_x1_kill_is_told_by_its_text() -> None:
    """V1: an Atom is a str; both spellings are the word."""
    pid, ref = process.spawn_monitor(sleeper)

    process.exit(pid, str(b"kill", "ascii"))

    assert await down_of(ref) == "killed"


@on_virtual_clock
async def test_x5_a_reason_is_never_compared_with_code_of_its_own() -> None:
    """X5: a reason is any term; its __eq__ is not run by whoever is linked."""

    class Odd:
        __hash__ = object.__hash__

        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

    reason = Odd()

    assert await watched_end(_linked_to_one_that_exits, reason) is reason


async def _linked_to_one_that_exits(reason: Any) -> None:
    process.spawn_link(process.exit, reason)
    await process.sleep(None)


# ---- X2, X3


@on_virtual_clock
async def test_x2_exit_1_with_kill_is_an_ordinary_reason() -> None:
    """X2: a partner that does not trap ends with 'kill', not 'killed'."""
    assert await watched_end(_linked_to_one_that_exits, "kill") == "kill"


@on_virtual_clock
async def test_x2_exit_1_with_kill_can_be_trapped() -> None:
    """X2: {'EXIT', Pid, kill}."""
    process.flag(trap_exit=True)

    pid = process.spawn_link(process.exit, "kill")

    assert await process.receive(timeout=PATIENCE) == Exit(pid, "kill")


@on_virtual_clock
async def test_x3_a_trapping_partner_survives_one_that_was_killed() -> None:
    """X3: through links it is 'killed' that goes on."""
    process.flag(trap_exit=True)
    pid = process.spawn_link(_linked_to_one_that_waits)
    await settle()
    (inner,) = (one for one in process.info(pid, "links") if one is not process.self())

    process.exit(inner, "kill")

    assert await process.receive(timeout=PATIENCE) == Exit(pid, "killed")


async def _linked_to_one_that_waits() -> None:
    process.spawn_link(sleeper)
    await process.sleep(None)


# ---- X4


@on_virtual_clock
async def test_x4_a_signal_to_oneself_is_there_before_the_next_expression() -> None:
    """X4: exit(self(), R) is effective at once."""
    steps: list[str] = []

    async def child() -> None:
        steps.append("before")
        process.exit(process.self(), "mine")
        steps.append("after")

    assert await watched_end(child) == "mine"
    assert steps == ["before"]


@on_virtual_clock
async def test_x4_a_signal_to_oneself_cannot_be_survived() -> None:
    """X4, C5: code that swallows ProcessExit cannot stay alive."""
    steps: list[str] = []

    async def child() -> None:
        try:
            process.exit(process.self(), "mine")
        except ProcessExit:
            steps.append("caught")
        assert not process.alive(process.self())
        await process.receive(timeout=0)
        steps.append("never")

    assert await watched_end(child) == "mine"
    assert steps == ["caught"]


# ---- T1


@on_virtual_clock
async def test_t1_the_flag_returns_its_old_value() -> None:
    """T1: process_flag(trap_exit, Bool)."""
    assert process.flag(trap_exit=True) is False
    assert process.flag(trap_exit=True) is True
    assert process.flag(trap_exit=False) is True
    assert process.info(process.self(), "trap_exit") is False


@on_virtual_clock
async def test_t1_the_flag_is_looked_at_when_the_signal_is_received() -> None:
    """T1: it matters what it is then, not when the link was made."""
    pid = process.spawn_link(sleeper)
    process.flag(trap_exit=True)

    process.exit(pid, "boom")

    assert await process.receive(timeout=PATIENCE) == Exit(pid, "boom")


@on_virtual_clock
async def test_t1_switching_it_off_leaves_the_messages_that_are_there() -> None:
    """T1."""
    process.flag(trap_exit=True)
    pid = process.spawn_link(process.exit, "boom")
    await settle()

    process.flag(trap_exit=False)

    assert process.flush() == [Exit(pid, "boom")]


@on_virtual_clock
async def test_t1_switched_off_the_next_signal_ends_the_process() -> None:
    """T1."""

    async def child() -> None:
        process.flag(trap_exit=True)
        process.flag(trap_exit=False)
        process.spawn_link(process.exit, "boom")
        await process.sleep(None)

    assert await watched_end(child) == "boom"


# ---- T2


@on_virtual_clock
async def test_t2_exit_messages_of_one_who_does_not_read_are_collected() -> None:
    """T2: in the order of the signals."""
    process.flag(trap_exit=True)
    pids = [process.spawn_link(process.exit, number) for number in range(5)]

    await settle()

    expected = [Exit(pid, number) for number, pid in enumerate(pids)]
    assert process.info(process.self(), "messages") == expected
    assert process.flush() == expected


@on_virtual_clock
async def test_t2_a_trapping_process_can_be_killed() -> None:
    """T2, row 2."""
    pid, ref = process.spawn_monitor(_collector, process.self(), traps=True)
    await process.receive("ready", timeout=PATIENCE)

    process.exit(pid, "kill")

    assert await down_of(ref) == "killed"


@on_virtual_clock
async def test_t2_a_trapping_process_ends_by_its_own_error() -> None:
    """T2."""

    async def child() -> None:
        process.flag(trap_exit=True)
        raise LookupError

    assert isinstance(await watched_end(child), LookupError)


@on_virtual_clock
async def test_t2_a_trapped_signal_wakes_a_receive() -> None:
    """T2: it is a message like any other."""
    parent = process.self()

    async def child() -> None:
        process.flag(trap_exit=True)
        process.send(parent, "ready")
        process.send(parent, await process.receive(Exit))

    pid = process.spawn(child)
    await process.receive("ready", timeout=PATIENCE)
    process.exit(pid, "boom")

    assert await process.receive(Exit, timeout=PATIENCE) == Exit(parent, "boom")


@on_virtual_clock
async def test_a_signal_is_not_lost_in_a_process_that_awaits_a_future() -> None:
    """P4: trapping, it stays in the mailbox until the process receives."""
    parent = process.self()
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def child() -> None:
        process.flag(trap_exit=True)
        process.send(parent, "ready")
        await future
        process.send(parent, await process.receive(timeout=0))

    pid = process.spawn(child)
    await process.receive("ready", timeout=PATIENCE)
    process.exit(pid, "boom")
    future.set_result(None)

    assert await process.receive(Exit, timeout=PATIENCE) == Exit(parent, "boom")
