"""The first echo server: one client at a time.

    python -m examples.texts.echo_server.one_client [PORT]

When the client quits, the server ends: ``recv`` raises ClosedError, and nobody expects that. In the
text it is ``{:ok, data} = ...``, which does not match ``{:error, :closed}``.
"""

import logging
import sys

from beamish.cli import run_program
from beamish.net import ListenSocket, Socket, gen_tcp

logger = logging.getLogger("KVServer")


async def accept(port: int) -> None:
    # The options mean (the text's first, :binary, needs none: data is always bytes):
    #
    # 1. packet="line": receives data line by line
    # 2. active=False: recv waits until there is data
    # 3. reuseaddr=True: the address can be used again if the listener crashes
    listener = gen_tcp.listen(port, packet="line", active=False, reuseaddr=True)
    logger.info("Accepting connections on port %d", gen_tcp.port(listener))
    await loop_acceptor(listener)


async def loop_acceptor(listener: ListenSocket) -> None:
    while True:
        client = await gen_tcp.accept(listener)
        await serve(client)


async def serve(socket: Socket) -> None:
    while True:
        line = await read_line(socket)
        await write_line(line, socket)


async def read_line(socket: Socket) -> bytes:
    return await gen_tcp.recv(socket)  # {:ok, data} = :gen_tcp.recv(socket, 0)


async def write_line(line: bytes, socket: Socket) -> None:
    await gen_tcp.send(socket, line)


async def main(port: str = "4040") -> None:
    await accept(int(port))


if __name__ == "__main__":
    sys.exit(run_program(main, *sys.argv[1:]))
