"""The guide's integration test: a client on real Elixir talks to the server of `make run`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kv.server import COMMAND, Server
from tests.support.program import PATIENCE

SCRIPT = Path(__file__).with_name("kv_client.exs")

# `make run` itself, in the environment of the tests, which is set up already.
MAKE_RUN = (
    "make",
    "--no-print-directory",
    f"VENV={sys.prefix}",
    f"--assume-old={sys.prefix}/.installed",
    "run",
)


@pytest.mark.slow  # Erlang starts
@pytest.mark.parametrize("command", [COMMAND, MAKE_RUN], ids=["python -m", "make run"])
def test_the_conversation_of_the_guide_with_a_client_written_in_elixir(
    command: tuple[str, ...],
) -> None:
    with Server(*command) as server:
        done = subprocess.run(
            ["elixir", str(SCRIPT), str(server.port)],
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE,
            check=False,
        )

        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1] == r'nil -> "OK\r\n"'
        assert server.written() == []
