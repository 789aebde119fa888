"""Every public function and method of ``beamish.net``, called on another thread than the node's."""

from __future__ import annotations

from typing import Final

import pytest

from .doors import cases, check_refused, check_works, doors_of
from .net_table import CALLED_BY_THE_RUNTIME, NET, NetWorld
from .table import Refused, Works

_ROOMS: Final = ["beamish.net", "beamish.net.gen_tcp", "beamish.net.inet"]
_OPERATORS: Final = ["Socket.__repr__"]  # what users reach by an operator


@pytest.fixture(params=[False, True], ids=["idle", "busy"])
def world(request: pytest.FixtureRequest) -> NetWorld:
    return NetWorld(busy=request.param)


def test_each_public_function_has_a_place_in_the_table() -> None:
    others = [
        f"{name}.{key}" for name, keys in CALLED_BY_THE_RUNTIME.items() for key in keys.split()
    ]

    found = [*doors_of(_ROOMS, "beamish.net"), *_OPERATORS]

    assert sorted([*NET, *others]) == sorted(found)


@pytest.mark.parametrize("case", cases(NET, Refused))
def test_r14_what_needs_the_nodes_thread_is_refused(world: NetWorld, case: Refused) -> None:
    check_refused(world, case)


@pytest.mark.parametrize("case", cases(NET, Works))
def test_r14_what_only_looks_works(world: NetWorld, case: Works) -> None:
    check_works(world, case)
