"""Tracebacks for reports: as text that is printable and not too long, and as objects.

When a process has died, its exit reason keeps no frame alive: the stack is kept beside it, as plain
data (`reasons.keep_stack`). Of that a traceback is made again, for whoever shows exceptions, as
Sentry and structlog do. Its frames have files, lines and names, and no variables.
"""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any, Final, NamedTuple, cast

from .careful import class_name, show
from .printable import STACK_LIMIT, in_lines, one_line
from .reasons import Stack, stack_of

__all__ = [
    "Described",
    "ExcInfo",
    "describe",
    "lines_of",
    "made_of",
    "raised_in",
    "user_part",
    "where_raised",
]

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

_MESSAGE: Final = 4_000  # characters of one exception
_DEEPEST: Final = 100  # frames of a traceback that is made again
_RUNTIME: Final = "/beamish/runtime/"


def user_part(tb: TracebackType | None) -> TracebackType | None:
    """A traceback without the runtime's own frames at its head; all of it if it has no others."""
    part = tb
    while part is not None and _RUNTIME in part.tb_frame.f_code.co_filename.replace("\\", "/"):
        part = part.tb_next
    return tb if part is None else part


class Described(NamedTuple):
    """What a report shows of an exception: its traceback as text, and ``exc_info``."""

    text: str
    exc_info: ExcInfo


def describe(error: BaseException, tb: TracebackType | None) -> Described:
    """An exception, its causes and its members, for a report.

    Each line of the text is printable, the lines of a message after its first are indented, and
    what is too long is cut. Where that was so, ``exc_info`` has an exception that only looks like
    this one, because nobody would cut the text of the real one.
    """
    whole, text = True, ""
    try:
        shown = traceback.TracebackException(type(error), error, tb, compact=True)
        parts = [_printable(one) for one in _parts_of(shown)]
        text = "".join(shown.format()).rstrip()
        whole = all(one.whole for one in parts)
    except BaseException:  # noqa: BLE001 - it will not be looked at
        text = "".join([*traceback.format_tb(tb), in_lines(show(error), _MESSAGE)])
    text = _cut_lines([one_line(line, _MESSAGE) for line in text.split("\n")])
    return Described(text, (type(error), error, tb) if whole else _alike(error, tb))


# ---- as text


class _Printable(traceback.TracebackException):
    """One exception whose text is printable and not too long."""

    whole: bool

    def format_exception_only(self, *args: Any, **options: Any) -> Generator[str, None, None]:
        text = "".join(super().format_exception_only(*args, **options)).removesuffix("\n")
        self.whole = len(text) <= _MESSAGE
        yield in_lines(text, _MESSAGE) + "\n"


def _printable(one: traceback.TracebackException) -> _Printable:
    same = cast("_Printable", one)
    same.__class__ = _Printable
    same.whole = True
    for frame in one.stack or ():  # code that was compiled from a text may have any name
        frame.filename = one_line(frame.filename)
        frame.name = one_line(frame.name)
    return same


def _parts_of(whole: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    todo: list[traceback.TracebackException | None] = [whole]
    while todo:
        one = todo.pop()
        if one is not None:
            yield one
            todo += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]


def _cut_lines(lines: list[str]) -> str:
    """The first lines and the last ones, which say what happened."""
    text = "\n".join(lines)
    if len(text) <= STACK_LIMIT:
        return text
    head = _up_to(lines, STACK_LIMIT // 4)
    tail = _up_to(lines[::-1], STACK_LIMIT // 2)[::-1]
    missing = len(lines) - len(head) - len(tail)
    return "\n".join([*head, f"    ... {missing} lines ...", *tail])


def _up_to(lines: list[str], limit: int) -> list[str]:
    taken: list[str] = []
    for line in lines:
        limit -= len(line) + 1
        if limit < 0:
            break
        taken.append(line)
    return taken


def where_raised(error: BaseException) -> tuple[str, int, str]:
    """File, line and function in which it was raised; logging's words for none where none is known.

    They are those of a log record: ``pathname``, ``lineno``, ``funcName``.
    """
    stack = stack_of(error)
    if not stack:
        return "(unknown file)", 0, "(unknown function)"
    _, function, _, where = stack[0]
    return one_line(where[0][1]), where[1][1], one_line(function)


_LINES: Final = 8  # of a traceback that is kept as text


def lines_of(error: BaseException) -> str | None:
    """The innermost lines of the user's code at which it was raised, as a traceback has them.

    Only those of beamish where there are no others; None where nothing is known.
    """
    stack = stack_of(error)
    users = [one for one in stack if not one[0].startswith("beamish.")] or stack
    lines = [
        f'File "{one_line(where[0][1])}", line {where[1][1]}, in {one_line(function)}'
        for _, function, _, where in users[:_LINES]
    ]
    return "\n".join(reversed(lines)) or None


def raised_in(error: BaseException) -> str:
    """One line instead of its traceback, which another report has shown already."""
    file, line, function = where_raised(error)
    kind = one_line(type(error).__qualname__)
    return f"    Raised: {kind}" if not line else f"    Raised in: {function}, {file}:{line}"


# ---- as objects


def made_of(stack: Stack) -> TracebackType | None:
    """A traceback that is made of a stack kept as plain data; None if that is empty."""
    made: TracebackType | None = None
    for module, function, _, ((_, file), (_, line)) in stack[:_DEEPEST]:
        made = TracebackType(made, _frame(module, function, file, line), -1, line)
    return made


def _template() -> Generator[None, None, None]:
    yield


def _frame(module: str, function: str, file: str, line: int) -> FrameType:
    """A frame of a function that was never called: that of a generator before its beginning."""
    code: CodeType = _template.__code__.replace(
        co_filename=file,
        co_name=function.rpartition(".")[2],
        co_qualname=str(function),
        co_firstlineno=line,
    )
    return cast("FrameType", FunctionType(code, {"__name__": str(module)})().gi_frame)


def _alike(error: BaseException, tb: TracebackType | None) -> ExcInfo:
    """An exception with the name of this one and as much of its text as is shown."""
    names = {"__module__": type(error).__module__, "__qualname__": type(error).__qualname__}
    kind = cast("type[BaseException]", type(class_name(error), (Exception,), names))
    return kind, kind(in_lines(show(error, str), _MESSAGE)), tb
