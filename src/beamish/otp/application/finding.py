"""Finding an application: by its class, its name, or a process that belongs to it."""

from __future__ import annotations

from importlib import import_module
from typing import Final, TypeAlias

from beamish import process
from beamish.otp.errors import ApplicationError
from beamish.terms import Atom, BadArgError, Pid

from .spec import Application
from .table import table_of_node

__all__ = [
    "NOT_LOADED",
    "AppLike",
    "class_of",
    "dependencies",
    "get_application",
    "name_of",
    "needs",
]

NOT_LOADED: Final = Atom("not_loaded")

AppLike: TypeAlias = type[Application] | str
"""An application, by its class or its name."""


def dependencies(cls: type[Application]) -> list[type[Application]]:
    """The classes of the applications that one needs; optional ones if they can be imported."""
    found = [class_of(one) for one in cls.applications]
    for one in cls.optional_applications:
        try:
            found.append(class_of(one))
        except ImportError:
            pass
    return found


def needs(cls: type[Application]) -> list[str]:
    """The names of the applications that must run before this one."""
    return [one.name for one in dependencies(cls)]


def class_of(app: object) -> type[Application]:
    """The class of an application: the class itself, or the one loaded or imported by its name."""
    if isinstance(app, type) and issubclass(app, Application) and app is not Application:
        return app
    if not isinstance(app, str):
        raise BadArgError(
            f"expected an application: its class, its name or 'package.module:Class'; got {app!r}"
        )
    module, colon, name = app.partition(":")
    if colon:
        return class_of(getattr(import_module(module), name))
    known = table_of_node()
    if known is None or app not in known.loaded:
        raise ApplicationError((NOT_LOADED, Atom(app)))
    return known.loaded[app].cls


def get_application(pid: Pid | None = None) -> Atom | None:
    """The application that a process belongs to, which is that of its spawner.

    Args:
        pid: the process; by default the caller.

    Returns:
        The name, or None if it belongs to none.

    Source: application:get_application/0,1.
    """
    leader = process.group_leader() if pid is None else process.info(pid, "group_leader")
    known = table_of_node()
    if known is None or leader is None:
        return None
    label = process.info(leader, "label") if process.alive(leader) else None
    name = str(label).removeprefix("application ")
    return Atom(name) if name in known.loaded else None


def name_of(app: AppLike | None) -> str:
    """The name of an application; without one, that of the calling process."""
    if app is None:
        own = get_application()
        if own is None:
            raise BadArgError(
                "which application? The calling process is in none: name it, get_env(app, key)"
            )
        return own
    if isinstance(app, str) and ":" not in app:
        return app
    return class_of(app).name
