"""What a package imports on demand: the same to type checkers, readers and the interpreter."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

import beamish
import beamish.net
import beamish.otp
from beamish import on_demand

_ROOMS_OF_OTP = [
    importlib.import_module(f"beamish.otp.{room.name}")
    for room in pkgutil.iter_modules(beamish.otp.__path__)
    if room.ispkg
]
_PACKAGES = [beamish, beamish.net, beamish.otp, *_ROOMS_OF_OTP]

each_package = pytest.mark.parametrize("package", _PACKAGES, ids=lambda package: package.__name__)


def _source(package: ModuleType) -> ast.Module:
    assert package.__file__ is not None
    return ast.parse(Path(package.__file__).read_text())


def _declared(package: ModuleType) -> dict[str, str]:
    """Names and their modules, as the imports under TYPE_CHECKING have it."""
    (branch,) = (one for one in _source(package).body if isinstance(one, ast.If))
    imports = [one for one in branch.body if isinstance(one, ast.ImportFrom)]
    return {
        name.name: "." * one.level + (one.module or "") for one in imports for name in one.names
    }


def _tabled(package: ModuleType) -> dict[str, str]:
    """The same, as the table has it."""
    (branch,) = (one for one in _source(package).body if isinstance(one, ast.If))
    (table,) = (one for one in ast.walk(branch) if isinstance(one, ast.Dict))
    found: dict[str, str] = ast.literal_eval(table)
    return {name: module for module, names in found.items() for name in names.split()}


@each_package
def test_the_table_says_what_type_checkers_are_told(package: ModuleType) -> None:
    assert _tabled(package) == _declared(package)


def _for_other_rooms(package: ModuleType) -> set[str]:
    """What is imported as itself, `from .steps import MethodCall as MethodCall`."""
    (branch,) = (one for one in _source(package).body if isinstance(one, ast.If))
    imports = [one for one in branch.body if isinstance(one, ast.ImportFrom)]
    return {name.name for one in imports for name in one.names if name.asname == name.name}


@each_package
def test_what_is_imported_on_demand_is_for_users_or_for_other_rooms(package: ModuleType) -> None:
    assert _tabled(package).keys() - set(package.__all__) == _for_other_rooms(package)


@each_package
def test_no_name_on_demand_is_that_of_another_module(package: ModuleType) -> None:
    """Importing the module would put it in the place of what the name means."""
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}

    assert {n for n, module in _tabled(package).items() if module != "." and n in modules} == set()


@each_package
def test_a_name_that_is_not_there_is_no_attribute(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"{package.__name__}.*has no attribute 'missing'"):
        _ = package.missing


@each_package
def test_dir_lists_what_is_not_imported_yet(package: ModuleType) -> None:
    assert set(package.__all__) <= set(dir(package))


def test_what_was_asked_for_is_an_attribute_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    find, _ = on_demand.exports("beamish", {".terms": "atom"})
    monkeypatch.delitem(vars(beamish), "atom", raising=False)

    found = find("atom")

    assert vars(beamish)["atom"] is found


def test_a_module_of_the_package_is_found_under_its_name() -> None:
    find, _ = on_demand.exports("beamish", {".": "process"})

    assert find("process") is importlib.import_module("beamish.process")


def _in_a_new_interpreter(source: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(source)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow  # imports most of the package, over and over
@each_package
def test_what_is_asked_for_first_needs_nothing_imported_before(package: ModuleType) -> None:
    modules = [
        importlib.util.resolve_name(module + name if module == "." else module, package.__name__)
        for name, module in _tabled(package).items()
    ]
    printed = _in_a_new_interpreter(f"""
        import importlib, sys
        for name in {sorted(set(modules))!r}:
            for known in [n for n in sys.modules if n.partition(".")[0] == "beamish"]:
                del sys.modules[known]
            importlib.import_module(name)
        print("each")
    """)

    assert printed == "each\n"


@pytest.mark.slow  # starts an interpreter
def test_child_spec_is_the_function_also_when_its_module_came_first() -> None:
    printed = _in_a_new_interpreter("""
        import beamish.otp.child.spec
        from beamish.otp import child_spec
        print(type(child_spec).__name__)
    """)

    assert printed == "function\n"
