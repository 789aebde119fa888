"""Keys of dicts that hold the users' values as keys: there, too, no comparison can fail.

A dict compares keys of the same hash. So one key whose ``__eq__`` raises would make the look-up of
another one fail: ``"a"`` and ``b"a"`` have the same hash, and under ``python -bb`` cannot be
compared.
"""

from __future__ import annotations

from typing import Any, Final, final

from .atom import Atom
from .careful import class_of, same
from .identity import MonitorRef, Pid, Ref, TimerRef

__all__ = ["Key", "as_key", "from_key"]


def as_key(value: Any) -> Any:
    """A value as a key, equal to the keys that it is equal to.

    Raises:
        TypeError: it cannot be hashed.

    Example:
        >>> {as_key("a"): 1}[as_key("a")], as_key(Decimal(1)) == as_key(1)
        (1, True)
    """
    cls = class_of(value)
    if cls in _PLAIN or (cls is tuple and _PLAIN.issuperset(map(type, value))):
        return value
    return Key(value)


def from_key(key: Any) -> Any:
    """The value that a key was made of."""
    return key.value if type(key) is Key else key


@final
class Key:
    """A key that compares by `same`.

    Attributes:
        value: what it stands for.
    """

    __slots__ = ("_hash", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self._hash = hash(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return same(self.value, other.value if type(other) is Key else other)


# Classes whose values can always be compared.
_PLAIN: Final[frozenset[type]] = frozenset(
    {str, Atom, int, float, bool, type(None), Pid, Ref, MonitorRef, TimerRef}
)
