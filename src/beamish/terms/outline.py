"""Values in outline, for texts that are made while a process waits for something else.

No code of the user's runs: an object of a class that is not Python's or beamish's own is shown by
the name of its class.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any, Final

from .atom import Atom
from .careful import class_name, class_of, elements
from .identity import MonitorRef, Pid, Ref, TimerRef
from .printable import cut, one_line

__all__ = ["outline"]

_LETTERS: Final = 60  # of a text
_BITS: Final = 200  # of a number; Python refuses to write one of very many digits
_MEMBERS: Final = 6  # of a tuple, list or dict
_DEPTH: Final = 3
_PLAIN: Final = {id(cls) for cls in (bool, float, type(None), Pid, Ref, MonitorRef, TimerRef)}


def outline(value: Any, depth: int = _DEPTH) -> str:
    """A value in a few words, on one line.

    Example:
        >>> outline(("put", "milk", object_of_a_class_with_a_slow_repr))
        "('put', 'milk', <Slow>)"
    """
    cls: Any = class_of(value)
    if id(cls) in _PLAIN or (cls is int and value.bit_length() <= _BITS):
        return repr(value)
    if cls is str or cls is Atom:
        return one_line(repr(str.__str__(value[:_LETTERS]))) + _rest(value)
    if cls is bytes:
        return repr(value[:_LETTERS]) + _rest(value)
    if cls is FunctionType:
        return f"<function {cut(one_line(value.__qualname__), _LETTERS)}>"
    if issubclass(cls, tuple):
        name = "" if cls is tuple else one_line(class_name(value))
        members = elements(value)
        return f"{name}({_members(members, depth)}{','[: not name and len(members) == 1]})"
    if cls is list:
        return f"[{_members(value, depth)}]"
    if cls is dict:
        return f"{{{_pairs(value, depth)}}}"
    return f"<{one_line(class_name(value))}>"


def _rest(text: Any) -> str:
    return "" if len(text) <= _LETTERS else f"... ({len(text)} in all)"


def _members(values: list[Any], depth: int) -> str:
    if depth == 0 and values:
        return "..."
    shown = [outline(one, depth - 1) for one in values[:_MEMBERS]]
    return ", ".join([*shown, "..."] if len(values) > _MEMBERS else shown)


def _pairs(values: dict[Any, Any], depth: int) -> str:
    if depth == 0 and values:
        return "..."
    shown: list[str] = []
    for key, value in values.items():
        if len(shown) == _MEMBERS:
            return ", ".join([*shown, "..."])
        shown.append(f"{outline(key, depth - 1)}: {outline(value, depth - 1)}")
    return ", ".join(shown)
