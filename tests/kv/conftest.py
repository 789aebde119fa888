"""The servers that tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kv.server import Client, Server


@pytest.fixture(scope="session")
def _running_server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def server(_running_server: Server) -> Iterator[Server]:
    """A server that must not be disturbed: at the end it serves, and has logged nothing."""
    yield _running_server
    with _running_server.connect() as client:
        assert client.is_served()
    assert _running_server.written() == []


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client of that server."""
    with server.connect() as client:
        yield client
