"""Text that is safe in a log and on a terminal, and not too long.

What a client has sent can get into a report: as a message, in an exception, as a label. A newline
in it would begin what looks like another record, an escape sequence would be obeyed by the
terminal, and a lone surrogate cannot be written at all. So what does not print is escaped, as in a
repr, and what is too long is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .careful import SHORT, is_a, show

__all__ = [
    "MESSAGE_LIMIT",
    "STACK_LIMIT",
    "VALUE_LIMIT",
    "cut",
    "in_lines",
    "one_line",
    "shown",
    "text_of",
]

VALUE_LIMIT: Final = 1_000
"""The most characters of a value in a report, and of a line of an exception."""

MESSAGE_LIMIT: Final = 16_000
"""The most characters of a report's message."""

STACK_LIMIT: Final = 16_000
"""The most characters of a traceback in a report."""

_INDENT: Final = "    "


def one_line(text: str, limit: int = VALUE_LIMIT) -> str:
    r"""A text as one line of printable characters.

    Example:
        >>> print(one_line("a\nb \x1b[2J"))
        a\nb \x1b[2J
    """
    text = cut(text, limit)
    if text.isprintable():
        return text
    # What is escaped may be ten times as long, but no longer.
    return cut("".join(map(_escaped, text)), limit)


def _escaped(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def in_lines(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """A text of several lines, each printable; those after the first are indented.

    So none of them can be taken for the beginning of another record.
    """
    first, *rest = cut(text, limit).split("\n")
    lines = [one_line(first, limit)]
    for line in rest:
        safe = one_line(line.replace("\t", _INDENT), limit)
        lines.append(safe if safe[:1] in {"", " "} else _INDENT + safe)
    return cut("\n".join(lines), limit)  # it was indented


def cut(text: str, limit: int) -> str:
    """A text, or its beginning and how much is missing.

    Example:
        >>> cut("a" * 1000, 40)
        'aaaaaaaaaaaaaaaa... (984 characters more)'
    """
    if len(text) <= limit:
        return text
    kept = max(limit - 24, 0)
    return f"{text[:kept]}... ({len(text) - kept} characters more)"


def shown(value: Any, in_words: Callable[[Any], str] = SHORT.repr) -> str:
    """A value as one line: its short repr, or what another function makes of it."""
    return one_line(show(value, in_words))


def text_of(value: Any) -> str:
    """A text as one line; any other value as its short repr."""
    return one_line(str.__str__(value)) if is_a(value, str) else shown(value)
