from __future__ import annotations

import asyncio
from typing import Any, assert_type

import pytest

from beamish import process
from beamish.otp import Caller, GenServer, Stop, call, cast, gen_server
from beamish.terms import BadArgError, Pid

from .support import down, exit_reason, on_real_clock, on_virtual_clock


class Counter(GenServer):
    def init(self, start: int = 0) -> None:
        self.n = start

    @call
    def bump(self, by: int = 1) -> int:
        """Adds to the counter."""
        self.n += by
        return self.n

    @call
    async def slowly(self, seconds: float) -> int:
        await process.sleep(seconds)
        return self.n

    @call
    def twice(self, by: int) -> int:
        return self.bump(by) + self.bump(by)

    @call
    async def later(self) -> int:
        return await self.slowly(0) + 1

    @call(timeout=60.0)
    async def patient(self, seconds: float) -> str:
        await process.sleep(seconds)
        return "done"

    @cast
    def reset(self, to: int = 0) -> None:
        self.n = to

    @cast
    async def finish(self) -> Any:
        await process.sleep(0)
        return Stop("finished")

    @call
    def fail(self) -> int:
        raise ValueError("boom")

    @call
    def give_up(self) -> int:
        process.throw(Stop("gave up", reply=-1))

    def handle_call(self, request: Any, caller: Caller) -> Any:
        return ("handle_call", request)


class Loud(Counter):
    @call
    def bump(self, by: int = 1) -> int:
        self.n += 10 * by
        return self.n


@on_real_clock
async def test_a_method_is_a_call_from_outside() -> None:
    pid = await Counter.start_link(5)

    assert await Counter.bump(pid) == 6
    assert await Counter.bump(pid, 2) == 8
    assert await Counter.bump(pid, by=2) == 10


@on_real_clock
async def test_the_type_checkers_know_a_methods_types() -> None:
    pid = await Counter.start_link(5)

    assert_type(await Counter.bump(pid), int)
    assert_type(await Counter.slowly(pid, 0), int)
    assert_type(await Counter.patient.within(1.0)(pid, 0), str)


def wrong_uses(pid: Pid) -> object:
    """Never called: the type checkers must refuse each line."""
    return [
        Counter.bump(pid, "2"),  # type: ignore[arg-type]
        Counter.bump(),  # type: ignore[call-arg]
        Counter.bump(pid, 1, 2),  # type: ignore[call-arg]
        Counter.reset(pid, too=1),  # type: ignore[call-arg]
    ]


@on_real_clock
async def test_a_method_takes_a_name() -> None:
    await Counter.start_link(5, name="counter")

    assert await Counter.bump("counter") == 6


@on_real_clock
async def test_a_body_may_be_a_coroutine() -> None:
    pid = await Counter.start_link(5)

    assert await Counter.slowly(pid, 0) == 5


@on_real_clock
async def test_inside_the_server_it_is_an_ordinary_method() -> None:
    pid = await Counter.start_link(0)

    assert await Counter.twice(pid, 2) == 2 + 4
    assert await Counter.later(pid) == 5


@on_real_clock
async def test_a_cast_method_does_not_wait() -> None:
    pid = await Counter.start_link(5)

    Counter.reset(pid, to=1)

    assert await Counter.bump(pid) == 2


@on_real_clock
async def test_a_method_may_return_what_its_callback_may() -> None:
    pid = await Counter.start(5)
    ref = process.monitor(pid)

    Counter.finish(pid)

    assert await down(ref) == "finished"


@on_real_clock
async def test_a_typed_method_may_throw_what_its_type_does_not_let_it_return() -> None:
    pid = await Counter.start(5)
    ref = process.monitor(pid)

    assert await Counter.give_up(pid) == -1
    assert await down(ref) == "gave up"


@on_real_clock
async def test_an_error_in_the_body_ends_server_and_caller() -> None:
    pid = await Counter.start(5)

    error, (module, function, (dest, request)) = await exit_reason(Counter.fail(pid))

    assert isinstance(error, ValueError)
    assert (module, function, dest) == ("gen_server", "call", pid)
    assert repr(request) == "fail()"


@on_real_clock
async def test_wrong_arguments_end_the_server_as_any_error_does() -> None:
    pid = await Counter.start(5)

    error, (_, _, (_, request)) = await exit_reason(
        Counter.bump(pid, 1, 2, x=3)  # type: ignore[call-arg]
    )

    assert isinstance(error, TypeError)
    assert repr(request) == "bump(1, 2, x=3)"


@on_virtual_clock
async def test_a_method_waits_five_seconds_by_default() -> None:
    loop = asyncio.get_running_loop()
    pid = await Counter.start_link()

    assert (await exit_reason(Counter.slowly(pid, 10.0)))[0] == "timeout"
    assert loop.time() == 5.0


@on_virtual_clock
async def test_a_method_may_have_a_time_out_of_its_own() -> None:
    pid = await Counter.start_link()

    assert await Counter.patient(pid, 59.0) == "done"


@on_virtual_clock
async def test_one_call_may_have_a_time_out_of_its_own() -> None:
    pid = await Counter.start_link(5)

    assert await Counter.slowly.within(20.0)(pid, 10.0) == 5
    assert await Counter.slowly.within(None)(pid, 1e6) == 5
    assert (await exit_reason(Counter.slowly.within(1.0)(pid, 2.0)))[0] == "timeout"


@on_real_clock
async def test_a_subclass_may_override_a_method() -> None:
    pid = await Loud.start_link(0)

    assert await Counter.bump(pid) == 10
    assert await Loud.bump(pid) == 20
    assert await Counter.twice(pid, 1) == 30 + 40


@on_real_clock
async def test_methods_and_requests_live_together() -> None:
    pid = await Counter.start_link(0)

    assert await gen_server.call(pid, "x") == ("handle_call", "x")
    assert await Counter.bump(pid) == 1


def test_a_method_keeps_its_name_and_doc() -> None:
    assert Counter.bump.__name__ == "bump"
    assert Counter.bump.__doc__ == "Adds to the counter."
    assert repr(Counter.bump) == "<CallMethod Counter.bump>"


@pytest.mark.parametrize("body", [17, int, staticmethod(len), "counter"])
def test_only_a_method_can_be_a_call(body: Any) -> None:
    with pytest.raises(BadArgError, match=r"use gen_server\.call\(server, request\)"):
        call(body)


@on_real_clock
async def test_a_call_may_be_sent_now_and_answered_later() -> None:
    pid = await Counter.start_link(5)

    request = Counter.bump.send_request(pid, 2)
    answer = assert_type(await gen_server.receive_response(request, 1.0), int)

    assert answer == 7
