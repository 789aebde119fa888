"""Child specs: what a supervisor must know to start, restart and stop a child.

A supervisor takes, wherever it takes a child::

    ChildSpec("counter", (Counter.start_link, (5,)))      everything by hand
    Counter.child_spec(5, name="counter")                 what the class says of itself
    Counter                                               Counter.child_spec()
    (Counter, 5)                                          Counter.child_spec(5)
    (Counter, (5, 6))                                     Counter.child_spec(5, 6)
    (Counter, (5,), {"name": "counter"})                  Counter.child_spec(5, name="counter")

Source: supervisor(3), child_spec() (OTP 25 manual); Elixir's Supervisor, "child_spec/1".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import CoroutineType
from typing import Any, Final, Literal, Protocol, TypeAlias, cast, get_args

from .errors import ChildSpecError

__all__ = [
    "ChildLike",
    "ChildSpec",
    "ChildType",
    "Restart",
    "Shutdown",
    "StartFunction",
    "child_spec",
]

Restart: TypeAlias = Literal["permanent", "transient", "temporary"]
ChildType: TypeAlias = Literal["worker", "supervisor"]
Shutdown: TypeAlias = float | Literal["brutal_kill"] | None
StartFunction: TypeAlias = (
    Callable[..., Any]
    | tuple[Callable[..., Any], tuple[Any, ...]]
    | tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]
)

# Seconds that a worker has to stop in, as in OTP.
WORKER_SHUTDOWN: Final = 5.0


class _Default:
    __slots__ = ()

    def __repr__(self) -> str:
        return "<default>"


DEFAULT: Final[Any] = _Default()


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How a child is started, restarted and stopped.

    Args:
        id: tells the child from its siblings; any hashable value.
        start: a function, or ``(function, args)``, or ``(function, args, kwargs)``. Called in the
            supervisor, ``def`` or ``async def``, it must start a process linked to it and return
            its pid (or ``(pid, info)``), as every ``start_link`` does.
        restart: ``"permanent"``: always restarted; ``"transient"``: unless it ended with
            ``normal``, ``shutdown`` or ``(shutdown, _)``; ``"temporary"``: never.
        shutdown: seconds it has to stop after ``exit(child, "shutdown")`` before it is killed, None
            to wait for ever, ``"brutal_kill"`` to kill it at once. The default is OTP's: 5.0 for
            a worker, None for a supervisor.
        type: ``"worker"`` or ``"supervisor"``.
        significant: whether its end may end the supervisor (see auto_shutdown); not for a
            permanent child.
        modules: shown by which_children; by default the class or module of the start function.

    Raises:
        ChildSpecError: a field is none of these.

    Example:
        >>> ChildSpec("log", (Log.start_link, ("a.log",)), restart="transient")

    Source: supervisor(3), child_spec() (OTP 25 manual).
    """

    id: Hashable
    start: StartFunction
    restart: Restart = "permanent"
    shutdown: Shutdown = DEFAULT
    type: ChildType = "worker"
    significant: bool = False
    modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_id(self.id)
        check_start(self.start, self._where())
        self._check_choice("restart", get_args(Restart))
        self._check_choice("type", get_args(ChildType))
        if self.shutdown is DEFAULT:
            shutdown = None if self.type == "supervisor" else WORKER_SHUTDOWN
            object.__setattr__(self, "shutdown", shutdown)
        self._check_shutdown()
        self._check_significant()
        if not self.modules:
            object.__setattr__(self, "modules", (_module_of(self.start),))

    def function(self) -> tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]:
        """The start function and its arguments, whichever form they were given in."""
        match self.start:
            case (fn, args):
                return fn, args, {}
            case (fn, args, kwargs):
                return fn, args, kwargs
            case fn:
                return fn, (), {}

    def _where(self) -> str:
        return f"child spec {self.id!r}"

    def _check_choice(self, field: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, field)
        if not isinstance(value, str) or value not in choices:
            expected = " or ".join([", ".join(map(repr, choices[:-1])), repr(choices[-1])])
            raise ChildSpecError(field, value, expected, where=self._where())

    def _check_shutdown(self) -> None:
        value: Any = self.shutdown
        if value is None or value == "brutal_kill":
            return
        if not isinstance(value, bool) and isinstance(value, int | float) and value >= 0:
            return
        raise ChildSpecError(
            "shutdown",
            value,
            "seconds (a number >= 0), 'brutal_kill', or None to wait for ever",
            where=self._where(),
        )

    def _check_significant(self) -> None:
        significant: Any = self.significant
        if not isinstance(significant, bool):
            raise ChildSpecError("significant", significant, "True or False", where=self._where())
        if significant and self.restart == "permanent":
            raise ChildSpecError(
                "significant",
                significant,
                "False for a permanent child",
                where=self._where(),
                hint="a significant child is restart='transient' or 'temporary'",
            )


class HasChildSpec(Protocol):
    """A class that says how it wants to be supervised."""

    def child_spec(self, *args: Any, **kwargs: Any) -> ChildSpec:
        """The spec of a child started with these arguments."""
        ...


ChildLike: TypeAlias = (
    ChildSpec
    | HasChildSpec
    | tuple[HasChildSpec, Any]
    | tuple[HasChildSpec, tuple[Any, ...], Mapping[str, Any]]
)


def child_spec(child: ChildLike, *, where: str = "child", **changes: Any) -> ChildSpec:
    """The child spec of anything that a supervisor takes as a child.

    Args:
        child: a ChildSpec, a class with ``child_spec``, ``(class, argument)``, ``(class,
            (arguments...))`` or ``(class, (arguments...), {keywords})``.
        where: what it is called in an error.
        changes: fields to be changed: ``child_spec(Counter, id="second", restart="temporary")``.

    Raises:
        ChildSpecError: it is none of these.

    Source: Elixir's Supervisor.child_spec/2.
    """
    spec = _spec_of(child, where)
    return dataclasses.replace(spec, **changes) if changes else spec


def _spec_of(child: Any, where: str) -> ChildSpec:
    if isinstance(child, ChildSpec):
        return child
    if isinstance(child, tuple):
        return _spec_of_tuple(cast("tuple[Any, ...]", child), where)
    if callable(getattr(child, "child_spec", None)):
        return _checked(child.child_spec(), child, where)
    raise _not_a_child(child, where)


def _spec_of_tuple(child: tuple[Any, ...], where: str) -> ChildSpec:
    if not 2 <= len(child) <= 3 or not callable(getattr(child[0], "child_spec", None)):
        raise _not_a_child(child, where)
    given: Any = child[1]
    args = cast("tuple[Any, ...]", given) if isinstance(given, tuple) else (given,)
    kwargs: Any = child[2] if len(child) == 3 else {}
    if not isinstance(kwargs, Mapping):
        raise _not_a_child(child, where)
    keywords = cast("Mapping[str, Any]", kwargs)
    return _checked(child[0].child_spec(*args, **keywords), child, where)


def _checked(spec: Any, child: Any, where: str) -> ChildSpec:
    if isinstance(spec, ChildSpec):
        return spec
    raise ChildSpecError("", spec, "a ChildSpec from its child_spec", where=f"{where}: {child!r}")


def _not_a_child(child: Any, where: str) -> ChildSpecError:
    hint = None
    if callable(child):
        hint = "for a function, write Task.child_spec(function, argument)"
    elif isinstance(child, CoroutineType):
        child.close()  # it will never be awaited, and need not warn of that
        hint = "pass the function, not what calling it returns"
    return ChildSpecError(
        "", child, "a ChildSpec, a class or (class, args)", where=where, hint=hint
    )


def _check_id(id: Any) -> None:
    try:
        hash(id)
    except TypeError:
        raise ChildSpecError("id", id, "a hashable value", where="child spec") from None


def check_start(start: Any, where: str) -> None:
    """Refuses what cannot start a child."""
    match start:
        case (fn, tuple()) | (fn, tuple(), Mapping()) if callable(fn):
            return
        case _ if callable(start):
            return
        case _:
            pass
    hint = None
    if isinstance(start, CoroutineType):
        start.close()  # it will never be awaited, and need not warn of that
        hint = "pass the function, not what calling it returns: (Counter.start_link, (5,))"
    raise ChildSpecError(
        "start",
        start,
        "a function, (function, (args...)) or (function, (args...), {keywords})",
        where=where,
        hint=hint,
    )


def _module_of(start: StartFunction) -> str:
    fn: Any = cast("tuple[Any, ...]", start)[0] if isinstance(start, tuple) else start
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, type):
        return owner.__name__
    return str(getattr(fn, "__module__", None) or type(fn).__name__)
