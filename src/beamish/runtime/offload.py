"""Blocking and CPU-bound work, off the node's thread."""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from .here import running_node

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from .node import Node

__all__ = ["offload"]


async def offload(fn: Callable[..., Any], args: tuple[Any, ...], *, cpu: bool) -> Any:
    """Runs `fn(*args)` on a thread, or on an OS process; see beamish.process.offload."""
    node = running_node()
    call: Callable[[], Any] = functools.partial(fn, *args)
    if not cpu:
        call = functools.partial(copy_context().run, call)
    return await asyncio.wrap_future(_executor(node, cpu=cpu).submit(call), loop=node.loop)


def _executor(node: Node, *, cpu: bool) -> Executor:
    kind: type[Executor] = ProcessPoolExecutor if cpu else ThreadPoolExecutor
    for executor in node.executors:
        if isinstance(executor, kind):
            return executor
    # "spawn": a fork of a node would have a copy of its loop and greenlets.
    made: Executor = (
        ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))
        if cpu
        else ThreadPoolExecutor(thread_name_prefix="beamish-offload")
    )
    node.executors.append(made)
    return made
