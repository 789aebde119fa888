"""The environment of applications: what is loaded, and the value of each setting.

Each node has one table. Processes read and write it directly, without a call. It is found by the
pid of the application controller, which is registered, so that another node has another table.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

from beamish import process
from beamish.terms import Pid

from .setting import ConfigError, did_you_mean, from_text, from_toml, setting_of, variable_of

if TYPE_CHECKING:
    from .spec import Application

__all__ = ["NAME", "Loaded", "Running", "Table", "keep_table", "table_of_node"]

_logger: Final = logging.getLogger("beamish")

# The registered name of the application controller.
NAME: Final = "application_controller"

T = TypeVar("T")

# By application and key: the value, and the source that it comes from.
_Told: TypeAlias = dict[str, dict[str, tuple[T, str]]]


@dataclass(slots=True)
class Running:
    """A started application.

    Attributes:
        master: the process that started it, and leads the group of its processes.
        supervisor: the result of its start; None if it has no processes.
    """

    master: Pid | None
    supervisor: Pid | None


@dataclass(slots=True)
class Loaded:
    """A loaded application: its class, and its environment."""

    cls: type[Application]
    env: dict[str, Any]


@dataclass(slots=True)
class Table:
    """The applications of a node and their settings.

    Attributes:
        loaded: the loaded applications, by name.
        started: the started ones, by name, in the order of their start.
        config: the settings from files, by application and key: the value and its source.
        texts: the settings from a command line, in the same form.
        put: the settings of put_env for applications, loaded or not.
    """

    loaded: dict[str, Loaded] = field(default_factory=dict[str, Loaded])
    started: dict[str, Running] = field(default_factory=dict[str, Running])
    config: _Told[Any] = field(default_factory=dict[str, dict[str, tuple[Any, str]]])
    texts: _Told[str] = field(default_factory=dict[str, dict[str, tuple[str, str]]])
    put: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def load(self, cls: type[Application]) -> None:
        """Reads the settings of an application from all sources; later sources win.

        Raises:
            ConfigError: a setting has a value that it cannot have.
        """
        name = cls.name
        env: dict[str, Any] = {}
        for key, value in cls.env.items():
            env[key] = setting_of(value).default
        for key, (value, where) in self.config.get(name, {}).items():
            env[key] = self._of_file(cls, key, value, where)
        for key, value in cls.env.items():
            setting = setting_of(value)
            variable = variable_of(name, key, setting)
            if variable in os.environ:
                env[key] = from_text(os.environ[variable], setting, variable)
        for key, (text, where) in self.texts.get(name, {}).items():
            env[key] = from_text(text, setting_of(cls.env.get(key, "")), where)
        env |= self.put.get(name, {})
        self.loaded[name] = Loaded(cls, env)

    def _of_file(self, cls: type[Application], key: str, value: Any, where: str) -> Any:
        if key in cls.env:
            return from_toml(value, setting_of(cls.env[key]), f"{where}: {key}")
        if cls.env:
            hint = did_you_mean(key, cls.env)
            _logger.warning("%s: %s is no setting of %s%s", where, key, cls.name, hint)
        return value

    def env_of(self, app: str) -> dict[str, Any]:
        """The environment of an application, which need not be loaded."""
        loaded = self.loaded.get(app)
        return loaded.env if loaded is not None else self.put.get(app, {})

    # ---- configuration

    def read_file(self, path: str | Path) -> None:
        """Reads a TOML file: a table for each application.

        Raises:
            ConfigError: it cannot be read.
        """
        import tomllib  # noqa: PLC0415 - only needed for a file

        try:
            with Path(path).open("rb") as file:
                data = tomllib.load(file)
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path} is no TOML: {error}") from None
        self.configure(data, str(path))

    def configure(self, data: Mapping[str, Any], source: str) -> None:
        """Adds configuration, a mapping for each application.

        It also changes the settings of applications that are already loaded.
        """
        for app, values in data.items():
            if not isinstance(values, Mapping):
                raise ConfigError(
                    f"{source}: expected a table for each application, such as [{app}]; "
                    f"got {app} = {values!r}"
                )
            where = f"{source}: [{app}]"
            settings = self.config.setdefault(app, {})
            for key, value in cast("Mapping[str, Any]", values).items():
                settings[key] = (value, where)
            if app in self.loaded:
                self.load(self.loaded[app].cls)


# An OS process runs one node at a time; the pid of the controller says which node a table is of.
_tables: Final[dict[Pid, Table]] = {}


def table_of_node() -> Table | None:
    """The table of the running node; None if it has not needed one yet."""
    pid = process.whereis(NAME)
    return _tables.get(pid) if pid is not None else None


def keep_table(controller: Pid, table: Table) -> None:
    """Makes this the table of the node that the controller runs on."""
    _tables.clear()  # those of nodes that have stopped
    _tables[controller] = table
