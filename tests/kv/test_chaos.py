"""``kill -9`` again and again: what was acknowledged is there, and nothing else is.

BEAMISH_SOAK=1 makes a hundred rounds of twenty, and 100,000 buckets of 10,000.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from signal import SIGKILL
from typing import Final

import pytest

from tests.kv.server import COMMAND, Client, Server

ROUNDS: Final = 100 if os.environ.get("BEAMISH_SOAK") else 20
BUCKETS: Final = 100_000 if os.environ.get("BEAMISH_SOAK") else 10_000
CLIENTS: Final = 4
KEYS: Final = 10

# What a GET may say, as the number that was put; None for nothing.
Value = int | None


class Writer:
    """A client with a bucket of its own, which knows what is in it.

    Attributes:
        acknowledged: of each key, what the server has confirmed.
        asked: the key and the value whose confirmation had not come when the server died; None if
            there is none.
    """

    def __init__(self, number: int) -> None:
        self.bucket = f"bucket{number}"
        self.acknowledged: dict[str, Value] = {}
        self.asked: tuple[str, Value] | None = None
        self.changes = 0
        self._chance = random.Random(number)
        self._next = 0

    def write(self, client: Client) -> None:
        """Changes the bucket until the server dies."""
        try:
            if client.ask(f"CREATE {self.bucket}".encode()) == b"OK\r\n":
                while self._change(client):
                    pass
        except ConnectionError:
            pass

    def _change(self, client: Client) -> bool:
        key = f"k{self._chance.randrange(KEYS)}"
        self._next += 1
        value = self._next if self._chance.random() < 0.8 else None
        self.asked = key, value
        if value is None:
            answer = client.ask(f"DELETE {self.bucket} {key}".encode())
        else:
            answer = client.ask(f"PUT {self.bucket} {key} {value}".encode())
        if answer != b"OK\r\n":
            assert answer == b"" or not answer.endswith(b"\n"), answer
            return False
        self.asked = None
        self.acknowledged[key] = value
        self.changes += 1
        return True

    def check(self, client: Client) -> None:
        """Compares the bucket with what was acknowledged, and takes it as it is."""
        assert client.ask(f"CREATE {self.bucket}".encode()) == b"OK\r\n"
        for key in (f"k{number}" for number in range(KEYS)):
            text = client.ask(f"GET {self.bucket} {key}".encode(), 2).decode().split()
            value = int(text[0]) if len(text) == 2 else None
            allowed = [self.acknowledged.get(key)]
            if self.asked is not None and self.asked[0] == key:
                allowed.append(self.asked[1])
            assert value in allowed, (self.bucket, key)
            self.acknowledged[key] = value
        self.asked = None


def write_until_it_is_killed(server: Server, writers: Iterable[Writer], seconds: float) -> None:
    """All write at once; after so many seconds, and when one has written, the server is killed."""
    clients = [server.connect() for _ in writers]
    threads = [
        threading.Thread(target=writer.write, args=(client,))
        for writer, client in zip(writers, clients, strict=True)
    ]
    before = sum(writer.changes for writer in writers)
    for thread in threads:
        thread.start()
    while sum(writer.changes for writer in writers) == before:
        time.sleep(0.001)  # nothing else tells what another OS process has done
    time.sleep(seconds)  # the moment of the death is the subject
    server.stop(SIGKILL)
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()


@pytest.mark.slow  # twenty OS processes start
def test_no_acknowledged_change_is_lost_however_often_it_is_killed(tmp_path: Path) -> None:
    chance = random.Random(ROUNDS)
    writers = [Writer(number) for number in range(CLIENTS)]
    for _ in range(ROUNDS):
        with Server(*COMMAND, "--data", str(tmp_path / "kv.db")) as server:
            with server.connect() as client:
                for writer in writers:
                    writer.check(client)
            write_until_it_is_killed(server, writers, chance.uniform(0, 0.1))

    with Server(*COMMAND, "--data", str(tmp_path / "kv.db")) as server, server.connect() as client:
        for writer in writers:
            writer.check(client)
    assert sum(writer.changes for writer in writers) > ROUNDS


@pytest.mark.slow  # 10,000 buckets
def test_many_buckets_stop_without_blocking_the_node() -> None:
    with Server() as server, server.connect() as client:
        for first in range(0, BUCKETS, 100):
            names = range(first, first + 100)
            client.send(b"".join(b"CREATE bucket%d\r\n" % number for number in names))
            assert client.lines(100) == [b"OK\r\n"] * 100

        assert server.stop() == 0
        [line] = server.written()

    assert "SIGTERM: stopping" in line
