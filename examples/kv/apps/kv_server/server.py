"""The server: an acceptor that waits for connections, and a task for each of them.

What a client may do to it, and what comes of that:

- It sends a line longer than LINE_LIMIT: the answer is ``LINE TOO LONG``, and the connection is
  closed.
- It goes away, in the middle of a line or anywhere else: its task ends, quietly.
- It sends commands and does not read the answers: its task waits in ``send`` and reads no further,
  so that the client is held up and not our memory filled.
- So many connect that the operating system has no file descriptors left: the others wait in its
  queue until one is closed.
- It subscribes, and does not read: it is cut off when it takes nothing for some seconds, or when a
  megabyte waits for it.
- It puts more and more into buckets: that is what they are for, and there is no limit but memory.
"""

import asyncio
import logging
import time

from beamish import process
from beamish.net import ClosedError, ListenSocket, Socket, TcpError, gen_tcp
from beamish.otp import TaskSupervisor

from .command import Command, CommandError, parse, run
from .subscription import is_subscription, stream

TASK_SUPERVISOR = "KVServer.TaskSupervisor"

# The longest line in bytes, with its end. So much of a line that does not end is kept in memory.
LINE_LIMIT = 64 * 1024

# Seconds that a client is listened to after it was told that its line is too long.
PARTING = 5.0

# When there is no descriptor for another connection: seconds until the next try, and between two
# lines in the log.
PAUSE = 0.5
SILENCE = 30.0
_NO_DESCRIPTORS = ("emfile", "enfile", "enobufs", "enomem")

logger = logging.getLogger("kv.server")


# ---- accepting


async def accept(host: str, port: int) -> None:
    """The acceptor: takes connections, and hands each to a task of its own.

    The options mean:

    1. ``packet="line"``: data comes line by line;
    2. ``buffer``: a longer line comes in pieces of this size;
    3. ``reuseaddr``: a new acceptor can use the port at once when this one has died;
    4. ``nodelay``: answers are not held back to be joined with later ones;
    5. ``keepalive``: a client whose machine was switched off is noticed, some day.
    """
    listener = gen_tcp.listen(
        port,
        ip=host,
        packet="line",
        buffer=LINE_LIMIT,
        reuseaddr=True,
        nodelay=True,
        keepalive=True,
    )
    logger.info("Accepting connections on port %d", gen_tcp.port(listener))
    shortage = Shortage()
    while True:
        client = await next_client(listener, shortage)
        pid = await TaskSupervisor.start_child(TASK_SUPERVISOR, serve, client)
        try:
            # From now on the connection ends with its task and not with the acceptor.
            gen_tcp.controlling_process(client, pid)
        except TcpError:
            gen_tcp.close(client)  # the client has gone already, and its task with it


async def next_client(listener: ListenSocket, shortage: "Shortage") -> Socket:
    """Waits for the next connection, also for a descriptor that it can have."""
    while True:
        try:
            return await gen_tcp.accept(listener)
        except TcpError as error:
            if error.reason not in _NO_DESCRIPTORS:
                raise
            shortage.report(error)
            await process.sleep(PAUSE)


class Shortage:
    """Tells the log of a lack of file descriptors, but not each time."""

    def __init__(self) -> None:
        self.quiet_until = 0.0

    def report(self, error: TcpError) -> None:
        now = time.monotonic()
        if now >= self.quiet_until:
            self.quiet_until = now + SILENCE
            logger.warning("New connections wait until others are closed: %s", error)


# ---- serving


async def serve(socket: Socket) -> None:
    """The task of a connection: reads a line, answers it, and so on until the client goes."""
    try:
        while True:
            line = await gen_tcp.recv(socket)
            if not line.endswith(b"\n"):
                await refuse(socket)
            command, text = await answer(line)
            await gen_tcp.send(socket, text)
            if is_subscription(command):
                await stream(socket)
    except ClosedError:
        process.exit("shutdown")  # no failure: nothing is logged
    except TcpError as error:  # the client's machine, or the way to it, has gone
        process.exit(("shutdown", error.reason))


async def answer(line: bytes) -> tuple[Command, bytes]:
    """The command that was carried out, and what it is answered.

    Bytes that are no text (UTF-8) are kept as they are, and can be keys and values as well.
    """
    command: Command = ("none",)
    try:
        asked = parse(line.decode(errors="surrogateescape"))
        text = await run(asked)
        command = asked
    except CommandError as error:
        text = f"{error}\r\n"
    return command, text.encode(errors="surrogateescape")


async def refuse(socket: Socket) -> None:
    """Tells a client that its line is too long, and ends the connection.

    What it still sends is read and thrown away. If the socket were closed with data unread, the
    client would get a reset, and might never see the answer.
    """
    try:
        async with asyncio.timeout(PARTING):
            await gen_tcp.send(socket, b"LINE TOO LONG\r\n")
            gen_tcp.shutdown(socket, "write")
            while True:
                await gen_tcp.recv(socket)
    except TimeoutError:
        process.exit("shutdown")
