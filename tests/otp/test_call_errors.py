"""E6: a failed call is an exception, and where nobody catches it an exit of its process.

Each function that exits its caller in OTP, with each kind of failure; then what becomes of the
error where it is not caught.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import subprocess
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import beamish
from beamish import CallError, CallTimeout, Down, Exit, Pid, ProcessExit, process
from beamish.otp import (
    Agent,
    ChildSpec,
    DynamicSupervisor,
    GenEventHandler,
    GenServer,
    GenStatem,
    PartitionSupervisor,
    Registry,
    StartError,
    Supervisor,
    Task,
    TaskSupervisor,
    call,
    gen_event,
    gen_server,
    gen_statem,
    global_,
    pg,
    proc_lib,
    sys,
)
from tests.support.logs import reports

from .support import down, on_real_clock, on_virtual_clock, outcome

Ask = Callable[[Any, Any], Awaitable[Any]]


class Typed(GenServer):
    @call
    def value(self) -> None: ...


class Handler(GenEventHandler):
    """A handler of events."""


def same(state: Any) -> Any:
    return state


# Each asks `dest`, within some seconds where it takes a time-out.
ASKS: dict[str, Ask] = {
    "gen_server.call": lambda dest, time: gen_server.call(dest, "x", time),
    "GenServer.call": lambda dest, time: GenServer.call(dest, "x", time),
    "@call": lambda dest, time: Typed.value.within(time)(dest),
    "gen_statem.call": lambda dest, time: gen_statem.call(dest, "x", time),
    "gen_event.call": lambda dest, time: gen_event.call(dest, Handler, "x", time),
    "Agent.get": lambda dest, time: Agent.get(dest, same, timeout=time),
    "Agent.update": lambda dest, time: Agent.update(dest, same, timeout=time),
    "Agent.get_and_update": lambda dest, time: Agent.get_and_update(dest, same, timeout=time),
    "sys.get_state": sys.get_state,
    "sys.get_status": sys.get_status,
    "sys.replace_state": lambda dest, time: sys.replace_state(dest, same, time),
    "sys.suspend": sys.suspend,
    "sys.resume": sys.resume,
    "sys.terminate": lambda dest, time: sys.terminate(dest, "normal", time),
    "sys.change_code": lambda dest, time: sys.change_code(dest, None, None, None, time),
    "sys.trace": lambda dest, time: sys.trace(dest, False, time),
    "sys.no_debug": sys.no_debug,
}
# These take no time-out, or none from their callers.
PATIENT: dict[str, Ask] = {
    "gen_event.which_handlers": lambda dest, _: gen_event.which_handlers(dest),
    "gen_event.sync_notify": lambda dest, _: gen_event.sync_notify(dest, "x"),
    "gen_event.add_handler": lambda dest, _: gen_event.add_handler(dest, Handler),
    "gen_event.delete_handler": lambda dest, _: gen_event.delete_handler(dest, Handler),
    "Supervisor.which_children": lambda dest, _: Supervisor.which_children(dest),
    "Supervisor.count_children": lambda dest, _: Supervisor.count_children(dest),
    "Supervisor.delete_child": lambda dest, _: Supervisor.delete_child(dest, "id"),
    "Supervisor.terminate_child": lambda dest, _: Supervisor.terminate_child(dest, "id"),
    "Supervisor.restart_child": lambda dest, _: Supervisor.restart_child(dest, "id"),
    "DynamicSupervisor.which_children": lambda dest, _: DynamicSupervisor.which_children(dest),
    "PartitionSupervisor.count": lambda dest, _: PartitionSupervisor.count_children(dest),
    "TaskSupervisor.start_child": lambda dest, _: TaskSupervisor.start_child(dest, same, 1),
    "TaskSupervisor.async_nolink": lambda dest, _: TaskSupervisor.async_nolink(dest, same, 1),
}
# These end the process that they ask: it is no failure that it ends.
STOPS: dict[str, Ask] = {
    "gen_server.stop": lambda dest, time: gen_server.stop(dest, "bye", time),
    "GenServer.stop": lambda dest, time: GenServer.stop(dest, "bye", time),
    "gen_statem.stop": lambda dest, time: gen_statem.stop(dest, "bye", time),
    "gen_event.stop": lambda dest, time: gen_event.stop(dest, "bye", time),
    "Agent.stop": lambda dest, time: Agent.stop(dest, "bye", time),
    "proc_lib.stop": lambda dest, time: proc_lib.stop(dest, "bye", time),
}
ALL = {**ASKS, **PATIENT, **STOPS}


async def dies(how: Callable[[], object]) -> None:
    """Ends by the first message that it is sent."""
    await process.receive()
    how()


def divide() -> None:
    raise ZeroDivisionError("in the callee")


def silent() -> Pid:
    return process.spawn(process.sleep, None)


def dead() -> Pid:
    pid = silent()
    process.exit(pid, "kill")
    return pid


# What is asked for each kind of failure.
KINDS: dict[str, Callable[[], Any]] = {
    "noproc": lambda: "nobody",
    "noproc of a pid": dead,
    "nodedown": lambda: ("nobody", "a@b"),
    "calling_self": process.self,
    "exception": lambda: process.spawn(dies, divide),
    "exit": lambda: process.spawn(dies, lambda: process.exit(("own", "reason"))),
    "normal": lambda: process.spawn(dies, same_of_nothing),
    "killed": lambda: process.spawn(dies, lambda: process.exit(process.self(), "kill")),
}


def same_of_nothing() -> None:
    """Ends normally."""


async def error_of(awaitable: Awaitable[Any]) -> CallError:
    """The error that it raises, which any ``except Exception`` would catch."""
    try:
        await awaitable
    except Exception as error:  # noqa: BLE001 - as any code of asyncio would
        assert isinstance(error, CallError), error
        return error
    raise AssertionError("it has not failed")


async def asked(ask: Ask, make: Callable[[], Any], time: float = 5.0) -> None:
    """Makes whom to ask, and asks it."""
    await ask(make(), time)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALL)
@on_virtual_clock
async def test_e6_every_function_that_exits_its_caller_raises(name: str, kind: str) -> None:
    process.flag(trap_exit=True)

    error = await error_of(asked(ALL[name], KINDS[kind]))

    assert type(error) is CallError
    assert error.args == (error.reason,)
    assert process.alive(process.self())


@pytest.mark.parametrize("name", [*ASKS, *STOPS])
@on_virtual_clock
async def test_e6_a_time_out_is_a_time_out_for_all(name: str) -> None:
    with pytest.raises(TimeoutError) as late:
        await ALL[name](silent(), 0.01)

    assert type(late.value) is CallTimeout
    assert "waits for a timer" in str(late.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALL)
@on_virtual_clock
async def test_e6_uncaught_it_is_an_exit_with_that_reason_unreported(name: str, kind: str) -> None:
    raised: list[CallError] = []

    async def caller() -> None:
        try:
            await asked(ALL[name], KINDS[kind])
        except CallError as error:
            raised.append(error)
            raise

    reason = await outcome(caller)

    assert reason is raised[0].args[0]
    assert not isinstance(reason, CallError)


@pytest.mark.parametrize("name", [*ASKS, *PATIENT])
@on_virtual_clock
async def test_e6_the_cause_is_the_exception_that_the_callee_died_of(name: str) -> None:
    error = await error_of(asked(ALL[name], KINDS["exception"]))

    assert isinstance(error.__cause__, ZeroDivisionError)


@on_virtual_clock
async def test_e6_the_cause_comes_through_the_calls_of_others() -> None:
    class Proxy(GenServer):
        async def handle_call(self, request: Any, caller: Any) -> Any:
            return await gen_server.call(process.spawn(dies, divide), request)

    first = await Proxy.start()

    error = await error_of(gen_server.call(first, "x"))

    assert isinstance(error.__cause__, ZeroDivisionError)
    assert error.reason[0][1][:2] == ("gen_server", "call")


@pytest.mark.parametrize("name", ["exit", "noproc", "normal"])
@on_virtual_clock
async def test_e6_without_an_exception_there_is_no_cause(name: str) -> None:
    error = await error_of(asked(ALL["gen_server.call"], KINDS[name]))

    assert error.__cause__ is None
    assert error.__context__ is None


@on_virtual_clock
async def test_e6_a_callee_that_exits_with_timeout_is_no_time_out() -> None:
    error = await error_of(
        gen_server.call(process.spawn(dies, lambda: process.exit("timeout")), "x")
    )

    assert error.reason[0] == "timeout"
    assert type(error) is CallError


class Back(GenServer):
    """Asks whoever calls it."""

    async def handle_call(self, request: Ask, caller: gen_server.Caller) -> Any:
        return (await error_of(request(caller[0], 5.0))).reason


@pytest.mark.parametrize("name", [*ASKS, *PATIENT])
@on_virtual_clock
async def test_e6_a_call_that_closes_a_cycle_raises(name: str) -> None:
    reason = await gen_server.call(await Back.start(), ALL[name])

    while reason[0] != "call_cycle":
        reason = reason[0]
    assert reason[1][0][1] is not None


@on_virtual_clock
async def test_e6_it_knows_who_was_asked_what() -> None:
    error = await error_of(gen_server.call("nobody", {"a": "question"}))

    assert (error.dest, error.request) == ("nobody", {"a": "question"})


# ---- sends by a via name, which are no calls, and functions that look things up

SENDS: dict[str, Callable[[], Any]] = {
    "global_.send": lambda: global_.send("nobody", "x"),
    "Registry.send": lambda: Registry.send(("names", "nobody"), "x"),
    "pg.join": lambda: pg.join("no such scope", "group", process.self()),
    "pg.monitor": lambda: pg.monitor("no such scope", "group"),
    "PartitionSupervisor.partitions": lambda: PartitionSupervisor.partitions("nobody"),
}


@pytest.mark.parametrize("name", SENDS)
@on_virtual_clock
async def test_e6_what_finds_nobody_raises_too(name: str) -> None:
    await Registry.start_link(keys="unique", name="names")

    async def find() -> None:
        found = SENDS[name]()
        if asyncio.iscoroutine(found):
            await found

    error = await error_of(find())

    assert error.reason[0] in ("badarg", "noproc")


# ---- where nobody catches it


async def fails() -> None:
    await gen_server.call("nobody", "x")


async def fails_late() -> None:
    await gen_server.call(silent(), "x", timeout=0.01)


NOBODY = ("noproc", ("gen_server", "call", ("nobody", "x")))


async def in_a_group(*fns: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    async with asyncio.TaskGroup() as group:
        for fn in fns:
            group.create_task(fn())


async def in_groups() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(in_a_group(fails))


async def divides() -> None:
    divide()


class Quits(GenServer):
    def init(self, witness: Pid, fn: Any) -> None:
        self.witness, self.fn = witness, fn

    async def handle_cast(self, request: Any) -> None:
        await self.fn()

    def terminate(self, reason: Any) -> None:
        process.send(self.witness, ("terminate", reason))


@pytest.mark.parametrize(
    "fn", [fails, lambda: in_a_group(fails), in_groups, lambda: in_a_group(fails, fails_late)]
)
@on_virtual_clock
async def test_e6_links_monitors_and_terminate_get_the_term(fn: Any) -> None:
    process.flag(trap_exit=True)
    server = await Quits.start_link(process.self(), fn)
    ref = process.monitor(server)

    gen_server.cast(server, "go")

    assert await process.receive(("terminate", ...)) == ("terminate", NOBODY)
    assert await process.receive(Exit) == Exit(server, NOBODY)
    assert await down(ref) == NOBODY


@pytest.mark.parametrize("fn", [fails, fails_late, in_groups, lambda: in_a_group(fails, fails)])
def test_e6_a_plain_process_ends_without_a_report(
    fn: Any, caplog: pytest.LogCaptureFixture
) -> None:
    @on_virtual_clock
    async def test() -> None:
        assert not isinstance(await outcome(fn), BaseException)

    with caplog.at_level(logging.INFO):
        test()

    assert caplog.records == []


BEHAVIOURS: dict[str, Callable[[Any], Awaitable[Any]]] = {}


def behaviour_of(fn: Callable[[Any], Awaitable[Any]]) -> Any:
    BEHAVIOURS[fn.__name__] = fn
    return fn


@behaviour_of
async def gen_server_that_fails(fn: Any) -> None:
    gen_server.cast(await Quits.start(process.self(), fn), "go")


@behaviour_of
async def gen_statem_that_fails(fn: Any) -> None:
    class Machine(GenStatem):
        def init(self) -> Any:
            return gen_statem.NextState("on")

        async def on(self, kind: Any, content: Any) -> Any:
            await fn()

    gen_statem.cast(await Machine.start(), "go")


@behaviour_of
async def task_that_fails(fn: Any) -> None:
    Task.start(fn)


@behaviour_of
async def proc_lib_process_that_fails(fn: Any) -> None:
    proc_lib.spawn(fn)


@pytest.mark.parametrize("fn", [fails, in_groups])
@pytest.mark.parametrize("start", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
def test_e6_behaviours_report_it_once_as_an_exit(
    start: Any, fn: Any, caplog: pytest.LogCaptureFixture
) -> None:
    @on_virtual_clock
    async def test() -> None:
        await start(fn)
        await process.sleep(1.0)

    test()

    [report] = reports(caplog, "crash")
    assert "noproc" in report["reason"]
    assert report["exception"] is None


@on_virtual_clock
async def test_e6_one_failure_in_a_group_makes_it_a_crash() -> None:
    reason = await outcome(in_a_group, fails, divides)

    assert isinstance(reason, ExceptionGroup)


@on_virtual_clock
async def test_e6_a_supervisor_restarts_whoever_ends_by_it() -> None:
    starts: list[int] = []

    async def child() -> None:
        starts.append(1)
        if len(starts) < 3:
            await fails()
        await process.sleep(None)

    await Supervisor.start_link([ChildSpec("child", (Task.start_link, (child,)))])
    await process.sleep(1.0)

    assert len(starts) == 3


@on_virtual_clock
async def test_e6_a_start_that_makes_a_failing_call_fails_with_the_term() -> None:
    class Needs(GenServer):
        async def init(self) -> None:
            await fails()

    with pytest.raises(StartError) as failed:
        await Needs.start()

    assert failed.value.reason == NOBODY


# ---- the main process, and callers on other threads


def test_e6_run_raises_the_error_itself_with_its_traceback() -> None:
    with pytest.raises(CallError) as caught:
        beamish.run(fails)

    assert caught.value.reason == NOBODY
    assert caught.value.request == "x"
    assert caught.traceback[-2].name == "fails"


def test_e6_run_raises_the_group_that_it_came_in() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        beamish.run(in_a_group, fails)

    assert caught.group_contains(CallError)


def test_e6_run_raises_what_a_signal_says_even_if_the_clean_up_makes_a_failing_call() -> None:
    async def main() -> None:
        try:
            process.exit(process.self(), "signal")
            await process.sleep(None)
        finally:
            await fails()

    with pytest.raises(ProcessExit, match="signal"):
        beamish.run(main)


@on_real_clock
async def test_e6_call_threadsafe_raises_the_error_itself() -> None:
    with pytest.raises(CallError) as caught:
        await asyncio.to_thread(process.call_threadsafe, fails)

    assert caught.value.reason == NOBODY


# ---- nothing is kept


class Payload:
    """What is asked."""


@on_real_clock
async def test_e6_an_ended_process_keeps_neither_the_request_nor_the_frames() -> None:
    kept: list[Any] = []

    async def caller() -> None:
        payload = Payload()
        kept.append(weakref.ref(payload))
        try:
            await gen_event.sync_notify("nobody", payload)  # whose reason does not show it
        except CallError as error:
            kept.append(error)
            raise

    assert await outcome(caller) == "noproc"

    gc.collect()
    assert kept[0]() is None
    assert kept[1].request is None
    assert kept[1].__traceback__ is None


@on_real_clock
async def test_e6_a_caught_error_leaves_no_cycle_of_references() -> None:
    gc.collect()
    gc.disable()
    try:
        payload = Payload()
        kept = weakref.ref(payload)
        with pytest.raises(CallTimeout):
            await gen_server.call(silent(), payload, timeout=0)
        del payload
        await process.sleep(0.01)
    finally:
        gc.enable()

    for pid in process.list():
        if pid is not process.self():
            process.exit(pid, "kill")
    await process.sleep(0.01)
    assert kept() is None


# ---- signals win


# Whether it is linked, and traps: the reason that the caller ends with, and what it was told.
ENDS: dict[tuple[bool, bool], tuple[str, list[str]]] = {
    (False, False): ("normal", ["boom"]),
    (False, True): ("normal", ["boom"]),
    (True, False): ("boom", []),
    (True, True): ("normal", ["boom", "EXIT"]),
}

_ELIXIR = """
:logger.set_primary_config(:level, :none)
{:ok, sup} = Task.Supervisor.start_link()
me = self()
for linked <- [false, true], traps <- [false, true] do
  {_, ref} = spawn_monitor(fn ->
    Process.flag(:trap_exit, traps)
    start = if linked, do: &Task.Supervisor.async/2, else: &Task.Supervisor.async_nolink/2
    task = start.(sup, fn -> exit(:boom) end)
    told = try do Task.await(task) catch :exit, {reason, _} -> [reason] end
    exits = receive do {:EXIT, _, _} -> [:EXIT] after 0 -> [] end
    send(me, {:told, told ++ exits})
  end)
  reason = receive do {:DOWN, ^ref, _, _, reason} -> reason end
  told = receive do {:told, told} -> told after 0 -> [] end
  IO.puts(Enum.join([reason | told], " "))
end
"""


@pytest.mark.parametrize(("linked", "traps"), ENDS)
@on_virtual_clock
async def test_e6_a_link_ends_whoever_awaits_a_failing_task_and_does_not_trap(
    linked: bool, traps: bool
) -> None:
    supervisor = await TaskSupervisor.start_link()
    told: list[Any] = []

    async def caller() -> None:
        process.flag(trap_exit=traps)
        start: Any = TaskSupervisor.run_async if linked else TaskSupervisor.async_nolink
        task = await start(supervisor, process.exit, "boom")
        told.append((await error_of(task.await_())).reason[0])
        told.extend(message[0] for message in process.flush())

    reason = await outcome(caller)

    assert (reason, told) == ENDS[linked, traps]


@pytest.mark.slow  # starts an Elixir
def test_e6_elixir_ends_the_same_callers(tmp_path: Path) -> None:
    script = tmp_path / "links.exs"
    script.write_text(_ELIXIR)

    done = subprocess.run(
        ["elixir", str(script)], capture_output=True, text=True, timeout=120, check=True
    )

    lines = [" ".join([reason, *told]) for reason, told in ENDS.values()]
    assert done.stdout.splitlines() == lines


@on_virtual_clock
async def test_e6_an_exit_signal_is_no_call_error() -> None:
    caught: list[type[BaseException]] = []

    async def waits() -> None:
        try:
            await gen_server.call(silent(), "x", timeout=None)
        except BaseException as error:
            caught.append(type(error))
            raise

    pid, _ = process.spawn_monitor(waits)
    await process.sleep(0.01)
    process.exit(pid, "signal")

    assert (await process.receive(Down)).reason == "signal"
    assert caught == [ProcessExit]
