"""Atoms: interned names, equal to and hashed as their text.

The difference from ``str`` matters only on the wire, where an atom and a string are
different terms; so ``reason == "normal"`` and ``case "normal":`` work as they read.
"""

from __future__ import annotations

from typing import Final, final

__all__ = ["Atom", "atom"]


class _AtomType(type):
    def __getattr__(cls, text: str) -> Atom:
        if text.startswith("_"):
            raise AttributeError(text)
        return atom(text)


@final
class Atom(str, metaclass=_AtomType):
    """An interned name. ``atom("ok") is Atom("ok") is Atom.ok`` and ``Atom.ok == "ok"``.

    Atoms are never collected, as on the BEAM: do not make them from outside input.

    Args:
        text: the name; any string.

    Example:
        >>> Atom("normal") == "normal", Atom.normal is atom("normal")
        (True, True)
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Atom:  # noqa: D102  # the class tells
        known = _table.get(text)
        if known is None:
            known = super().__new__(cls, text)
            # A key has no code of the user's: others are compared with it.
            _table[text if type(text) is str else str.__str__(known)] = known
        return known

    def __reduce__(self) -> tuple[type[Atom], tuple[str]]:
        return Atom, (str.__str__(self),)


_table: Final[dict[str, Atom]] = {}


def atom(text: str) -> Atom:
    """The atom of this name; the same object each time.

    Example:
        >>> atom("ok")
        'ok'
    """
    return Atom(text)
