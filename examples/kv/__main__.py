"""The program: ``python -m examples.kv``, ``beamish run examples.kv`` or ``make run``.

HOST and PORT in the environment say where it listens: 127.0.0.1 and 4040 unless they are set;
``HOST=0.0.0.0`` is for clients on other machines, ``PORT=0`` takes any free port. Ctrl-C stops it.
"""

import errno
import os
import socket
import sys

from beamish import process
from beamish.cli import run_program

from .supervisor import Umbrella


async def main() -> None:
    """Starts the tree of processes, and waits for the order to stop.

    The tree is linked to this process and ends with it.
    """
    host = os.environ.get("HOST", "127.0.0.1")
    port = port_from(os.environ.get("PORT", "4040"))
    await Umbrella.start_link(*reserve(host, port), name="KV.Umbrella")
    await process.sleep(None)


def port_from(text: str) -> int:
    """The number of a port.

    >>> port_from("4040")
    4040
    """
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        sys.exit(f"PORT: expected a number from 0 to 65535; got {text!r}")
    return int(text)


def reserve(host: str, port: int) -> tuple[str, int]:
    """Makes sure that the address can be had; returns it in numbers, for port 0 with a free one.

    The acceptor finds out as well, but its supervisors would have to try and fail several times
    before the program ends. A person who has started it twice is better told in one line.
    """
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            address: str
            number: int
            address, number, *_ = probe.getsockname()
            return address, number
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sys.exit(
                f"port {port} on {host} is taken: stop the program that listens there, "
                f"or choose another port, such as PORT={port % 65535 + 1}"
            )
        sys.exit(f"cannot listen on {host}, port {port}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(run_program(main))
