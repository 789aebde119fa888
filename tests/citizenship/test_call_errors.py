"""E6: what asyncio and the libraries around it see of a call that fails: an exception."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import anyio
import httpx
import pytest
import tenacity
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from beamish import CallError, CallTimeout, Down, Pid, process
from beamish.otp import Agent, GenServer, gen_server
from beamish.terms.ends import exit_reason
from tests.citizenship.conftest import Run


class Mute(GenServer):
    """Never replies."""

    async def handle_call(self, request: Any, caller: Any) -> Any:
        if request == "divide":
            raise ZeroDivisionError
        await process.sleep(None)


async def noproc() -> Any:
    return await Agent.get("nobody", len)


async def late() -> Any:
    pid = await Mute.start()
    try:
        return await gen_server.call(pid, "x", timeout=0.01)
    finally:
        process.exit(pid, "kill")


async def exception() -> Any:
    return await gen_server.call(await Mute.start(), "divide")


async def succeeds() -> str:
    await asyncio.sleep(0)
    return "done"


Failing = Callable[[], Coroutine[Any, Any, Any]]

FAILURES: dict[Failing, type[CallError]] = {
    noproc: CallError,
    late: CallTimeout,
    exception: CallError,
}


def cleaned(error: Any) -> Any:
    """What a table row records of an error."""
    members: Any = getattr(error, "exceptions", None)
    return error.__class__ if members is None else [cleaned(one) for one in members]


# ---- what asyncio's and anyio's own see; each returns what came out


async def by_except(fail: Failing) -> Any:
    try:
        await fail()
    except Exception as error:  # noqa: BLE001 - that is the case
        return error


async def by_task_group(fail: Failing) -> Any:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            group.create_task(asyncio.sleep(60))
    except ExceptionGroup as several:
        return several


async def by_gather(fail: Failing) -> Any:
    try:
        await asyncio.gather(succeeds(), fail())
    except Exception as error:  # noqa: BLE001 - that is the case
        return error


async def by_gather_of_results(fail: Failing) -> Any:
    done, error = await asyncio.gather(succeeds(), fail(), return_exceptions=True)
    assert done == "done"
    return error


async def by_wait_for(fail: Failing) -> Any:
    try:
        await asyncio.wait_for(fail(), 60)
    except Exception as error:  # noqa: BLE001 - that is the case
        return error


async def by_timeout(fail: Failing) -> Any:
    try:
        async with asyncio.timeout(60):
            await fail()
    except Exception as error:  # noqa: BLE001 - that is the case
        return error


async def by_shield(fail: Failing) -> Any:
    try:
        await asyncio.shield(asyncio.ensure_future(fail()))
    except Exception as error:  # noqa: BLE001 - that is the case
        return error


async def by_wait(fail: Failing) -> Any:
    done, _ = await asyncio.wait([asyncio.ensure_future(fail())])
    return done.pop().exception()


async def by_as_completed(fail: Failing) -> Any:
    for one in asyncio.as_completed([fail()]):
        try:
            await one
        except Exception as error:  # noqa: BLE001 - that is the case
            return error
    return None


async def by_task(fail: Failing) -> Any:
    task = asyncio.ensure_future(fail())
    await asyncio.wait([task])
    assert not task.cancelled()
    return task.exception()


async def by_exit_stack(fail: Failing) -> Any:
    with contextlib.suppress(CallError):
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_exit(noted)
            await fail()
    return SEEN.pop()


SEEN: list[Any] = []


async def noted(_: Any, error: BaseException | None, __: Any) -> None:
    SEEN.append(error)


async def by_anyio(fail: Failing) -> Any:
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(fail)
    except ExceptionGroup as several:
        return several


SEERS = [
    by_except,
    by_task_group,
    by_gather,
    by_gather_of_results,
    by_wait_for,
    by_timeout,
    by_shield,
    by_wait,
    by_as_completed,
    by_task,
    by_exit_stack,
    by_anyio,
]


def expected(seer: Any, kind: type[CallError]) -> Any:
    return [kind] if seer in (by_task_group, by_anyio) else kind


@pytest.mark.parametrize("fail", FAILURES)
@pytest.mark.parametrize("seer", SEERS)
def test_e6_a_process_sees_an_exception(run: Run, seer: Any, fail: Failing) -> None:
    async def main() -> Any:
        return cleaned(await seer(fail))

    reports = ("crash",) if fail is exception else ()
    assert run(main, reports=reports) == expected(seer, FAILURES[fail])


@pytest.mark.parametrize("fail", FAILURES)
@pytest.mark.parametrize("seer", SEERS)
def test_e6_a_task_that_is_adopted_sees_an_exception(embed: Run, seer: Any, fail: Failing) -> None:
    async def main() -> Any:
        return cleaned(await seer(fail))

    reports = ("crash",) if fail is exception else ()
    assert embed(main, reports=reports) == expected(seer, FAILURES[fail])


# ---- the end of an adopted Task, and of a process seen as one


@pytest.mark.parametrize("fail", [noproc, late])
def test_e6_the_process_of_a_task_ends_with_the_reason(embed: Run, fail: Failing) -> None:
    async def main() -> tuple[Any, bool]:
        task = asyncio.ensure_future(fail())
        process.monitor(task)
        await asyncio.wait([task])
        error = task.exception()
        assert isinstance(error, CallError)
        down = await process.receive(Down)
        return down.reason is error.reason, task.cancelled()

    assert embed(main) == (True, False)


def test_e6_a_group_in_an_adopted_task_is_an_exit_too(embed: Run) -> None:
    async def fail_in_a_group() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(noproc())

    async def main() -> tuple[Any, Any]:
        task = asyncio.create_task(fail_in_a_group())
        process.monitor(task)
        await asyncio.wait([task])
        down = await process.receive(Down)
        error = task.exception()
        assert error is not None
        return cleaned(error), down.reason is exit_reason(error)

    assert embed(main) == ([CallError], True)


def test_e6_a_process_seen_as_a_task_has_the_exception(run: Run) -> None:
    async def main() -> tuple[Any, bool]:
        tasks: list[asyncio.Task[Any]] = []

        async def child() -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.append(task)
            task.add_done_callback(lambda _: None)
            await noproc()

        process.spawn_monitor(child)
        await process.receive(Down)
        return cleaned(tasks[0].exception()), tasks[0].cancelled()

    assert run(main) == (CallError, False)


# ---- libraries


def test_e6_tenacity_tries_again(run: Run) -> None:
    async def main() -> tuple[int, Any]:
        tries: list[Pid] = []

        @tenacity.retry(stop=tenacity.stop_after_attempt(3))
        async def ask() -> Any:
            tries.append(process.self())
            if len(tries) == 2:
                await Agent.start_link(lambda: [1], name="nobody")
            return await Agent.get("nobody", len)

        answer = await ask()
        await Agent.stop("nobody")
        return answer, len(tries)

    assert run(main) == (1, 2)


def test_e6_tenacity_tries_again_after_time_outs_alone(run: Run) -> None:
    async def main() -> int:
        tries: list[int] = []

        @tenacity.retry(retry=tenacity.retry_if_exception_type(TimeoutError))
        async def ask() -> Any:
            tries.append(1)
            return await (late if len(tries) == 1 else noproc)()

        with pytest.raises(CallError):
            await ask()
        return len(tries)

    assert run(main) == 2


def application(log: list[Any]) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def watch(request: Request, go_on: Any) -> Any:
        try:
            return await go_on(request)
        except Exception as error:
            log.append(type(error))
            raise

    @app.exception_handler(CallTimeout)
    async def busy(request: Request, error: CallTimeout) -> JSONResponse:
        return JSONResponse({"reason": error.reason[0]}, status_code=503)

    @app.get("/late")
    async def get_late() -> Any:
        return await late()

    @app.get("/noproc")
    async def get_noproc() -> Any:
        return await noproc()

    return app


@contextlib.asynccontextmanager
async def client_of(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def test_e6_a_handler_of_fastapi_answers_for_it(embed: Run) -> None:
    async def main() -> tuple[int, Any]:
        async with client_of(application([])) as client:
            response = await client.get("/late")
            return response.status_code, response.json()

    assert embed(main) == (503, {"reason": "timeout"})


def test_e6_a_middleware_of_fastapi_sees_it(embed: Run) -> None:
    log: list[Any] = []

    async def main() -> int:
        async with client_of(application(log)) as client:
            return (await client.get("/noproc")).status_code

    assert (embed(main), log) == (500, [CallError])
