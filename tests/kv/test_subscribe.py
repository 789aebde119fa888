"""SUBSCRIBE: a client is told of every PUT and DELETE in a bucket."""

from __future__ import annotations

import pytest

from beamish import process
from beamish.otp import Registry, TaskSupervisor
from examples.kv.apps.kv.subscribers import NAME as SUBSCRIBERS
from examples.kv.apps.kv_server.server import TASK_SUPERVISOR
from examples.kv.apps.kv_server.subscription import BACKLOG
from tests.kv.tree import Client, Tree, kill, log_records, tree


async def subscribed(kv: Tree, client: Client, number: int = 1) -> None:
    """Subscribes a client to the bucket `shopping`; returns when it is, as the last of so many."""
    client.writer.write(b"SUBSCRIBE shopping\r\n")
    while Registry.count(SUBSCRIBERS) < number:
        await process.sleep(0)


async def told(client: Client) -> str:
    return (await client.reader.readline()).decode()


@pytest.mark.beamish
async def test_subscribes_to_buckets() -> None:
    async with tree() as kv, await kv.connect() as client, await kv.connect() as other:
        assert await client.ask("CREATE shopping") == "OK\r\n"
        await subscribed(kv, client)

        assert await other.ask("PUT shopping milk 3") == "OK\r\n"
        assert await told(client) == "milk SET TO 3\r\n"

        assert await other.ask("DELETE shopping milk") == "OK\r\n"
        assert await told(client) == "milk DELETED\r\n"


@pytest.mark.beamish
async def test_all_who_have_subscribed_are_told_in_the_same_order() -> None:
    async with (
        tree() as kv,
        await kv.connect() as one,
        await kv.connect() as two,
        await kv.connect() as other,
    ):
        await other.ask("CREATE shopping")
        await subscribed(kv, one)
        await subscribed(kv, two, 2)

        for number in range(100):
            await other.ask(f"PUT shopping k {number}")

        wanted = [f"k SET TO {number}\r\n" for number in range(100)]
        assert [await told(one) for _ in range(100)] == wanted
        assert [await told(two) for _ in range(100)] == wanted


@pytest.mark.beamish
async def test_other_buckets_are_not_told_of() -> None:
    async with tree() as kv, await kv.connect() as client, await kv.connect() as other:
        await other.ask("CREATE shopping")
        await other.ask("CREATE other")
        await subscribed(kv, client)

        await other.ask("PUT other k v")
        await other.ask("PUT shopping k v")

        assert await told(client) == "k SET TO v\r\n"


@pytest.mark.beamish
async def test_what_was_not_created_cannot_be_subscribed_to() -> None:
    async with tree() as kv, await kv.connect() as client:
        assert await client.ask("SUBSCRIBE shopping") == "NOT FOUND\r\n"
        assert await client.ask("CREATE shopping") == "OK\r\n"


@pytest.mark.beamish
async def test_what_a_subscriber_sends_is_thrown_away() -> None:
    async with tree() as kv, await kv.connect() as client, await kv.connect() as other:
        await other.ask("CREATE shopping")
        await subscribed(kv, client)

        client.writer.write(b"HELLO\r\nDELETE shopping k\r\n" * 1000)
        await client.writer.drain()
        await other.ask("PUT shopping k v")

        assert await told(client) == "k SET TO v\r\n"


@pytest.mark.beamish
async def test_a_subscriber_that_goes_is_forgotten_and_not_logged() -> None:
    with log_records() as records:
        async with tree() as kv, await kv.connect() as other:
            await other.ask("CREATE shopping")
            async with await kv.connect() as client:
                await subscribed(kv, client)
            while Registry.count(SUBSCRIBERS):
                await process.sleep(0)
            assert await other.ask("PUT shopping k v") == "OK\r\n"
            assert [record.name for record in records] == ["kv.server"]  # that it accepts


@pytest.mark.beamish
async def test_a_subscription_outlives_its_bucket() -> None:
    async with tree() as kv, await kv.connect() as client, await kv.connect() as other:
        await other.ask("CREATE shopping")
        await subscribed(kv, client)

        await kill("a bucket")
        await other.ask("CREATE shopping")
        await other.ask("PUT shopping k v")

        assert await told(client) == "k SET TO v\r\n"


@pytest.mark.beamish
async def test_buckets_outlive_the_table_of_subscribers() -> None:
    async with tree() as kv, await kv.connect() as client, await kv.connect() as other:
        await other.ask("CREATE shopping")
        await other.ask("PUT shopping k v")
        await subscribed(kv, client)

        await kill("KV.Subscribers")

        assert await told(client) == ""  # it can subscribe again
        assert await other.ask("GET shopping k", 2) == "v\r\nOK\r\n"
        assert await other.ask("PUT shopping k v") == "OK\r\n"


@pytest.mark.beamish
async def test_a_subscriber_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examples.kv.apps.kv_server.subscription.PATIENCE", 0.05)
    async with tree() as kv, await kv.connect() as client, await kv.connect() as other:
        await other.ask("CREATE shopping")
        await subscribed(kv, client)
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        connections = await TaskSupervisor.children(TASK_SUPERVISOR)
        (subscriber,) = (pid for pid in connections if Registry.keys(SUBSCRIBERS, pid))
        ref = process.monitor(subscriber)

        value = "x" * 60_000
        while Registry.count(SUBSCRIBERS):
            await other.ask(f"PUT shopping k {value}")

        # It is no longer counted once its end is decided; then its socket is closed.
        await process.receive(("DOWN", ref, ..., ..., ...))
        assert len(await TaskSupervisor.children(TASK_SUPERVISOR)) == 1


@pytest.mark.beamish
async def test_no_more_than_the_backlog_waits_for_a_subscriber_that_does_not_read() -> None:
    """Not even for the seconds of its patience; and who reads is told of all."""
    async with (
        tree() as kv,
        await kv.connect() as slow,
        await kv.connect() as client,
        await kv.connect() as other,
    ):
        await other.ask("CREATE shopping")
        await subscribed(kv, slow)
        await subscribed(kv, client, 2)
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]

        value = "x" * 60_000
        written = 0
        while Registry.count(SUBSCRIBERS) == 2:
            await other.ask(f"PUT shopping k{written} {value}")
            assert await told(client) == f"k{written} SET TO {value}\r\n"
            written += 1

        in_the_kernel = 16_000_000
        assert written * len(value) < BACKLOG + in_the_kernel
        assert await other.ask("PUT shopping last v") == "OK\r\n"
        assert await told(client) == "last SET TO v\r\n"
