"""Packages that import what they export when it is first used (PEP 562).

``import beamish`` costs next to nothing until something of it is used: asyncio, which all of it
needs, takes three times as long to import as the rest. And of ``beamish.otp`` and ``beamish.net`` a
program pays only for the modules it uses.

A package lists its exports twice: for type checkers and readers in plain imports under
``TYPE_CHECKING``, for the interpreter in a table. A test compares the two. Names that users may
import are in its ``__all__``; names that only other rooms of beamish use are not, and are imported
as themselves: ``from .steps import MethodCall as MethodCall``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["exports"]


def exports(
    package: str, imports: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Makes the ``__getattr__`` and the ``__dir__`` of a package.

    From its first use on a name is an ordinary attribute. A name must not be that of a module of
    the package, unless it means the module: importing the module would replace the name.

    Args:
        package: its name.
        imports: names by module, as in ``from MODULE import NAMES``, separated by spaces; the
            module ``"."`` has the package's own modules, as in ``from . import process``.

    Example:
        >>> __getattr__, __dir__ = exports(__name__, {".": "process", ".boot": "node run"})
    """
    homes = {name: module for module, names in imports.items() for name in names.split()}

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if home == ".":
            return import_module(f".{name}", package)  # which makes it an attribute, too
        found = getattr(import_module(home, package), name)
        setattr(sys.modules[package], name, found)
        return found

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return find, names
