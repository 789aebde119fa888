"""The store: one process owns the file, and writes one change after the other.

A bucket waits for its answer before it tells anyone that a change is done. So what was acknowledged
is in the file, in whatever way the program ends. Buckets are read when they are first asked for.

What the file refuses (the disk is full, a page is damaged, the file was removed), the client is
told. It would be easier to let the store crash; but a full disk is still full when the store has
been restarted. So the answer to each call is what was asked for, or a NotKeptError, and the
functions at the end raise it in the process that has asked.
"""

import logging
import time
from pathlib import Path

from beamish import process
from beamish.otp import GenServer, call

from .file import DamagedError, File, NotKeptError

NAME = "KV.Store"

# A damaged bucket is logged once, but no more than so many are; and other trouble once in so many
# seconds.
MOST_LOGGED = 100
SILENCE = 30.0

logger = logging.getLogger("kv.store")

Rows = list[tuple[str, ...]]


class Store(GenServer):
    """Reads and writes the file.

    A file that cannot be opened is tried again with the next request: so the store outlives all
    trouble with it.
    """

    def init(self, path: Path) -> None:
        self.path = path
        self.file: File | None = None
        self.trouble = Trouble()
        self._run(HAS, "")

    @call
    def run(self, statement: str, bucket: str, *values: str) -> Rows | NotKeptError:
        """Carries out a statement about a bucket."""
        return self._run(statement, bucket, *values)

    def _run(self, statement: str, bucket: str, *values: str) -> Rows | NotKeptError:
        try:
            if self.file is None:
                self.file = process.own(File(self.path))
            return self.file.run(statement, bucket, *values)
        except NotKeptError as error:
            self.trouble.log(bucket, error)
            return error


class Trouble:
    """Tells the log of what the file refuses, but not each time."""

    def __init__(self) -> None:
        self.damaged: set[str] = set()
        self.quiet_until = 0.0

    def log(self, bucket: str, error: NotKeptError) -> None:
        """It has refused something about a bucket."""
        if isinstance(error, DamagedError):
            if bucket not in self.damaged and len(self.damaged) < MOST_LOGGED:
                self.damaged.add(bucket)
                logger.error("The bucket %r is damaged, and refused: %s", bucket, error)
        elif time.monotonic() >= self.quiet_until:
            self.quiet_until = time.monotonic() + SILENCE
            logger.error("Buckets cannot be kept, and clients are told so: %s", error)


# ---- what others ask of the store; each of these may raise NotKeptError

HAS = "SELECT name FROM buckets WHERE name = ?"


async def has(bucket: str) -> bool:
    """Whether there is a bucket of that name."""
    return bool(await _ask(HAS, bucket))


async def create(bucket: str) -> None:
    """Makes the bucket of that name, if there is none."""
    await _ask("INSERT OR IGNORE INTO buckets VALUES (?)", bucket)


async def read(bucket: str) -> dict[str, str]:
    """The keys of a bucket and their values."""
    rows = await _ask("SELECT key, value FROM items WHERE bucket = ?", bucket)
    return {row[0]: row[1] for row in rows}


async def put(bucket: str, key: str, value: str) -> None:
    """Sets the value of a key."""
    await _ask("INSERT OR REPLACE INTO items VALUES (?, ?, ?)", bucket, key, value)


async def delete(bucket: str, key: str) -> None:
    """Removes a key."""
    await _ask("DELETE FROM items WHERE bucket = ? AND key = ?", bucket, key)


async def _ask(statement: str, bucket: str, *values: str) -> Rows:
    answer = await Store.run(NAME, statement, bucket, *values)
    if isinstance(answer, NotKeptError):
        raise answer
    return answer
