"""``--data FILE``: what was acknowledged is there again, however the program ended."""

from __future__ import annotations

from pathlib import Path
from signal import SIGKILL, SIGTERM

import pytest

from beamish import process
from beamish.otp import application
from examples.kv.apps import kv
from examples.kv.apps.kv import bucket
from tests.kv.server import COMMAND, Server
from tests.kv.tree import WAYS, Way, kill, tree
from tests.runtime.harness import on_real_clock
from tests.support.program import Program


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kv.db"


def kept_in(file: Path) -> Server:
    """A server that keeps its buckets there."""
    return Server(*COMMAND, "--data", str(file))


@pytest.mark.slow  # two OS processes start
@pytest.mark.parametrize("number", [SIGKILL, SIGTERM])
def test_an_acknowledged_put_outlives_the_program(file: Path, number: int) -> None:
    with kept_in(file) as server, server.connect() as client:
        assert client.ask(b"CREATE shopping") == b"OK\r\n"
        assert client.ask(b"CREATE empty") == b"OK\r\n"
        for key in range(100):
            assert client.ask(b"PUT shopping k%d v%d" % (key, key)) == b"OK\r\n"
        assert client.ask(b"DELETE shopping k0") == b"OK\r\n"
        server.stop(number)  # type: ignore[arg-type]

    with kept_in(file) as server, server.connect() as client:
        assert client.ask(b"GET shopping k0", 2) == b"\r\nOK\r\n"
        for key in range(1, 100):
            assert client.ask(b"GET shopping k%d" % key, 2) == b"v%d\r\nOK\r\n" % key
        assert client.ask(b"GET empty k", 2) == b"\r\nOK\r\n"
        assert client.ask(b"GET never k") == b"NOT FOUND\r\n"


@pytest.mark.slow  # four OS processes start
def test_it_is_killed_in_the_middle_of_changes_again_and_again(file: Path) -> None:
    acknowledged = -1
    for round_ in range(3):
        with kept_in(file) as server, server.connect() as client:
            client.ask(b"CREATE shopping")
            first = round_ * 1000
            client.send(b"".join(b"PUT shopping k %d\r\n" % n for n in range(first, first + 500)))
            for number in range(first, first + 100):
                assert client.line() == b"OK\r\n"
                acknowledged = number
            server.signal(SIGKILL)
            server.wait()

    with kept_in(file) as server, server.connect() as client:
        value = int(client.ask(b"GET shopping k", 2).split()[0])
        assert acknowledged <= value < acknowledged + 401


@pytest.mark.slow  # another OS process starts
def test_bytes_that_are_no_text_are_kept_as_they_are(file: Path) -> None:
    value = bytes(byte for byte in range(256) if not chr(byte).isspace())
    with kept_in(file) as server, server.connect() as client:
        client.ask(b"CREATE \xfe")
        assert client.ask(b"PUT \xfe \xff\x00 " + value) == b"OK\r\n"
        server.stop(SIGKILL)

    with kept_in(file) as server, server.connect() as client:
        assert client.ask(b"GET \xfe \xff\x00", 2) == value + b"\r\nOK\r\n"


@pytest.mark.slow  # two OS processes start
def test_two_programs_cannot_have_one_file(file: Path) -> None:
    with kept_in(file), Program(*COMMAND, "--data", str(file), env={"PORT": "0"}) as second:
        assert second.wait() == 1
        [line] = second.written()

    assert line.startswith(f"cannot keep buckets in {file}: database is locked: another program")


@pytest.mark.parametrize("way", WAYS)
@on_real_clock
async def test_a_bucket_that_dies_comes_back_with_what_it_had(way: Way, file: Path) -> None:
    async with tree(way, file) as server, await server.connect() as client:
        await client.ask("CREATE shopping")
        await client.ask("PUT shopping milk 1")

        await kill("a bucket")

        assert await client.ask("GET shopping milk", 2) == "1\r\nOK\r\n"


@pytest.mark.parametrize("member", ["KV.Store", "KV.BucketSupervisor", "KV.Supervisor"])
@on_real_clock
async def test_whatever_is_killed_nothing_is_lost(member: str, file: Path) -> None:
    async with tree(data=file) as server, await server.connect() as client:
        await client.ask("CREATE shopping")
        await client.ask("PUT shopping milk 1")

        await kill(member)

        async with await server.connect() as other:
            assert await other.ask("GET shopping milk", 2) == "1\r\nOK\r\n"


@on_real_clock
async def test_without_a_file_buckets_live_in_memory() -> None:
    application.set_env({"kv": {"data": None}})
    await application.start(kv.KV)
    pid = await kv.create("shopping")
    await bucket.put(pid, "milk", "1")
    assert process.whereis("KV.Store") is None

    await application.stop(kv.KV)
    await application.start(kv.KV)

    assert await kv.lookup("shopping") is None
