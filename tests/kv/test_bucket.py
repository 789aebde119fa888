"""The buckets, as the guide tests them: KV.Bucket."""

from __future__ import annotations

import pytest

from beamish import Pid, process
from beamish.otp import Agent
from beamish.testing import expect_down
from examples.kv.apps.kv import bucket


async def new_bucket(name: str = "shopping") -> Pid:
    """A bucket that belongs to the test alone; there is no store, and nobody is told of changes."""
    spec = bucket.child_spec(name)
    function, args, kwargs = spec.function()
    return await function(*args, **kwargs)


@pytest.mark.beamish
async def test_stores_values_by_key() -> None:
    pid = await new_bucket()
    assert await bucket.get(pid, "milk") is None

    await bucket.put(pid, "milk", "3")

    assert await bucket.get(pid, "milk") == "3"


@pytest.mark.beamish
async def test_delete_returns_the_value_and_removes_the_key() -> None:
    pid = await new_bucket()
    await bucket.put(pid, "milk", "3")

    assert await bucket.delete(pid, "milk") == "3"

    assert await bucket.get(pid, "milk") is None
    assert await bucket.delete(pid, "milk") is None


def test_buckets_are_temporary_workers() -> None:
    assert bucket.child_spec("shopping").restart == "temporary"


@pytest.mark.beamish
async def test_a_bucket_is_an_agent() -> None:
    pid = await new_bucket()
    ref = process.monitor(pid)

    await Agent.stop(pid)

    await expect_down(ref, "normal")
