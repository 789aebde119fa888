"""The objects that the code of a frame names, found without running code of the user's.

These are its locals and free variables, the globals that it uses, and the attributes of these: no
property, no ``__getattr__`` and no other descriptor of the user's is called, so an object that a
call returns, or a container holds, is not among them.

Until CPython 3.12 a look at ``f_locals`` leaves traces: it fills a dict, which keeps the values
alive, and which is the one that ``locals()`` has returned. The dict is emptied again, and the
variables of a function that uses ``locals()`` are left alone.
"""

from __future__ import annotations

import dis
import inspect
import sys
from contextlib import suppress
from functools import lru_cache
from types import GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from beamish.terms.careful import class_of

if TYPE_CHECKING:
    from types import CodeType, FrameType

__all__ = ["MISSING", "attribute", "attributes", "local_values", "named_in", "variable"]

MISSING: Final = object()

_MANY: Final = 200  # attributes of one object; of more, those that the code names are looked at
_HEAP: Final = 1 << 9  # the flag of a class that is not built into CPython
_USES_DICT: Final = frozenset({"locals", "vars", "dir", "eval", "exec"})

_flags: Final = vars(type)["__flags__"].__get__
_mro: Final = vars(type)["__mro__"].__get__
_class_dict: Final = vars(type)["__dict__"].__get__
_module_dict: Final = vars(ModuleType)["__dict__"].__get__


def local_values(frame: FrameType) -> dict[str, Any]:
    """The local and free variables of a function that have a value."""
    code = frame.f_code
    if not code.co_flags & inspect.CO_OPTIMIZED:
        return {}
    if sys.version_info >= (3, 13):
        return dict(frame.f_locals)
    if not _USES_DICT.isdisjoint(code.co_names) and _uses_dict(code):
        return {}
    return _leave_no_trace(frame)


@lru_cache(maxsize=1000)
def _uses_dict(code: CodeType) -> bool:
    """Whether these are globals for it, and not attributes of its own objects."""
    steps = dis.get_instructions(code)
    return any(step.opname == "LOAD_GLOBAL" and step.argval in _USES_DICT for step in steps)


def _leave_no_trace(frame: FrameType) -> dict[str, Any]:
    found = frame.f_locals
    values = dict(found)
    # A trace function's changes are taken from the dict when it returns.
    alone = sys.getrefcount(found) <= 3 and sys.gettrace() is None and sys.getprofile() is None
    if alone and type(found) is dict:
        found.clear()
    return values


def variable(frame: FrameType, name: str) -> Any:
    """The value of a variable that the code of a frame names; MISSING if it has none."""
    for scope in (local_values(frame), *_scopes(frame)):
        if name in scope:
            return scope[name]
    return MISSING


def named_in(frame: FrameType) -> list[Any]:
    """The values of the variables that the code of a frame names, its own first."""
    values = [*local_values(frame).values()]
    for scope in _scopes(frame):
        values += _entries(scope, frame.f_code.co_names)
    return values


def _scopes(frame: FrameType) -> list[dict[str, Any]]:
    """Where it finds other variables; a scope of a class of the user's is left alone."""
    scopes: list[Any] = [frame.f_globals]
    if not frame.f_code.co_flags & inspect.CO_OPTIMIZED:  # a module, or the body of a class
        scopes.insert(0, frame.f_locals)
    return [scope for scope in scopes if type(scope) is dict]


def attributes(value: Any, names: tuple[str, ...]) -> tuple[list[Any], list[Any]]:
    """The attributes of an object: those of its own, and those of it and its class that are named.

    A descriptor stands for a slot.
    """
    kind = class_of(value)
    if kind is ModuleType:
        return [], _entries(_module_dict(value), names)
    if issubclass(kind, type):
        return [], _of_class(value, names)
    own = _own_dict(value)
    every = list(own.values()) if len(own) <= _MANY else []
    return every, _entries(own, names) + _of_class(kind, names)


def _of_class(kind: Any, names: tuple[str, ...]) -> list[Any]:
    found: list[Any] = []
    for base in _mro(kind):
        if _flags(base) & _HEAP:
            found += _entries(_class_dict(base), names)
    return found


def _entries(scope: Any, names: tuple[str, ...]) -> list[Any]:
    return [scope[name] for name in names if name in scope]


def attribute(value: Any, name: str) -> Any:
    """An attribute, where no code of the user's has to run for it; else MISSING."""
    own = _own_dict(value)
    if name in own:
        return own[name]
    kind = class_of(value)
    found = _inherited(value if issubclass(kind, type) else kind, name)
    if type(found) is MemberDescriptorType:  # a slot
        with suppress(AttributeError, TypeError):
            return found.__get__(value)
        return MISSING
    return found


def _inherited(kind: Any, name: str) -> Any:
    for base in _mro(kind):
        if name in (scope := _class_dict(base)):
            return scope[name]
    return MISSING


def _own_dict(value: Any) -> dict[str, Any]:
    """The ``__dict__`` of an instance or a module; empty if it is of a class of the user's."""
    kind = class_of(value)
    own: Any = None
    if kind is ModuleType:
        own = _module_dict(value)
    elif not issubclass(kind, type):
        descriptor = _inherited(kind, "__dict__")
        known = type(descriptor) in (GetSetDescriptorType, MemberDescriptorType)
        own = descriptor.__get__(value) if known else None
    return own if class_of(own) is dict else {}
