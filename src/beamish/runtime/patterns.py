"""What matches: the patterns of ``receive``.

A pattern is, in this order: ``...`` (anything); ``None``, ``True`` or ``False`` (that very object,
as in a ``match`` statement); a type (isinstance); a tuple or list of patterns (same type of
sequence, same length, element by element); a dict of patterns (its keys must be there; others may
be); a predicate (any other callable); otherwise a value (equality). Inside tuples, lists and
dicts the same object always matches.

A match cannot fail (rule R12): a comparison that raises, or whose result is neither true nor false,
is no match. What a predicate raises is raised.
"""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from beamish.terms.atom import Atom
from beamish.terms.careful import no_match
from beamish.terms.errors import BadArgError, describe
from beamish.terms.identity import MonitorRef, Pid, Ref

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AnyOf", "has_predicate", "mark_of", "matches"]


class _PredicateError(BaseException):
    """What a predicate has raised, on its way through the comparisons around it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def matches(pattern: Any, value: Any) -> bool:
    """Whether a value matches a pattern of ``receive``: for behaviours that select by patterns.

    Raises:
        Exception: whatever a predicate raises.

    Example:
        >>> matches(("user", int, ...), ("user", 7, None))
        True
    """
    try:
        return _takes(pattern, value)
    except _PredicateError as failed:
        raised = failed.error
    except BaseException as error:
        return no_match(error)
    try:
        raise raised  # not in the handler, which would become its context
    finally:
        del raised  # it refers to this frame


def _takes(pattern: Any, value: Any) -> bool:
    cls = pattern.__class__
    if cls is tuple:
        return issubclass(value.__class__, tuple) and _all_match(pattern, value)
    if cls is type:
        return isinstance(value, pattern)
    if cls is int or isinstance(pattern, str):
        return bool(pattern == value)
    if pattern is ...:
        return True
    if pattern is None or cls is bool:
        return pattern is value
    if isinstance(pattern, type):
        return _is_instance(value, pattern)
    # issubclass of the classes: to a type checker isinstance would make the elements unknown.
    if issubclass(cls, _SEQUENCES):
        kind = tuple if issubclass(cls, tuple) else list
        return issubclass(value.__class__, kind) and _all_match(pattern, value)
    if issubclass(cls, dict):
        return issubclass(value.__class__, dict) and _dict_matches(pattern, value)
    if callable(pattern):
        try:
            answer: object = pattern(value)
            if type(answer) is CoroutineType:
                _refuse_async(pattern, cast("CoroutineType[Any, Any, Any]", answer))
            return bool(answer)
        except BaseException as error:
            raise _PredicateError(error) from None
    return pattern is value or bool(pattern == value)


def _refuse_async(predicate: Any, answer: CoroutineType[Any, Any, Any]) -> NoReturn:
    """A coroutine is true, so that its predicate would take everything."""
    answer.close()
    raise BadArgError(
        f"a predicate is a plain function; got {describe(predicate)}, which returns a coroutine"
    )


def _is_instance(value: Any, cls: type) -> bool:
    """`isinstance` by a metaclass' code: what it always raises is the pattern's error."""
    try:
        return isinstance(value, cls)
    except Exception:
        try:
            isinstance(None, cls)
        except Exception as error:
            raise _PredicateError(error) from None
        raise


def _all_match(patterns: tuple[Any, ...] | list[Any], values: tuple[Any, ...] | list[Any]) -> bool:
    """Whether each pattern takes the value in its place."""
    if len(patterns) != len(values):
        return False
    for pattern, value in zip(patterns, values):  # noqa: B905 - of the same length; strict costs
        # The fastest first: most messages differ in references and atoms.
        if pattern is ... or pattern is value:
            continue
        if pattern.__class__ is str:
            if not pattern == value:  # noqa: SIM201 - != may say something else
                return False
        elif not _takes(pattern, value):
            return False
    return True


def _dict_matches(patterns: dict[Any, Any], values: dict[Any, Any]) -> bool:
    for key, pattern in patterns.items():
        if key not in values:
            return False
        value = values[key]
        if not (pattern is value or _takes(pattern, value)):
            return False
    return True


class AnyOf:
    """A pattern that takes what any of several patterns takes."""

    __slots__ = ("patterns",)

    def __init__(self, patterns: tuple[Any, ...]) -> None:
        self.patterns: tuple[Any, ...] = patterns

    def __call__(self, value: Any) -> bool:
        """Whether one of them takes the value."""
        for pattern in self.patterns:  # noqa: SIM110 - any() of a generator takes twice as long
            if matches(pattern, value):
                return True
        return False


def has_predicate(pattern: Any) -> bool:
    """Whether matching may run the user's code: then only the receiver may do it.

    A value with its own ``__eq__`` counts as well.
    """
    cls = pattern.__class__
    if issubclass(cls, _SEQUENCES):
        if _PLAIN_CLASSES.issuperset(map(type, pattern)):
            return False
        return _any_has_predicate(pattern)
    if issubclass(cls, dict):
        return _any_has_predicate(pattern.values())
    if isinstance(pattern, type):
        return type(pattern) is not type  # an ABC's isinstance runs code
    return not isinstance(pattern, _PLAIN) and pattern is not ... and pattern is not None


def _any_has_predicate(patterns: Iterable[Any]) -> bool:
    try:
        return any(map(has_predicate, patterns))
    except RecursionError:
        return True  # too deep to tell


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
        try:
            return max((mark_of(sub, maker) for sub in pattern), default=0)
        except RecursionError:
            return 0  # too deep to tell
    return 0
