"""Objects that do what objects must not do: the kinds of them, and what they raise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from greenlet import GreenletExit

from beamish import CallError, CallTimeout, ProcessExit, process

__all__ = ["ERRORS", "KINDS", "RAISES", "make", "make_error"]


class _Plain(Exception):
    pass


class _Base(BaseException):
    pass


def _exit() -> NoReturn:
    process.exit("from a dunder")


def _kill() -> NoReturn:
    process.exit(process.self(), "kill")
    raise AssertionError("a signal to oneself is there at once")


def _deep() -> NoReturn:
    _deep()


def _raising(error: Callable[[], BaseException]) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error()

    return fail


# What a method of such an object does.
RAISES: Final[dict[str, Callable[[], NoReturn]]] = {
    "Exception": _raising(lambda: _Plain("hostile")),
    "BaseException": _raising(lambda: _Base("hostile")),
    "SystemExit": _raising(lambda: SystemExit(7)),
    "KeyboardInterrupt": _raising(KeyboardInterrupt),
    "CancelledError": _raising(asyncio.CancelledError),
    "ProcessExit": _raising(lambda: ProcessExit("hostile")),
    "ProcessExit of nothing": _raising(ProcessExit),
    "CallError": _raising(lambda: CallError("hostile")),
    "CallTimeout": _raising(lambda: CallTimeout("hostile")),
    "GeneratorExit": _raising(GeneratorExit),
    "GreenletExit": _raising(GreenletExit),
    "StopIteration": _raising(lambda: StopIteration("hostile")),
    "AttributeError": _raising(lambda: AttributeError("hostile")),
    "MemoryError": _raising(MemoryError),
    "RecursionError": _deep,
    "process.exit": _exit,
    "process.exit of itself": _kill,
}

_SHOWN = ("repr", "str", "format", "bytes", "bool", "hash", "dir", "sizeof", "fspath")
_COMPARED = ("eq", "ne", "lt", "le", "gt", "ge", "contains")
_ARITHMETIC = "add sub mul truediv floordiv mod divmod pow and or xor lshift rshift matmul"
_NUMBERS = (
    *("int", "float", "complex", "index", "round", "trunc", "floor", "ceil"),
    *("neg", "pos", "abs", "invert"),
    *(side + name for name in _ARITHMETIC.split() for side in ("", "r", "i")),
)
_CONTAINERS = ("len", "length_hint", "getitem", "setitem", "delitem", "iter", "next", "reversed")
_CALLED = ("call", "await", "aiter", "anext", "enter", "exit", "aenter", "aexit", "get")
_ATTRIBUTES = ("getattribute", "getattr", "setattr", "delattr")
_COPIED = ("reduce", "reduce_ex", "getstate", "copy", "deepcopy", "getnewargs")
_DATA = (*_SHOWN, *_COMPARED, *_NUMBERS, *_CONTAINERS, *_ATTRIBUTES, *_COPIED)


def _methods(names: tuple[str, ...], fail: Callable[[], NoReturn]) -> dict[str, Any]:
    """The dunders of these names, and a `__class__` and `__dict__` that raise as well."""

    def method(self: Any, *args: Any, **kw: Any) -> Any:
        fail()

    dunders: dict[str, Any] = {f"__{name}__": method for name in names}
    if "getattribute" in names:
        dunders["__class__"] = property(method)
        dunders["__dict__"] = property(method)
    return dunders


def _of(base: type, *args: Any, names: tuple[str, ...] = _DATA) -> Callable[..., Any]:
    """A kind: a subclass of `base`, all of whose methods raise."""

    def made(fail: Callable[[], NoReturn]) -> Any:
        return type("Hostile", (base,), _methods(names, fail))(*args)

    return made


def _of_hostile_class(fail: Callable[[], NoReturn]) -> Any:
    """An instance of a class that answers nothing itself."""
    names = (*_SHOWN, *_COMPARED, *_CALLED, *_ATTRIBUTES, "instancecheck", "subclasscheck")
    own = tuple(name for name in names if name not in ("call", "get"))
    meta = type("HostileMeta", (type,), _methods(own, fail))
    return type.__call__(meta("Hostile", (), {}))


def _class_itself(fail: Callable[[], NoReturn]) -> Any:
    own = (*_SHOWN, *_COMPARED, "instancecheck", "subclasscheck")
    return type("HostileMeta", (type,), _methods(own, fail))("Hostile", (), {})


class _Array:
    """As NumPy's: a comparison is an array, and an array has no truth value."""

    def __init__(self, fail: Callable[[], NoReturn]) -> None:
        self._fail = fail

    def __eq__(self, other: object) -> Any:
        return self

    def __ne__(self, other: object) -> Any:
        return self

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(self._fail())


@dataclass(frozen=True)
class _Frozen:
    fail: Any

    def __repr__(self) -> str:
        return str(self.fail())


@dataclass(frozen=True, slots=True)
class _Slotted:
    fail: Any


def _nested(_: object) -> Any:
    """A tuple in a tuple, 100,000 deep."""
    made: Any = ()
    for _ in range(100_000):
        made = (made,)
    return made


# Values of all kinds: each is made for what its methods are to do.
KINDS: Final[dict[str, Callable[[Callable[[], NoReturn]], Any]]] = {
    "everything": _of(object, names=(*_DATA, *_CALLED)),
    "value": _of(object),
    "str": _of(str, "hostile"),
    "bytes": _of(bytes, b"hostile"),
    "int": _of(int, 1),
    "float": _of(float, 0.5),
    "tuple": _of(tuple, (1, 2, 3)),
    "list": _of(list, [1, 2]),
    "dict": _of(dict, {"key": "value"}),
    "class": _class_itself,
    "of a hostile class": _of_hostile_class,
    "array": _Array,
    "frozen": _Frozen,
    "slotted": _Slotted,
    "nested": _nested,
}


# ---- exceptions

_RAISED = (*_SHOWN, *_COMPARED, *_ATTRIBUTES, *_COPIED, "len", "iter", "call")
_UNSET = tuple(name for name in _RAISED if name != "setattr")  # it sets attributes itself


@dataclass(frozen=True)
class _FrozenError(Exception):
    key: Any


@dataclass(frozen=True, slots=True)
class _SlottedError(Exception):
    key: Any


class _ArrayError(_Array, Exception):
    pass


def _group(fail: Callable[[], NoReturn]) -> BaseException:
    def method(*_: Any) -> Any:
        fail()

    methods: dict[str, Any] = dict.fromkeys(("derive", "split", "subgroup"), method)
    return type("Hostile", (ExceptionGroup,), methods)("hostile", [ValueError(1), KeyError(2)])


def _nested_group(_: object) -> BaseException:
    error: Any = ValueError(1)
    for _ in range(5_000):
        error = ExceptionGroup("one in the other", [error])
    return error


def _reason(fail: Callable[[], NoReturn]) -> BaseException:
    def reason(_: Any) -> Any:
        fail()

    return type("Hostile", (ProcessExit,), {"reason": property(reason)})("hostile")


def _call(fail: Callable[[], NoReturn]) -> CallError:
    def get(_: Any) -> Any:
        fail()

    def take(_: Any, value: Any) -> None:
        del value

    hostile = property(get, take)
    parts: dict[str, Any] = {"reason": hostile, "dest": hostile, "request": hostile}
    return type("Hostile", (CallError,), parts)("hostile")


def _group_of_calls(fail: Callable[[], NoReturn]) -> BaseException:
    return ExceptionGroup("calls", [CallError("hostile"), _call(fail)])


def _notes(fail: Callable[[], NoReturn]) -> BaseException:
    error = ValueError("with notes")
    error.__notes__ = [KINDS["value"](fail)]
    return error


def _caused(fail: Callable[[], NoReturn]) -> BaseException:
    error = ValueError("with a cause")
    error.__cause__ = ERRORS["everything"](fail)
    error.__context__ = error
    return error


ERRORS: Final[dict[str, Callable[[Callable[[], NoReturn]], BaseException]]] = {
    "everything": _of(Exception, "hostile", names=_RAISED),
    "base": _of(BaseException, "hostile", names=_RAISED),
    "exit": _of(ProcessExit, "hostile", names=_RAISED),
    "call error": _of(CallError, "hostile", names=_UNSET),
    "call timeout": _of(CallTimeout, "hostile", names=_UNSET),
    "parts of a call error": _call,
    "group of calls": _group_of_calls,
    "cancelled": _of(asyncio.CancelledError, "hostile", names=_RAISED),
    "system exit": _of(SystemExit, 7, names=_RAISED),
    "interrupt": _of(KeyboardInterrupt, names=_RAISED),
    "generator exit": _of(GeneratorExit, names=_RAISED),
    "greenlet exit": _of(GreenletExit, names=_RAISED),
    "attribute error": _of(AttributeError, "hostile", names=_RAISED),
    "syntax error": _of(SyntaxError, "hostile", names=_RAISED),
    "frozen": _FrozenError,
    "slotted": _SlottedError,
    "array": _ArrayError,
    "group": _group,
    "nested group": _nested_group,
    "reason": _reason,
    "notes": _notes,
    "caused": _caused,
    "no reason": lambda _: ProcessExit(),
}


def make(kind: str, raises: str) -> Any:
    """A value of this kind."""
    return KINDS[kind](RAISES[raises])


def make_error(kind: str, raises: str) -> BaseException:
    """An exception of this kind."""
    return ERRORS[kind](RAISES[raises])


def combinations(kinds: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each kind with each thing that it may raise."""
    for kind in kinds:
        for raises in RAISES:
            yield kind, raises
