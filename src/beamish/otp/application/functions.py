"""The functions that load, start, stop and list applications."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from beamish import process
from beamish.otp.errors import ApplicationError, StartError
from beamish.otp.gen import call
from beamish.terms import Atom, BadArgError, Pid
from beamish.terms.careful import same
from beamish.terms.words import RUNNING

from .controller import REQUEST, table
from .env import (
    configure,
    delete_env,
    fetch_env,
    get_all_env,
    get_env,
    load_config,
    put_env,
    set_env,
)
from .finding import NOT_LOADED, AppLike, class_of, dependencies, get_application, name_of, needs
from .setting import ConfigError, Setting
from .spec import Application, ApplicationInfo
from .table import NAME, Table, table_of_node

__all__ = [
    "AppLike",
    "Application",
    "ApplicationInfo",
    "ConfigError",
    "RestartType",
    "Setting",
    "configure",
    "delete_env",
    "ensure_all_started",
    "ensure_loaded",
    "ensure_started",
    "fetch_env",
    "get_all_env",
    "get_all_key",
    "get_application",
    "get_env",
    "get_key",
    "get_supervisor",
    "load",
    "load_config",
    "loaded_applications",
    "put_env",
    "set_env",
    "start",
    "stop",
    "unload",
    "which_applications",
]

RestartType: TypeAlias = Literal["permanent", "transient", "temporary"]
"""What happens when the top supervisor of an application ends by itself.

``"temporary"``, ``"transient"`` or ``"permanent"``.
"""


# ---- loading


def load(app: type[Application] | str) -> None:
    """Loads an application: makes it known, and reads its settings from all their sources.

    Starting it does this too; load it to read or change settings before the start.

    Raises:
        ApplicationError: ``("already_loaded", name)``.
        ConfigError: a setting has a value that it cannot have.

    Source: application:load/1.
    """
    cls = class_of(app)
    known = table()
    if cls.name in known.loaded:
        raise ApplicationError((Atom("already_loaded"), Atom(cls.name)))
    known.load(cls)


def ensure_loaded(app: type[Application] | str) -> None:
    """Like `load`, but does nothing if the application is already loaded.

    Source: Elixir's Application.ensure_loaded/1.
    """
    cls = class_of(app)
    known = table()
    if cls.name not in known.loaded:
        known.load(cls)


def unload(app: AppLike) -> None:
    """Forgets an application and its settings, including those of put_env.

    Raises:
        ApplicationError: ``("running", name)`` or ``("not_loaded", name)``.

    Source: application:unload/1.
    """
    name = name_of(app)
    known = table()
    if name in known.started:
        raise ApplicationError((RUNNING, Atom(name)))
    if known.loaded.pop(name, None) is None:
        raise ApplicationError((NOT_LOADED, Atom(name)))
    known.put.pop(name, None)


# ---- starting and stopping


async def start(app: AppLike, type: RestartType = "temporary") -> None:
    """Starts an application, and returns when its ``start`` is done.

    If two processes start it at the same time, it is started once and both calls return.

    Args:
        app: its class, or the name of a loaded one.
        type: what its end means for the node: ``"temporary"``, ``"transient"``, ``"permanent"``.

    Raises:
        StartError: ``("already_started", name)``, ``("not_started", dependency)``, or why its start
            failed: ``(reason, (name, "start", ("normal", args)))``. A permanent application that
            does not start stops the node, as does a transient one unless it exited ``normal``.
        ConfigError: a setting has a value that it cannot have.

    Source: application:start/2.
    """
    kind: Any = type
    if kind not in get_args(RestartType):
        raise BadArgError(
            "application.start: expected the type 'permanent', 'transient' or 'temporary'; "
            f"got {kind!r}"
        )
    if not isinstance(app, str) or ":" in app:
        ensure_loaded(app)
    name = name_of(app)
    outcome, reason, error = await _request(("start", name, kind))
    if outcome == "error":
        raise StartError(reason) from error


async def ensure_started(app: AppLike, type: RestartType = "temporary") -> None:
    """Like `start`, but does nothing if the application already runs.

    Source: application:ensure_started/2.
    """
    try:
        await start(app, type)
    except StartError as failed:
        if not same(failed.reason, ("already_started", name_of(app))):
            raise


async def ensure_all_started(
    app: AppLike | Iterable[AppLike], type: RestartType = "temporary"
) -> list[Atom]:
    """Starts an application, after those that it needs and that do not run yet.

    Args:
        app: its class or name; or several.
        type: as for `start`, for each of them.

    Returns:
        The names of the applications that were started, in the order of their start.

    Raises:
        StartError: ``(name, reason)`` of the one that did not start. Those that this call started
            are stopped again.

    Example:
        >>> await application.ensure_all_started(KVServer)
        ['kv', 'kv_server']

    Source: application:ensure_all_started/2.
    """
    wanted = [app] if isinstance(app, str | _TYPE) else list(app)
    done: list[Atom] = []
    try:
        order = [cls for one in wanted for cls in _in_order(class_of(one))]
        for cls in order:
            ensure_loaded(cls)  # so that a wrong setting is found before anything starts
        for cls in order:
            await _start_once(cls, type, done)
    except BaseException:
        if process.alive(process.self()):
            await _take_back(done)
        raise
    return done


async def _take_back(names: list[Atom]) -> None:
    """Stops the applications that were started, unless the node stops anyway."""
    for name in reversed(names):
        known = table_of_node()
        if known is not None and name in known.started:
            await _request(("stop", name))


_TYPE: Final = type  # which is the name of an argument above


async def _start_once(cls: type[Application], kind: RestartType, done: list[Atom]) -> None:
    try:
        await start(cls, kind)
        done.append(Atom(cls.name))
    except StartError as failed:
        if not same(failed.reason, ("already_started", cls.name)):
            raise StartError((Atom(cls.name), failed.reason)) from (failed.__cause__ or failed)


def _in_order(cls: type[Application]) -> list[type[Application]]:
    """An application preceded by all that it needs.

    Raises:
        StartError: ``("circular_dependency", names)``: each needs the next.
    """
    order: list[type[Application]] = []
    path: list[str] = []

    def visit(one: type[Application]) -> None:
        if one in order:
            return
        if one.name in path:
            circle = [Atom(name) for name in (*path[path.index(one.name) :], one.name)]
            raise StartError((Atom("circular_dependency"), circle))
        path.append(one.name)
        for needed in dependencies(one):
            visit(needed)
        path.pop()
        order.append(one)

    visit(cls)
    return order


async def stop(app: AppLike) -> None:
    """Stops an application, and returns when it is gone.

    It stays loaded. The applications that need it are not stopped.

    Raises:
        ApplicationError: ``("not_started", name)``.

    Source: application:stop/1.
    """
    name = name_of(app)
    outcome, *rest = await _request(("stop", name))
    if outcome == "error":
        raise ApplicationError(rest[0])


async def _request(request: tuple[Any, ...]) -> tuple[Any, ...]:
    """Calls the controller; exits as any call does if there is none any more."""
    table()
    called = (Atom("application"), Atom(request[0]), request[1:])
    return cast("tuple[Any, ...]", await call(NAME, request, None, REQUEST, called))


# ---- information


def which_applications() -> list[ApplicationInfo]:
    """The applications that run, the latest first. Works from any thread.

    Source: application:which_applications/0.
    """
    known = table_of_node()
    if known is None:
        return []
    return _infos(known, reversed(list(known.started)))


def loaded_applications() -> list[ApplicationInfo]:
    """The applications that are loaded, whether they run or not. Works from any thread.

    Source: application:loaded_applications/0.
    """
    known = table_of_node()
    return [] if known is None else _infos(known, list(known.loaded))


def _infos(known: Table, names: Iterable[str]) -> list[ApplicationInfo]:
    loaded = known.loaded.copy()  # the node may unload one meanwhile
    found = [(name, loaded[name].cls) for name in names if name in loaded]
    return [ApplicationInfo(Atom(name), cls.description, cls.vsn) for name, cls in found]


def get_supervisor(app: AppLike) -> Pid | None:
    """The top supervisor of an application; None if it does not run or has no processes.

    Works from any thread.

    Source: application:get_supervisor/1 (OTP 26).
    """
    known = table_of_node()
    running = known.started.get(name_of(app)) if known is not None else None
    return running.supervisor if running is not None else None


_KEYS: Final = (
    "description",
    "vsn",
    "registered",
    "applications",
    "optional_applications",
    "env",
    "mod",
    "start_phases",
)


def get_key(app: AppLike, key: str) -> Any:
    """A part of an application's specification; None if there is no such part.

    Works from any thread.

    Args:
        app: its class or name.
        key: description, vsn, registered, applications, optional_applications, env, mod (the class
            and its args) or start_phases.

    Source: application:get_key/2.
    """
    return get_all_key(app).get(key)


def get_all_key(app: AppLike) -> dict[str, Any]:
    """The specification of an application. Works from any thread.

    Raises:
        ApplicationError: ``("not_loaded", name)``.

    Source: application:get_all_key/1.
    """
    cls = class_of(app)
    spec = {key: getattr(cls, key, None) for key in _KEYS}
    return {
        **spec,
        "applications": [Atom(name) for name in needs(cls)],
        "env": get_all_env(cls),
        "mod": None if cls.is_library() else (cls, cls.args),
    }
