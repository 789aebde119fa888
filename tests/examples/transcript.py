"""Comparing what a program prints with a transcript from a text or from Erlang's shell.

The two can differ in what means nothing: which numbers the pids and references have, how
an expression is spelt (Erlang there, Python here), when an error report was written, and where a
long term is broken into lines. All that is taken away; which pids are the *same* is kept: the
first one is called ``<pid 1>`` wherever it comes, the next ``<pid 2>``, and so on.
"""

import re
from collections.abc import Awaitable, Callable

import pytest

import beamish
from tests.support.clock import VirtualClockLoop

__all__ = ["follows", "normal", "run"]


def run(main: Callable[[], Awaitable[None]], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Runs a program on virtual time; what it printed."""
    beamish.run(main, loop_factory=VirtualClockLoop)
    return normal(capsys.readouterr().out)


def normal(transcript: str) -> list[str]:
    """The lines of a transcript, without what means nothing."""
    text = re.sub(r",\n +", ",", transcript)  # a term that was broken into lines
    text = re.sub(r"^(=ERROR REPORT====) .* ===$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^(\d+>) .*$", r"\1", text, flags=re.MULTILINE)
    text = _renamed(r"<0\.\d+\.\d+>", "<pid {}>", text)
    text = _renamed(r"#Ref<[\d.]+>", "#Ref<{}>", text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _renamed(pattern: str, name: str, text: str) -> str:
    """Gives each different match a name that counts from 1."""
    names: dict[str, str] = {}

    def renamed(match: re.Match[str]) -> str:
        return names.setdefault(match[0], name.format(len(names) + 1))

    return re.sub(pattern, renamed, text)


def follows(lines: list[str], wanted: list[str]) -> bool:
    """Whether the lines are those wanted, where a line ``...`` stands for any number of lines."""
    if not wanted:
        return not lines
    if wanted[0] == "...":
        return any(follows(lines[skip:], wanted[1:]) for skip in range(len(lines) + 1))
    return bool(lines) and lines[0] == wanted[0] and follows(lines[1:], wanted[1:])
