"""A disk that gives trouble: each kind, on a real file, while the server runs."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

__all__ = [
    "TROUBLES",
    "Trouble",
    "damage",
    "fill",
    "foreign",
    "garble",
    "replace_by_directory",
    "replace_directory",
    "shorten",
    "small_disk",
]

PAGE: Final = 4096


@contextmanager
def small_disk(path: Path, size: str = "2m") -> Generator[Path]:
    """A file system of its own; the test is skipped if this machine does not allow it."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@dataclass(frozen=True)
class Trouble:
    """A kind of trouble that comes while the server runs.

    Attributes:
        strike: makes it, for a file and the OS process that has it open.
        error: the answer to a client whose command has to write something.
        reads: whether what is in the file can still be read.
        relieve: ends it; None if that cannot be.
        own_disk: whether it needs a disk of its own.
    """

    strike: Callable[[Path, int], None]
    error: str
    reads: bool = False
    relieve: Callable[[Path, int], None] | None = None
    own_disk: bool = False


# ---- no room, no writing


def fill(file: Path, _: int) -> None:
    """Leaves no byte on the disk of the file."""
    with (file.parent / "filler").open("wb", buffering=0) as filler:
        for size in (65536, 4096, 1):
            try:
                while filler.write(bytes(size)) == size:
                    pass
            except OSError:
                pass


def empty(file: Path, _: int) -> None:
    (file.parent / "filler").unlink()


def forbid_writing(_: Path, pid: int) -> None:
    """Each write to a file is an error from now on (EFBIG)."""
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))


def allow_writing(_: Path, pid: int) -> None:
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


# ---- no file


def remove(file: Path, _: int) -> None:
    file.unlink()


def remove_log(file: Path, _: int) -> None:
    Path(f"{file}-wal").unlink()


def remove_folder(file: Path, _: int) -> None:
    file.parent.rename(file.parent.with_name("elsewhere"))


def put_folder_back(file: Path, _: int) -> None:
    file.parent.with_name("elsewhere").rename(file.parent)


def move(file: Path, _: int) -> None:
    file.rename(file.with_name("moved"))


def move_back(file: Path, _: int) -> None:
    file.with_name("moved").replace(file)


def replace_by_directory(file: Path, pid: int) -> None:
    move(file, pid)
    file.mkdir()


def replace_directory(file: Path, pid: int) -> None:
    file.rmdir()
    move_back(file, pid)


def replace_by_text(file: Path, pid: int) -> None:
    move(file, pid)
    file.write_text("no database" * 1000)


def replace_by_foreign(file: Path, pid: int) -> None:
    other = file.with_name("other")
    foreign(other)
    move(file, pid)
    other.rename(file)


def replace_by_link(file: Path, pid: int) -> None:
    move(file, pid)
    file.symlink_to("nowhere")


def foreign(file: Path, schema: str = "CREATE TABLE buckets (id INTEGER)") -> None:
    """Makes the database of another program."""
    database = sqlite3.connect(file)
    database.executescript(schema)
    database.close()


# ---- no sense


def damage(file: Path, marker: bytes) -> int:
    """Overwrites each page that has this text in it; how many."""
    data = file.read_bytes()
    pages = {place // PAGE for place in range(len(data)) if data.startswith(marker, place)}
    with file.open("r+b") as opened:
        for page in pages:
            opened.seek(page * PAGE)
            opened.write(b"\xff" * PAGE)
    return len(pages)


def garble(file: Path, _: int) -> None:
    """Overwrites all of it."""
    with file.open("r+b") as opened:
        opened.write(b"\xff" * file.stat().st_size)


def shorten(file: Path, _: int) -> None:
    """Leaves the first page."""
    os.truncate(file, PAGE)


GONE: Final = "ERROR kv.db was removed or replaced"

TROUBLES: Final = {
    "full": Trouble(
        fill, "ERROR database or disk is full", reads=True, relieve=empty, own_disk=True
    ),
    "writes fail": Trouble(
        forbid_writing, "ERROR disk I/O error", reads=True, relieve=allow_writing
    ),
    "removed": Trouble(remove, GONE),
    "log removed": Trouble(remove_log, GONE),
    "folder moved": Trouble(remove_folder, GONE, relieve=put_folder_back),
    "moved": Trouble(move, GONE, relieve=move_back),
    "a directory": Trouble(replace_by_directory, GONE, relieve=replace_directory),
    "a text": Trouble(replace_by_text, GONE, relieve=move_back),
    "a foreign database": Trouble(replace_by_foreign, GONE, relieve=move_back),
    "a link to nowhere": Trouble(replace_by_link, GONE, relieve=move_back),
}
