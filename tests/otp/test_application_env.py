"""The settings of applications: code, TOML, environment variables, types."""

from __future__ import annotations

import enum
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from beamish.otp import Application, ConfigError, Setting, application
from beamish.otp.application.setting import from_text, from_toml, setting_of
from tests.otp.support import on_real_clock


class Web(Application):
    name = "web"
    env: ClassVar[Mapping[str, Any]] = {
        "host": "127.0.0.1",
        "port": Setting(
            4040,
            variable="PORT",
            check=lambda port: 0 <= port < 65536,
            expected="a number from 0 to 65535",
        ),
        "data": Setting(None, type=Path | None),
        "tags": ["a"],
        "rate": 1.5,
        "debug": False,
    }


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "WEB_HOST", "WEB_DATA", "WEB_TAGS", "WEB_RATE", "WEB_DEBUG"):
        monkeypatch.delenv(name, raising=False)


@on_real_clock
async def test_the_defaults_stand_in_the_code() -> None:
    application.load(Web)

    assert application.get_all_env(Web) == {
        "host": "127.0.0.1",
        "port": 4040,
        "data": None,
        "tags": ["a"],
        "rate": 1.5,
        "debug": False,
    }


@on_real_clock
async def test_environment_variables_are_read_as_the_types_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "80")
    monkeypatch.setenv("WEB_DATA", "kv.db")
    monkeypatch.setenv("WEB_TAGS", "x, y")
    monkeypatch.setenv("WEB_RATE", "2")
    monkeypatch.setenv("WEB_DEBUG", "yes")

    application.load(Web)

    assert application.get_all_env("web") == {
        "host": "127.0.0.1",
        "port": 80,
        "data": Path("kv.db"),
        "tags": ["x", "y"],
        "rate": 2.0,
        "debug": True,
    }


@on_real_clock
async def test_a_toml_file_overrides_the_code_and_variables_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[web]\nhost = "::1"\nport = 81\ndata = "kv.db"\n[other]\nx = 1\n')
    monkeypatch.setenv("PORT", "82")

    application.load_config(file)
    application.load(Web)

    assert application.get_env(Web, "host") == "::1"
    assert application.get_env(Web, "port") == 82
    assert application.get_env(Web, "data") == Path("kv.db")


@on_real_clock
async def test_a_file_that_is_read_later_holds_for_what_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[web]\nport = 81\n")
    application.load(Web)
    application.put_env(Web, "host", "h")

    application.load_config(file)

    assert application.get_env(Web, "port") == 81
    assert application.get_env(Web, "host") == "h"


@on_real_clock
async def test_put_env_overrides_everything_also_before_loading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "82")
    application.put_env("web", "port", 83)
    application.put_env("web", "mine", object)

    application.load(Web)

    assert application.get_env(Web, "port") == 83
    assert application.get_env(Web, "mine") is object


@on_real_clock
async def test_settings_of_a_command_line_are_texts_that_override_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "82")
    application.configure("web", port="84")

    application.load(Web)
    application.configure(Web, rate="3")

    assert application.get_env(Web, "port") == 84
    assert application.get_env(Web, "rate") == 3.0


@on_real_clock
async def test_delete_env_takes_a_setting_away() -> None:
    application.load(Web)
    application.set_env({"web": {"port": 1, "host": "h"}})

    application.delete_env(Web, "port")

    assert application.get_env(Web, "port") is None
    assert application.get_env(Web, "port", 5) == 5
    assert application.get_env(Web, "host") == "h"


@on_real_clock
async def test_fetch_env_of_what_is_not_there_says_what_is() -> None:
    with pytest.raises(ConfigError, match="web has no setting 'x': it is not loaded"):
        application.fetch_env("web", "x")

    application.load(Web)

    assert application.fetch_env(Web, "port") == 4040
    with pytest.raises(ConfigError, match="its settings: host, port, data"):
        application.fetch_env(Web, "x")


# ---- what can be wrong


@pytest.mark.parametrize("text", ["http", "65536", "", "-1", "4.5"])
@on_real_clock
async def test_a_wrong_variable_is_told_with_what_is_expected(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", text)

    with pytest.raises(ConfigError) as wrong:
        application.load(Web)

    assert str(wrong.value) == f"PORT: expected a number from 0 to 65535; got {text!r}"
    assert application.loaded_applications() == []


@on_real_clock
async def test_a_value_of_the_wrong_type_in_a_file_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[web]\nhost = 5\n")
    application.load_config(file)

    with pytest.raises(ConfigError, match=r"config.toml: \[web\]: host: expected a text; got 5"):
        application.load(Web)


@on_real_clock
async def test_a_setting_that_there_is_not_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[web]\nprot = 5\n")
    application.load_config(file)

    with caplog.at_level(logging.WARNING):
        application.load(Web)

    assert "prot is no setting of web; did you mean 'port'?" in caplog.text
    assert application.get_env(Web, "prot") == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read .*config.toml: No such file"),
        ("[web", "config.toml is no TOML"),
        ("web = 5", r"expected a table for each application, such as \[web\]; got web = 5"),
    ],
)
@on_real_clock
async def test_a_file_that_cannot_be_read_says_why(
    text: str | None, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    if text is not None:
        file.write_text(text)

    with pytest.raises(ConfigError, match=message):
        application.load_config(file)


# ---- types


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (str, " x ", " x "),
        (int, "1_000", 1000),
        (float, "1e3", 1000.0),
        (bool, "off", False),
        (bool, "TRUE", True),
        (Path, "a/b", Path("a/b")),
        (int | None, "", None),
        (int | None, "3", 3),
        (int | str, "x", "x"),
        (Literal["a", "b"], "b", "b"),
        (Literal[1, 2], "2", 2),
        (list[int], "1,2,", [1, 2]),
        (tuple[str, ...], "a, b", ("a", "b")),
        (Colour, "red", Colour.RED),
        (Colour, "b", Colour.BLUE),
        (str.upper, "x", "X"),
    ],
)
def test_a_text_is_read_as_its_type_says(kind: Any, text: str, value: Any) -> None:
    assert from_text(text, Setting(None, type=kind), "X") == value


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (int, "x", "a whole number"),
        (bool, "maybe", "true or false"),
        (Literal["a", "b"], "c", "one of a, b"),
        (Colour, "green", "one of r, b"),
        (list[int], "1,x", "list of whole numbers"),
        (int | None, "x", "a whole number or none"),
        (dict, "x", "a table"),
    ],
)
def test_a_text_of_another_type_is_refused(kind: Any, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        from_text(text, Setting(None, type=kind), "X")

    assert str(wrong.value) == f"X: expected {words}; got {text!r}"


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (float, 1, 1.0),
        (Path, "a", Path("a")),
        (list[float], [1, 2.5], [1.0, 2.5]),
        (Path | None, "a", Path("a")),
        (dict, {"a": 1}, {"a": 1}),
        (Literal["a"], "a", "a"),
        (Colour, "blue", Colour.BLUE),
        (object, 5, 5),
        (str.upper, "x", "X"),
    ],
)
def test_a_value_of_toml_is_fitted_to_its_type(kind: Any, given: Any, value: Any) -> None:
    fitted = from_toml(given, Setting(None, type=kind), "X")

    assert fitted == value
    assert type(fitted) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"), [(int, True), (int, "5"), (str, 5), (list[int], 5), (list[int], ["x"])]
)
def test_a_value_of_toml_of_another_type_is_refused(kind: Any, given: Any) -> None:
    with pytest.raises(ConfigError):
        from_toml(given, Setting(None, type=kind), "X")


def test_a_default_without_a_type_says_the_type() -> None:
    assert setting_of(5).type is int
    assert setting_of(None).type is str
    assert setting_of(Setting("x")).type is str
