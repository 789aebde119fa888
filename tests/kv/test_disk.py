"""Trouble with the disk: the client gets an error, nothing acknowledged is lost, nothing ends.

Each kind of command meets each kind of trouble.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from signal import SIGKILL, SIGTERM

import pytest

from beamish import process
from beamish.otp import ConfigError
from examples.kv.apps.kv.file import SCHEMA, File, check
from tests.kv.disk import (
    TROUBLES,
    Trouble,
    damage,
    fill,
    foreign,
    garble,
    replace_by_directory,
    replace_directory,
    shorten,
    small_disk,
)
from tests.kv.server import COMMAND, Server
from tests.kv.tree import kill, log_records, pid_of, tree
from tests.runtime.harness import PATIENCE, on_real_clock
from tests.support.program import Program

OK = "OK"
VALUE = "old OK"
NOT_FOUND = "NOT FOUND"
SUBSCRIBED = ""

# The bucket `running` has been used, the others are in the file from before. The answers are those
# of a server without trouble; then whether something is written, or at least read.
COMMANDS = {
    "CREATE new": (OK, "writes"),
    "CREATE running": (OK, "neither"),
    "CREATE kept1": (OK, "reads"),
    "PUT running k new": (OK, "writes"),
    "PUT kept2 k new": (OK, "writes"),
    "DELETE running gone": (OK, "writes"),
    "DELETE kept3 k": (OK, "writes"),
    "GET running k": (VALUE, "neither"),
    "GET kept4 k": (VALUE, "reads"),
    "GET unknown k": (NOT_FOUND, "reads"),
    "PUT unknown k new": (NOT_FOUND, "reads"),
    "DELETE unknown k": (NOT_FOUND, "reads"),
    "SUBSCRIBE running": (SUBSCRIBED, "neither"),
    "SUBSCRIBE kept5": (SUBSCRIBED, "reads"),
    "SUBSCRIBE unknown": (NOT_FOUND, "reads"),
}
KEPT = [f"kept{number}" for number in range(1, 6)]


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Generator[Path]:
    """Where the buckets are; for some kinds of trouble on a disk of its own."""
    kind = request.node.callspec.params.get("kind") if hasattr(request.node, "callspec") else None
    folder = tmp_path / "disk"
    if kind is not None and TROUBLES[kind].own_disk:
        with small_disk(folder):
            yield folder / "kv.db"
    else:
        folder.mkdir()
        yield folder / "kv.db"


def kept_in(file: Path) -> Server:
    return Server(*COMMAND, "--data", str(file))


def say(server: Server, command: str) -> str:
    """The answer to a command on a connection of its own, in words."""
    with server.connect() as client:
        client.send(command.encode() + b"\n")
        client.finish()  # this ends a subscription
        return " ".join(client.rest().decode().split())


def prepare(file: Path) -> None:
    """Makes a file with some buckets."""
    made = File(file, new=True)
    for name in ["running", *KEPT]:
        made.run("INSERT INTO buckets VALUES (?)", name)
        made.run("INSERT INTO items VALUES (?, ?, ?)", name, "k", "old")
    made.run("INSERT INTO items VALUES (?, ?, ?)", "running", "gone", "old")
    made.close()


def contents(file: Path) -> dict[tuple[str, str], str]:
    """What is in a file: the value of each bucket and key."""
    opened = File(file)
    items = opened.run("SELECT bucket, key, value FROM items")
    opened.close()
    return {(bucket, key): value for bucket, key, value in items}


def expected(command: str, trouble: Trouble) -> str:
    answer, needs = COMMANDS[command]
    refused = needs == "writes" or (needs == "reads" and not trouble.reads)
    return trouble.error if refused else answer


def errors(server: Server) -> list[str]:
    """The errors that it has logged."""
    return [line for line in server.written() if "[error]" in line]


each_trouble = pytest.mark.parametrize("kind", TROUBLES)


@pytest.mark.slow  # another OS process starts
@each_trouble
def test_each_command_is_answered_and_what_was_acknowledged_is_kept(kind: str, file: Path) -> None:
    trouble = TROUBLES[kind]
    prepare(file)
    with kept_in(file) as server:
        assert say(server, "PUT running acknowledged v") == OK

        trouble.strike(file, server.pid)
        answers = {command: say(server, command) for command in COMMANDS}

        assert answers == {command: expected(command, trouble) for command in COMMANDS}
        [line] = errors(server)
        assert "[error] Buckets cannot be kept, and clients are told so: " in line
        if trouble.relieve is None:
            return
        trouble.relieve(file, server.pid)
        assert say(server, "PUT running later v") == OK
        server.stop(SIGKILL)

    assert contents(file) == {
        **{(name, "k"): "old" for name in ["running", *KEPT]},
        **{("running", key): "v" for key in ("acknowledged", "later")},
        ("running", "gone"): "old",
    }


@pytest.mark.slow  # another OS process starts
@each_trouble
def test_it_stops_in_order_in_the_middle_of_trouble(kind: str, file: Path) -> None:
    with kept_in(file) as server:
        assert say(server, "CREATE running") == OK
        TROUBLES[kind].strike(file, server.pid)
        assert say(server, "CREATE new") == TROUBLES[kind].error

        assert server.stop(SIGTERM) == 0
        assert len(errors(server)) == 1


# ---- damage


def with_a_damaged_bucket(file: Path) -> None:
    """A file with the buckets `first`, `middle` and `second`, of which `middle` is damaged."""
    made = File(file, new=True)
    for name in ("first", "middle", "second"):
        made.run("INSERT INTO buckets VALUES (?)", name)
        for key in range(200):
            made.run("INSERT INTO items VALUES (?, ?, ?)", name, f"{key:03}", f"{name}{'x' * 100}")
    made.close()
    assert damage(file, b"middle100middle") == 1


@pytest.mark.slow  # another OS process starts
def test_a_bucket_with_a_corrupt_page_is_refused_and_logged_once(file: Path) -> None:
    malformed = "ERROR database disk image is malformed"
    with_a_damaged_bucket(file)
    with kept_in(file) as server:
        for _ in range(20):
            assert say(server, "GET middle 100") == malformed
            assert say(server, "PUT middle 100 new") == malformed
            assert say(server, "DELETE middle 100") == malformed
            assert say(server, "SUBSCRIBE middle") == malformed
            assert say(server, "CREATE middle") == OK
            for name in ("first", "second"):
                assert say(server, f"GET {name} 100") == f"{name}{'x' * 100} OK"
                assert say(server, f"PUT {name} 000 new") == OK
        assert server.stop() == 0
        [line] = errors(server)

    assert "The bucket 'middle' is damaged, and refused: " in line


@pytest.mark.slow  # another OS process starts
@pytest.mark.parametrize("destroy", [garble, shorten])
def test_a_file_that_is_destroyed_is_refused_and_ends_nothing(
    destroy: Callable[[Path, int], None], file: Path
) -> None:
    with_a_damaged_bucket(file)
    with kept_in(file) as server:
        destroy(file, server.pid)

        for command in ("GET first 100", "PUT second 100 v", "SUBSCRIBE middle"):
            assert say(server, command).startswith("ERROR ")
        for number in range(200):
            say(server, f"GET unknown{number} k")
        assert server.stop() == 0
        assert 1 <= len(errors(server)) <= 101


@pytest.mark.slow  # another OS process starts
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_damaged_each_command_has_an_answer(seed: int, file: Path) -> None:
    chance = random.Random(seed)
    with_a_damaged_bucket(file)
    size = file.stat().st_size
    with file.open("r+b") as opened:
        for _ in range(200):
            opened.seek(chance.randrange(4096, size))
            opened.write(chance.randbytes(chance.choice([1, 4, 100])))
    with kept_in(file) as server:
        for name in ("first", "middle", "second", "unknown"):
            for key in range(0, 200, 20):
                for command in (f"GET {name} {key:03}", f"PUT {name} {key:03} v", f"CREATE {name}"):
                    assert re.search("OK$|^NOT FOUND$|^ERROR ", say(server, command))
        assert server.stop() == 0


# ---- at the start


def as_directory(file: Path) -> None:
    file.mkdir()


def as_text(file: Path) -> None:
    file.write_text("no database, but long enough to be looked at" * 100)


def as_short_text(file: Path) -> None:
    file.write_text("hello")


def as_pipe(file: Path) -> None:
    os.mkfifo(file)


def as_damaged(file: Path) -> None:
    prepare(file)
    data = bytearray(file.read_bytes())
    data[100:4096] = b"\xff" * 3996
    file.write_bytes(data)


def as_link_in_a_circle(file: Path) -> None:
    file.symlink_to(file)


def unreadable(file: Path) -> None:
    prepare(file)
    file.chmod(0)


def unwritable(file: Path) -> None:
    prepare(file)
    file.chmod(0o400)


def in_an_unwritable_folder(file: Path) -> None:
    prepare(file)
    file.parent.chmod(0o500)


def in_no_folder(file: Path) -> None:
    file.parent.rmdir()


def in_a_file(file: Path) -> None:
    file.parent.rmdir()
    file.parent.write_text("no folder")


FOREIGN = "it is the database of another program"
NO_FILE = "it is no file"
UNABLE = "unable to open database file"
FORBIDDEN = "it may not be read and written"

AT_THE_START: dict[Callable[[Path], None], str] = {
    as_directory: NO_FILE,
    as_pipe: NO_FILE,
    as_text: "file is not a database",
    as_short_text: "file is not a database",
    as_damaged: "database disk image is malformed",
    as_link_in_a_circle: UNABLE,
    unreadable: FORBIDDEN,
    unwritable: FORBIDDEN,
    in_an_unwritable_folder: "attempt to write a readonly database",
    in_no_folder: UNABLE,
    in_a_file: UNABLE,
}

# The superuser may read and write everything, unless he gives that up.
OBEYING = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def told(file: Path) -> str:
    """The one line with which the program ends, after the name of the file."""
    with Program(*OBEYING, *COMMAND, "--data", str(file), env={"PORT": "0"}) as program:
        assert program.wait() == 1
        [line] = program.written()
    start = f"cannot keep buckets in {file}: "
    assert line.startswith(start)
    return line.removeprefix(start)


@pytest.mark.slow  # another OS process starts
@pytest.mark.parametrize("make", AT_THE_START)
def test_a_file_that_cannot_be_had_is_told_in_one_line(
    make: Callable[[Path], None], file: Path
) -> None:
    make(file)
    try:
        assert told(file).startswith(AT_THE_START[make])
    finally:
        if file.parent.is_dir():
            file.parent.chmod(0o700)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("CREATE TABLE buckets (id INTEGER)", FOREIGN),
        ("CREATE TABLE items (id INTEGER)", FOREIGN),
        ("CREATE TABLE others (id INTEGER)", FOREIGN),
        ("CREATE VIEW buckets AS SELECT 1 AS name", FOREIGN),
        (f"{SCHEMA} CREATE INDEX by_value ON items (value)", FOREIGN),
        (f"{SCHEMA} CREATE TRIGGER t AFTER INSERT ON items BEGIN SELECT 1; END", FOREIGN),
        ("PRAGMA application_id = 7", FOREIGN),
        (SCHEMA + "PRAGMA user_version = 2", "its version is 2; this program knows 1"),
        ("PRAGMA user_version = -1", "its version is -1; this program knows 1"),
    ],
)
def test_another_programs_database_is_refused_and_left_as_it_is(
    schema: str, why: str, file: Path
) -> None:
    foreign(file, schema)
    before = file.read_bytes()

    with pytest.raises(ConfigError) as refused:
        check(file)

    assert str(refused.value) == f"cannot keep buckets in {file}: {why}"
    assert file.read_bytes() == before


@pytest.mark.slow  # another OS process starts
def test_another_programs_database_is_told_in_one_line(file: Path) -> None:
    foreign(file)

    assert told(file) == FOREIGN


@pytest.mark.parametrize(
    "schema", ["", SCHEMA, SCHEMA.split(";", maxsplit=1)[0], SCHEMA + "PRAGMA user_version = 1"]
)
def test_what_this_program_made_if_only_half_is_taken(schema: str, file: Path) -> None:
    foreign(file, schema)

    check(file)

    opened = File(file)
    opened.run("INSERT INTO items VALUES (?, ?, ?)", "b", "k", "v")
    opened.close()
    assert contents(file) == {("b", "k"): "v"}


def test_the_name_of_a_database_in_memory_is_that_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    check(Path(":memory:"))

    assert (tmp_path / ":memory:").is_file()


@pytest.mark.slow  # another OS process starts
def test_a_full_disk_does_not_keep_it_from_starting_with_what_it_has(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        prepare(disk / "kv.db")
        fill(disk / "kv.db", 0)
        with kept_in(disk / "kv.db") as server:
            assert say(server, "GET running k") == VALUE
            assert say(server, "PUT running k new") == "ERROR database or disk is full"


@pytest.mark.slow  # another OS process starts
def test_a_full_disk_is_told_in_one_line_if_there_is_no_file_yet(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        fill(disk / "kv.db", 0)

        assert told(disk / "kv.db") == "database or disk is full"


@pytest.mark.slow  # another OS process starts
def test_a_read_only_disk_is_told_in_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        prepare(disk / "kv.db")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

        assert told(disk / "kv.db") == FORBIDDEN


# ---- while it is restarted


@pytest.mark.parametrize("member", ["KV.Store", "KV.Supervisor", "KV.BucketSupervisor"])
@on_real_clock
async def test_what_is_restarted_while_there_is_no_file_waits_for_it(
    member: str, file: Path
) -> None:
    with log_records() as records:
        async with tree(data=file) as server:
            async with await server.connect() as client:
                await client.ask("CREATE shopping")
                await client.ask("PUT shopping milk 1")
            replace_by_directory(file, 0)

            await kill(member)
            for _ in range(20):
                async with await server.connect() as client:
                    for command in ("GET shopping milk", "CREATE new", "SUBSCRIBE shopping"):
                        assert (await client.ask(command)).startswith("ERROR ")
            replace_directory(file, 0)

            async with await server.connect() as client:
                assert await client.ask("GET shopping milk", 2) == "1\r\nOK\r\n"
    told = [record for record in records if record.name == "kv.store"]
    assert len(told) == 1


@on_real_clock
async def test_a_file_that_another_program_has_locked_is_waited_for(file: Path) -> None:
    async with tree(data=file) as server:
        async with await server.connect() as client:
            await client.ask("CREATE shopping")
        replace_by_directory(file, 0)
        await kill("KV.Store")
        replace_directory(file, 0)
        database = sqlite3.connect(file)
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")

        async with await server.connect() as client:
            assert await client.ask("GET shopping k") == "ERROR database is locked\r\n"
            database.close()
            assert await client.ask("GET shopping k", 2) == "\r\nOK\r\n"


@pytest.mark.parametrize("kind", ["moved", "a directory", "a text", "removed"])
@on_real_clock
async def test_a_bucket_that_dies_in_trouble_is_refused_until_it_is_over(
    kind: str, file: Path
) -> None:
    trouble = TROUBLES[kind]
    async with tree(data=file) as server, await server.connect() as client:
        await client.ask("CREATE shopping")
        await client.ask("PUT shopping milk 1")
        bucket = await pid_of("a bucket")
        trouble.strike(file, 0)
        ended = process.monitor(bucket)
        process.exit(bucket, "kill")
        await process.receive(("DOWN", ended, ..., ..., ...), timeout=PATIENCE)

        for _ in range(20):
            assert await client.ask("GET shopping milk") == f"{trouble.error}\r\n"
        if trouble.relieve is not None:
            trouble.relieve(file, 0)
            assert await client.ask("GET shopping milk", 2) == "1\r\nOK\r\n"
