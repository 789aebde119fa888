"""The file behind the buckets.

One process owns the connection to a SQLite database, and writes one change after the other; a
bucket waits for its answer before it tells anyone that a change is done. So what was acknowledged
is in the file, in whatever way the program ends. Buckets are read when they are first asked for.

A change that cannot be written (the disk is full, say) is refused, and the client is told. It would
be easier to let the store crash; but a full disk is still full when it has been restarted.
"""

import sqlite3
from pathlib import Path

from beamish import process
from beamish.otp import ConfigError, GenServer, call

NAME = "KV.Store"

SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (name BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    bucket BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
"""


class NotKeptError(Exception):
    """A change could not be written."""


class Store(GenServer):
    """Reads and writes the file."""

    def init(self, path: Path) -> None:
        self.database = process.own(connect(path))

    @call
    def has(self, name: str) -> bool:
        """Whether there is a bucket of that name."""
        found = self.database.execute("SELECT 1 FROM buckets WHERE name = ?", (_bytes(name),))
        return found.fetchone() is not None

    @call
    def open(self, name: str) -> dict[str, str]:
        """What is in the bucket of that name, which is made if there is none."""
        bucket = _bytes(name)
        self.database.execute("INSERT OR IGNORE INTO buckets VALUES (?)", (bucket,))
        rows = self.database.execute("SELECT key, value FROM items WHERE bucket = ?", (bucket,))
        return {_text(key): _text(value) for key, value in rows}

    @call
    def put(self, bucket: str, key: str, value: str) -> NotKeptError | None:
        """Sets the value of a key; why that cannot be, if it cannot."""
        return self._write(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?)",
            (_bytes(bucket), _bytes(key), _bytes(value)),
        )

    @call
    def delete(self, bucket: str, key: str) -> NotKeptError | None:
        """Removes a key; why that cannot be, if it cannot."""
        return self._write(
            "DELETE FROM items WHERE bucket = ? AND key = ?", (_bytes(bucket), _bytes(key))
        )

    def _write(self, change: str, values: tuple[bytes, ...]) -> NotKeptError | None:
        try:
            self.database.execute(change, values)
        except sqlite3.Error as error:
            return NotKeptError(str(error))
        return None


def connect(path: Path) -> sqlite3.Connection:
    """Opens the file for this program alone.

    A statement is written to the log beside the file (WAL) when it returns, which a killed program
    cannot take back; and synced, which a power failure cannot.
    """
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(SCHEMA)
        # Takes the lock now, and not with the first change.
        database.execute("PRAGMA user_version = 1")
    except sqlite3.Error:
        database.close()
        raise
    return database


def check(path: Path) -> Path:
    """Makes sure that the file can be had, where a person can be told in one line.

    Raises:
        ConfigError: it cannot.
    """
    try:
        connect(path).close()
    except sqlite3.OperationalError as error:
        hint = ": another program has it open" if "locked" in str(error) else ""
        raise ConfigError(f"cannot keep buckets in {path}: {error}{hint}") from None
    except sqlite3.Error as error:
        raise ConfigError(f"cannot keep buckets in {path}: {error}") from None
    return path


# Keys and values may be bytes that are no text; see server.answer.


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
