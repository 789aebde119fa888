"""The process dictionary: values that a process keeps for itself, by key."""

from __future__ import annotations

from typing import Any

from .here import current

__all__ = ["dictionary", "erase", "get", "get_keys", "put"]


def put(key: Any, value: Any) -> Any:
    """Sets an entry of the process dictionary; returns the old value, None if there was none."""
    rare = current().ensure_rare()
    if rare.dictionary is None:
        rare.dictionary = {}
    old = rare.dictionary.get(key)
    rare.dictionary[key] = value
    return old


def get(key: Any, default: Any = None) -> Any:
    """An entry of the process dictionary, or the default."""
    rare = current().rare
    return default if rare is None or rare.dictionary is None else rare.dictionary.get(key, default)


def erase(key: Any) -> Any:
    """Removes an entry of the process dictionary; returns its value, None if there was none."""
    rare = current().rare
    return None if rare is None or rare.dictionary is None else rare.dictionary.pop(key, None)


def get_keys(*value: Any) -> list[Any]:
    """The keys of the process dictionary; with an argument, those that have this value.

    Source: erlang:get_keys/0, /1.
    """
    return [key for key, found in dictionary().items() if not value or found == value[0]]


def dictionary() -> dict[Any, Any]:
    """A copy of the process dictionary.

    Source: erlang:get/0.
    """
    rare = current().rare
    return {} if rare is None or rare.dictionary is None else dict(rare.dictionary)
