"""A word that several modules write is one constant, which they import."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import Final

import beamish

_ROOT: Final = Path(beamish.__file__).parent


def _atoms(path: Path) -> set[str]:
    """The texts that a module makes an Atom of."""
    return {
        call.args[0].value
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("Atom", "atom")
        and len(call.args) == 1
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def test_no_word_is_made_an_atom_in_two_modules() -> None:
    modules: dict[str, list[str]] = defaultdict(list)
    for path in sorted(_ROOT.rglob("*.py")):
        for text in _atoms(path):
            modules[text].append(str(path.relative_to(_ROOT)))

    assert {text: where for text, where in modules.items() if len(where) > 1} == {}
