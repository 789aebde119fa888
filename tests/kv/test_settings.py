"""A bad setting is one line on stderr, and no start: each setting, given in each way."""

from __future__ import annotations

from pathlib import Path

import pytest

from beamish.cli import run_program
from beamish.otp import application
from examples.kv.__main__ import main

NUMBERS = {
    "empty": "",
    "blank": " \t",
    "no number": "many",
    "a fraction": "1.5",
    "negative": "-1",
    "several lines": "1\n2",
    "no text": "\udcff",
    "too long to be read": "9" * 5000,
}
CHOICES = {"empty": "", "blank": " ", "another": "file", "several lines": "server\nnames"}
HOSTS = {
    "empty": "",
    "blank": " \t",
    "a name that the DNS cannot have": "ü" * 70,
    "too long": "h" * 10_000,
    "several lines": "local\nhost",
    "no text": "\udcff",
}
PATHS = {"empty": "", "blank": " \t", "too long": "x" * 5000}

A_NUMBER = "a number from 0"
A_PORT = "a number from 0 to 65535"
A_CHOICE = "one of server, names"
A_HOST = "an address or a host's name"
A_PATH = "the path of a file, or none"

# The variables, what they may be and what they may not.
VARIABLES = {
    "HOST": (A_HOST, HOSTS),
    "PORT": (A_PORT, {**NUMBERS, "huge": "65536"}),
    "KV_REGISTRY": (A_CHOICE, CHOICES),
    "KV_DATA": (A_PATH, PATHS),
    "KV_MAX_RESTARTS": (A_NUMBER, NUMBERS),
    "KV_SERVER_MAX_RESTARTS": (A_NUMBER, NUMBERS),
}

wrong = pytest.mark.parametrize(
    ("variable", "kind"),
    [(variable, kind) for variable, (_, kinds) in VARIABLES.items() for kind in kinds],
)


@pytest.fixture(autouse=True)
def _any_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "0")


def told(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line with which the program ends."""
    assert run_program(main, *arguments) == 1
    out, err = capfd.readouterr()
    assert out == ""
    [line] = err.splitlines()
    return line


def test_each_setting_is_in_the_table() -> None:
    from examples.kv.apps.kv import KV
    from examples.kv.apps.kv_server import KVServer

    assert len(KV.env) + len(KVServer.env) == len(VARIABLES)


@wrong
def test_a_variable_with_a_wrong_value_is_told_in_one_line(
    variable: str,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    expected, kinds = VARIABLES[variable]
    monkeypatch.setenv(variable, kinds[kind])

    line = told(capfd)

    assert line.startswith(f"{variable}: expected {expected}; got {kinds[kind]!r}"[:100])


@pytest.mark.parametrize("kind", PATHS)
def test_a_wrong_argument_is_told_in_one_line(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    line = told(capfd, "--data", PATHS[kind])

    assert line.startswith(f"kv.data: expected {A_PATH}; got {PATHS[kind]!r}"[:100])


@pytest.mark.parametrize(
    "host",
    [
        *("no such host", "-1", ".x", "x..", "127.0.0.1:80", "[::1]", "::zz", "256.1.1.1"),
        *("192.0.2.1", " 127.0.0.1 "),
    ],
)
def test_an_address_that_this_machine_does_not_have_is_told_in_one_line(
    host: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOST", host)

    assert told(capfd).startswith(f"cannot listen on {host}, port 0: ")


@pytest.mark.parametrize(
    "toml",
    [
        '[kv]\ndata = ""',
        '[kv]\ndata = "\\u0000"',
        "[kv]\ndata = 5",
        "[kv]\nmax_restarts = -1",
        "[kv]\nmax_restarts = 1.5",
        '[kv_server]\nhost = ""',
        "[kv_server]\nport = true",
    ],
)
def test_a_file_with_a_wrong_value_is_told_in_one_line(
    toml: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORT")
    file = tmp_path / "kv.toml"
    file.write_text(toml)

    code = run_program(main, configure=lambda: application.load_config(file))

    assert code == 1
    [line] = capfd.readouterr().err.splitlines()
    assert ": expected " in line


@pytest.mark.beamish
async def test_none_means_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from examples.kv.apps.kv import KV

    monkeypatch.setenv("KV_DATA", "none")
    application.load(KV)

    assert application.get_env("kv", "data") is None
