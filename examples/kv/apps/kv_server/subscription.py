"""A connection that is told of the changes of a bucket, until its client goes.

So far the socket was passive: data waited until ``recv`` asked for it. Now it is active: data, and
the end of the connection, come as messages, so that the process can wait for them and for changes
at the same time. ``active="once"`` lets one packet come and no more: what the client still sends is
thrown away, but no faster than changes are sent, or it could fill our mailbox.

Changes come as fast as others make them, whether the client reads or not. So the process itself
never waits for its client: it takes each change at once, and knows how much waits to be sent. A
second process, its writer, sends that, and dies with it.
"""

from beamish import Pid, process
from beamish.net import ClosedError, Socket, TcpError, gen_tcp
from examples.kv.apps.kv.subscribers import Change

# Seconds that a client may take to accept a part of what it is told, the bytes of a part, and how
# many bytes may wait for the client. It is cut off when it takes longer, or when more would wait.
PATIENCE = 5.0
PART = 64 * 1024
BACKLOG = 1024 * 1024

SLOW = ("shutdown", "slow_subscriber")


async def stream(socket: Socket) -> None:
    """Sends changes; does not return."""
    gen_tcp.setopts(socket, active="once", send_timeout=PATIENCE)
    writer = process.spawn_link(write, socket, process.self())
    waiting = bytearray()
    idle = True
    while True:
        match await process.receive():
            case ("put", str() as key, str() as value):
                waiting += line(f"{key} SET TO {value}")
            case ("delete", str() as key):
                waiting += line(f"{key} DELETED")
            case ("written", Pid() as pid) if pid is writer:
                idle = True
            case ("tcp", _, _):
                gen_tcp.setopts(socket, active="once")
            case ("tcp_closed" | "tcp_error", *_):
                process.exit("shutdown")
            case _:
                pass
        if len(waiting) > BACKLOG:
            process.exit(SLOW)
        if idle and waiting:
            process.send(writer, bytes(waiting[:PART]))
            del waiting[:PART]
            idle = False


async def write(socket: Socket, connection: Pid) -> None:
    """Sends what the process of a connection gives it, one part after the other."""
    try:
        while True:
            await gen_tcp.send(socket, await process.receive())
            process.send(connection, ("written", process.self()))
    except ClosedError:
        process.exit("shutdown")
    except TcpError as error:
        process.exit(SLOW if error.reason == "timeout" else ("shutdown", error.reason))


def line(text: str) -> bytes:
    """A line as it is sent."""
    return f"{text}\r\n".encode(errors="surrogateescape")


def is_subscription(command: Change) -> bool:
    """Whether a command makes a connection one that is told of changes."""
    return command[0] == "subscribe"
