"""Reading and changing the environment of applications."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .controller import table
from .finding import AppLike, name_of
from .setting import ConfigError
from .table import table_of_node

__all__ = [
    "configure",
    "delete_env",
    "fetch_env",
    "get_all_env",
    "get_env",
    "load_config",
    "put_env",
    "set_env",
]

_REQUIRED: Final[Any] = object()


def get_env(app: AppLike | None, key: str, default: Any = None) -> Any:
    """The value of a setting. Works from any thread, which names the application.

    Args:
        app: the application; None for that of the calling process.
        key: the setting.
        default: what is returned if there is no such setting.

    Source: application:get_env/3; Elixir's Application.get_env/3.
    """
    name = name_of(app)
    known = table_of_node()
    return default if known is None else known.env_of(name).get(key, default)


def fetch_env(app: AppLike | None, key: str) -> Any:
    """The value of a setting that must exist. Works from any thread, as :func:`get_env`.

    Raises:
        ConfigError: it does not exist; the text lists the settings that do.

    Source: Elixir's Application.fetch_env!/2.
    """
    value = get_env(app, key, _REQUIRED)
    if value is not _REQUIRED:
        return value
    name = name_of(app)
    known = table_of_node()
    if known is None or name not in known.loaded:
        raise ConfigError(f"{name} has no setting {key!r}: it is not loaded")
    there = ", ".join(known.loaded[name].env) or "none"
    raise ConfigError(f"{name} has no setting {key!r}; its settings: {there}")


def get_all_env(app: AppLike | None = None) -> dict[str, Any]:
    """All settings of an application. Works from any thread, as :func:`get_env`.

    Source: application:get_all_env/1.
    """
    name = name_of(app)
    known = table_of_node()
    return {} if known is None else dict(known.env_of(name))


def put_env(app: AppLike, key: str, value: Any) -> None:
    """Sets a setting, with precedence over files and variables.

    The value may be of any type, and the application need not be loaded yet. No process is
    notified.

    Source: application:set_env/4, with ``persistent``; Elixir's Application.put_env/4.
    """
    name = name_of(app)
    known = table()
    known.put.setdefault(name, {})[key] = value
    known.env_of(name)[key] = value


def set_env(values: Mapping[str, Mapping[str, Any]]) -> None:
    """Does `put_env` for many settings: ``{app: {key: value}}``.

    Source: application:set_env/1.
    """
    for app, settings in values.items():
        for key, value in settings.items():
            put_env(app, key, value)


def delete_env(app: AppLike, key: str) -> None:
    """Deletes a setting.

    Source: application:unset_env/2; Elixir's Application.delete_env/2.
    """
    name = name_of(app)
    known = table()
    known.put.get(name, {}).pop(key, None)
    known.env_of(name).pop(key, None)


def load_config(path: str | Path) -> None:
    """Reads a TOML file with a table for each application: ``[kv_server]``, ``port = 4041``.

    It applies at once to applications that are loaded, and to others when they are loaded.
    Environment variables still override it.

    Raises:
        ConfigError: it cannot be read, or a setting has a value that it cannot have.
    """
    table().read_file(path)


def configure(app: AppLike, **texts: str) -> None:
    """Sets settings from texts, as a command line does: ``configure("kv", port="4041")``.

    The texts are read by the types of the settings, and have precedence over files and variables.

    Raises:
        ConfigError: a text cannot be read as that type.
    """
    name = name_of(app)
    known = table()
    given = known.texts.setdefault(name, {})
    for key, text in texts.items():
        given[key] = (text, f"{name}.{key}")
    if name in known.loaded:
        known.load(known.loaded[name].cls)
