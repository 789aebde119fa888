"""Commands: what a line means, and what it is answered (scenario k9: the guide's protocol)."""

from __future__ import annotations

import doctest
import secrets
from types import ModuleType

import pytest

import examples.kv.apps.kv_server.app
import examples.kv.apps.kv_server.command
from examples.kv.apps.kv_server.command import UnknownCommandError, parse
from tests.kv.server import Client, Server


@pytest.mark.parametrize(
    "module", [examples.kv.apps.kv_server.command, examples.kv.apps.kv_server.app]
)
def test_the_examples_in_the_docstrings_are_true(module: ModuleType) -> None:
    result = doctest.testmod(module, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)

    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("CREATE shopping\n", ("create", "shopping")),
        ("\tCREATE \t shopping\r\n", ("create", "shopping")),
        ("PUT a\vb\fc\r\n", ("put", "a", "b", "c")),
        ("GET einkauf käse\r\n", ("get", "einkauf", "käse")),
        ("DELETE 장바구니 우유\r\n", ("delete", "장바구니", "우유")),
        ("PUT CREATE GET DELETE\r\n", ("put", "CREATE", "GET", "DELETE")),
        ("SUBSCRIBE  shopping\n", ("subscribe", "shopping")),
    ],
)
def test_words_are_split_at_white_space(line: str, command: tuple[str, ...]) -> None:
    assert parse(line) == command


@pytest.mark.parametrize(
    "line",
    [
        *(
            "\r\n",
            "\n",
            "",
            "   \r\n",
            "create a\r\n",
            "CREATE\r\n",
            "CREATE a b\r\n",
            "CREATEa\r\n",
        ),
        *(
            "GET a\r\n",
            "GET a b c\r\n",
            "DELETE\r\n",
            "SUBSCRIBE\r\n",
            "SUBSCRIBE a b\r\n",
            "PUT a b\r\n",
            "PUT a b c d\r\n",
        ),
    ],
)
def test_whatever_is_no_command_is_unknown(line: str) -> None:
    with pytest.raises(UnknownCommandError):
        parse(line)


@pytest.fixture
def bucket() -> bytes:
    """A name that no test has used."""
    return secrets.token_hex(8).encode()


def test_k9_the_interaction_of_the_guide(client: Client, bucket: bytes) -> None:
    assert client.ask(b"UNKNOWN %b" % bucket) == b"UNKNOWN COMMAND\r\n"
    assert client.ask(b"GET %b eggs" % bucket) == b"NOT FOUND\r\n"
    assert client.ask(b"CREATE %b" % bucket) == b"OK\r\n"
    assert client.ask(b"PUT %b eggs 3" % bucket) == b"OK\r\n"
    assert client.ask(b"GET %b eggs" % bucket, 2) == b"3\r\nOK\r\n"
    assert client.ask(b"DELETE %b eggs" % bucket) == b"OK\r\n"
    assert client.ask(b"GET %b eggs" % bucket, 2) == b"\r\nOK\r\n"


@pytest.mark.parametrize("command", [b"GET %b k", b"PUT %b k v", b"DELETE %b k"])
def test_a_bucket_that_was_not_created_is_not_found(
    client: Client, bucket: bytes, command: bytes
) -> None:
    assert client.ask(command % bucket) == b"NOT FOUND\r\n"


def test_deleting_a_key_that_is_not_there_is_ok(client: Client, bucket: bytes) -> None:
    client.ask(b"CREATE %b" % bucket)

    assert client.ask(b"DELETE %b nothing" % bucket) == b"OK\r\n"


def test_a_bucket_that_is_created_again_keeps_what_it_has(client: Client, bucket: bytes) -> None:
    client.ask(b"CREATE %b" % bucket)
    client.ask(b"PUT %b k v" % bucket)

    assert client.ask(b"CREATE %b" % bucket) == b"OK\r\n"
    assert client.ask(b"GET %b k" % bucket, 2) == b"v\r\nOK\r\n"


def test_a_value_that_is_put_again_replaces_the_old_one(client: Client, bucket: bytes) -> None:
    client.ask(b"CREATE %b" % bucket)
    client.ask(b"PUT %b k old" % bucket)
    client.ask(b"PUT %b k new" % bucket)

    assert client.ask(b"GET %b k" % bucket, 2) == b"new\r\nOK\r\n"


def test_buckets_do_not_share_keys(client: Client, bucket: bytes) -> None:
    client.ask(b"CREATE %b" % bucket)
    client.ask(b"CREATE %b-2" % bucket)
    client.ask(b"PUT %b k v" % bucket)

    assert client.ask(b"GET %b-2 k" % bucket, 2) == b"\r\nOK\r\n"


def test_what_one_client_puts_another_gets(server: Server, bucket: bytes) -> None:
    with server.connect() as one, server.connect() as other:
        one.ask(b"CREATE %b" % bucket)
        one.ask(b"PUT %b k v" % bucket)

        assert other.ask(b"GET %b k" % bucket, 2) == b"v\r\nOK\r\n"


def test_bytes_that_are_no_text_come_back_as_they_were_put(client: Client, bucket: bytes) -> None:
    value = bytes(byte for byte in range(256) if not chr(byte).isspace())
    client.ask(b"CREATE %b" % bucket)

    assert client.ask(b"PUT %b \xff\x00 %b" % (bucket, value)) == b"OK\r\n"
    assert client.ask(b"GET %b \xff\x00" % bucket, 2) == value + b"\r\nOK\r\n"
