r"""A line becomes a command, and a command an answer.

    CREATE bucket             OK
    PUT bucket key value      OK
    GET bucket key            the value on a line of its own (empty if there is none), then OK
    DELETE bucket key         OK
    SUBSCRIBE bucket          from now on a line for each PUT and DELETE in the bucket

A bucket that was not created is ``NOT FOUND``; a command that the file behind the buckets refuses
is ``ERROR`` and why: it was not carried out. Everything else is ``UNKNOWN COMMAND``.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from beamish import CallError, CallTimeout, Pid
from examples.kv.apps import kv
from examples.kv.apps.kv import NotKeptError, bucket, subscribers

T = TypeVar("T")

Command = tuple[str, ...]

OK = "OK\r\n"


class CommandError(Exception):
    """A command that cannot be carried out; the client is told why."""


class UnknownCommandError(CommandError):
    """No such command, or not with so many words."""

    def __str__(self) -> str:
        return "UNKNOWN COMMAND"


class RefusedError(CommandError):
    """It cannot be done now, though there is nothing wrong with it."""

    def __str__(self) -> str:
        return f"ERROR {self.args[0]}"


class NotFoundError(CommandError):
    """No bucket of that name."""

    def __str__(self) -> str:
        return "NOT FOUND"


def parse(line: str) -> Command:
    r"""Makes a command of a line.

    >>> parse("CREATE shopping\r\n")
    ('create', 'shopping')

    >>> parse("CREATE  shopping  \r\n")
    ('create', 'shopping')

    >>> parse("PUT shopping milk 1\r\n")
    ('put', 'shopping', 'milk', '1')

    >>> parse("GET shopping milk\r\n")
    ('get', 'shopping', 'milk')

    >>> parse("DELETE shopping eggs\r\n")
    ('delete', 'shopping', 'eggs')

    >>> parse("SUBSCRIBE shopping\r\n")
    ('subscribe', 'shopping')

    Other commands, and other numbers of words, are unknown:

    >>> parse("UNKNOWN shopping eggs\r\n")
    Traceback (most recent call last):
    examples.kv.apps.kv_server.command.UnknownCommandError: UNKNOWN COMMAND

    >>> parse("GET shopping\r\n")
    Traceback (most recent call last):
    examples.kv.apps.kv_server.command.UnknownCommandError: UNKNOWN COMMAND
    """
    match line.split():
        case ["CREATE", name]:
            return ("create", name)
        case ["GET", name, key]:
            return ("get", name, key)
        case ["PUT", name, key, value]:
            return ("put", name, key, value)
        case ["DELETE", name, key]:
            return ("delete", name, key)
        case ["SUBSCRIBE", name]:
            return ("subscribe", name)
        case _:
            raise UnknownCommandError


async def run(command: Command) -> str:
    """Carries a command out; returns the answer.

    Raises:
        NotFoundError: there is no bucket of that name.
        RefusedError: a bucket could not be read, or a change not be written.
    """
    try:
        return await _run(command)
    except NotKeptError as error:
        raise RefusedError(error) from None


async def _run(command: Command) -> str:
    match command:
        case ("create", name):
            await kv.create(name)
            return OK
        case ("get", name, key):
            value = await _with_bucket(name, lambda pid: bucket.get(pid, key))
            return f"{value or ''}\r\n{OK}"
        case ("put", name, key, value):
            await _with_bucket(name, lambda pid: bucket.put(pid, key, value))
            return OK
        case ("delete", name, key):
            await _with_bucket(name, lambda pid: bucket.delete(pid, key))
            return OK
        case ("subscribe", name):
            await _with_bucket(name, bucket.check)
            subscribers.subscribe(name)
            return ""
        case _:
            raise UnknownCommandError


async def _with_bucket(name: str, action: Callable[[Pid], Awaitable[T]]) -> T:
    pid = await kv.lookup(name)
    if pid is None:
        raise NotFoundError
    try:
        return await action(pid)
    except CallTimeout:
        raise  # it is there, and busy
    except CallError as error:
        # A bucket that dies while it is asked is as good as not found.
        if error.dest is pid:
            raise NotFoundError from None
        raise
