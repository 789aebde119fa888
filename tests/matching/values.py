"""Values that cannot be compared, or have no class, or no repr: those that people send by mistake.

Each is made anew, by name, in the OS process that tries it.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import warnings
import weakref
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, NoReturn
from unittest.mock import AsyncMock, MagicMock

from beamish import Down, Exit, Pid, ProcessExit, Ref, process

__all__ = ["APART", "LIBRARIES", "NO_PATTERNS", "NO_PLACES", "VALUES", "needs"]

DEPTH: Final = 100_000


class _Failure(Exception):
    pass


class _BaseFailure(BaseException):
    pass


def _raise(error: BaseException) -> NoReturn:
    raise error


def _exit() -> NoReturn:
    process.exit("from a comparison")


def _deep() -> NoReturn:
    _deep()


# What an ``__eq__`` may raise.
_ERRORS: Final[dict[str, Callable[[], NoReturn]]] = {
    "an exception": lambda: _raise(_Failure("compared")),
    "a BaseException": lambda: _raise(_BaseFailure("compared")),
    "SystemExit": sys.exit,
    "KeyboardInterrupt": lambda: _raise(KeyboardInterrupt()),
    "CancelledError": lambda: _raise(asyncio.CancelledError()),
    "ProcessExit": lambda: _raise(ProcessExit("compared")),
    "an exit": _exit,
    "GeneratorExit": lambda: _raise(GeneratorExit()),
    "StopIteration": lambda: _raise(StopIteration()),
    "TimeoutError": lambda: _raise(TimeoutError()),
    "MemoryError": lambda: _raise(MemoryError()),
    "a RecursionError": _deep,
}

_COMPARISONS: Final = ("__eq__", "__ne__", "__lt__", "__gt__", "__le__", "__ge__")
_SEQUENCES: Final = ("__len__", "__iter__", "__getitem__", "__contains__", "__bool__")


def _methods(names: tuple[str, ...], do: Callable[[], Any]) -> dict[str, Any]:
    def method(*_: object) -> Any:
        return do()

    return dict.fromkeys(names, method)


def _incomparable(fail: Callable[[], NoReturn]) -> Any:
    methods = _methods((*_COMPARISONS, "__repr__", "__bool__"), fail)
    return type("Incomparable", (), {**methods, "__hash__": object.__hash__})()


def _answering(answer: Any) -> Any:
    return type("Answering", (), _methods(_COMPARISONS, lambda: answer))()


def _without(*names: str) -> Any:
    """An object all of whose methods of these names fail, and its class as well."""
    fail = _ERRORS["an exception"]
    return type("Without", (), {**_methods(names, fail), "__class__": property(lambda _: fail())})()


def _opaque() -> Any:
    """As an unbound proxy: whatever it is asked for, it raises."""
    names = (*_COMPARISONS, *_SEQUENCES, "__getattribute__", "__repr__", "__str__", "__hash__")
    return type("Opaque", (), _methods(names, lambda: _raise(RuntimeError("unbound"))))()


def _sub(base: type, *args: Any) -> Any:
    """An instance of a subclass that fails in all that the base can do."""
    fail = _ERRORS["an exception"]
    names = [*_COMPARISONS, *_SEQUENCES, "keys", "items", "get", "__repr__", "__str__"]
    methods = _methods(tuple(name for name in names if hasattr(base, name)), fail)
    value: Any = type(f"Sub{base.__name__}", (base,), methods)(*args)
    return value


def _dead_proxy() -> Any:
    return weakref.proxy(_Failure())


def _nested() -> Any:
    nested: Any = ()
    for _ in range(DEPTH):
        nested = (nested,)
    return nested


def _liar(kind: type) -> Any:
    """Says that it is of a class, and can nothing of what such an object can."""
    methods = {"__class__": property(lambda _: kind), "__hash__": object.__hash__}
    return type("Liar", (), methods)()


def _unhashable() -> Any:
    return type("Unhashable", (), _methods(("__hash__",), _ERRORS["an exception"]))()


def _cyclic_list() -> Any:
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    return cyclic


def _cyclic_dict() -> Any:
    cyclic: dict[str, Any] = {}
    cyclic["k"] = cyclic
    return cyclic


def _of_a_hostile_class() -> Any:
    fail = _ERRORS["an exception"]
    meta = type("Meta", (type,), _methods(("__eq__", "__hash__", "__repr__"), fail))
    return meta("OfMeta", (), _methods(_COMPARISONS, fail))()


def _module(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def _numpy(make: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: make(_module("numpy"))


def _pandas(make: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: make(_module("pandas"))


def _column() -> Any:
    sql = _module("sqlalchemy")
    return sql.Column("name", sql.Integer)


def _array_column() -> Any:
    sql, dialect = _module("sqlalchemy"), _module("sqlalchemy.dialects.postgresql")
    return sql.Column("names", dialect.ARRAY(sql.Integer))


def _columns() -> Any:
    sql = _module("sqlalchemy")
    return sql.tuple_(sql.Column("a", sql.Integer), sql.Column("b", sql.Integer))


def _criterion() -> Any:
    sql = _module("sqlalchemy")
    return sql.and_(sql.Column("a", sql.Integer) > 1, sql.Column("b", sql.Integer) > 1)


def _relationship() -> Any:
    sql, orm = _module("sqlalchemy"), _module("sqlalchemy.orm")
    base = orm.declarative_base()
    body = {"__tablename__": "parent", "id": sql.Column(sql.Integer, primary_key=True)}
    parent: Any = type("Parent", (base,), {**body, "children": orm.relationship("Child")})
    key = sql.Column(sql.ForeignKey("parent.id"), primary_key=True)
    type("Child", (base,), {"__tablename__": "child", "parent_id": key})
    return parent.children


_KINDS: Final = (str, int, tuple, list, dict, Pid, Ref, Exit, Down, ValueError, type)

VALUES: Final[dict[str, Callable[[], Any]]] = {
    **{
        f"compares by raising {name}": partial(_incomparable, fail)
        for name, fail in _ERRORS.items()
    },
    "a signaling NaN": lambda: Decimal("sNaN"),
    "a dead weak proxy": _dead_proxy,
    "an unbound proxy": _opaque,
    "a nested tuple": _nested,
    "a list that holds itself": _cyclic_list,
    "a dict that holds itself": _cyclic_dict,
    "a NaN": lambda: float("nan"),
    "a text that cannot be encoded": lambda: "stop\ud800",
    "NotImplemented": lambda: NotImplemented,
    "answers NotImplemented": lambda: _answering(NotImplemented),
    "answers what is empty": lambda: _answering([]),
    "has no hash": _unhashable,
    "a mock": MagicMock,
    "a mock of a text": lambda: MagicMock(spec=str),
    "a mock of a tuple": lambda: MagicMock(spec=tuple),
    "a mock of a pid": lambda: MagicMock(spec=Pid),
    "a mock of a function": AsyncMock,
    **{f"says that it is of {kind.__name__}": partial(_liar, kind) for kind in _KINDS},
    "a namespace": lambda: SimpleNamespace(value=Decimal("sNaN")),
    "an int too long to be shown": lambda: 10**5000,
    "bytes": lambda: b"stop",
    "a bytearray": lambda: bytearray(b"stop"),
    "a memoryview": lambda: memoryview(b"stop"),
    "answers what is not true or false": lambda: _answering(_without("__bool__")),
    "answers what has no length": lambda: _answering(_without("__len__")),
    "has no class": lambda: _without(*_COMPARISONS, "__repr__"),
    "of a class that has no hash": _of_a_hostile_class,
    "a tuple of its own": lambda: _sub(tuple, ("stop", 42)),
    "a list of its own": lambda: _sub(list, ["stop", 42]),
    "a dict of its own": lambda: _sub(dict, {"k": 42}),
    "a text of its own": lambda: _sub(str, "stop"),
    "an int of its own": lambda: _sub(int, 42),
    "a Down of its own": lambda: _sub(Down, None, "process", None, "boom"),
    "an Exit of its own": lambda: _sub(Exit, None, "boom"),
    "numpy: an array": _numpy(lambda np: np.arange(3)),
    "numpy: an empty array": _numpy(lambda np: np.array([])),
    "numpy: a table": _numpy(lambda np: np.zeros((2, 2))),
    "numpy: texts": _numpy(lambda np: np.array(["stop", "go"])),
    "numpy: objects": _numpy(lambda np: np.array([None, "stop"], dtype=object)),
    "numpy: a masked array": _numpy(lambda np: np.ma.masked_array([1, 2], mask=[True, False])),
    "numpy: records": _numpy(lambda np: np.zeros(2, dtype=[("a", int), ("b", float)])),
    "pandas: a series": _pandas(lambda pd: pd.Series([1, 2])),
    "pandas: a frame": _pandas(lambda pd: pd.DataFrame({"a": [1, 2]})),
    "pandas: an index": _pandas(lambda pd: pd.Index([1, 2])),
    "pandas: NA": _pandas(lambda pd: pd.NA),
    "pandas: a categorical": _pandas(lambda pd: pd.Categorical(["a", "b"])),
    "sqlalchemy: a column": _column,
    "sqlalchemy: an array column": _array_column,
    "sqlalchemy: columns": _columns,
    "sqlalchemy: a criterion": _criterion,
    "sqlalchemy: a relationship": _relationship,
}

# These could take the interpreter down, or need a Python that is started for them.
APART: Final = (
    "compares by raising a BaseException",
    "compares by raising SystemExit",
    "compares by raising KeyboardInterrupt",
    "compares by raising CancelledError",
    "compares by raising GeneratorExit",
    "compares by raising MemoryError",
    "compares by raising a RecursionError",
    "a nested tuple",
    "bytes",
    "a bytearray",
)

# A class is looked up in tables of classes; of such a one a server can make no reply.
NO_PLACES: Final = ("of a class that has no hash",)

# What kind of pattern these would be cannot be told: who receives with one of them has an error.
# Mocks are predicates, as all that can be called.
NO_PATTERNS: Final = (
    "a mock",
    "a mock of a pid",
    "a mock of a function",
    *[f"says that it is of {kind.__name__}" for kind in _KINDS],
    "a dead weak proxy",
    "an unbound proxy",
    "has no class",
    "of a class that has no hash",
    "a tuple of its own",
    "a list of its own",
    "a dict of its own",
    "a text of its own",
    "a Down of its own",
    "an Exit of its own",
)

LIBRARIES: Final = ("numpy", "pandas", "sqlalchemy")


def needs(name: str) -> str | None:
    """The library that a value is of."""
    head = name.partition(":")[0]
    return head if head in LIBRARIES else None
