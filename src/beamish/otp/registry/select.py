"""Selecting entries of a Registry by patterns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from beamish import process
from beamish.terms import BadArgError, Pid
from beamish.terms.errors import describe

from .table import Table

__all__ = ["RegistryEntry", "Select", "selected"]


class RegistryEntry(NamedTuple):
    """An entry of a registry, as ``select`` returns it."""

    key: Any
    pid: Pid
    value: Any


@dataclass(frozen=True, slots=True)
class Select:
    """Which entries of a registry to take, and what to make of them.

    Args:
        key: a pattern for the key, as in ``process.receive``; by default ``...``, which matches
            anything.
        pid: a pattern for the pid.
        value: a pattern for the value.
        where: called with an entry (``entry.key``, ``entry.pid``, ``entry.value``) that matches; it
            returns whether to take the entry.
        give: called with an entry that is taken; ``select`` returns its result. By default that is
            the entry, a tuple ``(key, pid, value)``.

    Raises:
        BadArgError: `where` or `give` is not a function.

    Example:
        >>> Select(key=("room", int), where=lambda entry: entry.key[1] > 3)

    Source: Elixir's Registry.select/2, where this is a match specification.
    """

    key: Any = ...
    pid: Any = ...
    value: Any = ...
    where: Callable[[RegistryEntry], object] | None = None
    give: Callable[[RegistryEntry], Any] | None = None

    def __post_init__(self) -> None:
        for name, fn in (("where", self.where), ("give", self.give)):
            if fn is not None and not callable(fn):
                raise BadArgError(
                    f"Select: {name}: expected a function of an entry; got {describe(fn)}"
                )

    def takes(self, entry: RegistryEntry) -> bool:
        """Whether it selects this entry."""
        return process.matches((self.key, self.pid, self.value), entry) and (
            self.where is None or bool(self.where(entry))
        )


def selected(table: Table, specs: tuple[Any, ...]) -> list[Any]:
    """For each entry, what the first spec that takes it gives."""
    wanted = [_spec(spec) for spec in specs] or [Select()]
    found: list[Any] = []
    for one in table.all():
        entry = RegistryEntry(one.key, one.pid, one.value)
        for spec in wanted:
            if spec.takes(entry):
                found.append(entry if spec.give is None else spec.give(entry))
                break
    return found


def _spec(given: Any) -> Select:
    if isinstance(given, Select):
        return given
    if isinstance(given, tuple):
        patterns = cast("tuple[Any, ...]", given)
        if len(patterns) == 3:
            return Select(*patterns)
    raise BadArgError(
        "Registry.select: expected Select(key=..., pid=..., value=...) or (key, pid, value) "
        f"patterns; got {describe(given)}"
    )
