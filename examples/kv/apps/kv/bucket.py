"""A bucket keeps keys and values.

It is an Agent: a process that holds one value, here some Contents, and lets others work on it one
at a time. The functions below hide that: code that uses a bucket has ``await bucket.put(pid,
"milk", "1")`` and need not know that a message is sent and an answer awaited.
"""

from dataclasses import dataclass

from beamish import Pid, process
from beamish.otp import Agent, ChildSpec, DynamicSupervisor, Name

from . import subscribers
from .store import NAME as STORE
from .store import NotKeptError, Store

SUPERVISOR = "KV.BucketSupervisor"


@dataclass
class Contents:
    """What a bucket holds.

    Attributes:
        name: the bucket's.
        items: the keys and their values.
        kept: whether the store has them as well.
    """

    name: str
    items: dict[str, str]
    kept: bool


def child_spec(name: str, via: Name | None = None) -> ChildSpec:
    """How a supervisor starts the bucket of a name.

    A bucket that dies is not restarted: it would come back empty, and under no name. The registry
    forgets it, and the next CREATE makes a new one. (With a store it comes back with what it had,
    when it is next asked for.)
    """
    return Agent.child_spec(_open, name, id="KV.Bucket", restart="temporary", name=via)


async def start(name: str, via: Name | None = None) -> Pid:
    """Starts the bucket of a name under the supervisor of the buckets."""
    return await DynamicSupervisor.start_child(SUPERVISOR, child_spec(name, via))


async def exists(name: str) -> bool:
    """Whether the store has a bucket of that name, which does not run."""
    return _has_store() and await Store.has(STORE, name)


async def get(bucket: Pid, key: str) -> str | None:
    """The value of a key; None if the bucket has no such key."""
    return await Agent.get(bucket, _get, key)


async def put(bucket: Pid, key: str, value: str) -> None:
    """Sets the value of a key; subscribers of the bucket are told.

    Raises:
        NotKeptError: it could not be written, and is not set.
    """
    error: NotKeptError | None = await Agent.get_and_update(bucket, _put, key, value)
    if error is not None:
        raise error


async def delete(bucket: Pid, key: str) -> str | None:
    """Removes a key; returns the value that it had. Subscribers of the bucket are told.

    Raises:
        NotKeptError: it could not be written, and is not removed.
    """
    value: str | NotKeptError | None = await Agent.get_and_update(bucket, _delete, key)
    if isinstance(value, NotKeptError):
        raise value
    return value


# These run in the bucket's process, so nobody else touches its contents meanwhile.


def _has_store() -> bool:
    return process.whereis(STORE) is not None


async def _open(name: str) -> Contents:
    if not _has_store():
        return Contents(name, {}, kept=False)
    return Contents(name, await Store.open(STORE, name), kept=True)


def _get(contents: Contents, key: str) -> str | None:
    return contents.items.get(key)


async def _put(contents: Contents, key: str, value: str) -> tuple[NotKeptError | None, Contents]:
    if contents.kept:
        error = await Store.put(STORE, contents.name, key, value)
        if error is not None:
            return error, contents
    contents.items[key] = value
    subscribers.tell(contents.name, ("put", key, value))
    return None, contents


async def _delete(contents: Contents, key: str) -> tuple[str | NotKeptError | None, Contents]:
    if contents.kept:
        error = await Store.delete(STORE, contents.name, key)
        if error is not None:
            return error, contents
    value = contents.items.pop(key, None)
    subscribers.tell(contents.name, ("delete", key))
    return value, contents
