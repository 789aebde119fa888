"""Locks of a Registry: one process at a time.

A partition of the registry keeps them, and monitors the processes that have or want one. A lock is
released when its process ends, and a process that ends while it waits does not hold up the others.

Source: Elixir's Registry.lock/3.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from types import TracebackType
from typing import Any, final

from beamish import process
from beamish.otp.gen import is_coroutine
from beamish.otp.gen_server import call, cast
from beamish.terms import BadArgError, Pid, Ref

from .table import LOCK, UNLOCK

__all__ = ["RegistryLock", "run_locked"]


@final
class RegistryLock:
    """The context manager of ``async with Registry.lock(registry, key):``."""

    def __init__(self, partition: Pid, key: Hashable) -> None:
        self._partition = partition
        self._key = key
        self._token: Ref | None = None

    async def __aenter__(self) -> None:
        token = process.make_ref()
        try:
            granted = await call(self._partition, (LOCK, self._key, token), None)
        except BaseException:
            # The wait may be cancelled although the process lives on: it must release what it got.
            cast(self._partition, (UNLOCK, self._key, token))
            raise
        if not granted:
            raise BadArgError(f"Registry.lock: this process has the lock of {self._key!r} already")
        self._token = token

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        cast(self._partition, (UNLOCK, self._key, self._token))


async def run_locked(lock: RegistryLock, fn: Callable[[], Any]) -> Any:
    """Runs a function with a lock; returns its result."""
    async with lock:
        result = fn()
        return await result if is_coroutine(result) else result
