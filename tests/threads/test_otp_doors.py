"""Every public function and method of ``beamish.otp``, called on another thread than the node's."""

from __future__ import annotations

import pkgutil
from typing import Final

import pytest

import beamish.otp

from .doors import cases, check_delivered, check_raises, check_refused, check_works, doors_of
from .otp_table import CALLED_BY_BEHAVIOURS, OTP
from .otp_world import OtpWorld
from .table import Delivered, Raises, Refused, Works

_INTERNAL: Final = {"gen"}  # the rooms have of it what is for users
_ROOMS: Final = [
    "beamish.otp",
    "beamish.otp.gen_server",  # before those that share functions with it
    *(
        f"beamish.otp.{room.name}"
        for room in pkgutil.iter_modules(beamish.otp.__path__)
        if room.name not in _INTERNAL
    ),
]
# What users reach by an operator.
_OPERATORS: Final = [
    "methods.CallMethod.__call__",
    "methods.CastMethod.__call__",
    "task.TaskStream.__anext__",
]


@pytest.fixture(params=[False, True], ids=["idle", "busy"])
def world(request: pytest.FixtureRequest) -> OtpWorld:
    return OtpWorld(busy=request.param)


def test_each_public_function_has_a_place_in_the_table() -> None:
    callbacks = [
        f"{name}.{key}" for name, keys in CALLED_BY_BEHAVIOURS.items() for key in keys.split()
    ]

    found = [*doors_of(_ROOMS, "beamish.otp"), *_OPERATORS]

    assert sorted([*OTP, *callbacks]) == sorted(found)


@pytest.mark.parametrize("case", cases(OTP, Refused))
def test_r14_what_needs_a_process_is_refused(world: OtpWorld, case: Refused) -> None:
    check_refused(world, case)


@pytest.mark.parametrize("case", cases(OTP, Delivered))
def test_r14_what_is_sent_is_delivered_without_another_event(
    world: OtpWorld, case: Delivered
) -> None:
    check_delivered(world, case)


@pytest.mark.parametrize("case", cases(OTP, Works))
def test_r14_what_only_looks_works(world: OtpWorld, case: Works) -> None:
    check_works(world, case)


@pytest.mark.parametrize("case", cases(OTP, Raises))
def test_r14_what_is_wrong_in_the_call_itself_is_raised(world: OtpWorld, case: Raises) -> None:
    check_raises(world, case)
