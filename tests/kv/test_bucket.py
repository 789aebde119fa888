"""The buckets, as the guide tests them: KV.Bucket."""

from __future__ import annotations

from beamish import Pid, process
from beamish.otp import Agent
from examples.kv.apps.kv import bucket
from tests.runtime.harness import PATIENCE, in_real_node


async def new_bucket(name: str = "shopping") -> Pid:
    """A bucket that belongs to the test alone; there is no store, and nobody is told of changes."""
    spec = bucket.child_spec(name)
    function, args, kwargs = spec.function()
    return await function(*args, **kwargs)


@in_real_node
async def test_stores_values_by_key() -> None:
    pid = await new_bucket()
    assert await bucket.get(pid, "milk") is None

    await bucket.put(pid, "milk", "3")

    assert await bucket.get(pid, "milk") == "3"


@in_real_node
async def test_delete_returns_the_value_and_removes_the_key() -> None:
    pid = await new_bucket()
    await bucket.put(pid, "milk", "3")

    assert await bucket.delete(pid, "milk") == "3"

    assert await bucket.get(pid, "milk") is None
    assert await bucket.delete(pid, "milk") is None


def test_buckets_are_temporary_workers() -> None:
    assert bucket.child_spec("shopping").restart == "temporary"


@in_real_node
async def test_a_bucket_is_an_agent() -> None:
    pid = await new_bucket()
    ref = process.monitor(pid)

    await Agent.stop(pid)

    assert (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4] == "normal"
