"""The registry, as the guide tests it, in both ways that the guide has known."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from beamish import CallError, Pid, process
from beamish.otp import Agent, DynamicSupervisor, application
from beamish.testing import expect
from examples.kv.apps import kv
from examples.kv.apps.kv import bucket
from tests.kv.tree import WAYS, Way

both_ways = pytest.mark.parametrize("way", WAYS)


@asynccontextmanager
async def registry(way: Way) -> AsyncGenerator[None]:
    """The application kv, without a server."""
    application.set_env({"kv": {"registry": way, "data": None}})
    await application.start(kv.KV)
    yield
    await application.stop(kv.KV)


@both_ways
@pytest.mark.beamish
async def test_spawns_buckets(way: Way) -> None:
    async with registry(way):
        assert await kv.lookup("shopping") is None

        pid = await kv.create("shopping")

        assert await kv.lookup("shopping") is pid
        await bucket.put(pid, "milk", "1")
        assert await bucket.get(pid, "milk") == "1"


@both_ways
@pytest.mark.beamish
async def test_a_bucket_is_created_once(way: Way) -> None:
    async with registry(way):
        pid = await kv.create("shopping")

        assert await kv.create("shopping") is pid
        assert (await DynamicSupervisor.count_children(bucket.SUPERVISOR))["active"] == 1


@both_ways
@pytest.mark.beamish
async def test_many_who_create_one_bucket_at_once_get_the_same(way: Way) -> None:
    async with registry(way):
        inbox = process.self()

        async def create() -> None:
            process.send(inbox, await kv.create("shopping"))

        for _ in range(10):
            process.spawn_link(create)

        assert len({await expect(Pid) for _ in range(10)}) == 1


@both_ways
@pytest.mark.parametrize("reason", ["normal", "shutdown", "crash"])
@pytest.mark.beamish
async def test_removes_buckets_on_exit(way: Way, reason: str) -> None:
    async with registry(way):
        pid = await kv.create("shopping")

        if reason == "crash":
            with pytest.raises(CallError):
                await Agent.update(pid, lambda _: 1 // 0)
        else:
            await Agent.stop(pid, reason)
        await kv.create("bogus")  # the registry has been told of the death by now

        assert await kv.lookup("shopping") is None


@both_ways
@pytest.mark.beamish
async def test_are_known_as_what_the_setting_says(way: Way) -> None:
    async with registry(way):
        assert (process.whereis("KV.Registry") is not None) == (way == "server")
        assert (process.whereis("KV.Names") is not None) == (way == "names")
