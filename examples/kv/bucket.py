"""A bucket keeps keys and values.

It is an Agent: a process that holds one value, here a dict, and lets others work on it one at a
time. The functions below hide that: who uses a bucket writes ``await bucket.put(pid, "milk", "1")``
and need not know that a message is sent and an answer awaited.
"""

from beamish import Pid
from beamish.otp import Agent, ChildSpec


def child_spec() -> ChildSpec:
    """How a supervisor starts a bucket.

    A bucket that dies is not restarted: it would come back empty, and under no name. The registry
    forgets it, and the next CREATE makes a new one.
    """
    return Agent.child_spec(dict, id="KV.Bucket", restart="temporary")


async def get(bucket: Pid, key: str) -> str | None:
    """The value of a key; None if the bucket has no such key."""
    return await Agent.get(bucket, _get, key)


async def put(bucket: Pid, key: str, value: str) -> None:
    """Sets the value of a key."""
    await Agent.update(bucket, _put, key, value)


async def delete(bucket: Pid, key: str) -> str | None:
    """Removes a key; returns the value that it had."""
    value: str | None = await Agent.get_and_update(bucket, _delete, key)
    return value


# These run in the bucket's process, so nobody else touches the dict meanwhile.


def _get(state: dict[str, str], key: str) -> str | None:
    return state.get(key)


def _put(state: dict[str, str], key: str, value: str) -> dict[str, str]:
    state[key] = value
    return state


def _delete(state: dict[str, str], key: str) -> tuple[str | None, dict[str, str]]:
    return state.pop(key, None), state
