"""The application kv: buckets, by their names.

await kv.create("shopping")               the bucket, started if there is none
await kv.lookup("shopping")               the bucket; None if there is none
await bucket.put(pid, "milk", "1")        see bucket.py
"""

from beamish import Pid
from beamish.otp import application

from . import names, registry
from .app import KV

__all__ = ["KV", "create", "lookup"]


async def create(name: str) -> Pid:
    """The bucket of that name, which is started if there is none."""
    if _by_names():
        return await names.create(name)
    return await registry.Registry.create(registry.NAME, name)


async def lookup(name: str) -> Pid | None:
    """The bucket of that name; None if there is none."""
    if _by_names():
        return await names.lookup(name)
    return await registry.Registry.lookup(registry.NAME, name)


def _by_names() -> bool:
    return bool(application.get_env("kv", "registry") == "names")
