"""The asyncpg client in processes, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs]
import pytest

from beamish import Down, process
from tests.citizenship.conftest import Run
from tests.citizenship.harness import PATIENCE, REASONS, Scene, Way, end_midway

SLOW = "SELECT pg_sleep(60)"


async def connect(folder: str) -> Any:
    library: Any = asyncpg
    return await library.connect(host=folder, user="postgres", database="postgres")


async def owned_connection(folder: str) -> Any:
    """A connection that is closed when the process that asks ends, also by a kill."""
    return process.own(await connect(folder))


def create_pool(folder: str, size: int = 2) -> Any:
    library: Any = asyncpg
    return library.create_pool(
        host=folder, user="postgres", database="postgres", min_size=1, max_size=size
    )


async def running(connection: Any, query: str) -> None:
    """Waits until the server runs a query."""
    find = "SELECT count(*) FROM pg_stat_activity WHERE query = $1 AND state = 'active'"
    async with asyncio.timeout(PATIENCE):
        while not await connection.fetchval(find, query):
            await asyncio.sleep(0)


async def not_running(connection: Any, query: str) -> None:
    """Waits until the server does not run it any more."""
    find = "SELECT count(*) FROM pg_stat_activity WHERE query = $1 AND state = 'active'"
    async with asyncio.timeout(PATIENCE):
        while await connection.fetchval(find, query):
            await asyncio.sleep(0)


def test_query_is_answered(run: Run, postgres_folder: str) -> None:
    async def main() -> list[int]:
        connection = await connect(postgres_folder)
        rows = await connection.fetch("SELECT n FROM generate_series(1, $1) AS n", 3)
        await connection.close()
        return [row["n"] for row in rows]

    assert run(main) == [1, 2, 3]


def test_transaction_is_committed_and_rolled_back(run: Run, postgres_folder: str) -> None:
    async def main() -> list[int]:
        connection = await connect(postgres_folder)
        await connection.execute("CREATE TEMPORARY TABLE t (n int)")
        async with connection.transaction():
            await connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(ZeroDivisionError):
            async with connection.transaction():
                await connection.execute("INSERT INTO t VALUES (2)")
                raise ZeroDivisionError
        rows = await connection.fetch("SELECT n FROM t")
        await connection.close()
        return [row["n"] for row in rows]

    assert run(main) == [1]


def test_cursor_is_read(run: Run, postgres_folder: str) -> None:
    async def main() -> list[int]:
        connection = await connect(postgres_folder)
        async with connection.transaction():
            found = [
                row["n"]
                async for row in connection.cursor("SELECT n FROM generate_series(1, 120) AS n")
            ]
        await connection.close()
        return found

    assert run(main) == list(range(1, 121))


def test_failing_query_raises(run: Run, postgres_folder: str) -> None:
    async def main() -> None:
        connection = await connect(postgres_folder)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.fetchval("SELECT 1 / 0")
        await connection.close()

    run(main)


def test_notification_goes_to_a_process(run: Run, postgres_folder: str) -> None:
    async def main() -> str:
        me = process.self()
        listening, sending = await connect(postgres_folder), await connect(postgres_folder)

        def callback(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            process.send(me, payload)

        await listening.add_listener("news", callback)
        await sending.execute("NOTIFY news, 'hello'")
        text = await process.receive(timeout=PATIENCE)
        await listening.remove_listener("news", callback)
        await listening.close()
        await sending.close()
        return text

    assert run(main) == "hello"


def test_pool_is_shared_by_many_processes(run: Run, postgres_folder: str) -> None:
    async def main() -> list[int]:
        parent = process.self()
        async with create_pool(postgres_folder) as pool:

            async def worker(n: int) -> None:
                async with pool.acquire() as connection:
                    process.send(parent, await connection.fetchval("SELECT $1::int", n))

            for n in range(10):
                process.spawn(worker, n)
            return sorted([await process.receive(timeout=PATIENCE) for _ in range(10)])

    assert run(main) == list(range(10))


def test_timeout_of_a_query_cancels_it_on_the_server(run: Run, postgres_folder: str) -> None:
    async def main() -> int:
        connection = await connect(postgres_folder)
        with pytest.raises(TimeoutError):
            await connection.execute(SLOW, timeout=0.01)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await connection.execute(SLOW)
        answer: int = await connection.fetchval("SELECT 1")
        await connection.close()
        return answer

    assert run(main) == 1


def test_process_ends_in_a_query(run: Run, way: Way, postgres_folder: str) -> None:
    async def main() -> Any:
        connection = await connect(postgres_folder)

        async def body(scene: Scene) -> None:
            mine = await owned_connection(postgres_folder)
            scene.ready()
            await mine.execute(SLOW)

        reason, _ = await end_midway(way, body, when=lambda: running(connection, SLOW))
        await not_running(connection, SLOW)
        await connection.close()
        return reason

    assert run(main) == REASONS[way]


def test_exit_signal_in_a_query_leaves_time_to_close(run: Run, postgres_folder: str) -> None:
    """The query is cancelled on the server, then the connection says good-bye."""

    async def main() -> tuple[Any, list[str]]:
        connection = await connect(postgres_folder)

        async def body(scene: Scene) -> None:
            mine = await connect(postgres_folder)
            try:
                scene.ready()
                await mine.execute(SLOW)
            finally:
                await mine.close()
                scene.note("closed")

        ended = await end_midway("boom", body, when=lambda: running(connection, SLOW))
        await not_running(connection, SLOW)
        await connection.close()
        return ended

    assert run(main) == ("boom", ["closed"])


def test_transaction_of_a_process_that_ends_is_rolled_back(
    run: Run, way: Way, postgres_folder: str
) -> None:
    async def main() -> tuple[Any, int]:
        connection = await connect(postgres_folder)
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")

        async def body(scene: Scene) -> None:
            mine = await owned_connection(postgres_folder)
            async with mine.transaction():
                await mine.execute("INSERT INTO kept VALUES (1)")
                scene.ready()
                await process.receive()

        reason, _ = await end_midway(way, body)
        count: int = await connection.fetchval("SELECT count(*) FROM kept")
        await connection.close()
        return reason, count

    assert run(main) == (REASONS[way], 0)


def test_pool_goes_on_after_the_end_of_a_process_that_used_it(
    run: Run, way: Way, postgres_folder: str
) -> None:
    async def main() -> tuple[Any, int]:
        watching = await connect(postgres_folder)
        async with create_pool(postgres_folder, 1) as pool:

            async def body(scene: Scene) -> None:
                async with pool.acquire() as connection:
                    scene.ready()
                    await connection.execute(SLOW)

            reason, _ = await end_midway(way, body, when=lambda: running(watching, SLOW))
            async with asyncio.timeout(PATIENCE), pool.acquire() as connection:
                answer: int = await connection.fetchval("SELECT 1")
        await watching.close()
        return reason, answer

    assert run(main) == (REASONS[way], 1)


def test_pool_is_closed_with_the_process_that_made_it(
    run: Run, way: Way, postgres_folder: str
) -> None:
    async def main() -> Any:
        async def body(scene: Scene) -> None:
            async with create_pool(postgres_folder) as pool:
                async with pool.acquire() as connection:
                    assert await connection.fetchval("SELECT 1") == 1
                scene.ready()
                await process.receive()

        return (await end_midway(way, body))[0]

    assert run(main) == REASONS[way]


def test_process_ends_while_it_waits_for_a_connection_of_the_pool(
    run: Run, way: Way, postgres_folder: str
) -> None:
    async def main() -> tuple[Any, int]:
        async with create_pool(postgres_folder, 1) as pool:

            async def body(scene: Scene) -> None:
                scene.ready()
                async with pool.acquire():
                    raise AssertionError

            async with pool.acquire() as connection:
                reason, _ = await end_midway(way, body)
                answer: int = await connection.fetchval("SELECT 1")
        return reason, answer

    assert run(main) == (REASONS[way], 1)


def test_failure_in_a_query_is_the_exit_reason(run: Run, postgres_folder: str) -> None:
    async def main() -> Any:
        async def body() -> None:
            connection = await owned_connection(postgres_folder)
            await connection.execute("SELECT 1 / 0")

        process.spawn_monitor(body)
        return (await process.receive(Down, timeout=PATIENCE)).reason

    assert isinstance(run(main, reports=("crash",)), asyncpg.DivisionByZeroError)
