"""Telling a callback that still has to be awaited from one that has returned.

The type is compared and never inspected, for this is asked of the result of every callback.
Futures are values here: a reply may be one.
"""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from types import CoroutineType, GeneratorType
from typing import Any, TypeGuard

__all__ = ["is_coroutine"]


def is_coroutine(result: Any) -> TypeGuard[Coroutine[Any, Any, Any]]:
    """Whether this is what an ``async def`` function returns, before it is awaited.

    So is what ``process.receive`` and ``process.sleep`` return: generator-based coroutines.
    """
    cls = result.__class__
    if cls is CoroutineType:
        return True
    return cls is GeneratorType and inspect.isawaitable(result)
