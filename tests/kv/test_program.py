"""The program as the person at the terminal meets it: starting, stopping, and what can be wrong."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from tests.kv.server import COMMAND, Client, Server
from tests.support.program import PATIENCE, ROOT, Program

LINE = re.compile(r"^\d\d:\d\d:\d\d\.\d\d\d \[\w+\] ")


def test_make_run_runs_the_command_that_these_tests_run() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    python, *arguments = shown.splitlines()[-1].split()[1:]
    assert Path(python).name == "python"
    assert arguments == list(COMMAND[1:])


@pytest.mark.slow  # another OS process starts
@pytest.mark.parametrize(
    "command",
    [
        COMMAND,
        (str(Path(sys.executable).with_name("beamish")), "run", "examples.kv"),
        (sys.executable, "-m", "beamish", "run", "--loop", "uvloop", "examples.kv"),
        (sys.executable, "-m", "beamish", "run", "examples.kv.__main__:main"),
    ],
)
def test_the_server_can_be_started_in_several_ways(command: tuple[str, ...]) -> None:
    with Server(*command) as server, server.connect() as client:
        assert client.ask(b"CREATE shopping") == b"OK\r\n"
        assert client.ask(b"GET shopping milk", 2) == b"\r\nOK\r\n"


@pytest.mark.slow  # another OS process starts
def test_it_logs_that_it_accepts_as_elixir_does() -> None:
    with Program(*COMMAND, env={"PORT": "0"}) as program:
        line = program.line()

    assert line is not None
    assert re.fullmatch(LINE.pattern + r"Accepting connections on port \d+", line)


@pytest.mark.slow  # three OS processes start
def test_it_serves_within_a_second() -> None:
    assert min(seconds_to_the_first_answer() for _ in range(3)) < 1.0


def seconds_to_the_first_answer() -> float:
    """Without those in which it was ready to run, but others had the processors."""
    started = time.monotonic()
    with Server() as server, server.connect() as client:
        assert client.is_served()
        passed = time.monotonic() - started
        waited = int(Path(f"/proc/{server.pid}/schedstat").read_text().split()[1]) / 1e9
        return passed - waited


@pytest.mark.slow  # two OS processes start
def test_it_can_have_its_port_again_at_once() -> None:
    with Server() as first, first.connect() as client:
        assert client.is_served()
        assert first.stop() == 0  # the server closes first, so the port is the one that lingers

    with Server(env={"PORT": str(first.port)}) as second, second.connect() as client:
        assert second.port == first.port
        assert client.is_served()


@pytest.mark.slow  # another OS process starts
@pytest.mark.parametrize("host", ["0.0.0.0", "localhost", "127.0.0.2"])  # noqa: S104
def test_host_says_where_it_listens(host: str) -> None:
    with Server(env={"HOST": host}) as server:
        there = host if host.startswith("127") else "127.0.0.1"
        with socket.create_connection((there, server.port), PATIENCE) as client:
            client.sendall(b"CREATE shopping\r\n")
            assert client.recv(100) == b"OK\r\n"


@pytest.mark.slow  # another OS process starts
def test_by_default_only_this_machine_is_listened_to() -> None:
    with Server() as server, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", server.port), PATIENCE)


# ---- stopping


@pytest.mark.slow  # another OS process starts
@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_a_signal_stops_it_in_order_and_says_so_in_one_line(number: Signals) -> None:
    with Server() as server, server.connect() as client:
        assert client.is_served()

        assert server.stop(number) == 0
        assert client.rest() == b""
        [line] = server.written()
        assert LINE.match(line)
        assert f"{number.name}: stopping" in line


@contextmanager
def with_a_client_that_does_not_read() -> Generator[Server]:
    """A server that has more to write to one client than the kernel takes."""
    with Server() as server, Client(server.port, receive_buffer=4096) as slow:
        with server.connect() as client:
            client.ask(b"CREATE big")
            client.ask(b"PUT big k " + b"x" * 60_000)
        slow.send(b"GET big k\r\n" * 1000)
        slow.line()
        wait_until_it_computes_nothing(server)  # the kernel's buffers are full
        yield server


def wait_until_it_computes_nothing(program: Program) -> None:
    """Returns when the program has used no CPU time for a while: it waits for others."""

    def used() -> list[str]:
        return Path(f"/proc/{program.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]

    before: list[str] = []
    while before != (before := used()):
        time.sleep(0.3)  # nothing else tells that another OS process waits


@pytest.mark.slow  # a client that does not read is given 5 s to take what was sent
def test_it_stops_also_when_a_client_does_not_read() -> None:
    with with_a_client_that_does_not_read() as server:
        assert server.stop(SIGINT) == 0


@pytest.mark.slow  # another OS process starts
def test_a_second_ctrl_c_does_not_wait_for_a_client_that_does_not_read() -> None:
    with with_a_client_that_does_not_read() as server:
        server.signal(SIGINT)
        server.wait_for("SIGINT: stopping")
        started = time.monotonic()

        assert server.stop(SIGINT) == 130
        assert time.monotonic() - started < 4  # the client would have 5


# ---- what can be wrong


@pytest.mark.slow  # another OS process starts
def test_a_taken_port_is_told_in_one_line(server: Server) -> None:
    with Program(*COMMAND, env={"PORT": str(server.port)}) as second:
        assert second.wait() == 1
        [line] = second.written()

    assert f"port {server.port} on 127.0.0.1 is taken" in line
    assert f"PORT={server.port + 1}" in line


@pytest.mark.slow  # another OS process starts
def test_a_wrong_setting_is_told_in_one_line() -> None:
    """Each in test_settings.py."""
    with Program(*COMMAND, env={"PORT": ""}) as program:
        assert program.wait() == 1
        [line] = program.written()

    assert line == "PORT: expected a number from 0 to 65535; got ''"


# ---- too many open files


def limited(files: int) -> tuple[str, ...]:
    """The command that runs the server with so many file descriptors at most."""
    return ("sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *COMMAND)


@pytest.mark.slow  # another OS process starts; it pauses before it tries again
def test_without_file_descriptors_new_clients_wait_until_others_go() -> None:
    with Server(*limited(64)) as server:
        clients = [server.connect() for _ in range(80)]
        for client in clients:
            client.send(b"HELLO\r\n")
        try:
            server.wait_for(r"\[warning\] New connections wait.*too many open files.*emfile")
            assert [client.line() for client in clients[:40]] == [b"UNKNOWN COMMAND\r\n"] * 40
            assert clients[0].is_served()

            for client in clients[:40]:
                client.close()

            assert [client.line() for client in clients[40:]] == [b"UNKNOWN COMMAND\r\n"] * 40
        finally:
            for client in clients:
                client.close()
        with server.connect() as late:
            assert late.is_served()
        assert server.written() == []


@pytest.mark.slow  # a second without work is the subject
def test_without_file_descriptors_it_does_not_spin() -> None:
    with Server(*limited(64)) as server:
        clients = [server.connect() for _ in range(80)]
        try:
            server.wait_for("New connections wait")
            before = server.cpu_seconds()
            time.sleep(1.0)  # real: how much is done while nothing can be done

            assert server.cpu_seconds() - before < 0.2
        finally:
            for client in clients:
                client.close()


@pytest.mark.slow  # another OS process starts
def test_it_serves_though_nobody_reads_its_log_any_more() -> None:
    with Server() as server:
        server.close_output()
        with server.connect() as client:
            assert client.is_served()
        assert server.stop(SIGINT) == 0
