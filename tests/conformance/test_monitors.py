"""Monitors: cases of the emulator's own suite, in our words."""

from __future__ import annotations

from typing import Any

import pytest

from beamish import process
from beamish.terms import BadArgError, Down, Pid
from tests.otp.support import down, ended_by, on_real_clock

BIG = {"list": list(range(10_000)), "text": "x" * 100_000}


async def wait() -> None:
    await process.receive("stop")


@on_real_clock
async def test_case_1() -> None:
    """OTP monitors: case_1."""

    async def watcher(witness: Pid) -> None:
        b = process.spawn(killer, process.self())
        process.monitor(b)
        process.send(b, "kill me")
        process.send(witness, await process.receive())

    async def killer(victim: Pid) -> None:
        await process.receive("kill me")
        process.exit(victim, "kill")
        process.exit("killer done")

    a, ref = process.spawn_monitor(watcher, process.self())

    assert await down(ref) == "killed"
    assert not process.alive(a)


@pytest.mark.parametrize("atomically", [False, True])
@on_real_clock
async def test_case_2(atomically: bool) -> None:
    """OTP monitors: case_2, case_2a."""

    async def removes_it() -> None:
        ref = await process.receive()
        process.demonitor(ref)
        process.exit("end")

    if atomically:
        pid, ref = process.spawn_monitor(removes_it)
    else:
        pid = process.spawn(removes_it)
        ref = process.monitor(pid)
    process.send(pid, ref)

    assert await process.receive() == Down(ref, "process", pid, "end")


@pytest.mark.parametrize("dest", [5, None, ("a",), ("a", 5), b"name", 1.5])
@on_real_clock
async def test_mon_e_1(dest: Any) -> None:
    """OTP monitors: mon_e_1."""
    with pytest.raises(BadArgError):
        process.monitor(dest)


@pytest.mark.parametrize("options", [{"alias": "for ever"}, {"alias": True}])
@on_real_clock
async def test_mon_e_1_options(options: Any) -> None:
    """OTP monitors: mon_e_1 (options)."""
    with pytest.raises(BadArgError):
        process.monitor(process.self(), **options)


@pytest.mark.parametrize("ref", [5, None, "ref", (1, 2)])
@on_real_clock
async def test_demon_e_1(ref: Any) -> None:
    """OTP monitors: demon_e_1."""
    with pytest.raises(BadArgError):
        process.demonitor(ref)


@on_real_clock
async def test_demon_e_1_anothers() -> None:
    """OTP monitors: demon_e_1 (another's reference)."""

    async def watcher(pid: Pid, witness: Pid) -> None:
        ref = process.monitor(pid)
        process.send(witness, ref)
        process.send(witness, await down(ref))

    pid = process.spawn(wait)
    process.spawn(watcher, pid, process.self())
    ref = await process.receive()

    assert process.demonitor(ref)
    assert process.demonitor(process.make_ref())
    process.send(pid, "stop")
    assert await process.receive() == "normal"


@on_real_clock
async def test_demon_2() -> None:
    """OTP monitors: demon_2."""
    own = process.monitor(process.self())
    pid = process.spawn(wait)
    ref = process.monitor(pid)

    results = [process.demonitor(own), process.demonitor(ref), process.demonitor(ref)]
    await ended_by(pid, "kill")

    assert results == [True, True, True]
    assert process.flush() == []


@on_real_clock
async def test_demonitor_flush() -> None:
    """OTP monitors: demonitor_flush."""
    pid = process.spawn(wait)
    refs = [process.monitor(pid) for _ in range(3)]
    await ended_by(pid, "kill")

    process.demonitor(refs[0], flush=True)
    process.demonitor(refs[1])
    left = {message.ref for message in process.flush()}

    assert left == {refs[1], refs[2]}
    assert process.demonitor(refs[0], flush=True)
    with pytest.raises(TypeError):
        process.demonitor(refs[0], flesh=True)  # type: ignore[call-arg]


@on_real_clock
async def test_gh_5225_demonitor_alias() -> None:
    """OTP monitors: gh_5225_demonitor_alias."""
    alias = process.alias()
    assert process.demonitor(alias)
    assert not process.demonitor(alias, info=True)
    process.send(alias, "still an alias")
    process.unalias(alias)
    assert process.demonitor(alias)

    pid = process.spawn(wait)
    ref = process.monitor(pid, alias="explicit_unalias")
    assert process.demonitor(ref, info=True)
    assert not process.demonitor(ref, info=True)
    process.send(ref, "alias of a monitor that was")
    process.unalias(ref)

    assert process.flush() == ["still an alias", "alias of a monitor that was"]


@on_real_clock
async def test_local_remove_monitor() -> None:
    """OTP monitors: local_remove_monitor."""
    rounds = 300
    pids = [process.spawn(wait) for _ in range(rounds)]
    refs = [process.monitor(pid) for pid in pids]
    for number, pid in enumerate(pids):
        if number % 3:
            process.exit(pid, "bye")
        if number % 7 == 0:
            await process.sleep(0)

    removed = {ref: process.demonitor(ref, info=True) for ref in refs}
    for pid in pids:
        process.exit(pid, "kill")
    await process.sleep(0)
    told = {message.ref for message in process.flush()}

    assert all(removed[ref] == (ref not in told) for ref in refs)


@on_real_clock
async def test_mon_1() -> None:
    """OTP monitors: mon_1."""
    dead = process.spawn(wait)
    await ended_by(dead, "kill")
    named = process.spawn(wait)
    process.register("named", named)
    node = named.node

    refs = [
        process.monitor(dead),
        process.monitor("nobody"),
        process.monitor(("nobody", node)),
        process.monitor("named"),
        process.monitor(("named", node)),
        process.monitor(named),
    ]
    process.exit(named, "bye")

    told = [await process.receive(("DOWN", ref, ..., ..., ...)) for ref in refs]
    assert [message[3:] for message in told] == [
        (dead, "noproc"),
        (("nobody", node), "noproc"),
        (("nobody", node), "noproc"),
        (("named", node), "bye"),
        (("named", node), "bye"),
        (named, "bye"),
    ]


@on_real_clock
async def test_large_exit() -> None:
    """OTP monitors: large_exit."""

    async def big() -> None:
        process.exit(BIG)

    _, ref = process.spawn_monitor(big)

    assert await down(ref) == BIG


@on_real_clock
async def test_named_down() -> None:
    """OTP monitors: named_down."""
    for _ in range(50):
        pid = process.spawn(wait)
        process.register("name", pid)
        ref = process.monitor("name")
        process.exit(pid, "kill")
        await down(ref)

        assert process.whereis("name") is None
        process.register("name", process.self())
        process.unregister("name")


@pytest.mark.parametrize("alias", ["explicit_unalias", "demonitor", "reply_demonitor"])
@pytest.mark.parametrize("who", ["dead", "unknown", "unknown on this node"])
@on_real_clock
async def test_monitor_3_noproc_gh6185(who: str, alias: str) -> None:
    """OTP monitors: monitor_3_noproc_gh6185."""
    dead = process.spawn(wait)
    await ended_by(dead, "kill")
    dest: Any = {"dead": dead, "unknown": "nobody"}.get(who, ("nobody", dead.node))

    ref = process.monitor(dest, alias=alias, tag="tagged")
    told = await process.receive()
    process.send(ref, "through the alias")
    through = process.flush()

    assert told[0] == "tagged"
    assert told[4] == "noproc"
    assert through == (["through the alias"] if alias == "explicit_unalias" else [])
    assert process.unalias(ref) == (alias == "explicit_unalias")
