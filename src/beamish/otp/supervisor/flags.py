"""The flags of supervisors and the specs of their children, checked.

Source: stdlib, supervisor(3), sup_flags() (OTP 25 manual); Elixir's DynamicSupervisor.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

from beamish.otp.child import ChildLike, ChildSpec, child_spec
from beamish.otp.errors import ChildSpecError, not_one_of
from beamish.terms.numbers import is_number, is_whole

from .strategies import STRATEGIES, Strategy

__all__ = [
    "AutoShutdown",
    "DynamicSupervisorFlags",
    "SupervisorFlags",
    "check_childspecs",
    "check_significant",
    "flags_and_specs",
    "specs_of",
]

AutoShutdown: TypeAlias = Literal["never", "any_significant", "all_significant"]
"""Which significant children must end for the supervisor to end.

``"never"``, ``"any_significant"`` or ``"all_significant"``.
"""


@dataclass(frozen=True, slots=True)
class SupervisorFlags:
    """How a supervisor treats its children.

    Args:
        strategy: what a restart of one child means for the others. ``"one_for_one"``: nothing;
            ``"one_for_all"``: all are stopped and started again; ``"rest_for_one"``: those started
            after it are.
        max_restarts: how many restarts are allowed within `max_seconds`; with one more the
            supervisor stops all children and exits with ``shutdown``. 3, as in Elixir (1 in
            Erlang).
        max_seconds: the length of that window in seconds; 5, as in Erlang and Elixir.
        auto_shutdown: whether it exits with ``shutdown`` when children marked significant end
            without being restarted: ``"never"``, ``"any_significant"`` of them, or
            ``"all_significant"``.

    Raises:
        ChildSpecError: a flag has a value that it cannot have.

    Source: supervisor(3), sup_flags() (OTP 25 manual).
    """

    strategy: Strategy = "one_for_one"
    max_restarts: int = 3
    max_seconds: float = 5
    auto_shutdown: AutoShutdown = "never"

    def __post_init__(self) -> None:
        _check_choice("strategy", self.strategy, STRATEGIES)
        _check_intensity(self.max_restarts, self.max_seconds)
        _check_choice("auto_shutdown", self.auto_shutdown, get_args(AutoShutdown))


@dataclass(frozen=True, slots=True)
class DynamicSupervisorFlags:
    """How a dynamic supervisor treats its children.

    Args:
        max_children: how many there may be at a time; None for any number.
        max_restarts: how many restarts are allowed within `max_seconds`; with one more the
            supervisor stops all children and exits with ``shutdown``. 3, as in Elixir.
        max_seconds: the length of that window in seconds; 5, as in Elixir.
        extra_arguments: passed to every child's start function before its own arguments.

    Raises:
        ChildSpecError: a flag has a value that it cannot have.

    Source: Elixir's DynamicSupervisor.init/1.
    """

    max_children: int | None = None
    max_restarts: int = 3
    max_seconds: float = 5
    extra_arguments: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        _check_intensity(self.max_restarts, self.max_seconds)
        limit: Any = self.max_children
        if limit is not None and not is_whole(limit):
            raise ChildSpecError(
                "max_children", limit, "a whole number >= 0, or None", where="supervisor"
            )
        extra: Any = self.extra_arguments
        if not isinstance(extra, tuple):
            raise ChildSpecError("extra_arguments", extra, "a tuple", where="supervisor")


def _check_choice(field: str, value: Any, choices: Collection[str]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise not_one_of(field, value, choices, "supervisor")


def _check_intensity(max_restarts: Any, max_seconds: Any) -> None:
    """Refuses what cannot be a restart window."""
    if not is_whole(max_restarts):
        raise ChildSpecError(
            "max_restarts", max_restarts, "a whole number >= 0", where="supervisor"
        )
    if not is_number(max_seconds) or not max_seconds:
        raise ChildSpecError(
            "max_seconds", max_seconds, "seconds (a number > 0)", where="supervisor"
        )


def check_significant(flags: SupervisorFlags, spec: ChildSpec) -> None:
    """Refuses a significant child where its end would have no effect."""
    if spec.significant and flags.auto_shutdown == "never":
        raise ChildSpecError(
            "significant",
            True,
            "False where auto_shutdown is 'never'",
            where=f"child spec {spec.id!r}",
            hint="give the supervisor auto_shutdown='any_significant' or 'all_significant'",
            combined=("auto_shutdown", "never"),
        )


def check_childspecs(children: Any, auto_shutdown: AutoShutdown) -> None:
    """Refuses a list of children that no supervisor could start with."""
    flags = SupervisorFlags(auto_shutdown=auto_shutdown)
    seen: set[Hashable] = set()
    for spec in specs_of(children):
        check_significant(flags, spec)
        if spec.id in seen:
            raise ChildSpecError(
                "id",
                spec.id,
                "an id of its own for each child",
                where="supervisor",
                hint="child_spec(child, id=...) gives it another",
            )
        seen.add(spec.id)


def specs_of(children: Any) -> list[ChildSpec]:
    """The child specs of a list of children; an error names a wrong one by its number."""
    if not isinstance(children, Sequence) or isinstance(children, str | bytes):
        raise ChildSpecError("children", children, "a list of children", where="supervisor")
    listed = cast("Sequence[ChildLike]", children)
    return [
        child if isinstance(child, ChildSpec) else child_spec(child, where=f"child {n}")
        for n, child in enumerate(listed, 1)
    ]


def flags_and_specs(result: Any, cls: type) -> tuple[SupervisorFlags, list[ChildSpec]]:
    """The flags and child specs in the result of init."""
    match result:
        case (SupervisorFlags() as flags, children):
            return flags, specs_of(children)
        case list():
            return SupervisorFlags(), specs_of(cast("list[Any]", result))
        case _:
            raise ChildSpecError(
                "",
                result,
                "children, (SupervisorFlags(...), children), Ignore or Stop(reason)",
                where=f"{cls.__name__}.init returned",
            )
