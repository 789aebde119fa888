"""Line echo without a process or task: a bare asyncio Protocol. Prints its port, serves forever.

It is what a connection costs at least on a transport; it can wait for nothing, and knows no
processes. On uvloop it is the fastest that Python has.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

from benchmarks.loops import run_asyncio


class Echo(asyncio.Protocol):
    """Cuts lines and writes each back; answers to lines that came together are joined."""

    __slots__ = ("begun", "transport")

    def __init__(self) -> None:
        self.begun = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.begun:
            data = self.begun + data
        *lines, self.begun = data.split(b"\n")
        self.transport.writelines([line + b"\n" for line in lines])


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run_asyncio(main(), uvloop="uvloop" in sys.argv)
