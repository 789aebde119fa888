"""Looking at objects of the user's without running their code.

``isinstance`` asks an object for its ``__class__`` where it is not of the class, ``==`` calls its
method, and setting an attribute of an exception calls its ``__setattr__``. Any of these may raise,
compute or exit. What ends a process, or works for another process than the one whose object it is,
looks at it through these functions.

On the BEAM a comparison cannot fail, and every term can be printed. So a comparison that fails
means that the values differ, and what cannot be shown is shown by its class. Only what comes from
outside goes on, because it is not the object's: an exit signal, Ctrl-C, whatever the handler of an
OS signal raises.
"""

from __future__ import annotations

import inspect
import opcode
import reprlib
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from types import CodeType, TracebackType
from typing import Any, Final, TypeGuard, TypeVar, cast

from .stderr import complain

__all__ = [
    "SHORT",
    "args_of",
    "arrived",
    "class_name",
    "class_of",
    "do_all",
    "elements",
    "entries",
    "forget_traceback",
    "is_a",
    "is_awaitable",
    "is_interrupt",
    "keep",
    "kept",
    "members_of",
    "module_name",
    "no_match",
    "origins_of",
    "pass_on",
    "print_error",
    "same",
    "show",
    "traceback_of",
]

T = TypeVar("T")

class_of: Final[Any] = type
"""The class of an object: not what its ``__class__`` says. Untyped, so that no type is narrowed."""

_TRACEBACK: Final[Any] = vars(BaseException)["__traceback__"]
_CLASS_NAME: Final[Any] = vars(type)["__name__"]
_ORIGINS: Final[tuple[Any, ...]] = tuple(
    vars(BaseException)[name] for name in ("__cause__", "__context__")
)
_ELEMENTS: Final[Any] = vars(tuple)["__iter__"]
_ENTRIES: Final[Any] = vars(dict)["items"]
_GET: Final[Any] = vars(dict)["get"]
_MEMBERS: Final[Any] = vars(BaseExceptionGroup)["exceptions"]
_ARGS: Final[Any] = vars(BaseException)["args"]


def is_a(value: object, kind: type[T]) -> TypeGuard[T]:
    """As isinstance, by what the value is and not by what it says it is."""
    return issubclass(type(value), kind)


def is_awaitable(value: object) -> bool:
    """As inspect.isawaitable; what cannot be asked is a plain value."""
    try:
        return inspect.isawaitable(value)
    except BaseException:  # noqa: BLE001 - its class may be of any class
        return False


def class_name(value: object) -> str:
    """The name of its class."""
    name: str = _CLASS_NAME.__get__(type(value))
    return name


def show(value: object, in_words: Callable[[Any], str] = repr) -> str:
    """Its repr, or what another function makes of it; where that fails, a short one.

    Example:
        >>> show(("boom", object_without_a_repr))
        "('boom', <Hostile that cannot be shown>)"
    """
    if _is_deep(value):
        return SHORT.repr(value)
    try:
        return str.__str__(in_words(value))
    except BaseException as error:  # noqa: BLE001 - see pass_on
        pass_on(error)
    return SHORT.repr(value)


_DEEP: Final = 200  # levels
_WIDE: Final = 500  # values of one level that are looked at


def _is_deep(value: object) -> bool:
    """Whether a value is nested so deep that its repr would take long.

    Until CPython 3.13 it fails soon; then it takes seconds, because each level looks for itself
    among those above it.
    """
    level = [value]
    for _ in range(_DEEP):
        level = [*islice(chain.from_iterable(map(_inside, level)), _WIDE)]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterable[Any]:
    """What the repr of a value shows of others."""
    cls = type(value)
    if issubclass(cls, tuple):
        return _ELEMENTS(value)  # type: ignore[no-any-return]
    if cls is list or cls is set or cls is frozenset:
        return cast("Iterable[Any]", value)
    if cls is dict:
        return cast("dict[Any, Any]", value).values()
    if issubclass(cls, BaseException):
        return args_of(cast("BaseException", value))
    return ()


class _Short(reprlib.Repr):
    """Short reprs that never fail, and neither do those of the values inside."""

    def repr1(self, x: Any, level: int) -> str:
        try:
            return str.__str__(super().repr1(x, level))
        except BaseException as error:  # noqa: BLE001 - see pass_on
            pass_on(error)
        return f"<{class_name(x)} that cannot be shown>"

    def repr_bytes(self, x: bytes, level: int) -> str:
        """Bytes, without the repr of all of them."""
        if len(x) <= self.maxother:
            return repr(x)
        return f"{x[: self.maxother]!r}... ({len(x) - self.maxother} bytes more)"

    repr_bytearray = repr_bytes

    def repr_instance(self, x: Any, level: int) -> str:
        """An exception without the repr of all that it was given; anything else as it is."""
        if is_a(x, BaseException) and type(x).__repr__ is BaseException.__repr__:
            given = ", ".join(self.repr1(one, level - 1) for one in x.args[: self.maxtuple])
            return f"{class_name(x)}({given})"
        return super().repr_instance(x, level)


SHORT: Final = _Short()
SHORT.maxstring = SHORT.maxother = 400
SHORT.maxtuple = SHORT.maxlist = SHORT.maxdict = 12
SHORT.maxlevel = 4


def elements(value: object) -> list[Any]:
    """What is in a tuple, also in one of a class of the user's; nothing in any other value."""
    return [*_ELEMENTS(value)] if issubclass(type(value), tuple) else []


def entries(value: dict[Any, Any]) -> dict[Any, Any]:
    """What is in a dict, likewise."""
    return dict(_ENTRIES(value))


def module_name(names: dict[str, Any]) -> str:
    """The name of the module that has these globals; code that was given to exec may have any."""
    name: object = _GET(names, "__name__")
    return str.__str__(name) if is_a(name, str) else "?"


def do_all(steps: Iterable[Callable[[], object]]) -> None:
    """Takes each step, whatever becomes of the others; raises what failed first."""
    failed: BaseException | None = None
    for step in steps:
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - raised below
            failed = error if failed is None else failed
    if failed is not None:
        raise failed


# ---- comparing


def same(one: Any, other: Any) -> bool:
    """Whether two values are one object, or equal.

    Example:
        >>> same(1, 1.0), same(Decimal("sNaN"), 1)
        (True, False)
    """
    if one is other:
        return True
    try:
        return bool(one == other)
    except BaseException as error:  # noqa: BLE001 - see pass_on
        return no_match(error)


def no_match(error: BaseException) -> bool:
    """False, for a comparison that raised this; raises it again if it came from outside."""
    pass_on(error)
    return False


def pass_on(error: BaseException) -> None:
    """Raises an exception again if it came from outside of the code that was running."""
    if arrived(error):
        raise error


_RAISE: Final = opcode.opmap["RAISE_VARARGS"]
_RUNTIME: Final = "beamish.runtime."


def arrived(error: BaseException) -> bool:
    """Whether an exception came to the code that was running from outside, and is not its own.

    It did if the runtime raised it there (an exit signal, the end of the node), if the handler of
    an OS signal did, or if it is a KeyboardInterrupt that no ``raise`` has raised. An ordinary
    Exception is taken for the code's own.

    Args:
        error: what was just caught around a call of the user's code.
    """
    if issubclass(type(error), Exception):
        return False
    outer = traceback_of(error)
    frames = [outer] if outer is not None else []
    while frames and (inner := frames[-1].tb_next) is not None:
        frames.append(inner)
    if not frames:
        return False
    if len(frames) > 1:
        if not {frame.tb_frame.f_code for frame in frames[1:]}.isdisjoint(_handlers()):
            return True
        if module_name(frames[-1].tb_frame.f_globals).startswith(_RUNTIME):
            return True
    code = frames[-1].tb_frame.f_code.co_code
    return issubclass(type(error), KeyboardInterrupt) and code[frames[-1].tb_lasti] != _RAISE


def _handlers() -> Iterator[CodeType]:
    """The code of the handlers of OS signals that are written in Python."""
    for number in signal.valid_signals():
        handler: Any = signal.getsignal(number)
        if not callable(handler):
            continue
        # A function or method; a partial of one, as asyncio's of SIGINT; an object to be called.
        for function in (handler, getattr(handler, "func", None), type(handler).__call__):
            code = getattr(function, "__code__", None)
            if code is not None:
                yield code


_COMPLAINT: Final = 8_000  # characters


def print_error() -> None:
    """Shows the exception that is being handled on stderr, as far as that takes it now."""
    try:
        complain(traceback.format_exc()[:_COMPLAINT])
    except BaseException:  # noqa: BLE001 - there is nobody left to complain to
        return


# ---- exceptions


def traceback_of(error: BaseException) -> TracebackType | None:
    """Its ``__traceback__``."""
    found: TracebackType | None = _TRACEBACK.__get__(error)
    return found


def forget_traceback(error: BaseException) -> None:
    """Drops its traceback, and with it the frames that this keeps alive."""
    _TRACEBACK.__set__(error, None)


def origins_of(error: BaseException) -> Sequence[BaseException | None]:
    """What it came from: its cause, its context, and the members of a group."""
    found = [origin.__get__(error) for origin in _ORIGINS]
    return [*found, *members_of(error)]


def is_interrupt(error: BaseException) -> bool:
    """Whether this is the KeyboardInterrupt of Ctrl-C."""
    return is_a(error, KeyboardInterrupt) and arrived(error)


def args_of(error: BaseException) -> tuple[Any, ...]:
    """What an exception was given."""
    args: tuple[Any, ...] = _ARGS.__get__(error)
    return args


def members_of(error: BaseException) -> Sequence[BaseException]:
    """The exceptions in a group; none in any other exception."""
    members: Sequence[BaseException] = ()
    if is_a(error, BaseExceptionGroup):
        members = _MEMBERS.__get__(error)
    return members


def keep(error: BaseException, name: str, value: Any) -> None:
    """Keeps a value beside an exception, also beside one that takes no attributes."""
    object.__setattr__(error, name, value)


def kept(error: BaseException, name: str) -> Any:
    """What `keep` has kept; None if nothing."""
    try:
        return object.__getattribute__(error, name)
    except AttributeError:
        return None
