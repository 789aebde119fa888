"""Exit reasons: which are expected, their Erlang shape, and their words."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, cast

from .atom import Atom
from .careful import (
    class_name,
    elements,
    forget_traceback,
    is_a,
    keep,
    kept,
    module_name,
    origins_of,
    pass_on,
    traceback_of,
)
from .errors import (
    BadArgError,
    CallError,
    NoProcError,
    ProcessError,
    ProcessExit,
    Throw,
)
from .in_words import format_exit
from .words import is_word

__all__ = [
    "BADARG",
    "BADMATCH",
    "CALLING_SELF",
    "CALL_CYCLE",
    "CANCELLED",
    "KILL",
    "KILLED",
    "NOCONNECTION",
    "NODEDOWN",
    "NOPROC",
    "NORMAL",
    "SHUTDOWN",
    "Stack",
    "format_exit",
    "is_expected",
    "keep_stack",
    "stack_of",
    "to_erlang",
]

NORMAL: Final = Atom("normal")
SHUTDOWN: Final = Atom("shutdown")
KILL: Final = Atom("kill")
KILLED: Final = Atom("killed")
NOPROC: Final = Atom("noproc")
NOCONNECTION: Final = Atom("noconnection")
NODEDOWN: Final = Atom("nodedown")  # a call to a node that is not connected
BADARG: Final = Atom("badarg")
BADMATCH: Final = Atom("badmatch")
CALLING_SELF: Final = Atom("calling_self")  # a call of the process itself
CALL_CYCLE: Final = Atom("call_cycle")  # a call that would wait for itself, over others
CANCELLED: Final = Atom("cancelled")  # an uncaught asyncio.CancelledError that was not an exit

_STACK: Final = "_beamish_stack"
_COPY: Final[Any] = vars(list)["copy"]
_FILE: Final = Atom("file")
_LINE: Final = Atom("line")

Stack = list[tuple[Atom, Atom, int, list[tuple[Atom, Any]]]]


def is_expected(reason: object) -> bool:
    """Whether this is one of the quiet reasons: normal, shutdown, (shutdown, anything).

    Example:
        >>> is_expected("shutdown"), is_expected(("shutdown", 1)), is_expected("boom")
        (True, True, False)
    """
    if is_a(reason, tuple):
        pair = elements(cast("tuple[Any, ...]", reason))
        return len(pair) == 2 and is_word(pair[0], SHUTDOWN)
    return is_word(reason, NORMAL) or is_word(reason, SHUTDOWN)


def keep_stack(error: BaseException) -> None:
    """Replaces the traceback of an exit reason with plain data, so that it keeps no frame alive."""
    if kept(error, _STACK) is None:
        keep(error, _STACK, _stack_of(traceback_of(error)))
        _forget_frames(error)
    forget_traceback(error)


def stack_of(error: BaseException) -> Stack:
    """The stack of an exception, the innermost call first: the kept one, else its traceback's."""
    stack: Stack | None = kept(error, _STACK)
    return _stack_of(traceback_of(error)) if stack is None else stack


def _stack_of(tb: TracebackType | None) -> Stack:
    stack: Stack = []
    while tb is not None:
        code = tb.tb_frame.f_code
        module = module_name(tb.tb_frame.f_globals)
        if stack or not module.startswith("beamish.runtime."):  # not the scheduler's own
            where: list[tuple[Atom, Any]] = [(_FILE, code.co_filename), (_LINE, tb.tb_lineno)]
            stack.append((Atom(module), Atom(code.co_qualname), code.co_argcount, where))
        tb = tb.tb_next
    stack.reverse()
    return stack


def _forget_frames(error: BaseException) -> None:
    """Drops the tracebacks of an exception, its causes and its contexts, and what was asked."""
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        forget_traceback(one)
        if is_a(one, CallError):
            keep(one, "request", None)
        todo += origins_of(one)


def to_erlang(reason: Any) -> Any:
    """The Erlang shape of an exit reason.

    An exception becomes ``(error, stack)`` with the innermost call first, as on the BEAM:
    ZeroDivisionError ``(badarith, stack)``, ``process.error(r)`` ``(r, stack)``, an uncaught
    ``process.throw(v)`` ``((nocatch, v), stack)``. The elements of tuples and lists are converted
    too; all other terms are returned unchanged.

    Example:
        >>> to_erlang("boom"), to_erlang(ZeroDivisionError())[0]
        ('boom', 'badarith')
    """
    if is_a(reason, BaseException):
        return _error_to_erlang(reason)
    try:
        return _shaped(reason)
    except BaseException as error:  # noqa: BLE001 - it is nested too deep
        pass_on(error)
        return reason


def _shaped(reason: Any) -> Any:
    if is_a(reason, tuple):
        terms = elements(cast("Any", reason))
        shaped = [to_erlang(term) for term in terms]
        same = all(new is old for new, old in zip(shaped, terms, strict=True))
        return cast("Any", reason) if same else tuple(shaped)
    if is_a(reason, list):
        return [to_erlang(term) for term in _COPY(reason)]
    return reason


def _error_to_erlang(error: BaseException) -> Any:
    try:
        return _shaped_error(error)
    except BaseException as failed:  # noqa: BLE001 - its own code cannot say what it is
        pass_on(failed)
        return (Atom(class_name(error)), [])


def _shaped_error(error: BaseException) -> Any:
    if is_a(error, ProcessExit) or is_a(error, CallError):
        return to_erlang(error.reason)
    if is_a(error, SystemExit) or is_a(error, KeyboardInterrupt):
        return (Atom(class_name(error)), *error.args)
    stack: Any = stack_of(error)
    if not stack:  # it was never raised, but the shape has a place for the stack
        stack = [(Atom("beamish"), Atom(class_name(error)), 0, [])]
    return (_error_term(error), stack)


def _error_term(error: BaseException) -> Any:
    term = getattr(error, "erlang_term", None)  # an exception may define its own
    if term is not None:
        return term
    if is_a(error, ProcessError):
        return to_erlang(error.reason)
    if is_a(error, Throw):
        return (Atom("nocatch"), to_erlang(error.value))
    if is_a(error, NoProcError):
        return NOPROC
    if is_a(error, BadArgError):
        return BADARG
    if is_a(error, ArithmeticError):
        return Atom("badarith")
    if is_a(error, KeyError) and error.args:
        return (Atom("badkey"), error.args[0])
    if is_a(error, TypeError) or is_a(error, ValueError):
        return BADARG
    return (Atom(class_name(error)), str(error))
