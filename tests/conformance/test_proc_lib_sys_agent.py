"""OTP's proc_lib and sys, Elixir's Agent: cases of their own suites, in our words."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from beamish import process
from beamish.otp import Agent, GenServer, StartError, Supervisor, gen_server, proc_lib, sys
from beamish.terms import BadArgError, Pid
from tests.otp.support import (
    ended_by,
    exit_reason,
    on_real_clock,
    on_virtual_clock,
    outcome,
    reason_of,
)
from tests.support.logs import fields_of

# ---- proc_lib


async def crashes(reason: Any) -> None:
    """Fails, with a neighbour."""
    process.spawn_link(process.sleep, None)
    if isinstance(reason, Exception):
        raise reason
    process.exit(reason)


@pytest.mark.parametrize("reason", [ValueError("boom"), "odd"])
@on_real_clock
async def test_crash(reason: Any, caplog: pytest.LogCaptureFixture) -> None:
    """OTP proc_lib: crash."""
    pid = proc_lib.spawn(crashes, reason)

    assert await reason_of(pid) in (reason, "noproc")
    (record,) = caplog.records
    fields = fields_of(record)
    assert vars(record)["report"] == "crash"
    assert fields["initial_call"] == f"{__name__}.crashes"
    assert fields["ancestors"][0] == repr(process.self())
    assert len(fields["links"]) == 1
    assert isinstance(reason, str) or "in crashes" in str(fields["stack"])


@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", "why")])
@on_real_clock
async def test_no_crash(reason: Any, caplog: pytest.LogCaptureFixture) -> None:
    """OTP proc_lib: crash (none for shutdown reasons)."""
    await outcome(proc_lib.spawn, crashes, reason)
    await process.sleep(0)

    assert caplog.records == []


@on_real_clock
async def test_sync_start_nolink() -> None:
    """OTP proc_lib: sync_start_nolink (and sync_start_link)."""
    events: list[str] = []

    async def starting() -> None:
        await process.sleep(0)
        events.append("acknowledges")
        proc_lib.init_ack("hello")
        await process.receive("stop")

    for start in (proc_lib.start, proc_lib.start_link):
        events.clear()
        pid, info = await start(starting)
        events.append("returned")

        assert events == ["acknowledges", "returned"]
        assert info == "hello"
        process.send(pid, "stop")


@on_real_clock
async def test_sync_start_of_what_fails() -> None:
    """OTP proc_lib: sync_start_nolink (the process ends instead)."""
    with pytest.raises(StartError) as failed:
        await proc_lib.start(process.exit, "bad_start")

    assert failed.value.reason == "bad_start"


@on_real_clock
async def test_hibernate(caplog: pytest.LogCaptureFixture) -> None:
    """OTP proc_lib: hibernate."""

    async def sleeper(data: dict[str, Any]) -> None:
        match await process.receive():
            case ("what", witness):
                process.send(witness, data)
            case "crash":
                raise ValueError(data)
            case other:
                data = {**data, "last": other}
        proc_lib.hibernate(sleeper, data)

    pid, ref = proc_lib.spawn_monitor(sleeper, {"kept": [1, 2]})
    process.send(pid, "something")
    process.send(pid, ("what", process.self()))

    assert await process.receive() == {"kept": [1, 2], "last": "something"}
    process.send(pid, "crash")
    told = await process.receive()
    (record,) = caplog.records
    assert told.ref == ref
    assert isinstance(told.reason, ValueError)
    assert fields_of(record)["initial_call"].endswith("sleeper")


@on_real_clock
async def test_otp_6345() -> None:
    """OTP proc_lib: otp_6345."""
    starts: list[Any]
    starts = [proc_lib.start, proc_lib.start_link, GenServer.start, GenServer.start_link]
    for start in starts:
        with pytest.raises(BadArgError):
            await start(wait, spawn_opt={"monitor": True})


async def wait() -> None:
    await process.receive("stop")


class Stopped(GenServer):
    """Stops slowly, or with another reason."""

    def init(self, slow: float = 0, instead: Any = None) -> None:
        self.slow, self.instead = slow, instead

    async def terminate(self, reason: Any) -> None:
        await process.sleep(self.slow)
        if self.instead is not None:
            process.exit(self.instead)


@on_virtual_clock
async def test_stop() -> None:
    """OTP proc_lib: stop."""
    pid = await Stopped.start()
    named = await Stopped.start(name="named")
    by_node = await Stopped.start(name="by_node")
    slow = await Stopped.start(10.0)
    contrary = await Stopped.start(instead="instead")

    await proc_lib.stop(pid)
    await proc_lib.stop("named", "shutdown", 5.0)
    await proc_lib.stop(("by_node", by_node.node))

    assert [process.alive(one) for one in (pid, named, by_node)] == [False] * 3
    assert await exit_reason(proc_lib.stop(pid)) == "noproc"
    assert await exit_reason(proc_lib.stop("nobody")) == "noproc"
    assert await exit_reason(proc_lib.stop(slow, "normal", 1.0)) == "timeout"
    assert await exit_reason(proc_lib.stop(contrary)) == "instead"


@on_real_clock
async def test_t_format(caplog: pytest.LogCaptureFixture) -> None:
    """OTP proc_lib: t_format."""

    async def big() -> None:
        process.set_label("x" * 100_000)
        process.exit({"reason": ["y" * 1000] * 1000})

    await reason_of(proc_lib.spawn(big))
    (record,) = caplog.records
    lines = record.getMessage().splitlines()

    assert lines[0].endswith("terminating")
    assert any(line.startswith("    Initial call: ") for line in lines)
    assert all(len(line) < 1_200_000 for line in lines)


@on_real_clock
async def test_t_format_arbitrary(caplog: pytest.LogCaptureFixture) -> None:
    """OTP proc_lib: t_format_arbitrary."""

    class Odd:
        def __repr__(self) -> str:
            raise ValueError("no repr")

    async def odd(reason: Any) -> None:
        process.set_label(Odd())
        process.send(process.self(), Odd())
        await process.receive(Odd)
        process.exit(reason)

    cyclic: list[Any] = []
    cyclic.append(cyclic)
    reasons: list[Any] = [cyclic, b"\xff", object(), ("a", "improper", {}), float("nan")]
    for reason in reasons:
        caplog.clear()
        with caplog.at_level(logging.ERROR, "beamish"):
            await reason_of(proc_lib.spawn(odd, reason))
        assert len(caplog.records) == 1
        assert "terminating" in caplog.records[0].getMessage()


# ---- sys


class Echo(GenServer):
    def handle_call(self, request: Any, caller: gen_server.Caller) -> Any:
        return request


@on_real_clock
async def test_log(capsys: pytest.CaptureFixture[str]) -> None:
    """OTP sys: log."""
    pid = await Echo.start_link(name="echo")
    await sys.log(pid, True)
    for number in range(10):
        await gen_server.call(pid, number)

    last = await sys.log(pid, "get")
    await sys.log(pid, "print")
    await sys.log(pid, (True, 2))
    shorter = await sys.log(pid, "get")
    await sys.log(pid, False)

    assert len(last or ()) == 10
    assert len(shorter or ()) == 2
    assert last is not None
    assert shorter == last[-2:]
    assert len(capsys.readouterr().out.splitlines()) == 10
    assert await sys.log(pid, "get") == []


@on_real_clock
async def test_log_to_file(tmp_path: Path) -> None:
    """OTP sys: log_to_file."""
    pid = await Echo.start_link(name="echo")
    path = tmp_path / "log"

    await sys.log_to_file(pid, path)
    await gen_server.call(pid, 44)
    await sys.log_to_file(pid, False)
    await gen_server.call(pid, 45)

    assert path.read_text().splitlines() == [
        f"*DBG* echo got call 44 from {process.self()!r}",
        f"*DBG* echo sent 44 to {process.self()!r}, new state {{}}",
    ]
    with pytest.raises(OSError, match="No such file"):
        await sys.log_to_file(pid, tmp_path / "no" / "log")


@on_real_clock
async def test_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """OTP sys: trace."""
    pid = await Echo.start_link(name="echo")

    await sys.trace(pid, True)
    await gen_server.call(pid, 44)
    await sys.trace(pid, False)
    await gen_server.call(pid, 45)

    lines = capsys.readouterr().out.splitlines()
    assert [line[:20] for line in lines] == ["*DBG* echo got call ", "*DBG* echo sent 44 t"]


@on_real_clock
async def test_install() -> None:
    """OTP sys: install."""
    pid = await Echo.start_link()
    me = process.self()

    def tell(state: Any, event: sys.Event, _name: Any) -> Any:
        if event[0] == "in":
            process.send(me, (state, event[1][2]))
        return state

    await sys.install(pid, (tell, "by function"))
    await sys.install(pid, (tell, "a second time"))
    await sys.install(pid, ("id 1", tell, "by id 1"))
    await sys.install(pid, ("id 2", tell, "by id 2"))
    await gen_server.call(pid, 1)
    await sys.remove(pid, "id 1")
    await gen_server.call(pid, 2)
    await sys.remove(pid, tell)
    await gen_server.call(pid, 3)

    assert process.flush() == [
        *(("by id 2", 1), ("by id 1", 1), ("by function", 1)),
        *(("by id 2", 2), ("by function", 2)),
    ]


# ---- Agent


@on_real_clock
async def test_can_be_supervised_directly() -> None:
    """Elixir Agent: can be supervised directly."""
    supervisor = await Supervisor.start_link([Agent.child_spec(list, name="agent")])

    first = Agent.whereis("agent")
    assert isinstance(first, Pid)
    await Agent.update("agent", lambda state: [*state, 1])
    await ended_by(first, "kill")
    await sys.get_state(supervisor)

    assert await Agent.get("agent", lambda state: state) == []
    assert Agent.whereis("agent") != first


@on_real_clock
async def test_generates_child_spec() -> None:
    """Elixir Agent: generates child_spec/1."""

    class Default(Agent):
        pass

    class Own(Agent, id="my id", restart="temporary", shutdown=1.0):
        pass

    plain, own = Default.child_spec(dict), Own.child_spec(dict)
    over = Own.child_spec(dict, id="other", restart="permanent", shutdown="brutal_kill")

    assert (plain.id, plain.restart, plain.shutdown, plain.type) == (
        *("Default", "permanent", 5.0, "worker"),
    )
    assert plain.start == (Default.start_link, (dict,), {})
    assert (own.id, own.restart, own.shutdown) == ("my id", "temporary", 1.0)
    assert (over.id, over.restart, over.shutdown) == ("other", "permanent", "brutal_kill")


@on_real_clock
async def test_start_link_with_spawn_opt() -> None:
    """Elixir Agent: start_link/2 with spawn_opt."""
    pid = await Agent.start_link(dict, spawn_opt={"label": "labelled"})

    assert process.info(pid, "label") == "labelled"


@on_real_clock
async def test_change_code() -> None:
    """Elixir Agent: :sys.change_code/4 with mfa."""

    def changed(state: dict[str, int], key: str) -> dict[str, int]:
        return {**state, key: len(state)}

    pid = await Agent.start_link(lambda: {"old": 0})

    await sys.suspend(pid)
    await sys.change_code(pid, None, "1", (changed, "new"))
    await sys.resume(pid)

    assert await Agent.get(pid, lambda state: state) == {"old": 0, "new": 1}
