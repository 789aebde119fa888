"""How a report becomes a record of ``logging``; every report of the runtime and of behaviours does.

Nothing of a report is put into words before it is certain that the report is written: its level is
on, a handler takes it, and none of the `gates` refuses it. Only then the objects of the user's are
shown, each as one line and not too long. The template of a record, ``record.msg``, is constant for
each kind of report, so that collectors such as Sentry group by it.

A record has ``exc_info``. While handlers have it, this has the frames of the exception as they are;
after that, those that are made of the kept stack, so that a record which is kept keeps no variable
alive. ``exc_text``, which logging's formatters show, is there from the beginning.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any, Final, NamedTuple, ParamSpec, TypeAlias, cast

from beamish.terms import format_exit
from beamish.terms.careful import is_a, print_error, traceback_of
from beamish.terms.printable import one_line, shown
from beamish.terms.reasons import stack_of
from beamish.terms.tracebacks import Described, describe, made_of, user_part, where_raised

__all__ = ["Gate", "Report", "Safe", "gates", "in_words", "is_wanted", "never_raises", "write"]

Gate: TypeAlias = Callable[[logging.Logger, int, str, Context | None], bool]

gates: Final[list[Gate]] = []
"""Each is asked, with logger, level, kind and context, before a report is made."""

_MOST: Final = 20  # elements of a list in a record
_NOWHERE: Final = ("(unknown file)", 0, "(unknown function)")  # logging's words

P = ParamSpec("P")


def never_raises(report: Callable[P, None]) -> Callable[P, None]:
    """A log that fails (on a full disk, for example) must not prevent a death."""

    @functools.wraps(report)
    def safe(*args: P.args, **kw: P.kwargs) -> None:
        try:
            report(*args, **kw)
        except BaseException:
            print_error()

    return safe


class Report(NamedTuple):
    """What a report says.

    Attributes:
        kind: ``record.report``.
        message: the template; ``%s`` is an exit reason or text in words, ``%r`` a value's repr.
        args: one for each ``%s`` and ``%r``.
        fields: ``record.beamish``.
        error: the exception, if there is one.
        exc_text: what a terminal shows of it below the message; by default its traceback.
        context: the context of the process, for filters.
        task: the name of the asyncio Task that the process is.
    """

    kind: str
    message: str
    args: tuple[Any, ...]
    fields: Mapping[str, Any]
    error: BaseException | None = None
    exc_text: str | None = None
    context: Context | None = None
    task: str | None = None


# ---- whether


def is_wanted(
    logger: logging.Logger, level: int, kind: str, context: Context | None = None
) -> bool:
    """Whether a report will be written. It is asked once for each, because gates count."""
    if not logger.isEnabledFor(level):
        return False
    if not all(gate(logger, level, kind, context) for gate in gates):
        return False
    return _is_taken(logger, level)


def _is_taken(logger: logging.Logger, level: int) -> bool:
    """Whether a handler takes records of this level, and has room; those without room count it."""
    handlers = _handlers_of(logger)
    if not handlers:
        return logging.lastResort is not None and level >= logging.lastResort.level
    full: list[Any] = []
    for handler in handlers:
        if level >= handler.level:
            if not getattr(handler, "is_full", False):
                return True
            full.append(handler)
    for handler in full:
        handler.count_dropped()
    return False


def _handlers_of(logger: logging.Logger) -> list[logging.Handler]:
    found: list[logging.Handler] = []
    one: logging.Logger | None = logger
    while one is not None:
        found += one.handlers
        one = one.parent if one.propagate else None
    return found


# ---- words


class Safe(str):
    """A text that is shown as it is: each of its lines is printable already."""

    __slots__ = ()
    __repr__ = str.__str__


def in_words(reason: Any) -> str:
    """An exit reason, or a text, as one line."""
    return one_line(str.__str__(reason)) if is_a(reason, str) else shown(reason, format_exit)


@functools.cache
def _places(message: str) -> list[str]:
    return re.findall("%([rs])", message)


def _argument(place: str, value: Any) -> Safe:
    if type(value) is Safe:
        return value
    return Safe(in_words(value) if place == "s" else shown(value))


def _field(name: str, value: Any) -> Any:
    """A value as a record has it: what JSON knows, cut; of anything else the short repr."""
    if name == "reason" and value is not None:
        return in_words(value)
    if value is None or type(value) in {bool, int, float}:
        return value
    if type(value) is Safe:
        return str.__str__(value)
    if is_a(value, str):
        return one_line(str.__str__(value))
    if type(value) is list:
        items = cast("list[Any]", value)
        some = [_field("", one) for one in items[:_MOST]]
        return some if len(items) <= _MOST else [*some, f"... ({len(items) - _MOST} more)"]
    if type(value) is dict:
        pairs = [*cast("dict[Any, Any]", value).items()]
        return {in_words(key): _field("", one) for key, one in pairs[:_MOST]}
    return shown(value)


# ---- writing


@never_raises
def write(logger: logging.Logger, level: int, report: Report) -> None:
    """Writes a report that is wanted."""
    error = report.error
    if error is None:
        logger.handle(_record(logger, level, report, None))
        return
    tb, kept = user_part(traceback_of(error)), made_of(stack_of(error))
    described = describe(error, tb or kept)
    record = _record(logger, level, report, described)
    try:
        logger.handle(record)
    finally:
        record.exc_info = (*described.exc_info[:2], kept)


def _record(
    logger: logging.Logger, level: int, report: Report, described: Described | None
) -> logging.LogRecord:
    """Made here, because logging would name this file, and the Task that happens to run."""
    file, line, function = _NOWHERE if report.error is None else where_raised(report.error)
    places = _places(report.message)
    args = tuple(map(_argument, places, report.args))
    record = logger.makeRecord(logger.name, level, file, line, report.message, args, None, function)
    fields = {key: _field(key, value) for key, value in report.fields.items()}
    if described is not None:
        kind = described.exc_info[0]
        fields |= {"exception": one_line(kind.__qualname__), "stack": described.text}
        record.exc_info = described.exc_info
        record.exc_text = report.exc_text or described.text
    added: dict[str, Any] = {
        "report": report.kind,
        "beamish": fields,
        "taskName": report.task,
        "_context": report.context,
    }
    record.__dict__.update(added)
    return record
