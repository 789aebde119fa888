"""A connection that is told of the changes of a bucket, until its client goes.

So far the socket was passive: data waited until ``recv`` asked for it. Now it is active: data, and
the end of the connection, come as messages, so that the process can wait for them and for changes
at the same time. ``active="once"`` lets one packet come and no more: what the client still sends is
thrown away, but no faster than changes are sent, or it could fill our mailbox.
"""

import asyncio

from beamish import process
from beamish.net import Socket, gen_tcp
from examples.kv.apps.kv.subscribers import Change

# Seconds that a client may take to accept a change, and how many changes may wait for it.
PATIENCE = 5.0
BACKLOG = 10_000


async def stream(socket: Socket) -> None:
    """Sends changes; does not return."""
    gen_tcp.setopts(socket, active="once")
    while True:
        match await process.receive():
            case ("put", str() as key, str() as value):
                await tell(socket, f"{key} SET TO {value}")
            case ("delete", str() as key):
                await tell(socket, f"{key} DELETED")
            case ("tcp", _, _):
                gen_tcp.setopts(socket, active="once")
            case ("tcp_closed" | "tcp_error", *_):
                process.exit("shutdown")
            case _:
                pass


async def tell(socket: Socket, text: str) -> None:
    """Sends a line, to a client that takes it."""
    try:
        async with asyncio.timeout(PATIENCE):
            await gen_tcp.send(socket, f"{text}\r\n".encode(errors="surrogateescape"))
    except TimeoutError:
        process.exit(("shutdown", "slow_subscriber"))
    if process.info(process.self(), "message_queue_len") > BACKLOG:
        process.exit(("shutdown", "slow_subscriber"))


def is_subscription(command: Change) -> bool:
    """Whether a command makes a connection one that is told of changes."""
    return command[0] == "subscribe"
