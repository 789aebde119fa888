"""What matches: the patterns of ``receive``.

A pattern is, in this order: ``...`` (anything); ``None``, ``True`` or ``False`` (that very object,
as in a ``match`` statement); a type (isinstance); a tuple or list of patterns (same type of
sequence, same length, element by element, where the same object always matches); a dict of patterns
(its keys must be there; others may be); a predicate (any other callable); otherwise a value
(equality).
"""

from __future__ import annotations

from typing import Any, Final

from beamish.terms.atom import Atom
from beamish.terms.identity import MonitorRef, Pid, Ref

__all__ = ["AnyOf", "all_match", "has_predicate", "mark_of", "matches"]


def matches(pattern: Any, value: Any) -> bool:
    """Whether a value matches a pattern of ``receive``: for behaviours that select by patterns.

    Example:
        >>> matches(("user", int, ...), ("user", 7, None))
        True
    """
    cls = pattern.__class__
    if cls is tuple:
        return issubclass(value.__class__, tuple) and all_match(pattern, value)
    if cls is type:
        return isinstance(value, pattern)
    if cls is int or isinstance(pattern, str):
        return bool(pattern == value)
    if pattern is ...:
        return True
    if pattern is None or cls is bool:
        return pattern is value
    if isinstance(pattern, type):
        return isinstance(value, pattern)
    # issubclass of the classes: to a type checker isinstance would make the elements unknown.
    if issubclass(cls, _SEQUENCES):
        kind = tuple if issubclass(cls, tuple) else list
        return issubclass(value.__class__, kind) and all_match(pattern, value)
    if issubclass(cls, dict):
        return issubclass(value.__class__, dict) and _dict_matches(pattern, value)
    if callable(pattern):
        return bool(pattern(value))
    return bool(pattern == value)


def all_match(patterns: tuple[Any, ...] | list[Any], values: tuple[Any, ...] | list[Any]) -> bool:
    """Whether each pattern takes the value in its place."""
    if len(patterns) != len(values):
        return False
    for pattern, value in zip(patterns, values):  # noqa: B905 - of the same length; strict costs
        # The fastest first: most messages differ in references and atoms.
        if pattern is ... or pattern is value:
            continue
        if pattern.__class__ is str:
            if pattern != value:
                return False
        elif not matches(pattern, value):
            return False
    return True


def _dict_matches(patterns: dict[Any, Any], values: dict[Any, Any]) -> bool:
    return all(key in values and matches(sub, values[key]) for key, sub in patterns.items())


class AnyOf:
    """A pattern that takes what any of several patterns takes."""

    __slots__ = ("patterns",)

    def __init__(self, patterns: tuple[Any, ...]) -> None:
        self.patterns: tuple[Any, ...] = patterns

    def __call__(self, value: Any) -> bool:
        """Whether one of them takes the value."""
        return any(matches(pattern, value) for pattern in self.patterns)


def has_predicate(pattern: Any) -> bool:
    """Whether matching may run the user's code: then only the receiver may do it.

    A value with its own ``__eq__`` counts as well.
    """
    cls = pattern.__class__
    if issubclass(cls, _SEQUENCES):
        if _PLAIN_CLASSES.issuperset(map(type, pattern)):
            return False
        return any(map(has_predicate, pattern))
    if issubclass(cls, dict):
        return any(map(has_predicate, pattern.values()))
    if isinstance(pattern, type):
        return type(pattern) is not type  # an ABC's isinstance runs code
    return not isinstance(pattern, _PLAIN) and pattern is not ... and pattern is not None


_SEQUENCES: Final = (tuple, list)
_PLAIN_CLASSES: Final = frozenset(
    {str, int, float, bytes, bool, type(None), type(...), type, Atom, Pid, Ref, MonitorRef}
)
_PLAIN: Final = (str, int, float, bytes, complex, Ref, Pid)


def mark_of(pattern: Any, maker: Any) -> int:
    """How many messages had arrived at its maker when the reference in the pattern was made.

    No older message can hold it, so they can be skipped: a call stays O(1) with any number of
    messages waiting (the BEAM's receive optimisation).
    """
    if isinstance(pattern, Ref):
        return pattern._mark if pattern._maker is maker else 0  # pyright: ignore[reportPrivateUsage]
    if issubclass(pattern.__class__, _SEQUENCES):
        return max((mark_of(sub, maker) for sub in pattern), default=0)
    return 0
