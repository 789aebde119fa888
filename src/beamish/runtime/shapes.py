"""Patterns of ``receive``, known by their shape: the classes of a tuple's elements.

A new pattern is made for each message (because it holds a fresh reference, for example), but its
shape is always the same. For each shape there is one function that compares in a single expression
what patterns.matches compares in a loop; identities first, because most messages differ in those.
Only patterns that run none of the user's code have a shape. A message may run it, in its
``__eq__`` for example; a comparison that fails is no match.
"""

from __future__ import annotations

from types import EllipsisType, NoneType
from typing import TYPE_CHECKING, Any, Final, final

from beamish.terms.atom import Atom
from beamish.terms.careful import no_match
from beamish.terms.identity import MonitorRef, Pid, Ref

from .patterns import has_predicate, mark_of, matches

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Shape", "first_to_scan", "key_of", "new_shape", "shapes"]


@final
class Shape:
    """What patterns of one shape have in common.

    Attributes:
        test: given (pattern, message), whether the pattern takes the message.
        refs: the places of its references; None if they have to be searched for.
    """

    __slots__ = ("refs", "test")

    def __init__(
        self, test: Callable[[Any, Any], bool], refs: tuple[int, ...] | None = None
    ) -> None:
        self.test: Callable[[Any, Any], bool] = test
        self.refs: tuple[int, ...] | None = refs


def key_of(pattern: Any) -> Any:
    """The key that the shape of a pattern is found by: the classes of its elements, or its own."""
    if pattern.__class__ is not tuple:
        return pattern.__class__
    # Written out for the most common lengths: map() takes three times as long.
    size = len(pattern)
    if size == 2:
        a, b = pattern
        return (type(a), type(b))
    if size == 3:
        a, b, c = pattern
        return (type(a), type(b), type(c))
    if size == 5:
        a, b, c, d, e = pattern
        return (type(a), type(b), type(c), type(d), type(e))
    return tuple(map(type, pattern))


def new_shape(key: Any, pattern: Any) -> Shape | None:
    """The shape of a pattern that is not in `shapes`; None if matching may run the user's code.

    Args:
        key: the classes of its elements; its own class if it is not a tuple.
        pattern: the pattern.
    """
    if key.__class__ is tuple and len(key) <= _LONGEST and all(cls in _CHECKS for cls in key):
        if len(shapes) >= _MOST:
            shapes.clear()
        shape = shapes[key] = _compile(key)
        return shape
    # (None cannot be bound to a test, and is rare.)
    return None if pattern is None or has_predicate(pattern) else _OTHER


def first_to_scan(shape: Shape, pattern: Any, maker: Pid) -> int:
    """How many messages had arrived at `maker` when it made the latest reference in the pattern."""
    if shape.refs is None:
        return mark_of(pattern, maker)
    mark = 0
    for index in shape.refs:
        ref = pattern[index]
        if ref._mark > mark and ref._maker is maker:
            mark = ref._mark
    return mark


def _compile(classes: tuple[type, ...]) -> Shape:
    """Writes the comparison out, as dataclasses and namedtuple write their methods."""
    checks = [_CHECKS[cls].format(i=index) for index, cls in enumerate(classes)]
    checks.sort(key=lambda check: " is " not in check or check.startswith("("))
    test = " and ".join(
        ["isinstance(v, tuple)", f"len(v) == {len(classes)}", *filter(None, checks)]
    )
    refs = tuple(index for index, cls in enumerate(classes) if cls in (Ref, MonitorRef))
    # The text depends only on the length of the pattern and on the classes of _CHECKS.
    return Shape(_written(_TRUTH.format(test)), refs)


def _written(test: str) -> Callable[[Any, Any], bool]:
    """A function of (p, v) that evaluates a test, True or False, and is False where that fails."""
    names: dict[str, Any] = {"no_match": no_match}
    exec(_FUNCTION.format(test=test), names)  # noqa: S102
    written: Callable[[Any, Any], bool] = names["test"]
    return written


_FUNCTION: Final = """\
def test(p, v):
    try: return {test}
    except BaseException as error: return no_match(error)
"""


# The truth of a comparison is asked inside the `try`: an array, for example, has none.
_TRUTH: Final = "True if {} else False"

_LONGEST: Final = 8  # elements
_MOST: Final = 500  # shapes; a program has a few dozen

# p: the pattern, v: the value; as in patterns.matches.
_SAME: Final = "p[{i}] is v[{i}]"
_EQUAL: Final = "p[{i}] == v[{i}]"
_CHECKS: Final[dict[type, str]] = {
    EllipsisType: "",
    NoneType: _SAME,
    bool: _SAME,
    Pid: _SAME,
    Ref: _SAME,
    MonitorRef: _SAME,
    int: _EQUAL,
    bytes: _EQUAL,
    str: _EQUAL,
    Atom: _EQUAL,
    type: "(isinstance(v[{i}], p[{i}]) or v[{i}] is p[{i}])",
}

_OTHER: Final = Shape(matches)
_VALUE: Final = Shape(_written(_TRUTH.format("p == v")), ())

# By the classes of the elements of a tuple, or by the class of any other pattern.
shapes: Final[dict[Any, Shape]] = {
    type: Shape(_written("isinstance(v, p)"), ()),
    int: _VALUE,
    str: _VALUE,
    Atom: _VALUE,
}
