"""A page of the documentation, taken apart into what can be run.

A page is Markdown. Its fenced blocks mean, to the tests:

- ``python`` with ``beamish.run(`` or ``asyncio.run(`` at the beginning of a line: a program. It
  runs by itself.
- any other ``python``: a piece of one, as it would stand in an ``async def main()``.
  The pieces of a page share their names, and run in order in one process.
- any block behind ``<!-- file: NAME -->``: a file, which is written where the page runs. A ``.py``
  file can be imported. On the pages of one folder with ``<!-- continues -->`` the files of
  the pages before are there, too.
- ``console`` behind ``<!-- run -->``: commands, behind ``$``, and what they print.
- ``elixir``: a script, which runs in real Elixir.
- ``text`` right after one of these: what that prints, with what it logs. Without such a
  block, what it prints are the comments behind its ``print(...)``. ``...`` is anything.

All other languages are for reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

__all__ = ["DOCS", "ROOT", "Block", "Kind", "Page", "all_pages", "read_page"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

Kind: TypeAlias = Literal["program", "piece", "file", "console", "elixir", "reading"]

_FENCE: Final = re.compile(
    r"^(?P<mark>`{3,})(?P<language>\S*)[^\n]*\n(?P<code>.*?)^(?P=mark)[ ]*$",
    re.DOTALL | re.MULTILINE,
)
_NOTE: Final = re.compile(r"<!--\s*(?P<word>file|run)\s*:?\s*(?P<name>\S*?)\s*-->\s*\Z")
_PROGRAM: Final = re.compile(r"^(?:beamish|asyncio)\.run\(", re.MULTILINE)
_CLOCK: Final = re.compile(r"<!--\s*clock: real\s*-->")
_CONTINUES: Final = re.compile(r"<!--\s*continues\s*-->")
_PROMISE: Final = re.compile(r"print\(.*\)  # (.*)$", re.MULTILINE)


@dataclass
class Block:
    """A fenced block.

    Attributes:
        kind: what is done with it.
        language: as it stands there.
        code: its text.
        line: of the page, counted from 1: of its first line of text.
        name: of a file.
        output: what it prints, as a ``text`` block says it; None where there is none.
    """

    kind: Kind
    language: str
    code: str
    line: int
    name: str = ""
    output: str | None = None

    @property
    def promised(self) -> str:
        """What it says that it prints."""
        if self.output is not None:
            return self.output
        return "".join(f"{text}\n" for text in _PROMISE.findall(self.code))


@dataclass
class Page:
    """A page.

    Attributes:
        path: where it is.
        blocks: in their order; a block of output belongs to the one before it, and is not in it.
        real_time: it asks for the real clock (because it opens sockets, say).
        earlier: the pages that it continues.
    """

    path: Path
    blocks: list[Block]
    real_time: bool = False
    earlier: list[Path] = field(default_factory=list[Path])

    @property
    def name(self) -> str:
        """For people."""
        inside = self.path.is_relative_to(ROOT)
        return str(self.path.relative_to(ROOT)) if inside else self.path.name

    @property
    def runs(self) -> bool:
        """Whether there is anything to run."""
        return any(block.kind not in ("file", "reading") for block in self.blocks)


def all_pages() -> list[Page]:
    """Every page, in the order of their paths."""
    return [read_page(path) for path in sorted(DOCS.rglob("*.md"))]


def read_page(path: Path) -> Page:
    """Reads a page."""
    text = path.read_text()
    page = Page(path, list(_blocks(text)), real_time=bool(_CLOCK.search(text)))
    if _CONTINUES.search(text):
        page.earlier = [one for one in sorted(path.parent.glob("*.md")) if one < path]
    return page


def _blocks(text: str) -> Iterator[Block]:
    last: Block | None = None
    end = 0
    for found in _FENCE.finditer(text):
        between = text[end : found.start()]
        line = text.count("\n", 0, found.start()) + 2
        block = _block(found["language"], found["code"], between, line)
        end = found.end()
        if block.language == "text" and last is not None and not between.strip():
            last.output = block.code
            last = None
            continue
        last = block if block.kind in ("program", "piece", "elixir") else None
        yield block


def _block(language: str, code: str, before: str, line: int) -> Block:
    note = _NOTE.search(before)
    if note is not None and note["word"] == "file":
        return Block("file", language, code, line, name=note["name"])
    if note is not None and language == "console":
        return Block("console", language, code, line)
    if language == "elixir":
        return Block("elixir", language, code, line)
    if language != "python":
        return Block("reading", language, code, line)
    return Block("program" if _PROGRAM.search(code) else "piece", language, code, line)
