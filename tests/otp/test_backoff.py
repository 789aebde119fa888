"""Restart backoff: beyond OTP, and off unless a child's spec has it."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from beamish import process
from beamish.otp import (
    Backoff,
    ChildInfo,
    ChildSpec,
    ChildSpecError,
    DynamicSupervisor,
    StartError,
    Supervisor,
    Waiting,
)
from beamish.terms import Pid

from .support import Worker, ended_by, on_virtual_clock, reason_of, started

EXACT = Backoff(first=1.0, longest=8.0, jitter=0.0)


def now() -> float:
    return asyncio.get_running_loop().time()


def worker(name: str, **fields: Any) -> ChildSpec:
    return ChildSpec(name, (Worker.start_link, (process.self(), name)), **fields)


async def next_start(name: str = "a") -> tuple[float, Pid]:
    """When the next worker of this name starts, and its pid."""
    _, _, pid = await process.receive(("started", name, ...))
    return now(), pid


async def info(sup: Pid, id: Any = "a") -> ChildInfo:
    (found,) = [info for info in await Supervisor.which_children(sup) if info.id == id]
    return found


# ---- the delays


def test_each_delay_is_factor_times_the_one_before_up_to_the_longest() -> None:
    backoff = Backoff(first=0.5, longest=3.0, factor=2.0, jitter=0.0)

    assert [backoff.delay(n) for n in range(1, 6)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_jitter_takes_a_random_part_away() -> None:
    backoff = Backoff(first=8.0, longest=8.0, jitter=0.5)
    random.seed(1)

    delays = [backoff.delay(1) for _ in range(200)]

    assert all(4.0 <= delay <= 8.0 for delay in delays)
    assert max(delays) - min(delays) > 3.0


def test_the_delay_of_a_distant_attempt_is_the_longest() -> None:
    assert Backoff(jitter=0.0).delay(100_000) == 60.0


@pytest.mark.parametrize(
    ("field", "value"),
    [("first", -1), ("longest", "x"), ("factor", 0.5), ("jitter", 1.5), ("steady", -1)],
)
def test_a_bad_field_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ChildSpecError, match=f"backoff: {field}: expected a number"):
        Backoff(**{field: value})


def test_a_spec_takes_no_other_backoff() -> None:
    with pytest.raises(ChildSpecError, match=r"expected Backoff\(\.\.\.\) or None"):
        ChildSpec("a", Worker.start_link, backoff=1.0)  # type: ignore[arg-type]


# ---- a supervisor


@on_virtual_clock
async def test_a_child_that_ends_is_restarted_later_each_time() -> None:
    await Supervisor.start_link([worker("a", backoff=EXACT)])
    began, pid = await next_start()
    times: list[float] = []

    for _ in range(5):
        process.exit(pid, "kill")
        at, pid = await next_start()
        times.append(at - began)
        began = at

    assert times == pytest.approx([1.0, 2.0, 4.0, 8.0, 8.0])


@on_virtual_clock
async def test_a_child_without_a_backoff_is_restarted_at_once() -> None:
    await Supervisor.start_link([worker("a")])
    _, pid = await next_start()

    process.exit(pid, "kill")

    assert (await next_start())[0] == 0.0


@on_virtual_clock
async def test_a_child_that_has_run_steadily_begins_anew() -> None:
    await Supervisor.start_link([worker("a", backoff=EXACT)])
    _, pid = await next_start()
    process.exit(pid, "kill")
    _, pid = await next_start()
    process.exit(pid, "kill")
    _, pid = await next_start()

    await process.sleep(8.0)
    process.exit(pid, "kill")

    before = now()
    assert (await next_start())[0] - before == pytest.approx(1.0)


@on_virtual_clock
async def test_which_children_shows_the_delay_and_the_next_attempt() -> None:
    sup = await Supervisor.start_link([worker("a", backoff=EXACT)])
    _, pid = await next_start()
    process.exit(pid, "kill")
    _, pid = await next_start()
    await ended_by(pid, "kill")

    await process.sleep(0.5)
    shown = await info(sup)

    assert shown.waiting == pytest.approx(Waiting(attempt=2, delay=2.0, left=1.5))
    assert shown == ("a", "restarting", "worker", ("Worker",))
    assert "waiting=Waiting(attempt=2, delay=2.0, left=1.5)" in repr(shown)


@on_virtual_clock
async def test_a_running_child_waits_for_nothing() -> None:
    sup = await Supervisor.start_link([worker("a", backoff=EXACT)])

    assert (await info(sup)).waiting is None


@on_virtual_clock
async def test_a_failed_start_is_tried_again_later() -> None:
    tries: list[float] = []

    def start() -> Pid:
        tries.append(now())
        if 1 < len(tries) < 4:
            raise StartError("down")
        return process.spawn_link(process.sleep, None)

    sup = await Supervisor.start_link([ChildSpec("a", start, backoff=EXACT)])
    pid: Any = (await info(sup)).pid

    await ended_by(pid, "kill")
    await process.sleep(20.0)

    assert tries == pytest.approx([0.0, 1.0, 3.0, 7.0])


@on_virtual_clock
async def test_attempts_count_as_restarts_when_they_are_made() -> None:
    process.flag(trap_exit=True)
    quick = Backoff(first=0.1, longest=0.1, jitter=0.0)
    sup = await Supervisor.start_link([worker("a", backoff=quick)], max_restarts=2)
    for _ in range(3):
        _, pid = await next_start()
        process.exit(pid, "kill")

    assert await reason_of(sup) == "shutdown"
    assert now() == pytest.approx(0.3, abs=0.01)


@on_virtual_clock
async def test_the_default_backoff_never_meets_the_default_intensity() -> None:
    sup = await Supervisor.start_link([worker("a", backoff=Backoff(longest=10.0))])
    for _ in range(30):
        _, pid = await next_start()
        process.exit(pid, "kill")

    assert process.alive(sup)


@on_virtual_clock
async def test_terminate_child_gives_the_attempt_up() -> None:
    sup = await Supervisor.start_link([worker("a", backoff=EXACT)])
    _, pid = await next_start()
    await ended_by(pid, "kill")

    await Supervisor.terminate_child(sup, "a")
    await process.sleep(5.0)

    assert started() == []
    assert await info(sup) == ("a", None, "worker", ("Worker",))


@on_virtual_clock
async def test_a_child_restarted_on_request_is_not_restarted_by_the_old_attempt() -> None:
    sup = await Supervisor.start_link([worker("a", backoff=EXACT)])
    _, pid = await next_start()
    await ended_by(pid, "kill")
    await Supervisor.terminate_child(sup, "a")

    again = await Supervisor.restart_child(sup, "a")
    await process.sleep(5.0)

    assert (await info(sup)).pid is again


@on_virtual_clock
async def test_one_for_all_stops_the_siblings_at_once_and_starts_all_later() -> None:
    sup = await Supervisor.start_link(
        [worker("a"), worker("b", backoff=EXACT), worker("c")], strategy="one_for_all"
    )
    _, pid = await next_start("b")
    started()

    await ended_by(pid, "kill")

    shown = {info.id: info.pid for info in await Supervisor.which_children(sup)}
    assert shown == {"a": None, "b": "restarting", "c": None}
    for name in "abc":
        assert (await next_start(name))[0] == pytest.approx(1.0)


@on_virtual_clock
async def test_the_supervisor_stops_while_a_child_waits() -> None:
    sup = await Supervisor.start_link([worker("a", backoff=EXACT)])
    _, pid = await next_start()
    await ended_by(pid, "kill")

    await Supervisor.stop(sup)
    await process.sleep(5.0)

    assert started() == []


# ---- a DynamicSupervisor


@on_virtual_clock
async def test_a_dynamic_child_waits_under_its_old_pid() -> None:
    sup = await DynamicSupervisor.start_link()
    pid = await DynamicSupervisor.start_child(sup, worker("a", backoff=EXACT))
    await next_start()
    await ended_by(pid, "kill")

    (shown,) = await DynamicSupervisor.which_children(sup)
    at, again = await next_start()

    assert (shown.pid, shown.waiting) == ("restarting", Waiting(1, 1.0, 1.0))
    assert at == pytest.approx(1.0)
    assert [info.pid for info in await DynamicSupervisor.which_children(sup)] == [again]


@on_virtual_clock
async def test_a_dynamic_child_that_waits_can_be_terminated() -> None:
    sup = await DynamicSupervisor.start_link()
    pid = await DynamicSupervisor.start_child(sup, worker("a", backoff=EXACT))
    await ended_by(pid, "kill")
    started()

    await DynamicSupervisor.terminate_child(sup, pid)
    await process.sleep(5.0)

    assert started() == []
    assert await DynamicSupervisor.which_children(sup) == []
