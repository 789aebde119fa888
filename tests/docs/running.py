"""Runs a page of the documentation, and compares what it prints with what the page says."""

from __future__ import annotations

import ast
import contextlib
import doctest
import inspect
import io
import itertools
import logging
import os
import shlex
import subprocess
import sys
import types
from collections.abc import Generator
from pathlib import Path
from typing import Any

import beamish
from beamish.testing import VirtualClockLoop

from .pages import ROOT, Block, Page, read_page

__all__ = ["DocsError", "run_page"]

_MODULE = "docs_page"
_LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class DocsError(AssertionError):
    """A page says what is not so."""


def run_page(page: Page, folder: Path) -> None:
    """Runs a page in a folder of its own.

    Raises:
        DocsError: a block prints something else than it says, or fails.
    """
    for path in page.earlier:
        _write_files(read_page(path), folder)
    with _in_folder(folder), _module() as names:
        for kind, group in itertools.groupby(page.blocks, _group):
            if kind == "pieces":
                _run_pieces(page, list(group), names, folder)
            else:
                for block in group:
                    _run_alone(page, block, folder)


def _group(block: Block) -> str:
    """Pieces run in one node, as long as nothing that runs by itself is between them."""
    return "alone" if block.kind in ("program", "console", "elixir") else "pieces"


# ---- files


def _write_files(page: Page, folder: Path) -> None:
    for block in page.blocks:
        if block.kind == "file":
            _write(folder / block.name, block.code)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@contextlib.contextmanager
def _in_folder(folder: Path) -> Generator[None]:
    before, modules = Path.cwd(), set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    # Two files written within a second, of one size, would share their compiled code.
    sys.dont_write_bytecode, compiled = True, sys.dont_write_bytecode
    try:
        yield
    finally:
        os.chdir(before)
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = compiled
        for name in set(sys.modules) - modules:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
                del sys.modules[name]


# ---- code


@contextlib.contextmanager
def _module() -> Generator[dict[str, Any]]:
    """The module that the pieces of a page are in."""
    made = types.ModuleType(_MODULE)
    # CPython 3.15 warns where a traceback meets a module whose spec has no loader.
    del made.__spec__
    before = sys.modules.get(_MODULE)
    sys.modules[_MODULE] = made
    try:
        yield vars(made)
    finally:
        sys.modules.pop(_MODULE)
        if before is not None:
            sys.modules[_MODULE] = before


def _run_pieces(page: Page, blocks: list[Block], names: dict[str, Any], folder: Path) -> None:
    if not any(block.kind == "piece" for block in blocks):
        for block in blocks:
            _write_if_file(block, folder)
        return

    async def main() -> None:
        for block in blocks:
            _write_if_file(block, folder)
            if block.kind == "piece":
                with _checked(page, block):
                    await _execute(page, block, names)

    beamish.run(main, loop_factory=None if page.real_time else VirtualClockLoop)


def _write_if_file(block: Block, folder: Path) -> None:
    if block.kind == "file":
        _write(folder / block.name, block.code)


def _run_alone(page: Page, block: Block, folder: Path) -> None:
    if block.kind == "console":
        _run_console(page, block, folder)
        return
    if block.kind == "elixir":
        _write(folder / "script.exs", block.code)
        _compare(page, block.line, block.promised, _command(["elixir", "script.exs"], folder))
        return
    with _module() as names, _checked(page, block):
        exec(_compiled(page, block), names)  # noqa: S102 - what the documentation says


async def _execute(page: Page, block: Block, names: dict[str, Any]) -> None:
    result = types.FunctionType(_compiled(page, block), names)()
    if inspect.iscoroutine(result):
        await result


def _compiled(page: Page, block: Block) -> types.CodeType:
    code = "\n" * (block.line - 1) + block.code  # so that a traceback tells the page's line
    return compile(
        code,
        str(page.path),
        "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if block.kind == "piece" else 0,
        dont_inherit=True,
    )


# ---- what it prints


class _Terminal(logging.Handler):
    """What a block prints, and beside it what a terminal would show: that and the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.printed = io.StringIO()
        self.shown = io.StringIO()

    def emit(self, record: logging.LogRecord) -> None:
        self.shown.write(f"{self.format(record)}\n")

    def write(self, text: str) -> int:
        self.shown.write(text)
        return self.printed.write(text)

    def flush(self) -> None:
        pass


@contextlib.contextmanager
def _checked(page: Page, block: Block) -> Generator[None]:
    terminal = _Terminal()
    root = logging.getLogger()
    root.addHandler(terminal)
    try:
        with contextlib.redirect_stdout(terminal):
            yield
    except Exception as error:
        raise DocsError(f"{page.name}, line {block.line}: {error!r}") from error
    finally:
        root.removeHandler(terminal)
    out = terminal.printed if block.output is None else terminal.shown
    _compare(page, block.line, block.promised, out.getvalue())


def _run_console(page: Page, block: Block, folder: Path) -> None:
    want = ""
    out = ""
    for line in block.code.splitlines():
        if not line.startswith("$ "):
            want += f"{line}\n"
            continue
        words = shlex.split(line.removeprefix("$ "))
        words[:1] = [sys.executable] if words[0] == "python" else words[:1]
        out += _command(words, folder)
    _compare(page, block.line, want, out)


def _command(words: list[str], folder: Path) -> str:
    """What a command prints."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), "."]),
            # For who has not installed the checkout since it has a plugin.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p beamish.testing.plugin -p no:cacheprovider",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def _compare(page: Page, line: int, want: str, got: str) -> None:
    if not doctest.OutputChecker().check_output(want, got, _LOOSE):
        said = f"it says that it prints\n{want}\nand it prints\n{got}"
        raise DocsError(f"{page.name}, line {line}: {said}")
