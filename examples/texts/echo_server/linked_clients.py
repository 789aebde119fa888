"""The third echo server, which the text shows in order to warn of it: all clients are linked.

    python -m examples.texts.echo_server.linked_clients [PORT]

Each client has a Task of its own, so they are served at the same time. But the tasks are linked to
the acceptor: the first client that quits takes the acceptor with it, and that takes all others.
"""

import sys

from beamish import Pid, process
from beamish.cli import run_program
from beamish.net import ListenSocket, gen_tcp
from beamish.otp import Supervisor, Task
from examples.texts.echo_server.one_client import logger, serve


async def start(port: int) -> Pid:
    children = [
        Task.child_spec(accept, port, restart="permanent"),
    ]
    return await Supervisor.start_link(children, strategy="one_for_one", name="KVServer.Supervisor")


async def accept(port: int) -> None:
    listener = gen_tcp.listen(port, packet="line", active=False, reuseaddr=True)
    logger.info("Accepting connections on port %d", gen_tcp.port(listener))
    await loop_acceptor(listener)


async def loop_acceptor(listener: ListenSocket) -> None:
    while True:
        client = await gen_tcp.accept(listener)
        Task.start_link(serve, client)  # Task.start_link(fn -> serve(client) end)


async def main(port: str = "4040") -> None:
    await start(int(port))
    await process.sleep(None)


if __name__ == "__main__":
    sys.exit(run_program(main, *sys.argv[1:]))
