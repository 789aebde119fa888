"""Clients that behave badly disturb nobody: the others are served, the log stays empty."""

from __future__ import annotations

import random
import socket

import pytest

from examples.kv.apps.kv_server.server import LINE_LIMIT
from tests.kv.server import Client, Server
from tests.kv.tree import Client as InsideClient
from tests.kv.tree import tree
from tests.runtime.harness import on_real_clock

MB = 1024 * 1024

TOO_LONG = b"LINE TOO LONG\r\n"


def test_a_client_may_say_nothing_at_all(server: Server) -> None:
    with server.connect(), server.connect() as other:
        assert other.is_served()


@pytest.mark.parametrize("said", [b"", b"PUT shopp", b"CREATE vanished\r\nPUT vanished k"])
def test_a_client_that_vanishes_in_mid_line_is_not_missed(
    server: Server, client: Client, said: bytes
) -> None:
    gone = server.connect()
    gone.send(said)
    gone.vanish()

    assert client.is_served()


def test_a_client_that_closes_in_mid_line_is_not_missed(server: Server, client: Client) -> None:
    gone = server.connect()
    gone.send(b"CREATE gone")
    gone.close()

    assert client.ask(b"GET gone k") == b"NOT FOUND\r\n"


def test_a_client_that_vanishes_with_answers_on_their_way_is_not_missed(
    server: Server, client: Client
) -> None:
    gone = server.connect()
    gone.send(b"HELLO\r\n" * 10_000)
    gone.line()
    gone.vanish()

    assert client.is_served()


def test_binary_rubbish_is_an_unknown_command(client: Client) -> None:
    rubbish = random.Random(1).randbytes(30_000).replace(b"\n", b"")

    assert client.ask(rubbish) == b"UNKNOWN COMMAND\r\n"


def test_each_line_of_binary_rubbish_is_answered(client: Client) -> None:
    rubbish = b"".join(bytes([byte, 10]) for byte in range(256))  # one byte is a newline itself

    client.send(rubbish)

    assert client.lines(257) == [b"UNKNOWN COMMAND\r\n"] * 257


def test_an_empty_line_is_an_unknown_command(client: Client) -> None:
    client.send(b"\r\n\n \t \r\n")

    assert client.lines(3) == [b"UNKNOWN COMMAND\r\n"] * 3


def test_the_longest_line_is_served(client: Client) -> None:
    start = b"PUT longest k "
    value = b"x" * (LINE_LIMIT - len(start) - 2)
    client.ask(b"CREATE longest")

    assert client.ask(start + value) == b"OK\r\n"
    assert client.ask(b"GET longest k", 2) == value + b"\r\nOK\r\n"


def test_a_line_that_is_one_byte_too_long_is_refused(client: Client) -> None:
    client.send(b"x" * (LINE_LIMIT - 1) + b"\r\n")
    client.finish()

    assert client.rest() == TOO_LONG


def test_what_comes_before_a_line_that_is_too_long_is_answered(client: Client) -> None:
    client.send(b"CREATE before\r\n" + b"x" * (LINE_LIMIT + 1))
    client.finish()

    assert client.rest() == b"OK\r\n" + TOO_LONG


def test_a_line_without_end_is_answered_while_it_goes_on(client: Client) -> None:
    client.send(b"x" * (LINE_LIMIT + 1))

    assert client.line() == TOO_LONG

    client.send(b"x" * MB + b"\r\nHELLO\r\n")
    client.finish()

    assert client.rest() == b""


@pytest.mark.slow  # 64 MB are sent
def test_a_line_without_end_takes_no_memory(server: Server, client: Client) -> None:
    before = server.memory()

    for _ in range(64):
        client.send(b"x" * MB)
    client.finish()

    assert client.rest() == TOO_LONG
    assert server.memory() - before < 8 * MB


def test_a_thousand_commands_in_one_packet_are_answered_in_order(client: Client) -> None:
    commands = [b"CREATE thousand\r\n"]
    answers = [b"OK\r\n"]
    for number in range(500):
        commands += [b"PUT thousand k %d\r\n" % number, b"GET thousand k\r\n"]
        answers += [b"OK\r\n", b"%d\r\n" % number, b"OK\r\n"]

    client.send(b"".join(commands))

    assert client.lines(len(answers)) == answers


def test_a_command_may_come_one_byte_at_a_time(client: Client) -> None:
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    for byte in b"CREATE slowly\r\nPUT slowly k v\r\nGET slowly k\r\n":
        client.send(bytes([byte]))

    assert client.lines(4) == [b"OK\r\n", b"OK\r\n", b"v\r\n", b"OK\r\n"]


def test_a_client_that_half_closes_gets_all_its_answers(client: Client) -> None:
    client.send(b"CREATE half\r\n" + b"PUT half k v\r\nGET half k\r\n" * 100)
    client.finish()

    assert client.rest() == b"OK\r\n" + b"OK\r\nv\r\nOK\r\n" * 100


@pytest.mark.slow  # 2,000 answers of 60 kB are asked for
def test_a_client_that_never_reads_fills_no_memory_and_hinders_nobody(
    server: Server, client: Client
) -> None:
    client.ask(b"CREATE big")
    client.ask(b"PUT big k " + b"x" * 60_000)
    before = server.memory()
    with Client(server.port, receive_buffer=4096) as slow:
        slow.send(b"GET big k\r\n" * 2000)

        # As many for another client: so the first would have had its turns for all of them.
        for _ in range(2000):
            assert client.ask(b"GET big k", 2)[-5:] == b"\nOK\r\n"

        assert server.memory() - before < 8 * MB
        assert slow.line() == b"x" * 60_000 + b"\r\n"  # it is still served, when it reads


@pytest.mark.slow  # 500 connections
def test_five_hundred_clients_are_served_at_once(server: Server) -> None:
    clients = [server.connect() for _ in range(500)]
    try:
        for client in clients:
            client.send(b"HELLO\r\n")

        assert [client.line() for client in clients] == [b"UNKNOWN COMMAND\r\n"] * 500
    finally:
        for client in clients:
            client.close()


@pytest.mark.slow  # 1,000 connections, one after the other
def test_clients_that_come_and_go_leave_nothing(server: Server, client: Client) -> None:
    def come_and_go(times: int) -> None:
        for _ in range(times):
            with server.connect() as passing:
                assert passing.is_served()

    come_and_go(100)
    before = server.memory()

    come_and_go(1000)

    assert server.memory() - before < 2 * MB
    assert client.is_served()


async def go_on(client: InsideClient) -> None:
    """Sends forever."""
    while True:
        client.writer.write(b"x" * 1000)
        await client.writer.drain()


@on_real_clock
async def test_a_client_that_goes_on_after_it_was_refused_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("examples.kv.apps.kv_server.server.PARTING", 0.05)
    async with tree() as kv, await kv.connect() as client:
        client.writer.write(b"x" * (LINE_LIMIT + 1))
        assert await client.reader.readline() == TOO_LONG

        with pytest.raises(ConnectionError):
            await go_on(client)

        assert await kv.serves()
