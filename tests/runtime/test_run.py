"""beamish.run and beamish.node: how a node begins and ends."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Awaitable
from typing import Any, cast

import pytest
import uvloop

import beamish
from beamish import Exit, NotRunningError, Pid, ProcessExit, process
from beamish.runtime.node import Node
from beamish.runtime.stopping import close
from tests.support.clock import VirtualClockLoop

from .harness import PATIENCE, down_of, settle, sleeper

# ---- run: the result


def test_run_returns_what_main_returns() -> None:
    async def main(*args: Any, **kw: Any) -> Any:
        return args, kw

    assert beamish.run(main, 1, 2, three=3) == ((1, 2), {"three": 3})


def test_main_may_be_a_plain_function() -> None:
    assert beamish.run(lambda: 42) == 42


def test_run_raises_what_main_raises() -> None:
    error = LookupError("mine")

    async def main() -> None:
        raise error

    with pytest.raises(LookupError) as caught:
        beamish.run(main)
    assert caught.value is error


def test_the_traceback_of_main_is_kept_for_the_caller() -> None:
    """The caller of run() is a user who has to find the line."""

    async def the_function_to_blame() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError) as caught:
        beamish.run(the_function_to_blame)
    assert "the_function_to_blame" in [entry.name for entry in caught.traceback]


@pytest.mark.parametrize("reason", ["boom", ("a", 1), "kill", None])
def test_run_raises_process_exit_when_main_exits(reason: Any) -> None:
    with pytest.raises(ProcessExit) as caught:
        beamish.run(process.exit, reason)
    assert caught.value.reason == reason


@pytest.mark.parametrize("reason", ["normal", "shutdown"])
def test_run_returns_when_main_exits_as_expected(reason: str) -> None:
    assert beamish.run(process.exit, reason) is None


def test_run_raises_process_exit_when_main_is_killed() -> None:
    async def main() -> None:
        process.exit(process.self(), "kill")

    with pytest.raises(ProcessExit) as caught:
        beamish.run(main)
    assert caught.value.reason == "killed"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_system_exit_in_main_is_that_of_the_program(error: BaseException) -> None:
    """E4: except in the main process."""

    async def main() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        beamish.run(main)
    assert caught.value is error


def test_run_refuses_a_coroutine_and_says_what_to_write() -> None:
    async def main() -> None: ...

    with pytest.raises(beamish.BadArgError, match="got the coroutine"):
        beamish.run(cast("Any", main()))


def test_main_is_nobodys_child() -> None:
    async def main() -> Any:
        return process.parent(), process.ancestors(), process.list() == [process.self()]

    assert beamish.run(main) == (None, [], True)


def test_the_node_has_a_name() -> None:
    async def main() -> str:
        return process.self().node

    assert beamish.run(main) == "nonode@nohost"
    assert beamish.run(main, name="me@here") == "me@here"


def test_run_works_on_uvloop() -> None:
    async def main() -> Any:
        process.send_after(0.001, process.self(), "late")
        return type(asyncio.get_running_loop()).__module__, await process.receive(timeout=PATIENCE)

    module, message = beamish.run(main, loop_factory=uvloop.new_event_loop)
    assert module.startswith("uvloop")
    assert message == "late"


# ---- run: the end


async def _note_the_end(steps: list[str], name: str) -> None:
    try:
        await process.sleep(None)
    finally:
        steps.append(name)


def test_what_still_runs_is_ended_in_order() -> None:
    """The latest first, and each orphan after its parent."""
    steps: list[str] = []

    async def main() -> None:
        for name in ("first", "second", "third"):
            process.spawn(_note_the_end, steps, name)
        await settle()

    beamish.run(main)

    assert steps == ["third", "second", "first"]


def test_orphans_are_ended_after_their_parent() -> None:
    steps: list[str] = []

    async def parent() -> None:
        process.spawn(_note_the_end, steps, "child")
        await _note_the_end(steps, "parent")

    async def main() -> None:
        process.spawn(parent)
        await settle()

    beamish.run(main)

    assert steps == ["parent", "child"]


def test_one_who_traps_sees_shutdown_and_has_time() -> None:
    seen: list[Any] = []

    async def careful() -> None:
        process.flag(trap_exit=True)
        seen.append((await process.receive(Exit)).reason)
        await process.sleep(2)
        seen.append("done")

    async def main() -> None:
        process.spawn(careful)
        await settle()

    beamish.run(main, loop_factory=VirtualClockLoop)

    assert seen == ["shutdown", "done"]


def test_one_who_ignores_shutdown_is_killed_after_the_stop_time() -> None:
    times: list[float] = []

    async def stubborn() -> None:
        process.flag(trap_exit=True)
        try:
            while True:
                await process.receive()
        finally:
            times.append(asyncio.get_running_loop().time())

    async def main() -> None:
        process.spawn(stubborn)
        await settle()
        times.append(asyncio.get_running_loop().time())

    beamish.run(main, stop_time=3.0, loop_factory=VirtualClockLoop)

    assert times[1] - times[0] == pytest.approx(3.0, abs=0.1)


def test_what_processes_own_is_closed_at_the_end() -> None:
    steps: list[str] = []

    async def main() -> None:
        process.own(object(), close=lambda _: steps.append("main"))
        process.spawn(_owner, steps)
        await settle()

    beamish.run(main)

    assert sorted(steps) == ["child", "main"]


async def _owner(steps: list[str]) -> None:
    process.own(object(), close=lambda _: steps.append("child"))
    await process.sleep(None)


def test_nodes_follow_each_other() -> None:
    """Nothing of the first is in the second."""

    async def main() -> tuple[Any, Any]:
        process.register("name", process.self())
        process.send_after(3600, process.self(), "never")
        process.spawn(sleeper)
        return process.self(), process.list()

    first, _ = beamish.run(main)
    second, living = beamish.run(main)

    assert first is not second
    assert living[0] is second


def test_a_pid_of_an_earlier_node_is_a_dead_process() -> None:
    """Not an error: a dead pid."""

    async def give() -> Pid:
        return process.self()

    async def take(old: Pid) -> Any:
        process.send(old, "hello")
        return process.alive(old), await down_of(process.monitor(old))

    assert beamish.run(take, beamish.run(give)) == (False, "noproc")


# ---- one node at a time


def test_a_second_node_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(NotRunningError, match="a node runs in this OS process already"):
            async with beamish.node():
                raise AssertionError
        assert process.alive(process.self())

    beamish.run(main)


def test_run_inside_of_run_is_refused_also_from_a_thread() -> None:
    async def main() -> None:
        with pytest.raises(NotRunningError, match="already"):
            await process.offload(beamish.run, sleeper)
        assert process.alive(process.self())

    beamish.run(main)


# ---- node


def test_node_embeds_in_a_loop_that_runs() -> None:
    async def embedded() -> Any:
        async with beamish.node(name="me@here"):
            pid = process.spawn(_echo)
            process.send(pid, (process.self(), "hello"))
            result = await process.receive(timeout=PATIENCE), process.self().node
        with pytest.raises(NotRunningError):
            process.self()
        return result

    assert asyncio.run(embedded()) == ("hello", "me@here")


async def _echo() -> None:
    sender, text = await process.receive()
    process.send(sender, text)


def test_node_ends_its_processes_when_it_is_left() -> None:
    steps: list[str] = []

    async def embedded(how: str) -> None:
        async with beamish.node():
            process.spawn(_note_the_end, steps, how)
            await asyncio.sleep(0.001)
            if how == "raises":
                raise LookupError
            if how == "is cancelled":
                raise asyncio.CancelledError

    asyncio.run(embedded("returns"))
    with pytest.raises(LookupError):
        asyncio.run(embedded("raises"))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(embedded("is cancelled"))

    assert steps == ["returns", "raises", "is cancelled"]


def test_a_node_that_was_closed_runs_nothing_more() -> None:
    """A late drain would start the preemption timer, and the OS process die of its signal."""
    steps: list[str] = []

    async def waits(what: Awaitable[str]) -> None:
        steps.append("begins")
        steps.append(await what)

    async def embedded() -> None:
        loop = asyncio.get_running_loop()
        node = Node(loop)
        future: asyncio.Future[str] = loop.create_future()
        pid = process.spawn(waits, process.receive())
        process.spawn(waits, future)
        await asyncio.sleep(0)

        process.send(pid, "is on the run queue")
        close(node)
        future.set_result("is put there")
        await asyncio.sleep(0.01)

        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)

    asyncio.run(embedded())

    assert steps == ["begins", "begins"]


def test_nodes_follow_each_other_in_one_loop() -> None:
    async def embedded() -> None:
        for _ in range(3):
            async with beamish.node():
                process.spawn(process.send, process.self(), "hello")
                assert await process.receive(timeout=PATIENCE) == "hello"

    asyncio.run(embedded())


# ---- SIGINT and SIGTERM

_PROGRAM = """
import sys, time
import beamish
from beamish import Exit, process

async def child():
    process.flag(trap_exit=True)
    message = await process.receive(Exit)
    print("child:", message.reason, flush=True)

async def late():
    try:
        await process.sleep(None)
    finally:
        print("late", flush=True)

async def stubborn():
    process.flag(trap_exit=True)
    while True:
        print("stubborn:", (await process.receive(Exit)).reason, flush=True)

def hog():
    while True: pass

async def main():
    process.spawn({other})
    process.spawn_link(child)
    await process.sleep(0.01)
    print("ready", flush=True)
    try:
        await process.sleep(None)
    finally:
        print("main", flush=True)

try:
    print("result:", beamish.run(main, stop_time={stop_time}), flush=True)
except BaseException as error:
    print(type(error).__name__, flush=True)
    raise
"""


def _signalled(*numbers: signal.Signals, other: str = "late", stop_time: float = 30) -> Any:
    source = _PROGRAM.replace("{other}", other).replace("{stop_time}", str(stop_time))
    return _run_and_signal(source, *numbers)


def _run_and_signal(source: str, *numbers: signal.Signals) -> Any:
    """Runs a program, sends it signals when it has answered to the last, and reads it."""
    # Unbuffered: what it has printed must be read before the next signal is sent.
    command = [sys.executable, "-u", "-c", textwrap.dedent(source)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        guard = threading.Timer(PATIENCE, child.kill)
        guard.start()
        assert child.stdout is not None
        assert child.stderr is not None
        lines = [child.stdout.readline()]
        for number in numbers:
            child.send_signal(number)
            lines.append(child.stdout.readline())
        rest, errors = child.stdout.read(), child.stderr.read()
        code = child.wait()
        guard.cancel()
        guard.join()
    return ("".join(lines) + rest).split("\n")[:-1], errors, code


@pytest.mark.slow  # starts a program
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_node_in_order(number: signal.Signals) -> None:
    """Main gets the exit signal shutdown, what is linked to it follows, then the rest."""
    lines, errors, code = _signalled(number)

    assert lines == ["ready", "main", "child: shutdown", "late", "result: None"]
    assert errors == ""
    assert code == 0


@pytest.mark.slow  # starts a program
def test_a_second_sigint_forces_the_end() -> None:
    lines, errors, code = _signalled(signal.SIGINT, signal.SIGINT, other="stubborn")

    assert lines[:2] == ["ready", "main"]
    assert "KeyboardInterrupt" in lines
    assert "KeyboardInterrupt" in errors
    assert code == -signal.SIGINT


_CLOSES_FOR_LONG = """
import asyncio, beamish
from beamish import process

class Slow:
    def __init__(self, name):
        self.name = name

    async def aclose(self):
        print("closing", self.name, flush=True)
        await asyncio.sleep(60)

async def main():
    process.own(Slow("first"))
    process.own(Slow("second"))
    {main}

beamish.run({run})
"""


@pytest.mark.slow  # starts a program
def test_a_second_signal_interrupts_what_is_being_closed() -> None:
    """The others are begun to be closed, but not waited for."""
    source = _CLOSES_FOR_LONG.replace("{main}", 'print("ready"); await process.sleep(None)')
    source = source.replace("{run}", "main, grace=60")

    lines, errors, code = _run_and_signal(source, signal.SIGTERM, signal.SIGTERM)

    assert lines == ["ready", "closing second", "closing first"]
    assert "KeyboardInterrupt" in errors
    assert code == -signal.SIGINT


@pytest.mark.slow  # starts a program
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_after_the_end_of_main_forces_the_end(number: signal.Signals) -> None:
    """A program that hangs when it has done its work can be ended."""
    source = _CLOSES_FOR_LONG.replace("{main}", "await process.sleep(None)")
    source = source.replace("{run}", "process.spawn, main, stop_time=0, grace=60")

    lines, errors, code = _run_and_signal(source, number)

    assert lines == ["closing second", "closing first"]
    assert "KeyboardInterrupt" in errors
    assert code == -signal.SIGINT


@pytest.mark.slow  # starts a program
def test_a_signal_ends_a_node_with_a_hog() -> None:
    """B1: nothing that computes can hold it up."""
    lines, _, code = _signalled(signal.SIGTERM, other="hog")

    assert lines == ["ready", "main", "child: shutdown", "result: None"]
    assert code == 0


@pytest.mark.slow  # starts a program
def test_a_signal_and_one_who_ignores_shutdown() -> None:
    """After the stop time it is killed."""
    lines, _, code = _signalled(signal.SIGTERM, other="stubborn", stop_time=0.2)

    assert lines[:2] == ["ready", "main"]
    assert "stubborn: shutdown" in lines
    assert lines[-1] == "result: None"
    assert code == 0


def test_the_handlers_are_given_back() -> None:
    def mine(*_: object) -> None: ...

    before = {number: signal.signal(number, mine) for number in (signal.SIGINT, signal.SIGTERM)}

    async def main() -> None:
        assert signal.getsignal(signal.SIGTERM) is not mine

    try:
        beamish.run(main)
        assert [signal.getsignal(number) for number in before] == [mine, mine]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_without_handle_signals_they_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def main() -> None:
        assert signal.getsignal(signal.SIGTERM) == before

    beamish.run(main, handle_signals=False)


@pytest.mark.slow  # starts a program
def test_on_signal_is_told_first() -> None:
    source = """
        import os, signal, beamish
        from beamish import process
        async def main():
            os.kill(os.getpid(), signal.SIGTERM)
            await process.sleep(None)
        beamish.run(main, on_signal=lambda number: print(number.name))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout == "SIGTERM\n"
