"""The application kv_server: its settings, and its start.

host            HOST in the environment: where it listens; 127.0.0.1: only for this machine
port            PORT in the environment; 0: any that is free
max_restarts    how often in 5 seconds KVServer.Supervisor may be started again
"""

import errno
import socket
from collections.abc import Mapping
from typing import Any, ClassVar

from beamish import Pid
from beamish.otp import Application, ConfigError, Setting, Supervisor, application
from examples.kv.apps.kv import KV
from examples.kv.apps.kv.app import is_natural

from .supervisor import KVServerSupervisor


def is_port(number: int) -> bool:
    """Whether this can be the number of a port.

    >>> is_port(4040), is_port(65536)
    (True, False)
    """
    return 0 <= number <= 65535


def is_host(text: str) -> bool:
    """Whether this can be an address, or a name in the DNS.

    The empty text would be every address of the machine.

    >>> is_host("127.0.0.1"), is_host("käse.example"), is_host(""), is_host("ü" * 70)
    (True, True, False, False)
    """
    try:
        length = len(text.encode("ascii" if text.isascii() else "idna"))
    except UnicodeError:
        return False
    return text.isprintable() and text.strip() != "" and length <= 255


class KVServer(Application):
    """Buckets for whoever connects."""

    description = "The TCP server of kv"
    applications = (KV,)
    env: ClassVar[Mapping[str, Any]] = {
        "host": Setting(
            "127.0.0.1", variable="HOST", check=is_host, expected="an address or a host's name"
        ),
        "port": Setting(4040, variable="PORT", check=is_port, expected="a number from 0 to 65535"),
        "max_restarts": Setting(10, check=is_natural, expected="a number from 0"),
    }
    registered = ("KVServer", "KVServer.Supervisor")

    async def start(self, type: str, args: Any) -> Pid:
        """Starts the tree. The supervisor on top is there for the reason that KV's is."""
        env = application.get_all_env()
        host, port = reserve(env["host"], env["port"])
        return await Supervisor.start_link(
            [KVServerSupervisor.child_spec(host, port, name="KVServer.Supervisor")],
            max_restarts=env["max_restarts"],
            name="KVServer",
        )


def reserve(host: str, port: int) -> tuple[str, int]:
    """Makes sure that the address can be had; returns it in numbers, for port 0 with a free one.

    The acceptor finds out as well, but its supervisors would have to try and fail several times
    before the program ends. A person who has started it twice is better told in one line.

    Raises:
        ConfigError: it cannot be had.
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
            raise ConfigError(
                f"port {port} on {host} is taken: stop the program that listens there, "
                f"or choose another port, such as PORT={port % 65535 + 1}"
            ) from None
        raise ConfigError(f"cannot listen on {host}, port {port}: {error.strerror}") from None
