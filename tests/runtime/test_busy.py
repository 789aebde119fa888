"""Rule B8: processes that compute wait for the others, and have a quarter of the time."""

from __future__ import annotations

import asyncio
import functools
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
import uvloop

import beamish
from beamish import Pid, process
from beamish.runtime import busy
from beamish.runtime.busy import QUIET, WAIT, Busy
from beamish.runtime.here import here
from beamish.testing import settle

from .harness import PATIENCE, down_of

Main = Callable[[], Awaitable[Any]]

LOOPS: Final = {"asyncio": None, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Main], Any]:
    """Runs main in a node on each of the loops."""
    return functools.partial(beamish.run, loop_factory=LOOPS[request.param])


@pytest.fixture
def unpaid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Busy processes are served only when the others have nothing to do, however long that is."""
    monkeypatch.setattr(busy, "WAIT", 1e9)


# ---- the rule, on a clock of the test's


class _Proc:
    """What the queue is told of a parked process: nothing."""

    def __init__(self, number: int) -> None:
        self.number = number


class Clock:
    """A queue of parked processes, and the time that they and the others take."""

    def __init__(self, procs: int) -> None:
        self.now = 0.0
        self.busy = Busy()
        self.took: dict[Any, float] = {}
        self.others = 0.0
        for number in range(procs):
            proc: Any = _Proc(number)
            self.took[number] = 0.0
            self.busy.add(proc, None, self.now)

    def turn(self, others: float, slices: float) -> None:
        """A turn of the loop in which the others take some time, then whoever is due."""
        self.busy.turn(self.now, quiet=others == 0.0)
        self.now += others
        self.others += others
        while self.busy.is_due(self.now):
            proc: Any = self.busy.take()
            self.now += slices
            self.took[proc.number] += slices
            self.busy.add(proc, None, self.now)

    def taken(self) -> float:
        return sum(self.took.values())


def test_b8_a_busy_process_waits_for_so_many_quiet_turns_of_the_loop() -> None:
    clock = Clock(1)

    for _ in range(QUIET - 1):
        clock.turn(others=0.0, slices=0.005)
    assert clock.taken() == 0.0
    clock.turn(others=0.0, slices=0.005)
    assert clock.taken() == 0.005


def test_b8_what_comes_to_the_run_queue_makes_it_wait_anew() -> None:
    clock = Clock(1)

    for _ in range(20):
        for _ in range(QUIET - 1):
            clock.turn(others=0.0, slices=0.005)
        clock.turn(others=0.000_01, slices=0.005)

    assert clock.taken() == 0.0


def test_b8_it_is_served_when_the_others_have_taken_ten_milliseconds() -> None:
    clock = Clock(1)

    for _ in range(9):
        clock.turn(others=0.001, slices=0.005)
    assert clock.taken() == 0.0
    for _ in range(2):
        clock.turn(others=0.001, slices=0.005)
    assert clock.taken() == 0.005
    assert WAIT == 0.01


@pytest.mark.parametrize("procs", [1, 2, 5, 100])
@pytest.mark.parametrize("slices", [0.004, 0.008, 0.016])
@pytest.mark.parametrize("others", [0.000_3, 0.001, 0.003])
def test_b8_each_of_k_has_a_part_in_4k_of_the_time_at_least(
    procs: int, slices: float, others: float
) -> None:
    clock = Clock(procs)

    while min(clock.took.values()) < 50 * slices:
        clock.turn(others, slices)

    whole = clock.taken() + clock.others
    assert clock.taken() / whole > 0.24  # what is owed at the end is still to come
    assert min(clock.took.values()) / whole > 0.24 / procs
    assert max(clock.took.values()) - min(clock.took.values()) <= 1.001 * slices


def test_b8_those_that_give_up_their_turns_soon_are_served_until_they_have_their_part() -> None:
    clock = Clock(100)

    while min(clock.took.values()) < 0.01:
        clock.turn(others=0.001, slices=0.000_1)

    assert clock.taken() / (clock.taken() + clock.others) > 0.24


def test_b8_the_time_of_a_blocked_loop_is_not_owed_for_ever() -> None:
    clock = Clock(1)

    clock.turn(others=1000.0, slices=0.005)
    for _ in range(100):
        clock.turn(others=0.001, slices=0.005)

    assert clock.taken() < 0.2


# ---- in a node


def _count(counts: list[int], index: int) -> None:
    while True:
        counts[index] += 1


async def _hogs(count: int) -> tuple[list[int], list[Pid]]:
    """Processes that count, each of which has been parked."""
    counts = [0] * count
    pids = [process.spawn_link(_count, counts, index) for index in range(count)]
    while any(pid._process.parked is None for pid in pids):
        await process.sleep(0)
    return counts, pids


def _last() -> Any:
    """The last of those that compute, in the order of their turns."""
    assert here.node is not None
    return next(reversed(here.node.scheduler.busy.procs))


def _computes() -> None:
    """Computes until a tick has noticed it, and the drain's time is over."""
    end = time.process_time() + 0.05
    while time.process_time() < end:
        for _ in range(10_000):
            pass


@pytest.mark.slow
def test_b8_hogs_have_a_quarter_of_the_time_beside_pairs_that_never_wait(run: Any) -> None:
    """A thousand of them; of two hogs neither has much more than the other."""
    length, gap = 1.5, 0.001  # seconds of CPU time; a longer gap is a time that others have had

    async def ping() -> None:
        other = await process.receive(Pid)  # the other one may be faster
        while True:
            process.send(other, "ping")
            await process.receive()

    def measure(took: list[float], index: int) -> None:
        last = time.thread_time()
        while True:
            for _ in range(100):
                pass
            now = time.thread_time()
            if now - last < gap:
                took[index] += now - last
            last = now

    async def main() -> tuple[list[float], float]:
        for _ in range(1000):
            one, two = process.spawn_link(ping), process.spawn_link(ping)
            process.send(one, two)
            process.send(two, one)
        took = [0.0, 0.0]
        for index in range(2):
            process.spawn_link(measure, took, index)
        began = time.thread_time()
        while time.thread_time() - began < length:
            await process.sleep(0.05)
        return took, time.thread_time() - began

    took, whole = run(main)

    assert sum(took) / whole >= 0.25
    assert max(took) / min(took) <= 1.5


@pytest.mark.slow
@pytest.mark.usefixtures("unpaid")
def test_b8_a_request_of_several_turns_is_answered_before_a_hog_goes_on(run: Any) -> None:
    """A new connection to a plain asyncio server, whose Task asks a process."""

    async def answers() -> None:
        while True:
            (await process.receive()).set_result(b"answer")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        answering = process.spawn_link(answers)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\n")
            future: asyncio.Future[bytes] = loop.create_future()
            process.send(answering, future)
            writer.write(await future)
            writer.close()
            seen.append(sum(counts))

        seen: list[int] = []
        counts, _ = await _hogs(4)
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            for _ in range(10):
                with socket.create_connection(server.sockets[0].getsockname()) as client:
                    client.sendall(b"question\n")
                    before = sum(counts)
                    while not seen:
                        await asyncio.to_thread(time.sleep, 0)
                    assert seen.pop() == before

    run(main)


@pytest.mark.slow
@pytest.mark.usefixtures("unpaid")
@pytest.mark.parametrize("kind", ["yields", "receives"])
def test_b8_one_that_computes_and_gives_up_its_turn_waits_as_well(run: Any, kind: str) -> None:
    """A tick has found it; a loop of `sleep(0)` between computations must not starve others."""

    async def yields(turns: list[int]) -> None:
        while True:
            _computes()
            turns[0] += 1
            await asyncio.sleep(0)

    async def receives(turns: list[int]) -> None:
        while True:
            _computes()
            turns[0] += 1
            process.send(process.self(), "go on")
            await process.receive()

    async def main() -> None:
        turns = [0]
        process.spawn_link(yields if kind == "yields" else receives, turns)
        while not turns[0]:
            await process.sleep(0.001)
        for _ in range(3):  # it has stopped where it gives up its turn, or where a tick came
            before = turns[0]
            for _ in range(100):
                await process.sleep(0)
            assert turns[0] == before
            while turns[0] == before:
                await process.sleep(0.001)

    run(main)


@pytest.mark.slow
@pytest.mark.usefixtures("unpaid")
def test_b8_one_that_waits_is_woken_before_those_that_compute(run: Any) -> None:
    async def computes_and_waits(parent: Pid) -> None:
        while True:
            _computes()
            process.send(parent, "computed")
            await process.receive("again")
            process.send(parent, "woken")

    async def main() -> None:
        counts, _ = await _hogs(2)
        pid = process.spawn_link(computes_and_waits, process.self())
        assert await process.receive(timeout=PATIENCE) == "computed"
        while process.info(pid, "status") != "waiting" or pid._process.waiter is not None:
            await process.sleep(0.001)

        before = sum(counts)
        process.send(pid, "again")
        assert await process.receive(timeout=PATIENCE) == "woken"
        assert sum(counts) == before

    run(main)


@pytest.mark.slow
@pytest.mark.usefixtures("unpaid")
@pytest.mark.parametrize("reason", ["boom", "kill"])
def test_b8_one_that_is_ended_does_not_wait_for_those_before_it(run: Any, reason: str) -> None:
    async def main() -> None:
        counts, _ = await _hogs(5)
        process.flag(trap_exit=True)
        for _ in range(3):
            victim = _last().pid
            ref = process.monitor(victim)
            before = sum(counts)
            process.exit(victim, reason)
            assert await down_of(ref) == ("killed" if reason == "kill" else "boom")
            assert sum(counts) == before

    run(main)


@pytest.mark.slow
@pytest.mark.usefixtures("unpaid")
def test_b8_one_that_is_cancelled_goes_on_before_the_others(run: Any) -> None:
    async def main() -> None:
        counts, pids = await _hogs(3)
        last = _last()
        index = [pid._process for pid in pids].index(last)
        before = counts.copy()

        last.cancel()
        while counts == before:
            await process.sleep(0)

        before[index] = counts[index]
        assert counts == before

    run(main)


@pytest.mark.slow
def test_b8_a_node_stops_while_processes_compute(run: Any) -> None:
    async def main() -> str:
        await _hogs(3)
        return "stopped"

    assert run(main) == "stopped"


def test_b8_one_that_computes_and_gives_up_its_turn_is_runnable(run: Any) -> None:
    """It waits for nothing but its turn, and `settle` waits for it."""

    async def main() -> None:
        done: list[str] = []

        async def work() -> None:
            for _ in range(3):
                _computes()
                await asyncio.sleep(0)
            done.append("done")

        pid = process.spawn_link(work)
        assert here.node is not None
        while pid._process not in here.node.scheduler.busy.procs:
            await process.sleep(0)
        status = process.info(pid, "status")
        await settle()

        assert (status, done) == ("runnable", ["done"])

    run(main)
