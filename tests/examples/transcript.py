"""Running a program of the texts, and comparing what it prints with a transcript.

A transcript comes from a text or from Erlang's own shell. It can differ from ours in what means
nothing: how an expression is spelt (Erlang there, Python here), when an error report was written,
where a long term was broken into lines: `lines_of` takes that away. And it differs in the numbers
of pids and references and in how many processes there are; but where it shows the *same* pid twice
we must too, and where it shows two we must not show one. `assert_follows` sees to that.
"""

import re
import runpy
import sys
from functools import partial

import pytest

import beamish
from tests.support.clock import VirtualClockLoop

__all__ = ["assert_follows", "follows", "lines_of", "run_program"]


def run_program(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Runs ``python -m examples.texts.<name>`` on virtual time; returns what it printed."""
    module = f"examples.texts.{name}"
    with monkeypatch.context() as patch:
        patch.setattr(beamish, "run", partial(beamish.run, loop_factory=VirtualClockLoop))
        patch.delitem(sys.modules, module, raising=False)  # -m runs a module that is not loaded
        runpy.run_module(module, run_name="__main__")
    return capsys.readouterr().out


def lines_of(transcript: str) -> list[str]:
    """The lines of a transcript, without what means nothing."""
    text = re.sub(r",\n +", ",", transcript)  # a term that was broken into lines
    text = re.sub(r"^(=ERROR REPORT====).*$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^(\d+>).*$", r"\1", text, flags=re.MULTILINE)
    return [line.strip() for line in text.splitlines() if line.strip()]


def assert_follows(printed: str, transcript: str) -> None:
    """Fails unless somewhere in what was printed there is, line for line, the transcript.

    A line ``...`` of the transcript, which the texts write where they leave something out, stands
    for any number of lines.
    """
    wanted = ["...", *lines_of(transcript), "..."]
    assert follows(lines_of(printed), wanted, {}), f"this was printed:\n{printed}"


def follows(lines: list[str], wanted: list[str], known: dict[str, str]) -> bool:
    """Whether the lines are those wanted; `known` says which pid of theirs is which of ours."""
    if not wanted:
        return not lines
    if wanted[0] == "...":
        return any(follows(lines[skip:], wanted[1:], known) for skip in range(len(lines) + 1))
    if not lines:
        return False
    renamed = _same(lines[0], wanted[0], known)
    return renamed is not None and follows(lines[1:], wanted[1:], renamed)


# What may be called differently: pids, references, and how many processes there are.
_NAME = re.compile(r"<0\.\d+\.\d+>|#Ref<[\d.]+>|^\d+$")


def _same(line: str, wanted: str, known: dict[str, str]) -> dict[str, str] | None:
    """The names known after these two lines; None if the lines differ."""
    if _NAME.sub("*", line) != _NAME.sub("*", wanted):
        return None
    names = dict(known)
    for ours, theirs in zip(_NAME.findall(line), _NAME.findall(wanted), strict=True):
        if names.setdefault(theirs, ours) != ours:
            return None
    return names if len(set(names.values())) == len(names) else None
