"""The whole echo server: an acceptor, and a Task for each client under a Task.Supervisor.

    python -m examples.texts.echo_server.many_clients [PORT]

    KVServer.Supervisor  (one_for_one)
      KVServer.TaskSupervisor
        a task for each client, which owns its socket
      acceptor, which owns the listening socket

A client that quits ends its task, and that is all. The acceptor may die: the clients have what
they need, and a new acceptor is started. The Task.Supervisor may die: its tasks end, but the
acceptor lives and finds the next one under the same name.
"""

import logging
import sys

from beamish import Pid, process
from beamish.cli import run_program
from beamish.net import ListenSocket, Socket, TcpError, gen_tcp
from beamish.otp import Supervisor, Task, TaskSupervisor

logger = logging.getLogger("KVServer")

TASK_SUPERVISOR = "KVServer.TaskSupervisor"


async def start(port: int) -> Pid:
    children = [
        TaskSupervisor.child_spec(name=TASK_SUPERVISOR),  # first, for the acceptor needs it
        Task.child_spec(accept, port, restart="permanent"),
    ]
    return await Supervisor.start_link(children, strategy="one_for_one", name="KVServer.Supervisor")


async def accept(port: int) -> None:
    """Starts accepting connections on the given port."""
    listener = gen_tcp.listen(port, packet="line", active=False, reuseaddr=True)
    logger.info("Accepting connections on port %d", gen_tcp.port(listener))
    await loop_acceptor(listener)


async def loop_acceptor(listener: ListenSocket) -> None:
    while True:
        client = await gen_tcp.accept(listener)
        pid = await TaskSupervisor.start_child(TASK_SUPERVISOR, serve, client)
        # Until now the socket is the acceptor's, and would be closed when the acceptor dies.
        try:
            gen_tcp.controlling_process(client, pid)
        except TcpError:
            # The client has quit already, and its task is dead. The text's `:ok = ...` crashes
            # here: four clients that connect and quit at once end the whole server.
            gen_tcp.close(client)


async def serve(socket: Socket) -> None:
    while True:
        line = await read_line(socket)
        await write_line(line, socket)


async def read_line(socket: Socket) -> bytes:
    return await gen_tcp.recv(socket)


async def write_line(line: bytes, socket: Socket) -> None:
    await gen_tcp.send(socket, line)


async def main(port: str = "4040") -> None:
    await start(int(port))
    await process.sleep(None)  # mix run --no-halt


if __name__ == "__main__":
    sys.exit(run_program(main, *sys.argv[1:]))
