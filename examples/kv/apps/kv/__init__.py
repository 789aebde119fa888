"""The application kv: buckets, by their names.

await kv.create("shopping")               the bucket, started if there is none
await kv.lookup("shopping")               the bucket; None if there is none
await bucket.put(pid, "milk", "1")        see bucket.py
"""

from beamish import Pid
from beamish.otp import application

from . import bucket, names, registry
from .app import KV
from .file import NotKeptError

__all__ = ["KV", "NotKeptError", "create", "lookup"]


async def create(name: str) -> Pid:
    """The bucket of that name, which is started if there is none.

    Raises:
        NotKeptError: it could not be written.
    """
    pid = await _running(name)
    if pid is None:
        await bucket.create(name)
        pid = await _started(name)
    return pid


async def lookup(name: str) -> Pid | None:
    """The bucket of that name; None if there is none.

    Raises:
        NotKeptError: that could not be read.
    """
    pid = await _running(name)
    if pid is None and await bucket.exists(name):
        pid = await _started(name)
    return pid


async def _running(name: str) -> Pid | None:
    if _by_names():
        return names.lookup(name)
    return await registry.Registry.lookup(registry.NAME, name)


async def _started(name: str) -> Pid:
    if _by_names():
        return await names.create(name)
    return await registry.Registry.create(registry.NAME, name)


def _by_names() -> bool:
    return bool(application.get_env("kv", "registry") == "names")
