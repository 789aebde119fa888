"""Exit reasons in words, for logs, shells and the texts of exceptions."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from .careful import elements, is_a, show
from .words import is_word

__all__ = ["cycle_in_words", "format_exit", "in_words"]


def format_exit(reason: object) -> str:
    """An exit reason in words, for logs and shells.

    An exception shows as ``ZeroDivisionError: division by zero``, any other term as its repr; a
    failed call shows which process was called, and with what.

    Example:
        >>> format_exit("boom"), format_exit(ZeroDivisionError("division by zero"))
        ('boom', 'ZeroDivisionError: division by zero')
    """
    return in_words(reason, show)


def in_words(reason: Any, shown: Callable[[Any], str]) -> str:
    """As format_exit; `shown` makes the text of a value, such as a request."""
    return show(reason, lambda term: _in_words(term, shown))


def _in_words(reason: Any, shown: Callable[[Any], str]) -> str:
    if is_a(reason, str):
        return str.__str__(reason)
    if is_a(reason, BaseException):
        return "".join(traceback.format_exception_only(reason)).strip()
    pair = elements(reason)
    if len(pair) == 2:
        head, tail = pair
        call = elements(tail)
        if _is_call(call):
            module, function, args = call
            given = ", ".join(map(shown, args))
            return f"{module}.{_name_of(function)}({given}) failed: {in_words(head, shown)}"
        if is_word(head, "call_cycle"):
            return f"these calls wait for each other: {cycle_in_words(tail, shown)}"
        if is_a(head, BaseException):
            return f"({in_words(head, shown)}, {shown(tail)})"
    return shown(reason)


def cycle_in_words(cycle: tuple[tuple[Any, Any], ...], shown: Callable[[Any], str] = show) -> str:
    """A cycle of calls: ``a calls b with 'x', b calls a with 'y'``."""
    who = [str(step[0]) for step in cycle]
    steps = zip(who, who[1:] + who[:1], cycle, strict=True)
    return ", ".join(f"{one} calls {other} with {shown(step[1])}" for one, other, step in steps)


def _is_call(term: list[Any]) -> bool:
    return (
        len(term) == 3
        and is_a(term[0], str)
        and _name_of(term[1]) is not None
        and issubclass(type(term[2]), tuple | list)
    )


def _name_of(function: Any) -> str | None:
    """The name of a function as an exit reason shows it; None if this is not one.

    A function of ``sys`` may be shown as its request: ``("replace_state", fn)``, ``("debug",
    "no_debug")``.
    """
    if is_a(function, str):
        return function
    parts = elements(function)
    if not parts or not is_a(parts[0], str):
        return None
    return [part for part in parts if is_a(part, str)][-1]
