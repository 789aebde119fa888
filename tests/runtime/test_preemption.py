"""Preemption (rules B1 to B5): a process that computes without end does not stop the others.

These tests need real CPU time, so they run on the real clock and wait for messages with a generous
time-out; most are over a quarter of a second and marked so.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import io
import logging
import signal
import sys
import threading
import time
from typing import Any

import pytest

import beamish
from beamish import Pid, ProcessExit, process

from .harness import PATIENCE, down_of, on_real_clock

pytestmark = pytest.mark.slow  # real CPU time has to pass


async def _hog() -> None:
    while True:
        pass


async def _turns(count: int = 5) -> None:
    """Waits until the others have had this many turns."""
    for _ in range(count):
        await process.sleep(0)


def _burn(seconds: float) -> None:
    """Uses CPU time in code of the user's."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


# ---- the others go on


@on_real_clock
async def test_two_hogs_do_not_stop_an_echo_server() -> None:
    """B1: a process cannot hurt another by `while True: pass`."""
    for _ in range(2):
        process.spawn(_hog)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for number in range(20):
            writer.write(b"%d\n" % number)
            async with asyncio.timeout(PATIENCE):
                assert await reader.readline() == b"%d\n" % number
        writer.close()
        await writer.wait_closed()


@on_real_clock
async def test_a_hog_that_logs_all_the_time_is_preempted_as_well() -> None:
    """Most of the time it is inside of logging, and half of that with a lock."""
    logger = logging.Logger("of its own")
    logger.addHandler(logging.StreamHandler(io.StringIO()))

    def logs() -> None:
        while True:
            logger.warning("a line")

    process.spawn(logs)

    async with asyncio.timeout(PATIENCE / 2):
        await _turns(20)


@on_real_clock
async def test_a_hog_is_preempted_after_it_has_used_up_the_stack() -> None:
    """A tick that comes where its handler cannot be called is not the last one."""
    reached: list[bool] = []

    def fall() -> None:
        try:
            fall()
        except RecursionError:
            if not reached:
                reached.append(True)
                while True:  # until the handler of a tick has found no room
                    pass
            raise

    def falls() -> None:
        with contextlib.suppress(RecursionError):
            fall()
        while True:
            pass

    process.spawn(falls)

    async with asyncio.timeout(PATIENCE / 2):
        await _turns(3)
    assert reached


@on_real_clock
async def test_a_hog_does_not_stop_timers_and_messages() -> None:
    process.spawn(_hog)
    process.send_after(0.01, process.self(), "late")

    assert await process.receive(timeout=PATIENCE) == "late"
    process.spawn(process.send, process.self(), "from another")
    assert await process.receive(timeout=PATIENCE) == "from another"


@on_real_clock
async def test_hogs_share_the_time() -> None:
    """Each comes to its turn."""
    counts = [0] * 4

    async def counting(index: int) -> None:
        while True:
            counts[index] += 1

    for index in range(4):
        process.spawn(counting, index)
    while not all(counts):
        await process.sleep(0.01)


@on_real_clock
async def test_a_plain_function_is_preempted() -> None:
    """`spawn` of a def, which cannot even await."""

    def hog() -> None:
        while True:
            pass

    pid, ref = process.spawn_monitor(hog)
    await _turns()
    process.exit(pid, "enough")

    assert await down_of(ref) == "enough"


@on_real_clock
async def test_a_loop_of_sends_is_preempted() -> None:
    """Code that is in the runtime at nearly every tick."""
    sink = process.make_ref()  # no alias: what is sent to it is dropped

    async def sending() -> None:
        while True:
            process.send(sink, None)

    pid, ref = process.spawn_monitor(sending)
    await _turns()
    process.exit(pid, "enough")

    assert await down_of(ref) == "enough"


@on_real_clock
async def test_a_loop_of_receives_is_preempted() -> None:
    """A process whose mailbox never gets empty."""

    async def busy() -> None:
        while True:
            process.send(process.self(), 1)
            await process.receive()

    pid, ref = process.spawn_monitor(busy)
    await _turns()
    process.exit(pid, "enough")

    assert await down_of(ref) == "enough"


# ---- a hog is ended


async def _hog_in_a_try(steps: list[str]) -> None:
    steps.append("begun")
    try:
        steps.append("in")
        while True:
            pass
    finally:
        steps.append("finally")


async def _try_begins_with_the_loop(steps: list[str]) -> None:
    steps.append("begun")
    while True:
        try:
            while True:
                pass
        finally:
            steps.append("finally")


async def _loop_begins_with_a_try(steps: list[str]) -> None:
    steps.append("begun")
    try:
        while True:
            try:
                _ = len(steps)
            except LookupError:
                pass
    finally:
        steps.append("finally")


async def _hog_below_other_calls(steps: list[str]) -> None:
    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        while True:
            pass

    steps.append("begun")
    with contextlib.ExitStack() as stack:
        stack.callback(steps.append, "finally")
        deep(20)


async def _hog_in_a_with(steps: list[str]) -> None:
    @contextlib.contextmanager
    def noting() -> Any:
        try:
            yield
        finally:
            steps.append("finally")

    steps.append("begun")
    with noting():
        while True:
            pass


async def _hog_in_a_generator(steps: list[str]) -> None:
    def numbers() -> Any:
        try:
            while True:
                yield 1
        finally:
            steps.append("finally")

    steps.append("begun")
    for _ in numbers():
        pass


async def _hog_in_an_inner_coroutine(steps: list[str]) -> None:
    async def inner() -> None:
        try:
            while True:
                pass
        finally:
            steps.append("finally")

    steps.append("begun")
    await inner()


_HOGS = [
    _hog_in_a_try,
    _try_begins_with_the_loop,
    _loop_begins_with_a_try,
    _hog_below_other_calls,
    _hog_in_a_with,
    _hog_in_a_generator,
    _hog_in_an_inner_coroutine,
]


@pytest.mark.parametrize("reason", ["boom", "kill"])
@pytest.mark.parametrize("hog", _HOGS)
@on_real_clock
async def test_a_hog_is_ended_by_an_exit_signal_and_its_finally_runs(hog: Any, reason: str) -> None:
    """B1: `exit(pid, "kill")` ends it, and any other reason does."""
    steps: list[str] = []
    pid, ref = process.spawn_monitor(hog, steps)
    while "begun" not in steps:
        await process.sleep(0)
    await _turns()

    process.exit(pid, reason)

    assert await down_of(ref) == ("killed" if reason == "kill" else "boom")
    assert "finally" in steps


@on_real_clock
async def test_a_hog_that_was_never_parked_yet_is_ended() -> None:
    """The signal is there before its first slice is over."""
    hog, ref = process.spawn_monitor(_hog)
    await process.sleep(0)

    process.exit(hog, "boom")

    assert await down_of(ref) == "boom"


@on_real_clock
async def test_a_hog_gets_the_reason_where_it_was() -> None:
    """ProcessExit is raised in the interrupted code."""
    parent = process.self()

    async def hog() -> None:
        try:
            while True:
                pass
        except ProcessExit as exits:
            process.send(parent, exits.reason)
            raise

    pid, ref = process.spawn_monitor(hog)
    await _turns()
    process.exit(pid, ("a", "reason"))

    assert await process.receive(tuple, timeout=PATIENCE) == ("a", "reason")
    assert await down_of(ref) == ("a", "reason")


@on_real_clock
async def test_a_hog_that_traps_exits_collects_them() -> None:
    """T2: a signal that does not end it does not disturb it."""
    parent = process.self()
    stop: list[bool] = []

    async def hog() -> None:
        process.flag(trap_exit=True)
        while not stop:
            pass
        process.send(parent, process.flush())

    pid = process.spawn(hog)
    await _turns()
    process.exit(pid, "boom")
    await _turns()
    stop.append(True)

    (message,) = await process.receive(timeout=PATIENCE)
    assert message == ("EXIT", parent, "boom")


@on_real_clock
async def test_a_parked_process_gets_its_messages() -> None:
    parent = process.self()
    stop: list[bool] = []

    async def hog() -> None:
        while not stop:
            pass
        process.send(parent, process.flush())

    pid = process.spawn(hog)
    await _turns()
    process.send(pid, "one")
    process.send(pid, "two")
    stop.append(True)

    assert await process.receive(timeout=PATIENCE) == ["one", "two"]


@on_real_clock
async def test_hogs_that_are_linked_end_together() -> None:
    async def parent_hog() -> None:
        process.spawn_link(_hog)
        await _hog()

    pid, ref = process.spawn_monitor(parent_hog)
    await _turns()
    (child,) = process.info(pid, "links")
    child_ref = process.monitor(child)

    process.exit(child, "boom")

    assert await down_of(child_ref) == "boom"
    assert await down_of(ref) == "boom"


# ---- it goes on where it was

_variable: contextvars.ContextVar[str] = contextvars.ContextVar("_variable")


@on_real_clock
async def test_a_parked_process_goes_on_with_its_locals_and_contextvars() -> None:
    parent = process.self()

    async def working(name: str) -> None:
        _variable.set(name)
        local = [name]
        for number in range(10):
            _burn(0.01)
            assert _variable.get() == name
            assert process.self() is mine[name]
            assert asyncio.current_task().get_name() == repr(mine[name])  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
            local.append(f"{name}{number}")
        process.send(parent, local)

    mine: dict[str, Pid] = {}
    for name in "abc":
        mine[name] = process.spawn(working, name)

    got: list[list[str]] = [await process.receive(list, timeout=PATIENCE) for _ in "abc"]
    assert sorted(got) == [[name, *(f"{name}{n}" for n in range(10))] for name in "abc"]


@on_real_clock
async def test_a_parked_process_goes_on_in_an_exception_handler() -> None:
    """sys.exception() belongs to it alone."""
    parent = process.self()

    async def handling(number: int) -> None:
        try:
            raise LookupError(number)
        except LookupError as error:
            _burn(0.05)
            process.send(parent, sys.exc_info()[1] is error)
        process.send(parent, sys.exc_info() == (None, None, None))

    for number in range(3):
        process.spawn(handling, number)

    assert [await process.receive(bool, timeout=PATIENCE) for _ in range(6)] == [True] * 6


@on_real_clock
async def test_a_hog_may_await_again_afterwards() -> None:
    """Parked or not, it is the same process."""
    parent = process.self()

    async def mixed() -> None:
        for _ in range(5):
            _burn(0.02)
            await asyncio.sleep(0)
            async with asyncio.timeout(PATIENCE):
                await process.sleep(0.001)
        process.send(parent, "done")

    process.spawn(mixed)
    process.spawn(mixed)

    assert [await process.receive(timeout=PATIENCE) for _ in range(2)] == ["done", "done"]


@on_real_clock
async def test_a_hog_in_a_sort_or_a_comparison_goes_on_where_it_was() -> None:
    """C code in between is left and entered again."""
    parent = process.self()

    def slow_key(number: int) -> int:
        _burn(0.002)
        return -number

    async def sorting() -> None:
        process.send(parent, sorted(range(20), key=slow_key))

    process.spawn(sorting)
    process.spawn(sorting)

    expected = list(range(19, -1, -1))
    assert [await process.receive(list, timeout=PATIENCE) for _ in range(2)] == [expected] * 2


# ---- where it is not parked


@on_real_clock
async def test_in_a_critical_section_nothing_else_runs() -> None:
    """process.critical()."""
    parent = process.self()
    inside: list[Pid] = []

    async def careful() -> None:
        for _ in range(3):
            with process.critical():
                inside.append(process.self())
                _burn(0.05)
                assert inside == [process.self()]
                inside.clear()
            _burn(0.02)
        process.send(parent, "done")

    for _ in range(3):
        process.spawn(careful)

    assert [await process.receive(timeout=PATIENCE) for _ in range(3)] == ["done"] * 3


@on_real_clock
async def test_critical_sections_nest() -> None:
    parent = process.self()
    inside: list[Pid] = []

    async def careful() -> None:
        with process.critical():
            with process.critical():
                pass
            inside.append(process.self())
            _burn(0.05)
            assert inside == [process.self()]
            inside.clear()
        process.send(parent, "done")

    for _ in range(3):
        process.spawn(careful)

    assert [await process.receive(timeout=PATIENCE) for _ in range(3)] == ["done"] * 3


class _Cycle:
    """Garbage for the collector, with a finalizer that takes its time."""

    finalizing: list[object]

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        self.finalizing.append(self)
        _burn(0.02)
        self.finalizing.pop()


@pytest.mark.parametrize("collected", [True, False])
@on_real_clock
async def test_a_finalizer_is_not_parked(collected: bool) -> None:
    """Its garbage collector would be left in the middle, and what is raised there is lost."""
    parent = process.self()
    finalizing: list[object] = []
    _Cycle.finalizing = finalizing

    async def littering() -> None:
        for _ in range(10):
            thing = _Cycle()
            if not collected:
                del thing.me
            del thing
            if collected:
                gc.collect(0)
            _burn(0.02)
        process.send(parent, "done")

    async def looking() -> None:
        while True:
            assert finalizing == []
            await process.sleep(0)

    process.spawn_link(looking)
    process.spawn(littering)

    assert await process.receive(timeout=PATIENCE) == "done"


# ---- the timer


@on_real_clock
async def test_the_timer_runs_while_there_is_work_and_is_off_when_idle() -> None:
    """B5: an idle node has no wake-ups."""
    hog, ref = process.spawn_monitor(_hog)
    await _turns()
    assert signal.getitimer(signal.ITIMER_VIRTUAL) != (0.0, 0.0)
    process.exit(hog, "kill")
    await down_of(ref)

    # Looked at from a callback: a process that looks is work.
    seen: list[tuple[float, float]] = []
    loop = asyncio.get_running_loop()
    loop.call_later(0.3, lambda: seen.append(signal.getitimer(signal.ITIMER_VIRTUAL)))
    await process.sleep(0.4)

    assert seen == [(0.0, 0.0)]


def test_the_timer_is_off_when_the_node_has_stopped() -> None:
    """B5: else the OS process dies of SIGVTALRM at its exit."""

    async def main() -> None:
        process.spawn(_hog)
        await _turns()

    before = signal.getsignal(signal.SIGVTALRM)
    beamish.run(main)

    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) == before


def test_without_preemption_there_is_no_timer() -> None:
    """beamish.run(..., preempt=False)."""
    before = signal.getsignal(signal.SIGVTALRM)

    async def main() -> None:
        _burn(0.05)
        await process.sleep(0)
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
        assert signal.getsignal(signal.SIGVTALRM) == before

    beamish.run(main, preempt=False)


# ---- off the main thread


def test_off_the_main_thread_a_node_works() -> None:
    """B5: nothing is preempted there."""
    results: list[Any] = []

    async def main() -> str:
        process.spawn(process.send, process.self(), "hello")
        _burn(0.05)
        return str(await process.receive(timeout=PATIENCE))

    thread = threading.Thread(target=lambda: results.append(beamish.run(main)))
    thread.start()
    thread.join(PATIENCE)

    assert results == ["hello"]
