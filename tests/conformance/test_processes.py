"""Processes: cases of the emulator's own suite, in our words."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from beamish import process
from beamish.terms import BadArgError, Exit, Pid, to_erlang
from tests.otp.support import down, ended_by, on_real_clock, outcome

BIG = {"list": list(range(20_000)), "text": "x" * 100_000, "tuple": tuple(range(1000))}


async def wait() -> None:
    await process.receive("stop")


@on_real_clock
async def test_t_exit_1() -> None:
    """OTP processes: t_exit_1."""
    process.flag(trap_exit=True)

    pid = process.spawn_link(process.exit, BIG)

    assert await process.receive() == Exit(pid, BIG)


@on_real_clock
async def test_abnormal_suicide_exit() -> None:
    """OTP processes: abnormal_suicide_exit."""
    process.flag(trap_exit=True)

    async def suicide() -> None:
        process.exit(process.self(), BIG)
        await process.sleep(None)

    pid = process.spawn_link(suicide)

    assert await process.receive() == Exit(pid, BIG)


@on_real_clock
async def test_trap_exit_badarg() -> None:
    """OTP processes: trap_exit_badarg."""
    process.flag(trap_exit=True)

    def fails(arg: Any) -> int:
        return int(arg)

    pid = process.spawn_link(fails, [BIG])
    told = await process.receive()
    error, stack = to_erlang(told.reason)

    assert told.pid == pid
    assert error == "badarg"
    assert stack[0][1].endswith("fails")


@on_real_clock
async def test_trap_exit_badarg_in_bif() -> None:
    """OTP processes: trap_exit_badarg_in_bif."""
    process.flag(trap_exit=True)

    pid = process.spawn_link(cast("Any", process.register), 5, 6)
    told = await process.receive()

    assert told.pid == pid
    assert to_erlang(told.reason)[0] == "badarg"


@on_real_clock
async def test_t_process_info() -> None:
    """OTP processes: t_process_info."""
    me = process.self()
    assert process.info(me, "registered_name") == ""
    process.register("me", me)

    assert process.info(me, "registered_name") == "me"
    assert process.info(me, "status") == "running"
    wrongs: list[Any] = [(me, "no such item"), (5, "status"), ("me", "status")]
    for wrong in wrongs:
        with pytest.raises(BadArgError):
            process.info(*wrong)


@on_real_clock
async def test_process_info_other() -> None:
    """OTP processes: process_info_other."""

    async def looks(other: Pid) -> None:
        for _ in range(200):
            process.info(other)
            await process.sleep(0)

    pid, ref = process.spawn_monitor(looks, process.self())
    while process.alive(pid):
        looked = process.info(pid)
        assert looked is None or looked["links"] == []
        await process.sleep(0)

    assert await down(ref) == "normal"


@on_real_clock
async def test_process_info_other_message_queue_len_signal_race() -> None:
    """OTP processes: process_info_other_message_queue_len_signal_race."""
    pid = process.spawn(wait)
    for number in range(200):
        ref = process.monitor(pid)
        process.send(pid, number)
        assert process.info(pid, "message_queue_len") == number + 1
        process.demonitor(ref)


@on_real_clock
async def test_process_info_other_status() -> None:
    """OTP processes: process_info_other_status."""
    pid = process.spawn(wait)
    await process.sleep(0)

    assert process.info(pid, "status") == "waiting"


@on_real_clock
async def test_process_info_parent() -> None:
    """OTP processes: process_info_parent."""

    async def parent(witness: Pid) -> None:
        process.send(witness, (process.self(), process.spawn(wait)))
        await process.receive("end")

    mother = process.spawn(parent, process.self())
    told, child = await process.receive()
    alive = process.info(child, "parent")
    await ended_by(mother, "kill")

    assert alive == process.info(child, "parent") == told == mother


@on_real_clock
async def test_process_info_self_msgq_len() -> None:
    """OTP processes: process_info_self_msgq_len.

    Also process_info_self_msgq_len_messages and process_info_self_msgq_len_more.
    """
    me = process.self()
    for number in range(5):
        process.send(me, number)

    every = process.info(me)
    assert process.info(me, "message_queue_len") == 5
    assert process.info(me, "messages") == [0, 1, 2, 3, 4]
    assert every is not None
    assert (every["message_queue_len"], every["messages"]) == (5, [0, 1, 2, 3, 4])


@on_real_clock
async def test_process_info_msgq_len_no_very_long_delay() -> None:
    """OTP processes: process_info_msgq_len_no_very_long_delay."""
    pid = process.spawn(wait)

    async def flood() -> None:
        for number in range(5_000):
            process.send(pid, number)
            process.demonitor(process.monitor(pid))

    floods = [process.spawn_monitor(flood)[1] for _ in range(3)]
    lengths: list[int] = []
    for ref in floods:
        lengths.append(process.info(pid, "message_queue_len"))
        await down(ref)

    assert process.info(pid, "message_queue_len") == 15_000
    assert lengths == sorted(lengths)


@on_real_clock
async def test_process_info_dict_lookup() -> None:
    """OTP processes: process_info_dict_lookup."""

    async def keeps(witness: Pid) -> None:
        process.put("key", "value")
        process.put(("any", "term"), 2)
        process.send(witness, "kept")
        await wait()

    pid = process.spawn(keeps, process.self())
    await process.receive("kept")

    found = process.info(pid, "dictionary")
    assert (found["key"], found["any", "term"], found.get("x")) == ("value", 2, None)


@on_real_clock
async def test_process_info_label() -> None:
    """OTP processes: process_info_label."""
    me = process.self()

    before = process.info(me, "label")
    process.set_label({"any": "term"})

    assert (before, process.info(me, "label")) == (None, {"any": "term"})


@on_real_clock
async def test_process_info_messages() -> None:
    """OTP processes: process_info_messages."""
    me = process.self()
    senders, each = 10, 50

    async def sender(name: int) -> None:
        for number in range(each):
            process.send(me, (name, number))
            if number % 7 == 0:
                await process.sleep(0)

    for name in range(senders):
        process.spawn(sender, name)
    seen: list[Any] = []
    while len(seen) < senders * each:
        await process.sleep(0)
        now = process.info(me, "messages")
        assert now[: len(seen)] == seen
        seen = now

    assert len(set(seen)) == senders * each


@pytest.mark.parametrize("nested", [False, True])
@on_real_clock
async def test_yield(nested: bool) -> None:
    """OTP processes: yield, yield2."""
    turns: list[int] = []

    async def inner() -> None:
        await process.sleep(0)

    async def taker(name: int) -> None:
        process.send(process.self(), "pending")
        for _ in range(20):
            turns.append(name)
            await (inner() if nested else process.sleep(0))

    refs = [process.spawn_monitor(taker, name)[1] for name in range(3)]
    for ref in refs:
        await down(ref)

    assert turns == [0, 1, 2] * 20


@on_real_clock
async def test_bad_register() -> None:
    """OTP processes: bad_register."""
    me = process.self()
    other, dead = process.spawn(wait), process.spawn(wait)
    await ended_by(dead, "kill")
    process.register("taken", me)
    before = process.registered()

    wrong: list[Any] = [
        *(("taken", other), ("taken", me), ("other", me), ("dead", dead)),
        *(("undefined", other), (5, other), (None, other), ("name", "pid"), ("name", None)),
    ]
    for name, pid in wrong:
        with pytest.raises(BadArgError):
            process.register(name, pid)
    with pytest.raises(BadArgError):
        process.unregister("nobody")

    assert process.registered() == before
    assert process.whereis("taken") == me


@on_real_clock
async def test_processes_default_tab() -> None:
    """OTP processes: processes_default_tab, processes_term_proc_list."""
    lasting = [process.spawn(wait) for _ in range(50)]
    ended: set[Pid] = set()

    for _ in range(30):
        brief = [process.spawn(wait) for _ in range(20)]
        every = process.list()
        assert len(set(every)) == len(every)
        assert set(lasting) | set(brief) <= set(every)
        assert not ended & set(every)
        for pid in brief:
            await ended_by(pid, "kill")
        ended.update(brief)

    assert not ended & set(process.list())


@on_real_clock
async def test_processes_send_infant() -> None:
    """OTP processes: processes_send_infant."""
    process.spawn(wait)

    for pid in process.list():
        if pid != process.self():
            assert process.send(pid, "infant") == "infant"
            assert process.info(pid, "message_queue_len") == 1


@on_real_clock
async def test_otp_6237() -> None:
    """OTP processes: otp_6237."""
    pids = [process.spawn(wait) for _ in range(50)]

    for pid in pids:
        process.exit(pid, "kill")
        assert process.info(pid) is None
        assert process.info(pid, "messages") is None
        await process.sleep(0)
        assert process.info(pid, "links") is None


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("monitor", [False, True])
@on_real_clock
async def test_spawn_request_bif(link: bool, monitor: bool) -> None:
    """OTP processes: spawn_request_bif."""
    process.flag(trap_exit=True)
    ref = process.spawn_request(wait, link=link, monitor=monitor)

    tag, same, kind, pid = await process.receive()
    process.exit(pid, "bye")
    told = [await process.receive() for _ in range(link + monitor)]

    assert (tag, same, kind) == ("spawn_reply", ref, "ok")
    assert {message[0] for message in told} == {*(["EXIT"] * link), *(["DOWN"] * monitor)}
    assert all(message[1] == ref for message in told if message[0] == "DOWN")


@on_real_clock
async def test_spawn_request_with_bad_options() -> None:
    """OTP processes: spawn_request_bif (bad options)."""
    ref = process.spawn_request(wait, monitor={"alias": "for ever"})

    assert await process.receive(timeout=0) == ("spawn_reply", ref, "error", "badopt")
    with pytest.raises(BadArgError):
        process.spawn_request(wait, reply="maybe")  # type: ignore[arg-type]  # what is wrong


@on_real_clock
async def test_spawn_request_link_parent_exit() -> None:
    """OTP processes: spawn_request_link_parent_exit."""

    async def parent(witness: Pid) -> None:
        process.spawn_request(tells, witness, link=True)
        process.exit("parents_end")

    async def tells(witness: Pid) -> None:
        process.send(witness, process.self())
        await process.sleep(None)

    _, ref = process.spawn_monitor(parent, process.self())
    await down(ref)
    for message in process.flush():
        assert await down(process.monitor(message)) in ("parents_end", "noproc")


@on_real_clock
async def test_spawn_request_abandon_bif() -> None:
    """OTP processes: spawn_request_abandon_bif (here it is done at once)."""
    ref = process.spawn_request(wait)

    assert not process.spawn_request_abandon(ref)
    assert (await process.receive(timeout=0))[:3] == ("spawn_reply", ref, "ok")
    with pytest.raises(BadArgError):
        process.spawn_request_abandon("ref")  # type: ignore[arg-type]  # what is wrong


@pytest.mark.parametrize(
    ("reply", "kinds"),
    [("yes", ["ok", "error"]), ("no", []), ("success_only", ["ok"]), ("error_only", ["error"])],
)
@on_real_clock
async def test_spawn_request_reply_option(reply: Any, kinds: list[str]) -> None:
    """OTP processes: spawn_request_reply_option."""
    process.spawn_request(wait, reply=reply, reply_tag="mine")
    process.spawn_request(wait, reply=reply, reply_tag="mine", monitor={"alias": "wrong"})

    assert [(message[0], message[2]) for message in process.flush()] == [
        ("mine", kind) for kind in kinds
    ]


@pytest.mark.parametrize("kind", ["explicit_unalias", "demonitor", "reply_demonitor"])
@pytest.mark.parametrize("spawned", [False, True])
@on_real_clock
async def test_demonitor_aliasmonitor(kind: str, spawned: bool) -> None:
    """OTP processes: spawn_monitor_alias, demonitor_aliasmonitor."""
    if spawned:
        _, ref = process.spawn_opt(wait, monitor={"alias": kind})
    else:
        ref = process.monitor(process.spawn(wait), alias=kind)

    process.demonitor(ref)
    process.send(ref, "after")

    assert process.flush() == (["after"] if kind == "explicit_unalias" else [])


@pytest.mark.parametrize("kind", ["explicit_unalias", "demonitor", "reply_demonitor"])
@on_real_clock
async def test_down_aliasmonitor(kind: str) -> None:
    """OTP processes: down_aliasmonitor."""
    pid, ref = process.spawn_opt(wait, monitor={"alias": kind})
    process.send(pid, "stop")
    await down(ref)

    process.send(ref, "after")

    assert process.flush() == (["after"] if kind == "explicit_unalias" else [])


@on_real_clock
async def test_monitor_tag() -> None:
    """OTP processes: monitor_tag."""
    pid, spawned = process.spawn_opt(wait, monitor={"tag": ("my", "tag")})
    ref = process.monitor(pid, tag="other")
    requested = process.spawn_request(process.exit, "bye", monitor={"tag": 3}, reply="no")
    process.send(pid, "stop")
    told = {message[1]: message for message in [await process.receive() for _ in range(3)]}

    assert told[spawned] == (("my", "tag"), spawned, "process", pid, "normal")
    assert told[ref] == ("other", ref, "process", pid, "normal")
    assert told[requested][0] == 3


@on_real_clock
async def test_no_pid_wrap() -> None:
    """OTP processes: no_pid_wrap."""

    async def brief() -> None:
        pass

    seen: set[Pid] = set()
    for _ in range(20):
        batch = [process.spawn(brief) for _ in range(500)]
        await asyncio.sleep(0)
        assert not seen & set(batch)
        seen.update(batch)

    assert len(seen) == 10_000


@on_real_clock
async def test_an_exit_with_a_big_reason_is_the_same_by_monitor() -> None:
    """OTP processes: t_exit_1 (by monitor)."""
    assert await outcome(process.exit, BIG) == BIG
