"""What is public is in an ``__all__``, documented, and says where it is found."""

from __future__ import annotations

import importlib
import importlib.resources
import inspect
import pkgutil
from typing import Any

import pytest

import beamish
import beamish.terms
from beamish import behaviour, process

_DOORS = [beamish, process, behaviour, beamish.terms]


def _all_modules() -> list[str]:
    found = pkgutil.walk_packages(beamish.__path__, "beamish.")
    return [module.name for module in found if not module.name.endswith("__main__")]


@pytest.mark.parametrize("name", _all_modules())
def test_every_name_in_an_all_is_there(name: str) -> None:
    module = importlib.import_module(name)

    names: list[str] = getattr(module, "__all__", [])

    assert [one for one in names if not hasattr(module, one)] == []
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", _all_modules())
def test_every_module_says_what_it_is(name: str) -> None:
    module = importlib.import_module(name)

    assert module.__doc__


def _is_public_name(name: str) -> bool:
    return not name.startswith("_") and name != "annotations"


@pytest.mark.parametrize("door", [process, behaviour], ids=lambda door: door.__name__)
def test_the_doors_export_all_that_they_define(door: Any) -> None:
    """What is not underscored is meant for users."""
    defined = {
        name
        for name, value in inspect.getmembers(door)
        if _is_public_name(name) and inspect.isfunction(value) and value.__module__ == door.__name__
    }

    assert defined - set(door.__all__) == set()


@pytest.mark.parametrize("door", _DOORS, ids=lambda door: door.__name__)
def test_what_a_door_exports_is_documented(door: Any) -> None:
    undocumented = [
        name
        for name in door.__all__
        if callable(getattr(door, name)) and not inspect.getdoc(getattr(door, name))
    ]

    assert undocumented == []


def test_the_everyday_names_are_those_of_process() -> None:
    """They are top-level names, too."""
    for name in (
        "spawn",
        "spawn_link",
        "spawn_monitor",
        "send",
        "receive",
        "link",
        "unlink",
        "monitor",
        "demonitor",
        "register",
        "whereis",
        "make_ref",
    ):
        assert getattr(beamish, name) is getattr(process, name)
        assert name in beamish.__all__


def test_the_package_is_typed() -> None:
    assert (importlib.resources.files("beamish") / "py.typed").is_file()
