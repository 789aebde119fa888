"""A bucket keeps keys and values.

It is an Agent: a process that holds one value, here some Contents, and lets others work on it one
at a time. The functions below hide that: code that uses a bucket has ``await bucket.put(pid,
"milk", "1")`` and need not know that a message is sent and an answer awaited.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from beamish import Pid
from beamish.otp import Agent, ChildSpec, DynamicSupervisor, Name, application

from . import store, subscribers
from .file import NotKeptError

SUPERVISOR = "KV.BucketSupervisor"


@dataclass
class Contents:
    """What a bucket holds.

    Attributes:
        name: the bucket's.
        items: the keys and their values; None until they are read.
    """

    name: str
    items: dict[str, str] | None = None


def child_spec(name: str, via: Name | None = None) -> ChildSpec:
    """How a supervisor starts the bucket of a name.

    A bucket that dies is not restarted: it would come back empty, and under no name. The registry
    forgets it, and the next CREATE makes a new one. (With a store it comes back with what it had,
    when it is next asked for.)
    """
    return Agent.child_spec(Contents, name, id="KV.Bucket", restart="temporary", name=via)


async def start(name: str, via: Name | None = None) -> Pid:
    """Starts the bucket of a name under the supervisor of the buckets."""
    return await DynamicSupervisor.start_child(SUPERVISOR, child_spec(name, via))


async def create(name: str) -> None:
    """Makes a bucket of that name in the store; it does not run.

    Raises:
        NotKeptError: it could not be written.
    """
    if _has_store():
        await store.create(name)


async def exists(name: str) -> bool:
    """Whether the store has a bucket of that name, which does not run.

    Raises:
        NotKeptError: that could not be read.
    """
    return _has_store() and await store.has(name)


# Each of these raises NotKeptError if the bucket cannot be read, or the change not be written; it
# is not made then.


async def check(bucket: Pid) -> None:
    """Makes sure that the bucket can be read."""
    await _ask(bucket, _items)


async def get(bucket: Pid, key: str) -> str | None:
    """The value of a key; None if the bucket has no such key."""
    value: str | None = await _ask(bucket, _get, key)
    return value


async def put(bucket: Pid, key: str, value: str) -> None:
    """Sets the value of a key; subscribers of the bucket are told."""
    await _ask(bucket, _put, key, value)


async def delete(bucket: Pid, key: str) -> str | None:
    """Removes a key; returns the value that it had. Subscribers of the bucket are told."""
    value: str | None = await _ask(bucket, _delete, key)
    return value


async def _ask(bucket: Pid, function: Callable[..., Any], *args: str) -> Any:
    answer = await Agent.get(bucket, _answer, function, *args)
    if isinstance(answer, NotKeptError):
        raise answer
    return answer


# These run in the bucket's process, so nobody else touches its contents meanwhile.


async def _answer(contents: Contents, function: Callable[..., Any], *args: str) -> Any:
    """What a function returns; or the error, which should end neither the bucket nor its client."""
    try:
        return await function(contents, *args)
    except NotKeptError as error:
        return error


async def _items(contents: Contents) -> dict[str, str]:
    """The keys and values, which are read from the store now if they were not."""
    if contents.items is None:
        contents.items = await store.read(contents.name) if _has_store() else {}
    return contents.items


async def _get(contents: Contents, key: str) -> str | None:
    return (await _items(contents)).get(key)


async def _put(contents: Contents, key: str, value: str) -> None:
    items = await _items(contents)
    if _has_store():
        await store.put(contents.name, key, value)
    items[key] = value
    subscribers.tell(contents.name, ("put", key, value))


async def _delete(contents: Contents, key: str) -> str | None:
    items = await _items(contents)
    if _has_store():
        await store.delete(contents.name, key)
    value = items.pop(key, None)
    subscribers.tell(contents.name, ("delete", key))
    return value


def _has_store() -> bool:
    # Not whether it runs: a change that comes while it is restarted is kept as well, or refused.
    return application.get_env("kv", "data") is not None
