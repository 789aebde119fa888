"""The server as people try it out: with telnet, and with nc."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.kv.server import COMMAND, Server
from tests.kv.terminal import Terminal
from tests.support.program import PATIENCE

# What is typed stands behind the arrows.
SESSION = """\
Trying 127.0.0.1...
Connected to 127.0.0.1.
Escape character is '^]'.
> CREATE telnet
OK
> PUT telnet milk 1
OK
> PUT telnet eggs 3
OK
> GET telnet milk
1
OK
> DELETE telnet eggs
OK
> GET telnet eggs

OK
> GET nothing eggs
NOT FOUND
> hello
UNKNOWN COMMAND
"""


@pytest.mark.skipif(shutil.which("telnet") is None, reason="there is no telnet here")
def test_a_session_with_telnet(server: Server) -> None:
    with Terminal("telnet", "127.0.0.1", str(server.port)) as terminal:
        shown = ""
        for line in SESSION.splitlines():
            if line.startswith("> "):
                terminal.type(line[2:] + "\r")
                shown += "> "  # the terminal shows by itself what is typed
            shown += terminal.until(line.removeprefix("> ") + "\r\n")
        terminal.type("\x1d")
        terminal.until("telnet> ")
        terminal.type("quit\r")
        terminal.until("Connection closed.")
        assert terminal.wait() == 0

    assert shown.replace("\r\n", "\n") == SESSION


@pytest.mark.skipif(shutil.which("nc") is None, reason="there is no nc here")
def test_commands_that_are_piped_into_nc(server: Server) -> None:
    commands = "CREATE nc\r\nPUT nc milk 1\r\nGET nc milk\r\nHELLO\r\n"

    done = subprocess.run(
        ["nc", "-N", "127.0.0.1", str(server.port)],
        input=commands.encode(),
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )

    assert done.stdout == b"OK\r\nOK\r\n1\r\nOK\r\nUNKNOWN COMMAND\r\n"


@pytest.mark.slow  # another OS process starts
def test_ctrl_c_in_the_terminal_stops_the_server() -> None:
    with Terminal("env", "PORT=0", *COMMAND) as terminal:
        terminal.until("Accepting connections on port ")
        terminal.until("\r\n")

        terminal.type("\x03")

        assert re.fullmatch(r"\^C\S+ \[info\] SIGINT: stopping .*", terminal.until("at once)"))
        assert terminal.wait() == 0
