"""What the functions and methods of ``beamish.net`` do on another thread than the node's."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from beamish import Pid, process
from beamish.net import gen_tcp, inet, new_event_loop
from beamish.net.node_net import node_net

from .table import Case, Refused, Works
from .world import World

__all__ = ["CALLED_BY_THE_RUNTIME", "NET", "NetWorld"]


@dataclass
class NetWorld(World):
    """A world with a listener and both ends of a connection, which a process owns."""

    async def begin(self) -> None:
        """Called by the node's main process."""
        await super().begin()
        process.spawn(self._own)
        while not hasattr(self, "watch"):
            await process.sleep(0)
        await self.settle()

    async def _own(self) -> None:
        self.owner: Pid = process.self()
        self.listener = gen_tcp.listen(0)
        self.client = await gen_tcp.connect("127.0.0.1", gen_tcp.port(self.listener))
        self.socket = await gen_tcp.accept(self.listener)
        await gen_tcp.send(self.client, b"hello")
        self.net = node_net()
        self.watch = inet.monitor(self.socket)
        await process.sleep(None)

    def picture(self) -> dict[Any, Any]:
        """What its processes have and are, and its sockets."""
        shown = super().picture()
        for socket in (self.listener, self.client, self.socket):
            names = {name for cls in type(socket).__mro__ for name in getattr(cls, "__slots__", ())}
            kept = {name: getattr(socket, name, None) for name in names - {"__weakref__"}}
            shown[socket] = {name: _copied(value) for name, value in kept.items()}
            shown[socket]["descriptor"] = os.fstat(socket._fd).st_ino
        shown["defaults"] = {what: dict(kept) for what, kept in self.net.defaults.items()}
        shown["monitored"] = dict(self.net.monitored)
        return shown


def _copied(value: Any) -> Any:
    return value.copy() if hasattr(value, "copy") else value


def _address(text: str) -> Callable[[Any, Any], bool]:
    return lambda _, result: result == text


# By the name by which users reach it; a function that does two things has a case for each.
NET: Final[dict[str, dict[str, Case]]] = {
    "gen_tcp.accept": {
        "": Refused(lambda w: gen_tcp.accept(w.listener)),
        "at once": Refused(lambda w: gen_tcp.accept(w.listener, 0)),
    },
    "gen_tcp.close": {
        "": Refused(lambda w: gen_tcp.close(w.socket)),
        "a listener": Refused(lambda w: gen_tcp.close(w.listener)),
    },
    "gen_tcp.connect": {"": Refused(lambda _: gen_tcp.connect("127.0.0.1", 1))},
    "gen_tcp.controlling_process": {
        "": Refused(lambda w: gen_tcp.controlling_process(w.socket, w.friend))
    },
    "gen_tcp.fdopen": {"": Refused(lambda w: gen_tcp.fdopen(w.socket._fd))},
    "gen_tcp.getopts": {
        "": Refused(lambda w: gen_tcp.getopts(w.socket)),
        "one": Refused(lambda w: gen_tcp.getopts(w.socket, "active")),
    },
    "gen_tcp.listen": {"": Refused(lambda _: gen_tcp.listen(0))},
    "gen_tcp.peername": {"": Refused(lambda w: gen_tcp.peername(w.socket))},
    "gen_tcp.port": {"": Refused(lambda w: gen_tcp.port(w.listener))},
    "gen_tcp.recv": {
        "": Refused(lambda w: gen_tcp.recv(w.socket)),
        "some": Refused(lambda w: gen_tcp.recv(w.socket, 2)),
        "at once": Refused(lambda w: gen_tcp.recv(w.socket, timeout=0)),
    },
    "gen_tcp.send": {
        "": Refused(lambda w: gen_tcp.send(w.socket, b"data")),
        "a list": Refused(lambda w: gen_tcp.send(w.socket, [b"data"])),
    },
    "gen_tcp.setopts": {
        "": Refused(lambda w: gen_tcp.setopts(w.socket, active="once")),
        "of the kernel": Refused(lambda w: gen_tcp.setopts(w.socket, nodelay=True)),
        "a listener": Refused(lambda w: gen_tcp.setopts(w.listener, packet="line")),
    },
    "gen_tcp.shutdown": {"": Refused(lambda w: gen_tcp.shutdown(w.socket, "write"))},
    "gen_tcp.sockname": {"": Refused(lambda w: gen_tcp.sockname(w.socket))},
    "Socket.__repr__": {
        "": Works(lambda w: repr(w.socket), lambda _, result: "127.0.0.1" in result),
        "a listener": Works(lambda w: repr(w.listener), lambda _, result: "127.0.0.1" in result),
    },
    "inet.cancel_monitor": {"": Refused(lambda w: inet.cancel_monitor(w.watch))},
    "inet.getaddr": {"": Refused(lambda _: inet.getaddr("localhost"))},
    "inet.getaddrs": {
        "": Refused(lambda _: inet.getaddrs("localhost")),
        "an address": Refused(lambda _: inet.getaddrs("127.0.0.1")),
    },
    "inet.gethostbyname": {"": Refused(lambda _: inet.gethostbyname("127.0.0.1"))},
    "inet.ipv4_mapped_ipv6_address": {
        "": Works(
            lambda _: inet.ipv4_mapped_ipv6_address("127.0.0.1"), _address("::ffff:127.0.0.1")
        )
    },
    "inet.monitor": {"": Refused(lambda w: inet.monitor(w.client))},
    "inet.ntoa": {"": Works(lambda _: inet.ntoa((127, 0, 0, 1)), _address("127.0.0.1"))},
    "inet.parse_address": {"": Works(lambda _: inet.parse_address("127.1"), _address("127.0.0.1"))},
    "inet.parse_ipv4_address": {
        "": Works(lambda _: inet.parse_ipv4_address("127.1"), _address("127.0.0.1"))
    },
    "inet.parse_ipv4strict_address": {
        "": Works(lambda _: inet.parse_ipv4strict_address("127.0.0.1"), _address("127.0.0.1"))
    },
    "inet.parse_ipv6_address": {
        "": Works(lambda _: inet.parse_ipv6_address("::1"), _address("::1"))
    },
    "inet.parse_ipv6strict_address": {
        "": Works(lambda _: inet.parse_ipv6strict_address("::1"), _address("::1"))
    },
    "inet.parse_strict_address": {
        "": Works(lambda _: inet.parse_strict_address("::1"), _address("::1"))
    },
    "inet.set_default_options": {
        "": Refused(lambda _: inet.set_default_options(listen={"nodelay": True}))
    },
    "new_event_loop": {
        "": Works(lambda _: new_event_loop().close(), lambda _, result: result is None)
    },
}

# Nobody else does.
CALLED_BY_THE_RUNTIME: Final = {
    "ListenSocket": "close_owned give_away_owned",
    "Socket": "give_away_owned give_up take_back",
}
