"""A small HTTP server for the tests of HTTP clients."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

__all__ = ["Web", "web"]

_HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
_PART = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\npart"


class Web:
    """Answers each path in its own way.

    ``/hello``: at once. ``/hang``: never. ``/part``: with the beginning of an answer.

    Attributes:
        url: where it listens.
        on_hang: called when a request is in, whose answer will not come.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.on_hang: Callable[[], None] = lambda: None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until the client has closed it."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split()[1]
                if path == b"/hello":
                    writer.write(_HELLO)
                    continue
                if path == b"/part":
                    writer.write(_PART)
                self.on_hang()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def web() -> AsyncGenerator[Web]:
    """The server on a free port; waits for the ends of its connections."""
    site = Web("")
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        await site.serve(reader, writer)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        site.url = "http://{}:{}".format(*server.sockets[0].getsockname())
        yield site
        if handlers:
            await asyncio.wait(handlers)
