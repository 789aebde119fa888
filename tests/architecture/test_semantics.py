"""The rules of docs/semantics.md: each is whole, and what it names and what cites it exists."""

from __future__ import annotations

import ast
import functools
import importlib
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "semantics.md"
SOURCES = [
    path
    for folder in ("src", "tests", "benchmarks", "examples")
    for path in (ROOT / folder).rglob("*.py")
]

_RULE = re.compile(r"^### ([A-Z])([1-9]\d*): \S[^\n]*\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"^- (Tests|Code|Erlang|Elixir|Python): (.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]+\]\((https://[^)]+)\)")
_PAGES = {
    "Erlang": "https://www.erlang.org/doc/",
    "Elixir": "https://hexdocs.pm/elixir/",
    "Python": "https://docs.python.org/3/",
}
# How rules were cited before they had this page.
_OLD = re.compile(r"\b(?:[Ss]emantics|[Dd]esign|[Ss]ection) \d|\b2\.\d{1,2}(?:\.\d)?(?::| row)")
_NAMED = re.compile(r"test_([a-z][1-9]\d?)_")


@dataclass
class Rule:
    """A rule of the page.

    Attributes:
        number: its letter and its place in the family, as they are cited.
        text: what it says, without its parts.
        parts: what it names, by the word that the line begins with.
    """

    number: str
    text: str
    parts: dict[str, str]

    @property
    def tests(self) -> list[str]:
        """`path::name`, where `*` is any text."""
        return _CODE.findall(self.parts["Tests"])

    @property
    def code(self) -> list[str]:
        """Dotted names."""
        return _CODE.findall(self.parts["Code"])


def read_rules(text: str) -> list[Rule]:
    """The rules of a page, in its order."""
    return [
        Rule(f"{family}{place}", _PART.sub("", body).strip(), dict(_PART.findall(body)))
        for family, place, body in _RULE.findall(text)
    ]


RULES = read_rules(PAGE.read_text())
NUMBERS = {rule.number for rule in RULES}
FAMILIES = "".join(sorted({number[0] for number in NUMBERS}))

every_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.number for rule in RULES])


# ---- the page


def test_every_heading_of_the_page_below_the_families_is_a_rule() -> None:
    headings = re.findall(r"^### ", PAGE.read_text(), re.MULTILINE)

    assert len(RULES) == len(headings) > 100


def test_numbers_are_unique_and_in_order() -> None:
    numbers = [(rule.number[0], int(rule.number[1:])) for rule in RULES]
    by_family = [[place for family, place in numbers if family == letter] for letter in FAMILIES]

    assert len(NUMBERS) == len(RULES)
    assert all(places == sorted(places) for places in by_family)


def test_the_table_has_every_family_in_the_order_of_the_page() -> None:
    table = re.findall(r"^\| \[([A-Z])\]\(#", PAGE.read_text(), re.MULTILINE)

    assert table == list(dict.fromkeys(rule.number[0] for rule in RULES))


@every_rule
def test_a_rule_is_whole(rule: Rule) -> None:
    assert rule.text
    assert set(rule.parts) - _PAGES.keys() == {"Tests", "Code"}
    pages = [(begin, rule.parts[name]) for name, begin in _PAGES.items() if name in rule.parts]
    assert pages
    for begin, line in pages:
        links = _LINK.findall(line)
        assert links
        assert all(link.startswith(begin) for link in links)


@every_rule
def test_the_tests_of_a_rule_exist(rule: Rule) -> None:
    missing = [test for test in rule.tests if not _has_test(*test.split("::"))]

    assert rule.tests
    assert missing == []


def _has_test(path: str, name: str) -> bool:
    return any(fnmatchcase(found, name) for found in _tests_of(path))


@functools.cache
def _tests_of(path: str) -> list[str]:
    tree = ast.parse((ROOT / path).read_text())
    names = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [name for name in names if name.startswith("test")]


@every_rule
def test_the_code_of_a_rule_exists(rule: Rule) -> None:
    missing = [name for name in rule.code if not _exists(name)]

    assert rule.code
    assert missing == []


def _exists(dotted: str) -> bool:
    """Whether a dotted name can be imported: a module, and from there on attributes."""
    names = dotted.split(".")
    for end in range(len(names) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(names[:end]))
        except ModuleNotFoundError:
            continue
        for name in names[end:]:
            found = getattr(found, name, None)
        return found is not None
    return False


# ---- what cites the page


def test_whoever_cites_a_rule_finds_it() -> None:
    lost = {
        str(path.relative_to(ROOT)): missing
        for path in SOURCES
        if (missing := [number for number in _cited_in(path) if number not in NUMBERS])
    }

    assert lost == {}


def test_nobody_cites_by_other_numbers() -> None:
    found = {
        str(path.relative_to(ROOT)): old
        for path in SOURCES
        if (old := _OLD.findall("\n".join(_words(path.read_text()))))
    }

    assert found == {}


def _cited_in(path: Path) -> Iterator[str]:
    source = path.read_text()
    yield from _cited("\n".join(_words(source)))
    yield from _cited_by_names(source)


def _cited(words: str) -> list[str]:
    return re.findall(rf"\b[{FAMILIES}][1-9]\d?\b", words)


def _words(source: str) -> Iterator[str]:
    """The comments and docstrings of a file."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield re.sub(r"(?:# )?noqa: [A-Z0-9, ]+", "", token.string)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def _cited_by_names(source: str) -> list[str]:
    """The numbers in the names of tests; not those that the file itself says what they are."""
    tree = ast.parse(source)
    explained = re.findall(r"\b[a-z][1-9]\d?\b", ast.get_docstring(tree) or "")
    named = [_NAMED.match(getattr(node, "name", "")) for node in tree.body]
    return [name[1].upper() for name in named if name and name[1] not in explained]


# ---- who watches over the watchers

WHOLE = """\
### P1: Something holds

It does.

- Tests: `tests/architecture/test_semantics.py::test_a_name_*`, `tests/conftest.py::test_nothing`
- Code: `beamish.process.spawn`, `beamish.process.nothing`, `beamish.nothing`
- Erlang: [spawn/1](https://www.erlang.org/doc/)
"""


def test_a_name_that_does_not_exist_is_found_out() -> None:
    (rule,) = read_rules(WHOLE)

    assert [_has_test(*test.split("::")) for test in rule.tests] == [True, False]
    assert [_exists(name) for name in rule.code] == [True, False, False]


def test_a_citation_is_found_in_comments_docstrings_and_names() -> None:
    source = '''"""Rule L2, and scenario q7."""
x = "M1"  # X4, noqa: S101
def test_p9_x(): ...
async def test_q7_x(): ...
'''

    assert sorted(_cited("\n".join(_words(source)))) == ["L2", "X4"]
    assert _cited_by_names(source) == ["P9"]
