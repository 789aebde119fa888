"""Line echo on beamish: passive sockets, one process a connection. Prints its port, then serves."""

from __future__ import annotations

import sys

from beamish import process
from beamish.net import gen_tcp
from beamish.net.errors import ClosedError
from benchmarks.loops import run_beamish


async def serve(socket: gen_tcp.Socket) -> None:
    try:
        while True:
            await gen_tcp.send(socket, await gen_tcp.recv(socket))
    except ClosedError:
        pass


async def main() -> None:
    listener = gen_tcp.listen(0, packet="line", reuseaddr=True, nodelay=True, backlog=1024)
    print(gen_tcp.port(listener), flush=True)
    while True:
        socket = await gen_tcp.accept(listener)
        gen_tcp.controlling_process(socket, process.spawn(serve, socket))


if __name__ == "__main__":
    run_beamish(main, uvloop="uvloop" in sys.argv)
