"""The leak check on a node, and how a test fails that is a process."""

from __future__ import annotations

import asyncio

import pytest

from beamish import Pid, ProcessExit, process
from beamish.otp import Agent, Application, Supervisor, application
from beamish.testing import LeakError, run_test


def leaks_of(test: object, **options: object) -> list[str]:
    with pytest.raises(LeakError) as failed:
        run_test(test, **{"clock": "virtual", **options})  # type: ignore[arg-type]
    assert str(failed.value).startswith("the test has left behind:\n")
    return failed.value.leaks


@pytest.mark.parametrize("clock", ["virtual", "real"])
@pytest.mark.slow  # on the real clock it is given a second to end
def test_a_process_that_nobody_ends_is_a_leak(clock: str) -> None:
    async def test() -> None:
        await Agent.start(dict, name="forgotten")

    [leak] = leaks_of(test, clock=clock)

    assert "a process: <0.102.0> (forgotten), which runs builtins.dict" in leak
    assert "its parent is <0.101.0>. Link it to the test" in leak


def test_a_timer_that_was_not_cancelled_is_a_leak() -> None:
    async def test() -> None:
        process.send_after(60, "nobody", "late")

    [leak] = leaks_of(test)

    assert leak == (
        "a timer: it sends 'late' to 'nobody' in 58.990 s. Cancel it: process.cancel_timer"
    ) or leak.startswith("a timer: it sends 'late' to 'nobody' in ")


def test_a_task_of_asyncio_that_goes_on_is_a_leak() -> None:
    tasks: list[asyncio.Task[None]] = []

    async def goes_on() -> None:
        await asyncio.sleep(3600)

    async def test() -> None:
        tasks.append(asyncio.create_task(goes_on(), name="goes on"))

    [leak] = leaks_of(test)

    assert "an asyncio.Task: <Task pending name='goes on'" in leak


def test_what_is_about_to_end_is_no_leak() -> None:
    async def slow() -> None:
        try:
            await process.sleep(None)
        finally:
            await asyncio.sleep(0.5)

    async def test() -> None:
        process.spawn_link(slow)
        process.send_after(0.5, process.self(), "ends with the test")

    run_test(test, clock="virtual")


def test_the_check_can_be_left_out() -> None:
    async def test() -> None:
        await Agent.start(dict)

    run_test(test, leaks=False)


def test_applications_that_run_are_stopped_in_order() -> None:
    stopped: list[str] = []

    class App(Application):
        async def start(self, type: str, args: object) -> Pid:
            return await Supervisor.start_link([])

        def stop(self) -> None:
            stopped.append(self.name)

    async def test() -> None:
        await application.start(App)

    run_test(test)

    assert stopped == ["app"]


# ---- how it fails


def test_a_test_fails_with_what_it_raises() -> None:
    async def test() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_test(test)


def test_a_failed_test_is_not_blamed_for_leaks() -> None:
    async def test() -> None:
        await Agent.start(dict)
        assert process.self() is None

    with pytest.raises(AssertionError) as failed:
        run_test(test)

    assert not isinstance(failed.value, LeakError)


def test_a_test_that_a_linked_process_takes_down_fails_with_its_reason() -> None:
    async def test() -> None:
        process.spawn_link(process.exit, "crash")
        await process.sleep(None)

    with pytest.raises(AssertionError, match="ended from outside, with the reason crash: by a"):
        run_test(test)


def test_a_test_that_exits_fails() -> None:
    async def test() -> None:
        process.exit("why")

    with pytest.raises(ProcessExit):
        run_test(test)


def test_a_test_that_is_killed_fails() -> None:
    async def test() -> None:
        process.exit(process.self(), "kill")
        await process.sleep(None)

    with pytest.raises(AssertionError, match="with the reason kill"):
        run_test(test)
