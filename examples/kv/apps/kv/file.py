"""The file of the buckets: a SQLite database that one program has for itself alone.

A statement is in the log beside the file (WAL) when it returns, which a killed program cannot take
back; and synced, which a power failure cannot.
"""

import os
import sqlite3
import stat
from collections.abc import Iterable
from pathlib import Path

from beamish.otp import ConfigError

SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (name BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    bucket BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
"""
VERSION = 1

# What SQLite has not made by itself.
TABLES = r"SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'"


class NotKeptError(Exception):
    """A bucket could not be read, or a change not be written; the text says why."""


class DamagedError(NotKeptError):
    """There is something in the file that cannot be."""


class File:
    """The open file.

    Args:
        path: where it is.
        new: whether it is made if there is none.

    Raises:
        NotKeptError: it cannot be opened, or is not ours.
    """

    def __init__(self, path: Path, *, new: bool = False) -> None:
        self.path = Path(os.path.realpath(path))
        self.log = Path(f"{self.path}-wal")
        self._check_access()
        # A URI can say that a file is not made, and ":memory:" is a file's name in it.
        uri = f"{self.path.as_uri()}?mode={'rwc' if new else 'rw'}"
        try:
            self.database = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise _not_kept(error) from None
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise
        self.identity = self._identity()

    def close(self) -> None:
        """Gives it up."""
        self.database.close()

    def run(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        """Carries out a statement; returns the rows of the answer.

        Raises:
            NotKeptError: it was not carried out.
        """
        if self._identity() != self.identity:  # whatever is written now would be lost
            raise NotKeptError(f"{self.path.name} was removed or replaced")
        return [tuple(map(_text, row)) for row in self._execute(statement, map(_bytes, values))]

    def _execute(self, statement: str, values: Iterable[bytes] = ()) -> list[tuple[object, ...]]:
        try:
            return self.database.execute(statement, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise _not_kept(error) from None

    def _check_access(self) -> None:
        """Finds what SQLite would not, or not say clearly."""
        try:
            found = self.path.stat()
        except OSError:
            return  # there is none yet, or SQLite says why
        if not stat.S_ISREG(found.st_mode):
            raise NotKeptError("it is no file")
        if not os.access(self.path, os.R_OK | os.W_OK):
            raise NotKeptError("it may not be read and written")

    def _set_up(self) -> None:
        self._execute("PRAGMA locking_mode = EXCLUSIVE")
        version = self._check_origin()
        self._execute("PRAGMA journal_mode = WAL")
        self._execute("PRAGMA synchronous = FULL")
        if version != VERSION:
            for table in SCHEMA.split(";"):
                self._execute(table)
            self._execute(f"PRAGMA user_version = {VERSION}")

    def _check_origin(self) -> object:
        """Lets a new file pass, and one that this program has made, if only half; its version."""
        model = sqlite3.connect(":memory:")
        model.executescript(SCHEMA)
        ours = set(model.execute(TABLES))
        model.close()
        [(application,)] = self._execute("PRAGMA application_id")
        [(version,)] = self._execute("PRAGMA user_version")
        if application or not set(self._execute(TABLES)) <= ours:
            raise NotKeptError("it is the database of another program")
        if version not in (0, VERSION):
            raise NotKeptError(f"its version is {version}; this program knows {VERSION}")
        return version

    def _identity(self) -> list[tuple[int, int]]:
        """Which files have its name, and that of its log, at present."""
        try:
            found = [self.path.stat(), self.log.stat()]
        except OSError:
            return []
        return [(file.st_dev, file.st_ino) for file in found]


def check(path: Path) -> Path:
    """Makes sure that the file can be had, where a person can be told in one line; makes it.

    Raises:
        ConfigError: it cannot.
    """
    try:
        File(path, new=True).close()
    except NotKeptError as error:
        hint = ": another program has it open" if "locked" in str(error) else ""
        raise ConfigError(f"cannot keep buckets in {path}: {error}{hint}") from None
    return path.absolute()


def _not_kept(error: sqlite3.Error) -> NotKeptError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the module's own errors have none
    damage = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return (DamagedError if damage else NotKeptError)(str(error))


# Keys and values may be bytes that are no text; see server.answer.


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _text(data: object) -> str:
    if not isinstance(data, bytes):
        raise DamagedError("database disk image is malformed")
    return data.decode(errors="surrogateescape")
