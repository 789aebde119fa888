"""The echo servers as programs of their own, and the telnet sessions of the text with them."""

import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from tests.support.program import PATIENCE, Program

VERSIONS = ("one_client", "supervised", "linked_clients", "many_clients")

# From the text: what was typed, and what came back. What telnet itself says is left out.
HELLO = """
hello
hello
is it me
is it me
you are looking for?
you are looking for?
"""

SAY_YOU = """
say you
say you
say me
say me
"""


@contextmanager
def running(version: str) -> Generator[tuple[Program, int], None, None]:
    """A server in an OS process of its own, and its port."""
    module = f"examples.texts.echo_server.{version}"
    with Program(sys.executable, "-m", module, "0") as program:
        found = program.wait_for(r"^\d\d:\d\d:\d\d\.\d{3} \[info\] Accepting .* on port (\d+)$")
        yield program, int(found[1])


def telnet(port: int, transcript: str) -> str:
    """Types what is typed in a session; returns the session as it went."""
    typed = transcript.split("\n")[1:-1:2]
    session = "\n"
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        heard = client.makefile("rb")
        for line in typed:
            client.sendall(line.encode() + b"\r\n")
            session += line + "\n" + heard.readline().decode().replace("\r\n", "\n")
        heard.close()
    return session


@pytest.mark.slow  # starts Python
@pytest.mark.parametrize("version", VERSIONS)
def test_the_telnet_session_of_the_text(version: str) -> None:
    with running(version) as (_program, port):
        assert telnet(port, HELLO) == HELLO


@pytest.mark.slow  # starts Python
def test_the_second_telnet_session_of_the_text_after_the_first_has_quit() -> None:
    with running("many_clients") as (_program, port):
        assert telnet(port, HELLO) == HELLO
        assert telnet(port, SAY_YOU) == SAY_YOU


@pytest.mark.slow  # starts Python
def test_the_first_version_ends_with_its_client_and_says_why() -> None:
    with running("one_client") as (program, port):
        telnet(port, HELLO)

        program.wait_for(r"one_client: recv .* the connection is closed \(closed\)$")
        assert program.wait() == 1


@pytest.mark.slow  # starts Python
def test_a_server_ends_in_order_when_it_is_told_to() -> None:
    with running("many_clients") as (program, _port):
        assert program.stop() == 0
