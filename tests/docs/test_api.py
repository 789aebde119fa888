"""The pages of docs/api show each public name once, and nothing else."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from .pages import DOCS

PAGES = sorted((DOCS / "api").glob("*.md"))
REFERENCE = [*(DOCS / "reference").glob("*.md")]

# The modules from which users import; public is what their ``__all__`` has.
DOORS = [
    "beamish",
    "beamish.behaviour",
    "beamish.net",
    "beamish.net.gen_tcp",
    "beamish.net.inet",
    "beamish.otp",
    "beamish.otp.agent",
    "beamish.otp.application",
    "beamish.otp.child",
    "beamish.otp.gen_event",
    "beamish.otp.gen_server",
    "beamish.otp.gen_statem",
    "beamish.otp.global_",
    "beamish.otp.logger",
    "beamish.otp.methods",
    "beamish.otp.pg",
    "beamish.otp.proc_lib",
    "beamish.otp.registry",
    "beamish.otp.supervisor",
    "beamish.otp.sys",
    "beamish.otp.task",
    "beamish.otp.timer",
    "beamish.process",
    "beamish.testing",
]

# Those whose docstring names pages with examples.
EXPLAINED = [
    door
    for door in DOORS
    if door not in ("beamish", "beamish.behaviour", "beamish.net", "beamish.otp")
    and door not in ("beamish.net.inet", "beamish.process")
]

_DIRECTIVE = re.compile(r"^\.\. auto(\w+):: ([\w.]+)\S*\n((?:   :.*\n)*)", re.MULTILINE)


class Directive(NamedTuple):
    """What a page asks autodoc for."""

    page: Path
    kind: str
    target: str
    options: dict[str, str]


def directives() -> Iterator[Directive]:
    for page in PAGES:
        for kind, target, options in _DIRECTIVE.findall(page.read_text()):
            found = dict(re.findall(r"^   :([\w-]+):[ ]*(.*)$", options, re.MULTILINE))
            yield Directive(page, kind, target, found)


def members(one: Directive) -> list[str]:
    """The names of a door that its directive shows: code, and data that it describes itself."""
    module: Any = importlib.import_module(one.target)
    excluded = one.options.get("exclude-members", "").split(", ")
    described = described_data(module)
    return [
        name
        for name in module.__all__
        if name not in excluded and (is_code(getattr(module, name)) or name in described)
    ]


def is_code(value: object) -> bool:
    return isinstance(value, type) or inspect.isroutine(value)


def described_data(module: ModuleType) -> set[str]:
    """The names that a module assigns to with a docstring below."""
    body = ast.parse(inspect.getsource(module)).body
    return {
        target.id
        for one, following in itertools.pairwise(body)
        for target in (*getattr(one, "targets", ()), getattr(one, "target", None))
        if isinstance(target, ast.Name)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
    }


def shown() -> list[str]:
    """What the pages show, by full names."""
    return [
        name
        for one in directives()
        for name in (
            [f"{one.target}.{member}" for member in members(one)]
            if one.kind == "module"
            else [one.target]
        )
    ]


def test_pages_ask_for_public_names_alone() -> None:
    wrong = [
        one.target
        for one in directives()
        if one.target not in DOORS
        and one.target.rpartition(".")[2]
        not in importlib.import_module(one.target.rpartition(".")[0]).__all__
    ]

    assert wrong == []


def test_pages_ask_doors_alone() -> None:
    """Nobody imports from the modules inside."""
    doors = {
        one.target if one.kind == "module" else one.target.rpartition(".")[0]
        for one in directives()
    }

    assert doors == set(DOORS)


def test_no_name_is_shown_twice() -> None:
    """What several doors have is shown at one of them; the page of the others says at which."""
    things = Counter(identity(name) for name in shown())

    assert [thing for thing, times in things.items() if times > 1] == []


def identity(full_name: str) -> tuple[str, ...]:
    """What a name means; of data, which may be equal by chance, it is the name."""
    door, _, name = full_name.rpartition(".")
    value = getattr(importlib.import_module(door), name)
    if is_code(value):
        return value.__module__, value.__qualname__
    return (name,)


@pytest.mark.parametrize("door", DOORS)
def test_every_public_name_is_shown(door: str) -> None:
    module = importlib.import_module(door)
    found = {identity(name) for name in shown()}
    names = [name for name in module.__all__ if not isinstance(getattr(module, name), ModuleType)]

    assert [name for name in names if identity(f"{door}.{name}") not in found] == []


def test_a_page_says_where_what_it_leaves_out_is_shown() -> None:
    unsaid = [
        f"{one.page.name}: {name}"
        for one in directives()
        for name in filter(None, one.options.get("exclude-members", "").split(", "))
        if f"`{name}`" not in one.page.read_text()
    ]

    assert unsaid == []


@pytest.mark.parametrize("door", EXPLAINED)
def test_the_docstring_of_a_door_names_its_pages(door: str) -> None:
    """``help(gen_server)`` shows it."""
    doc = importlib.import_module(door).__doc__ or ""
    titles = {path.read_text().splitlines()[0].removeprefix("# ") for path in REFERENCE}
    said = re.search(r"See the pages? (.*) in the\s+documentation", doc)

    assert said is not None
    assert set(re.findall(r'"([^"]+)"', said[1])) <= titles
