"""Libraries that run plain code in a greenlet of its own and await from there: SQLAlchemy's way.

The runtime uses greenlets itself; theirs come between a process and the code that it runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final

import awaitlet  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
import greenback
import pytest
import sqlalchemy
from greenlet import GreenletExit, getcurrent, greenlet
from sqlalchemy.ext.asyncio import create_async_engine

from beamish import Pid, process
from beamish.otp import GenServer, gen_server
from beamish.runtime.here import here, running_node
from beamish.runtime.preemption import _after_park
from beamish.runtime.states import TICKED
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, SOON, Scene, Way, end_midway


def wait(awaitable: Awaitable[Any]) -> Any:
    """Awaits from plain code: the coroutine around it does so."""
    parent = getcurrent().parent
    assert parent is not None
    return parent.switch(awaitable)


async def greenlet_spawn(function: Callable[..., Any], *args: Any) -> Any:
    """Runs plain code that may use `wait`."""
    runner = greenlet(function)
    runner.gr_context = getcurrent().gr_context
    result: Any = runner.switch(*args)
    while not runner.dead:
        try:
            value: Any = await result
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is the plain code's
            result = runner.throw(type(error), error, error.__traceback__)
        else:
            result = runner.switch(value)
    return result


def test_plain_code_awaits(run: Run) -> None:
    async def answer(n: int) -> int:
        await asyncio.sleep(0)
        return n

    def plain() -> int:
        return sum(wait(answer(n)) for n in range(3))

    async def main() -> int:
        result: int = await greenlet_spawn(plain)
        return result

    assert run(main) == 3


def test_plain_code_is_the_process_that_runs_it(run: Run) -> None:
    def plain() -> tuple[Any, Any]:
        process.send(process.self(), "message")
        return process.self(), wait(process.receive(timeout=PATIENCE))

    async def main() -> bool:
        return await greenlet_spawn(plain) == (process.self(), "message")

    assert run(main)


def test_timeout_ends_plain_code(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await greenlet_spawn(wait, asyncio.get_running_loop().create_future())

    run(main)


def test_process_ends_in_plain_code(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        def plain() -> None:
            with scene.noting("left"):
                scene.ready()
                wait(asyncio.sleep(60))

        await greenlet_spawn(plain)

    assert run(end_midway, way, body) == (REASONS[way], ["left"])


@pytest.mark.slow  # it computes for some ticks of the preemption timer
def test_plain_code_that_computes_is_not_torn_from_its_greenlet(run: Run) -> None:
    """It is not preempted there, for its greenlet is not the runtime's to park."""

    def plain() -> int:
        total = 0
        for n in range(1_000_000):
            total += n
        return total

    async def main() -> bool:
        return await greenlet_spawn(plain) == sum(range(1_000_000))

    assert run(main)


# ---- beside processes that are parked: another greenlet of the scheduler's runs the process then


def be_parked() -> None:
    """Parks the caller where it is, as the timer does, but at once."""
    proc = here.process
    assert proc is not None
    proc.state = TICKED
    running_node().scheduler.park(proc)
    error = _after_park(proc)
    if error is not None:
        raise error


def compute() -> None:
    """Is parked by the timer, if others compute as well."""
    for _ in range(1_000_000):
        pass


@contextlib.asynccontextmanager
async def parked_ones(be_parked: Callable[[], None] = be_parked) -> AsyncGenerator[None]:
    """Three processes that are parked, and wait in between.

    So each is parked in whichever worker has the turn, and the others go on in another one: a
    process that never waits would stay in the worker that it was parked in first.
    """

    async def parked(starter: Pid, times: int) -> None:
        process.send(starter, "parked")
        while True:
            for _ in range(times):
                be_parked()
            await asyncio.sleep(0)

    refs = [process.spawn_monitor(parked, process.self(), times) for times in (1, 2, 3)]
    for _ in refs:
        await process.receive("parked", timeout=PATIENCE)
    try:
        yield
    finally:
        for pid, ref in refs:
            process.exit(pid, "kill")
            await process.receive((..., ref, ..., ..., ...), timeout=PATIENCE)


async def seven_lines() -> list[int]:
    """What SQLAlchemy does, and the end of the greenlet by a value."""

    def plain() -> list[int]:
        return [wait(_soon(n)) for n in range(5)]

    found: list[int] = await greenlet_spawn(plain)
    return found


async def that_raise() -> list[int]:
    """The end of a greenlet by an exception, which came from what it awaited."""

    async def fails(n: int) -> None:
        await _soon(n)
        raise LookupError(n)

    def plain(n: int) -> None:
        wait(fails(n))

    found: list[int] = []
    for n in range(5):
        try:
            await greenlet_spawn(plain, n)
        except LookupError as error:
            found.append(error.args[0])
            assert error.__context__ is None
    return found


async def made_before() -> list[int]:
    """A greenlet that begins, and one that has ended, in another worker than it was made in."""
    runner = greenlet(lambda: wait(_soon(0)))
    await _soon(0)
    found = [await runner.switch()]
    runner.switch(found[0])
    for n in range(1, 5):
        await _soon(n)
        found.append(runner.switch(n))  # one that has ended gives it to its parent
    return found


async def one_in_another() -> list[int]:
    """The plain code of a greenlet has greenlets itself."""

    def outer() -> list[int]:
        return [inner(n) for n in range(5)]

    def inner(n: int) -> int:
        runner = greenlet(lambda: wait(wait_above(n)))
        here = getcurrent()

        def wait_above(n: int) -> Any:
            return _soon(n)

        awaitable = runner.switch()
        assert getcurrent() is here
        found: int = runner.switch(wait(awaitable))
        return found

    found: list[int] = await greenlet_spawn(outer)
    return found


async def that_is_remembered() -> list[int]:
    """Code that keeps the greenlet of its process, instead of asking for the parent."""
    mine = getcurrent()

    def plain() -> list[int]:
        return [mine.switch(_soon(n)) for n in range(5)]

    found: list[int] = await greenlet_spawn(plain)
    return found


async def given_up() -> list[int]:
    """A greenlet that is ended where it waits, in another worker than it was made in."""
    found: list[int] = []

    def plain(n: int) -> None:
        try:
            wait(_soon(n))
        except GreenletExit:
            found.append(n)
            raise

    for n in range(5):
        runner = greenlet(plain)
        await runner.switch(n)
        assert type(runner.throw()) is GreenletExit
        assert runner.dead
    return found


async def forgotten() -> list[int]:
    """A greenlet that nobody refers to any more, and that is ended for that."""
    found: list[int] = []

    def plain(n: int) -> None:
        try:
            wait(_soon(n))
        finally:
            found.append(n)

    for n in range(5):
        runner = greenlet(plain)
        await runner.switch(n)
        del runner
    return found


async def with_awaitlet() -> list[int]:
    library: Any = awaitlet

    def plain() -> list[int]:
        return [library.awaitlet(_soon(n)) for n in range(5)]

    found: list[int] = await library.async_def(plain)
    return found


async def with_a_portal() -> list[int]:
    """The whole Task may await from plain code from here on."""

    def plain(n: int) -> int:
        return greenback.await_(_soon(n))

    await greenback.ensure_portal()
    found = [plain(n) for n in range(3)]
    await _soon(0)
    return [*found, plain(3), plain(4)]


async def _plain_with_greenback() -> list[int]:
    return [greenback.await_(_soon(n)) for n in range(5)]


async def with_greenback() -> list[int]:
    return await greenback.with_portal_run(_plain_with_greenback)


async def with_greenback_for_a_function() -> list[int]:
    def plain() -> list[int]:
        return [greenback.await_(_soon(n)) for n in range(5)]

    return await greenback.with_portal_run_sync(plain)


async def with_sqlalchemy() -> list[int]:
    engine = create_async_engine("sqlite+aiosqlite://")
    insert = sqlalchemy.text("insert into numbers values (:n)")
    try:
        async with engine.begin() as connection:
            await connection.execute(sqlalchemy.text("create table numbers (n integer)"))
            await connection.execute(insert, [{"n": n} for n in range(5)])
        async with engine.connect() as connection:
            rows = await connection.execute(sqlalchemy.text("select n from numbers order by n"))
            return list(rows.scalars())
    finally:
        await engine.dispose()


async def _soon(n: int) -> int:
    """Waits long enough for others to be run, and to be parked."""
    await asyncio.sleep(SOON)
    return n


EXPECTED: Final = [0, 1, 2, 3, 4]
LIBRARIES: Final = [
    seven_lines,
    that_raise,
    made_before,
    one_in_another,
    that_is_remembered,
    given_up,
    forgotten,
    with_awaitlet,
    with_greenback,
    with_greenback_for_a_function,
    with_sqlalchemy,
]
Work = Callable[[], Awaitable[Any]]


class Server(GenServer):
    async def init(self, work: Work) -> None:
        self.work = work

    async def handle_call(self, request: object, caller: object) -> Any:
        return await self.work()


async def in_processes(work: Work) -> list[Any]:
    """In several at once, so that each is run by a worker that another has left."""

    async def one(parent: Pid) -> None:
        process.send(parent, ("found", await work()))

    for _ in range(3):
        process.spawn(one, process.self())
    return [(await process.receive(("found", ...), timeout=PATIENCE))[1] for _ in range(3)]


async def in_callbacks(work: Work) -> list[Any]:
    pid = await Server.start(work)
    found = [await gen_server.call(pid, "work", timeout=PATIENCE) for _ in range(2)]
    await gen_server.stop(pid)
    return found


async def in_tasks(work: Work) -> list[Any]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_awaited(work)) for _ in range(3)]
    return [task.result() for task in tasks]


async def in_adopted_tasks(work: Work) -> list[Any]:
    async def adopted() -> Any:
        process.self()
        return await work()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(adopted()) for _ in range(3)]
    return [task.result() for task in tasks]


async def in_a_parked_process(work: Work) -> list[Any]:
    """The process is parked itself, before and after."""

    async def one(parent: Pid) -> None:
        be_parked()
        found = await work()
        be_parked()
        process.send(parent, ("found", [found, await work()]))

    process.spawn(one, process.self())
    found: list[Any] = (await process.receive(("found", ...), timeout=PATIENCE))[1]
    return found


async def _awaited(work: Work) -> Any:
    return await work()


@pytest.mark.parametrize("work", LIBRARIES)
def test_libraries_on_greenlets_work_beside_parked_processes(run: Run, work: Work) -> None:
    places = [in_processes, in_callbacks, in_tasks, in_adopted_tasks, in_a_parked_process]

    async def main() -> None:
        async with parked_ones():
            for place in places:
                for found in await place(work):
                    assert found == EXPECTED, place

    run(main)


@pytest.mark.slow  # the hogs have their share of the time
@pytest.mark.parametrize("work", [with_greenback, with_sqlalchemy])
@pytest.mark.parametrize("loop_name", ["default"])
def test_libraries_on_greenlets_work_beside_hogs(run: Run, work: Work) -> None:
    async def main() -> list[Any]:
        async with parked_ones(compute):
            return await in_processes(work)

    assert run(main) == [EXPECTED] * 3


@pytest.mark.parametrize("work", LIBRARIES)
@pytest.mark.parametrize("loop_name", ["default", "asyncio"])  # not every uvloop has such Tasks
def test_tasks_that_start_at_once_use_them_beside_parked_processes(embed: Run, work: Work) -> None:
    """Their first step runs in the worker of the process that makes them, the rest in the loop."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(getattr(asyncio, "eager_task_factory", None))

        async def maker(parent: Pid) -> None:
            process.send(parent, ("found", await in_tasks(work)))

        async with parked_ones():
            process.spawn(maker, process.self())
            _, found = await process.receive(("found", ...), timeout=PATIENCE)
        assert found == [EXPECTED] * 3

    embed(main)


@pytest.mark.slow  # the hogs have their share of the time
@pytest.mark.parametrize("loop_name", ["default", "uvloop"])
def test_a_database_on_a_socket_is_asked_beside_hogs(run: Run, postgres_folder: str) -> None:
    """SQLAlchemy with asyncpg: what it awaits is woken by the loop's transports."""
    url = f"postgresql+asyncpg://postgres@/postgres?host={postgres_folder}"
    query = sqlalchemy.text("select generate_series(0, 4)")

    async def asks() -> list[int]:
        engine = create_async_engine(url)
        try:
            async with engine.connect() as connection:
                await connection.execute(sqlalchemy.text("select pg_sleep(0.02)"))
                return list((await connection.execute(query)).scalars())
        finally:
            await engine.dispose()

    async def main() -> None:
        async with parked_ones(compute):
            assert await in_processes(asks) == [EXPECTED] * 3

    run(main)


@pytest.mark.slow  # an OS process
def test_a_forked_child_uses_them_on_a_loop_of_its_own(run: Run) -> None:
    """It was forked in a process, in the middle of greenlets that nobody will switch to."""

    async def main() -> int:
        async with parked_ones():
            await _soon(0)
            child = _fork()
            if child == 0:
                with contextlib.suppress(BaseException):
                    os._exit(int(asyncio.run(seven_lines()) != EXPECTED))
                os._exit(2)
            return (await process.offload(os.waitpid, child, 0))[1]

    assert run(main) == 0


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # there are threads, of which the child needs none
        return os.fork()


def test_tasks_with_a_portal_work_beside_parked_processes(run: Run) -> None:
    async def main() -> None:
        async with parked_ones():
            for place in (in_tasks, in_adopted_tasks):
                assert await place(with_a_portal) == [EXPECTED] * 3

    run(main)


def test_a_portal_is_refused_to_a_process(run: Run) -> None:
    """A limit: greenback opens it in an asyncio Task's own fields; `with_portal_run` needs none."""

    async def main() -> list[int]:
        with pytest.raises(AssertionError):
            await greenback.ensure_portal()
        return await greenback.with_portal_run(_plain_with_greenback)

    assert run(main) == EXPECTED


def test_a_process_ends_in_plain_code_beside_parked_ones(run: Run, way: Way) -> None:
    async def body(scene: Scene) -> None:
        def plain() -> None:
            with scene.noting("left"):
                wait(_soon(0))
                scene.ready()
                wait(asyncio.sleep(60))

        await greenlet_spawn(plain)

    async def main() -> Any:
        async with parked_ones():
            return await end_midway(way, body)

    assert run(main) == (REASONS[way], ["left"])


@pytest.mark.slow  # it blocks the node until that is reported
def test_plain_code_that_computes_blocks_the_node_and_is_reported(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """A limit: its process is not below it on the stack, so it cannot be parked there."""

    def blocked() -> list[Any]:
        return [one for one in caplog.records if getattr(one, "report", None) == "blocked"]

    def plain() -> None:
        while not blocked():
            pass

    async def main() -> None:
        with caplog.at_level(logging.WARNING, "beamish"):
            await greenlet_spawn(plain)

    run(main)
    assert any("in plain" in vars(record)["beamish"]["stack"] for record in blocked())


def test_a_process_that_switches_to_the_loop_gets_that_itself(run: Run) -> None:
    """It has no greenlet of its own in which it could await, and harms nobody."""

    async def main() -> list[Any]:
        parent = getcurrent().parent
        assert parent is not None
        async with parked_ones():
            return [parent.switch("misguided"), await _soon(1)]

    assert run(main) == ["misguided", 1]


def test_the_greenlet_of_a_process_may_be_another_after_an_await(run: Run) -> None:
    """A limit: it can still be switched to, but says nothing of which process runs."""

    async def main() -> int:
        found = set[greenlet]()
        async with parked_ones():
            for n in range(20):
                found.add(getcurrent())
                await _soon(n)
        return len(found)

    assert run(main) > 1
