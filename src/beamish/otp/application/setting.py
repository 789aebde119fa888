"""Settings: the values that an application can be given from outside, and their types.

Source: kernel, config(4) and app(4), "env"; Elixir's Config.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Union, cast, get_args, get_origin

from beamish.terms import BeamishError

__all__ = ["ConfigError", "Setting", "from_text", "from_toml", "setting_of", "variable_of"]

_UNSET: Final[Any] = object()
_TRUE: Final = frozenset(("true", "yes", "on", "1"))
_FALSE: Final = frozenset(("false", "no", "off", "0"))
_UNIONS: Final = (Union, types.UnionType)
_SEQUENCES: Final = (list, tuple, set, frozenset)


class ConfigError(BeamishError):
    """A setting has a value that it cannot have: which one, what came and what was expected."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of an application.

    Args:
        default: its value if no other source has one.
        type: the type of its values: str, int, float, bool, Path, an Enum, a Literal, ``X | None``,
            ``list[X]``, dict, or a function that makes the value from a text and raises ValueError
            if it cannot. By default, the type of the default.
        variable: the environment variable; by default the application's name and the key in
            capitals, ``KV_SERVER_PORT``.
        check: says whether a value of that type is accepted.
        expected: what `check` accepts, in words, for the message.

    Example:
        >>> Setting(4040, variable="PORT", check=lambda n: n < 65536, expected="a port's number")
    """

    default: Any = None
    _: dataclasses.KW_ONLY
    type: Any = _UNSET
    variable: str | None = None
    check: Callable[[Any], bool] | None = None
    expected: str | None = None

    def __post_init__(self) -> None:
        if self.type is _UNSET:
            kind = str if self.default is None else cast("Any", type(self.default))
            object.__setattr__(self, "type", kind)

    def words(self) -> str:
        """What is expected, for a message."""
        return self.expected or _words(self.type)


def setting_of(value: Any) -> Setting:
    """The Setting that an entry of ``env`` is, or the one it is the default of."""
    return value if isinstance(value, Setting) else Setting(value)


def variable_of(app: str, key: str, setting: Setting) -> str:
    """The name of a setting's environment variable."""
    return setting.variable or f"{app}_{key}".upper().replace("-", "_").replace(".", "_")


def from_text(text: str, setting: Setting, where: str) -> Any:
    """The value in a text, which comes from an environment variable or a command line.

    Args:
        text: the text.
        setting: the setting, which has the type.
        where: the source of the text, for the message: ``PORT``.

    Raises:
        ConfigError: it cannot be read as that type.
    """
    try:
        value = _read(text, setting.type)
    except ValueError:
        raise _wrong(text, setting, where) from None
    return _checked(value, text, setting, where)


def from_toml(value: Any, setting: Setting, where: str) -> Any:
    """The value from a TOML file, which has types of its own.

    Raises:
        ConfigError: it is of another type.
    """
    try:
        return _checked(_fit(value, setting.type), value, setting, where)
    except ValueError:
        raise _wrong(value, setting, where) from None


def did_you_mean(key: str, keys: Mapping[str, Any]) -> str:
    """A hint if a key is almost one of these."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed after a mistake

    close = get_close_matches(key, keys, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _checked(value: Any, came: Any, setting: Setting, where: str) -> Any:
    if setting.check is not None and not setting.check(value):
        raise _wrong(came, setting, where)
    return value


def _wrong(came: Any, setting: Setting, where: str) -> ConfigError:
    return ConfigError(f"{where}: expected {setting.words()}; got {came!r}")


# ---- a text


def _read(text: str, kind: Any) -> Any:
    origin: Any = get_origin(kind) or kind
    if origin in _UNIONS:
        return _read_one_of(text, get_args(kind))
    if origin is Literal:
        return _choice(text, get_args(kind))
    if origin in _SEQUENCES:
        [item, *_] = get_args(kind) or (str,)
        words = [word.strip() for word in text.split(",")]
        return cast("Any", origin)(_read(word, item) for word in words if word)
    if origin is bool:
        return _read_bool(text)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _member(text, kind)
    if origin in (dict, types.NoneType):
        raise ValueError(text)
    return str(text) if origin is object else kind(text)


def _read_one_of(text: str, kinds: tuple[Any, ...]) -> Any:
    if types.NoneType in kinds and text in ("", "none", "None"):
        return None
    for kind in kinds:
        try:
            return _read(text, kind)
        except ValueError:
            pass
    raise ValueError(text)


def _choice(value: Any, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if choice == value or str(choice) == value:
            return choice
    raise ValueError(value)


def _member(value: Any, kind: type[enum.Enum]) -> Any:
    for member in kind:
        if value in (member.name, member.name.lower(), member.value, str(member.value)):
            return member
    raise ValueError(value)


def _read_bool(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE


# ---- a value of TOML


def _fit(value: Any, kind: Any) -> Any:
    origin: Any = get_origin(kind) or kind
    if origin is object or origin is Any:
        return value
    if origin in _UNIONS:
        return _fit_one_of(value, get_args(kind))
    if origin is Literal:
        return _choice(value, get_args(kind))
    if origin in _SEQUENCES:
        if not isinstance(value, list):
            raise ValueError(value)
        [item, *_] = get_args(kind) or (object,)
        return cast("Any", origin)(_fit(one, item) for one in cast("list[Any]", value))
    if not isinstance(origin, type):
        return kind(value)  # a function that makes the value
    if origin is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if issubclass(origin, enum.Enum):
        return _member(value, origin)
    if issubclass(origin, Path) and isinstance(value, str):
        return origin(value)
    if not isinstance(value, origin) or (isinstance(value, bool) and origin is int):
        raise ValueError(value)
    return value


def _fit_one_of(value: Any, kinds: tuple[Any, ...]) -> Any:
    for kind in kinds:
        try:
            return _fit(value, kind)
        except ValueError:
            pass
    raise ValueError(value)


# ---- words


_NAMES: Final[dict[Any, str]] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path",
    dict: "a table",
    types.NoneType: "none",
}


def _words(kind: Any) -> str:
    origin = get_origin(kind) or kind
    if kind in _NAMES:
        return _NAMES[kind]
    if origin in _UNIONS:
        return " or ".join(_words(one) for one in get_args(kind))
    if origin is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "one of " + ", ".join(str(member.value) for member in kind)
    if origin in _SEQUENCES:
        return "words between commas" if not get_args(kind) else f"list of {_item_words(kind)}"
    return str(getattr(cast("Any", kind), "__name__", "what its type says"))


def _item_words(kind: Any) -> str:
    return _words(get_args(kind)[0]).removeprefix("a ").replace("number", "numbers")
