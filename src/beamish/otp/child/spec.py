"""Child specs: what a supervisor needs to start, restart and stop a child."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass
from types import CoroutineType, MethodType
from typing import Any, Final, Literal, Protocol, TypeAlias, cast, get_args

from beamish.otp.errors import MISSING, ChildSpecError, not_one_of
from beamish.terms import Atom
from beamish.terms.numbers import is_number
from beamish.terms.words import is_word

from .backoff import Backoff
from .plain import RunsFunction, function_name, is_plain_function, start_task

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
"""Whether a child that has ended is started again.

``"permanent"``, ``"transient"`` (unless it ended as it should) or ``"temporary"`` (never).
"""

ChildType: TypeAlias = Literal["worker", "supervisor"]
"""Whether a child is a ``"worker"`` or a ``"supervisor"``."""

Shutdown: TypeAlias = float | Literal["brutal_kill"] | None
"""How many seconds a child may take to stop, ``"brutal_kill"``, or None forever."""

Modules: TypeAlias = tuple[str, ...] | Literal["dynamic"]
"""The names of the classes or modules that a child's code is in, or ``"dynamic"``."""

StartFunction: TypeAlias = (
    Callable[..., Any]
    | tuple[Callable[..., Any], tuple[Any, ...]]
    | tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]
)
"""How a child is started, by a function with arguments and keyword arguments or without."""

# Seconds that a worker has to stop in, as in OTP.
WORKER_SHUTDOWN: Final = 5.0


class _Default:
    __slots__ = ()

    def __repr__(self) -> str:
        return "<default>"


DEFAULT: Final[Any] = _Default()

_NO_KEYWORDS: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, init=False)
class ChildSpec:
    """How a child is started, restarted and stopped.

    Args:
        id: distinguishes the child from its siblings; any hashable value.
        start: a function, or ``(function, args)``, or ``(function, args, kwargs)``. Called in the
            supervisor, ``def`` or ``async def``, it must start a process linked to it and return
            its pid (or ``(pid, info)``), as every ``start_link`` does.
        restart: ``"permanent"``: always restarted; ``"transient"``: unless it ended with
            ``normal``, ``shutdown`` or ``(shutdown, _)``; ``"temporary"``: never.
        shutdown: seconds it has to stop after ``exit(child, "shutdown")`` before it is killed; None
            to wait forever; ``"brutal_kill"`` to kill it at once. The default is OTP's: 5.0 for a
            worker, None for a supervisor.
        type: ``"worker"`` or ``"supervisor"``.
        significant: whether its end may end the supervisor (see auto_shutdown); not for a
            permanent child.
        modules: shown by which_children; by default the class or module of the start function;
            ``"dynamic"`` if they are not known beforehand.
        backoff: how long it waits before each restart, see :class:`~beamish.otp.Backoff`;
            None, as in OTP: it does not wait.

    Raises:
        ChildSpecError: a field has a value that it cannot have.

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
    modules: Modules = ()
    backoff: Backoff | None = None

    # Written by hand, because supervisors start with thousands of children: the __init__ that
    # dataclass makes takes four times as long. Usual values pass without a further call.
    def __init__(
        self,
        id: Hashable,
        start: StartFunction,
        restart: Restart = "permanent",
        shutdown: Shutdown = DEFAULT,
        type: ChildType = "worker",
        significant: bool = False,
        modules: Modules = (),
        backoff: Backoff | None = None,
    ) -> None:
        try:
            hash(id)
        except TypeError:
            raise ChildSpecError("id", id, _EXPECTED["id"], where="child spec") from None
        if not isinstance(start, MethodType):
            _check_start(start, id)
        if not isinstance(restart, str) or restart not in _RESTARTS:
            raise not_one_of("restart", restart, _RESTARTS, _where(id))
        if not isinstance(type, str) or type not in _TYPES:
            raise not_one_of("type", type, _TYPES, _where(id))
        if shutdown is DEFAULT:
            shutdown = None if type == "supervisor" else WORKER_SHUTDOWN
        else:
            _check_shutdown(shutdown, id)
        if significant is not False:
            _check_significant(significant, restart, id)
        if modules == ():
            modules = (_module_of(start),)
        else:
            _check_modules(modules, id)
        if backoff is not None and not isinstance(backoff, Backoff):
            raise ChildSpecError("backoff", backoff, "Backoff(...) or None", where=_where(id))
        _set_id(self, id)
        _set_start(self, start)
        _set_restart(self, restart)
        _set_shutdown(self, shutdown)
        _set_type(self, type)
        _set_significant(self, significant)
        _set_modules(self, modules)
        _set_backoff(self, backoff)

    def function(self) -> tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]:
        """The start function with its arguments, in whichever form they were given."""
        start: Any = self.start
        if start.__class__ is not tuple:
            return start, (), _NO_KEYWORDS
        return start if len(start) == 3 else (start[0], start[1], _NO_KEYWORDS)

    def without_arguments(self) -> ChildSpec:
        """The same spec without the start arguments, for a child that is never restarted."""
        spec = object.__new__(ChildSpec)
        _set_id(spec, self.id)
        _set_start(spec, self.function()[0])
        _set_restart(spec, self.restart)
        _set_shutdown(spec, self.shutdown)
        _set_type(spec, self.type)
        _set_significant(spec, self.significant)
        _set_modules(spec, self.modules)
        _set_backoff(spec, self.backoff)
        return spec


_RESTARTS: Final = get_args(Restart)
_TYPES: Final = get_args(ChildType)

# The setters of the slots, for __init__, because the class is frozen.
_set_id, _set_start, _set_restart, _set_shutdown = (
    getattr(ChildSpec, name).__set__ for name in ("id", "start", "restart", "shutdown")
)
_set_type, _set_significant, _set_modules, _set_backoff = (
    getattr(ChildSpec, name).__set__ for name in ("type", "significant", "modules", "backoff")
)


def _where(id: Hashable) -> str:
    return f"child spec {id!r}"


def _check_shutdown(value: Any, id: Hashable) -> None:
    if value is None or is_word(value, "brutal_kill"):
        return
    if is_number(value):
        return
    raise ChildSpecError(
        "shutdown",
        value,
        "seconds (a number >= 0), 'brutal_kill', or None to wait forever",
        where=_where(id),
    )


def _check_significant(significant: Any, restart: Restart, id: Hashable) -> None:
    if not isinstance(significant, bool):
        raise ChildSpecError("significant", significant, "True or False", where=_where(id))
    if significant and restart == "permanent":
        raise ChildSpecError(
            "significant",
            significant,
            "False for a permanent child",
            where=_where(id),
            hint="a significant child is restart='transient' or 'temporary'",
            combined=("restart", restart),
        )


def _check_modules(modules: Any, id: Hashable) -> None:
    if modules == "dynamic":
        return
    if not isinstance(modules, tuple) or not all(
        isinstance(name, str) for name in cast("tuple[Any, ...]", modules)
    ):
        expected = "a tuple of names, or 'dynamic'"
        raise ChildSpecError("modules", modules, expected, where=_where(id))


class HasChildSpec(Protocol):
    """A class that says how it wants to be supervised."""

    def child_spec(self, *args: Any, **kwargs: Any) -> ChildSpec:
        """The spec of a child started with these arguments."""
        ...


CoroutineFunction: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]

ChildLike: TypeAlias = (
    ChildSpec
    | HasChildSpec
    | tuple[HasChildSpec, Any]
    | tuple[HasChildSpec, tuple[Any, ...], Mapping[str, Any]]
    | Mapping[str, Any]
    | tuple[Hashable, StartFunction, Restart, Shutdown, ChildType, Modules]
    | CoroutineFunction
    | tuple[CoroutineFunction, Any]
    | tuple[CoroutineFunction, tuple[Any, ...], Mapping[str, Any]]
    | asyncio.Task[Any]
)
"""What a supervisor takes as a child, in the forms on the page "Supervisor"."""

# The fields of a spec given as a mapping; others in it are allowed, as in OTP.
_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(ChildSpec))
_OLD_FORM: Final = ("id", "start", "restart", "shutdown", "type", "modules")


def child_spec(child: ChildLike, *, where: str = "child", **changes: Any) -> ChildSpec:
    """The child spec of anything that a supervisor takes as a child.

    Args:
        child: one of the forms on the page "Supervisor" in the documentation.
        where: what an error calls it.
        changes: fields to change: ``child_spec(Counter, id="second", restart="temporary")``.

    Raises:
        ChildSpecError: it has none of these forms, or a field has a value that it cannot have.

    Source: Elixir's Supervisor.child_spec/2.
    """
    spec = _spec_of(child, where)
    if not changes:
        return spec
    if isinstance(child, asyncio.Task) and changes.get("restart", "temporary") != "temporary":
        raise ChildSpecError(
            "restart",
            changes["restart"],
            "'temporary' for a Task that runs already: it cannot be started again",
            where=where,
            hint="pass the coroutine function instead of the Task",
        )
    return dataclasses.replace(spec, **changes)


def _spec_of(child: Any, where: str) -> ChildSpec:
    if isinstance(child, ChildSpec):
        return child
    if isinstance(child, tuple):
        return _spec_of_tuple(cast("tuple[Any, ...]", child), where)
    if isinstance(child, Mapping):
        return _spec_of_mapping(cast("Mapping[str, Any]", child), where)
    if callable(getattr(child, "child_spec", None)):
        return _checked(child.child_spec(), child, where)
    if isinstance(child, asyncio.Task):
        return _spec_of_task(cast("asyncio.Task[Any]", child))
    if is_plain_function(child):
        return _spec_of_function(child, (), {})
    raise _not_a_child(child, where)


def _spec_of_tuple(child: tuple[Any, ...], where: str) -> ChildSpec:
    if len(child) == len(_OLD_FORM):
        return ChildSpec(**dict(zip(_OLD_FORM, child, strict=True)))
    if not 2 <= len(child) <= 3:
        raise _not_a_child(child, where)
    given: Any = child[1]
    args = cast("tuple[Any, ...]", given) if isinstance(given, tuple) else (given,)
    kwargs: Any = child[2] if len(child) == 3 else {}
    if not isinstance(kwargs, Mapping):
        raise _not_a_child(child, where)
    keywords = cast("Mapping[str, Any]", kwargs)
    if callable(getattr(child[0], "child_spec", None)):
        return _checked(child[0].child_spec(*args, **keywords), child, where)
    if is_plain_function(child[0]):
        return _spec_of_function(child[0], args, keywords)
    raise _not_a_child(child, where)


def _spec_of_mapping(fields: Mapping[str, Any], where: str) -> ChildSpec:
    for field in ("id", "start"):
        if field not in fields:
            raise ChildSpecError(field, MISSING, _EXPECTED[field], where=where)
    return ChildSpec(**{field: fields[field] for field in _FIELDS & fields.keys()})


def _spec_of_function(fn: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> ChildSpec:
    id = Atom(function_name(fn))
    return ChildSpec(id, (RunsFunction(fn), (args, kwargs)), modules=(_module_of(fn),))


def _spec_of_task(task: asyncio.Task[Any]) -> ChildSpec:
    id = Atom(task.get_name())
    return ChildSpec(id, (start_task, (task,)), restart="temporary", modules=("asyncio",))


def _checked(spec: Any, child: Any, where: str) -> ChildSpec:
    if isinstance(spec, ChildSpec):
        return spec
    raise ChildSpecError("", spec, "a ChildSpec from its child_spec", where=f"{where}: {child!r}")


def _not_a_child(child: Any, where: str) -> ChildSpecError:
    hint = None
    if callable(child):
        hint = "for a function, write Task.child_spec(function, argument)"
    elif isinstance(child, CoroutineType):
        child.close()  # so that asyncio does not warn that it was never awaited
        hint = "pass the function, not what calling it returns"
    return ChildSpecError("", child, _EXPECTED[""], where=where, hint=hint)


_EXPECTED: Final = {
    "": "a ChildSpec, a class or (class, args), a coroutine function or (function, args), "
    "an asyncio.Task, or a mapping with id and start",
    "id": "a hashable value",
    "start": "a function, (function, (args...)) or (function, (args...), {keywords})",
}


def _check_start(start: Any, id: Hashable) -> None:
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
        start.close()  # so that asyncio does not warn that it was never awaited
        hint = "pass the function, not what calling it returns: (Counter.start_link, (5,))"
    raise ChildSpecError(
        "start",
        start,
        _EXPECTED["start"],
        where=_where(id),
        hint=hint,
    )


def _module_of(start: StartFunction) -> str:
    fn: Any = cast("tuple[Any, ...]", start)[0] if isinstance(start, tuple) else start
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, type):
        return owner.__name__
    return str(getattr(fn, "__module__", None) or type(fn).__name__)
