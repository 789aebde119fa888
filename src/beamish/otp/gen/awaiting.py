"""Telling a callback that still has to be awaited from one that has returned.

The type is compared and never inspected: the result of every callback goes through here.
Futures are values here: a reply may be one.
"""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from types import CoroutineType, GeneratorType
from typing import Any, TypeGuard

from beamish.terms.careful import class_of

__all__ = ["is_coroutine"]


def is_coroutine(result: Any) -> TypeGuard[Coroutine[Any, Any, Any]]:
    """Whether this is what an ``async def`` function returns, before it is awaited.

    The same goes for what ``process.receive`` and ``process.sleep`` return, which are
    generator-based coroutines.
    """
    cls = class_of(result)
    if cls is CoroutineType:
        return True
    return cls is GeneratorType and inspect.isawaitable(result)
