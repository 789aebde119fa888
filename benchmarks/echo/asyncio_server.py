"""Line echo in plain asyncio: streams, one task a connection. Prints its port, serves forever."""

from __future__ import annotations

import asyncio
import sys

from benchmarks.loops import run_asyncio


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run_asyncio(main(), uvloop="uvloop" in sys.argv)
