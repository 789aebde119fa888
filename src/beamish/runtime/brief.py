"""Short forms of terms that are kept for later, such as the exit reasons of the journal.

A term that takes little memory is kept as it is, and of a larger one what fits: the beginning of
its strings, tuples and lists, and the class of anything else. No code of the user's runs, neither
to estimate the size nor to make the short form: the garbage collector knows what an object refers
to. What an object of an extension module takes cannot be seen, so that is always left out.
"""

from __future__ import annotations

import gc
from collections import OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from sys import getsizeof
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any, Final, cast, final

from beamish.terms import Atom, Pid
from beamish.terms.careful import args_of, class_name, class_of, elements, is_a
from beamish.terms.identity import MonitorRef, Ref, TimerRef

__all__ = ["LARGEST", "Omitted", "brief"]

LARGEST: Final = 32_768  # bytes of a term that is kept as it is
_LETTERS: Final = 200  # of a string that is longer
_ELEMENTS: Final = 8  # of a tuple or list that is larger
_DEPTH: Final = 2
_OBJECT: Final = 64  # bytes that any object is counted as, at least

# Python's own types, whose size is known. By identity: the hash of a class may be the user's code.
_KNOWN: Final = {
    id(cls)
    for cls in (
        *(str, bytes, bytearray, int, float, complex, bool, type(None), type(...)),
        *(tuple, list, dict, set, frozenset, deque, defaultdict, OrderedDict, SimpleNamespace),
        *(date, datetime, time, timedelta, timezone, Decimal, CellType, MethodType),
    )
}
# They belong to the program, or are addresses of what does not live longer for them.
_FREE: Final = {
    id(cls) for cls in (Atom, Pid, Ref, MonitorRef, TimerRef, ModuleType, BuiltinFunctionType)
}
_FLAGS: Final[Any] = vars(type)["__flags__"]
_MADE_IN_PYTHON: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_IMMUTABLE: Final = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: of an extension module
# Bytes of each element, at most but for the letters of rare scripts.
_CONTENTS: Final[tuple[tuple[type, Any, int], ...]] = (
    *((cls, vars(cls)["__len__"], 1) for cls in (str, bytes, bytearray)),
    *((cls, vars(cls)["__len__"], 16) for cls in (tuple, list, dict, set, frozenset)),
)
_SLICE: Final[Any] = vars(list)["__getitem__"]


@final
class Omitted:
    """What is left of an object that was too large to keep.

    Attributes:
        kind: the name of its class.
    """

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind: str = kind

    def __eq__(self, other: object) -> bool:
        return type(other) is Omitted and other.kind == self.kind

    def __hash__(self) -> int:
        return hash(self.kind)

    def __repr__(self) -> str:
        return f"<{self.kind}, too large to keep>"


def brief(term: Any) -> Any:
    """The term itself if it takes no more than LARGEST bytes, else a short form of it.

    Example:
        >>> brief(("bad", "value")), brief(("bad", bytearray(1_000_000)))
        (('bad', 'value'), ('bad', <bytearray, too large to keep>))
    """
    return term if _is_small(term) else _shortened(term, _DEPTH)


def _is_small(term: Any) -> bool:
    room = LARGEST
    todo, seen = [term], {id(term)}
    while todo:
        one = todo.pop()
        size = _size(one)
        if size is None:
            return False
        room -= size
        if room < 0:
            return False
        for inner in _inside(one) if size else ():
            if id(inner) not in seen:
                seen.add(id(inner))
                todo.append(inner)
    return True


def _size(one: Any) -> int | None:
    """Its bytes; 0 for what is not counted, and None where they are not known."""
    cls: Any = class_of(one)
    if id(cls) in _KNOWN:
        return max(_OBJECT, getsizeof(one))
    if id(cls) in _FREE or issubclass(cls, type):
        return 0
    if cls is FunctionType:
        return _OBJECT
    flags: int = _FLAGS.__get__(cls)
    if not flags & _MADE_IN_PYTHON:
        return _OBJECT if issubclass(cls, BaseException) else None
    if flags & _IMMUTABLE:
        return None
    return _OBJECT + _content(one, cls)


def _content(one: Any, cls: Any) -> int:
    """The bytes of what it is as a value of Python's own types."""
    for kind, length, each in _CONTENTS:
        if issubclass(cls, kind):
            return each * int(length(one))
    return int.bit_length(one) // 8 if issubclass(cls, int) else 0


def _inside(one: Any) -> list[Any]:
    """What it refers to; of a function what it has enclosed, and not its module."""
    if type(one) is FunctionType:
        return [*(one.__closure__ or ()), one.__defaults__, one.__kwdefaults__]
    return gc.get_referents(one)


def _shortened(term: Any, depth: int) -> Any:
    if type(term) is Atom or _is_small(term):
        return term
    if is_a(term, str):
        return str.__getitem__(term, slice(_LETTERS)) + "..."
    if is_a(term, bytes):
        return bytes.__getitem__(term, slice(_LETTERS)) + b"..."
    if is_a(term, BaseException):
        return (class_name(term), _several(args_of(term), depth))
    if is_a(term, tuple):
        return _several(elements(cast("object", term)), depth)
    if is_a(term, list):
        return [*_several(_SLICE(term, slice(_ELEMENTS + 1)), depth)]
    return Omitted(class_name(term))


def _several(terms: Any, depth: int) -> tuple[Any, ...]:
    """The first of them, and how it goes on."""
    if depth == 0:
        return ("...",)
    first = tuple(_shortened(term, depth - 1) for term in terms[:_ELEMENTS])
    return first if len(terms) <= _ELEMENTS else (*first, "...")
