"""Blocking and CPU-bound work, off the node's thread."""

from __future__ import annotations

import asyncio
import functools
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from .here import running_node

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from .node import Node

__all__ = ["offload", "stop_executor"]

T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any, cpu: bool = False) -> T:
    """Runs ``fn(*args)`` beside the node, and waits for its result.

    The caller can be ended while it waits; then the work is dropped if it has not begun, or else
    its result is.

    Args:
        cpu: False: on a thread, for calls that block. True: on an OS process, for work that
            computes; function, arguments and result are pickled, and a script needs the usual
            ``if __name__ == "__main__":``.

    Raises:
        Whatever the function raises.
    """
    node = running_node()
    call: Callable[[], Any] = functools.partial(fn, *args)
    if not cpu:
        call = functools.partial(copy_context().run, call)
    result: T = await asyncio.wrap_future(_executor(node, cpu=cpu).submit(call), loop=node.loop)
    return result


def _executor(node: Node, *, cpu: bool) -> Executor:
    executor = node.executors.get(cpu)
    if executor is None:
        executor = node.executors[cpu] = _processes() if cpu else _threads()
    return executor


def stop_executor(executor: Executor) -> None:
    """Ends an executor without waiting: OS processes that compute are ended, threads cannot be."""
    workers: dict[int, Any] = getattr(executor, "_processes", None) or {}
    running = list(workers.values())  # shutdown() forgets them
    executor.shutdown(wait=False, cancel_futures=True)
    for worker in running:
        worker.terminate()


def _threads() -> Executor:
    # On demand, as below: a start should not wait for what few nodes need.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    return ThreadPoolExecutor(thread_name_prefix="beamish-offload")


def _processes() -> Executor:
    # Few nodes need these, and importing them takes as long as all of beamish.
    import multiprocessing  # noqa: PLC0415
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    # "spawn": a fork of a node would have a copy of its loop and greenlets.
    return ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))
