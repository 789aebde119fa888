"""Addresses: in the forms that users write, that the kernel takes, and that users are shown.

An IP address is text, ``"127.0.0.1"`` or ``"::1"``; an ``ipaddress`` object and Erlang's tuple of
numbers, ``(127, 0, 0, 1)``, are accepted too. A Unix socket is ``("local", path)``.

Source: inet (OTP 25 manual).
"""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any, Final, Literal, NamedTuple, cast

from beamish.runtime import waiting
from beamish.terms import BadArgError
from beamish.terms.numbers import is_whole

from .errors import TcpError, error_for
from .monitors import cancel_monitor, monitor, set_default_options

__all__ = [
    "Address",
    "Family",
    "Host",
    "HostEnt",
    "SockAddress",
    "cancel_monitor",
    "getaddr",
    "getaddrs",
    "gethostbyname",
    "ipv4_mapped_ipv6_address",
    "monitor",
    "ntoa",
    "parse_address",
    "parse_ipv4_address",
    "parse_ipv4strict_address",
    "parse_ipv6_address",
    "parse_ipv6strict_address",
    "parse_strict_address",
    "set_default_options",
]

Family = Literal["inet", "inet6", "local"]
"""A family of addresses."""

IpObject = ipaddress.IPv4Address | ipaddress.IPv6Address
Local = tuple[Literal["local"], str | bytes | os.PathLike[str]]
Address = str | IpObject | tuple[int, ...] | Local
"""An address, as text, an object of ``ipaddress``, a tuple of numbers, or ``("local", path)``."""

Host = Address
"""A host, as an address or a name to be looked up."""

SockAddress = tuple[str, int] | tuple[Literal["local"], str]
"""An address, as ``sockname`` and ``peername`` return it."""

_FAMILIES: Final[dict[str, int]] = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
if hasattr(socket, "AF_UNIX"):
    _FAMILIES["local"] = socket.AF_UNIX

# The errors of a look-up that mean that the name does not exist, not that the look-up failed.
_NO_NAME: Final = frozenset(
    _number
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY", "EAI_FAIL")
    if (_number := getattr(socket, name, None)) is not None
)

# An address as the kernel takes it, after its family.
Target = tuple[int, Any]


# ---- from users


def check_port(port: object, action: str) -> int:
    """Returns a TCP port number, or refuses it."""
    if is_whole(port, 0, 65535):
        return port
    raise BadArgError(
        f"{action}: expected a port from 0 to 65535; got {port!r} ({type(port).__name__})"
    )


def is_local(address: object) -> bool:
    """Whether it is the address of a Unix socket."""
    if not isinstance(address, tuple):
        return False
    parts = cast("tuple[object, ...]", address)
    return len(parts) == 2 and parts[0] == "local"


def local_target(address: object) -> Target:
    """The Unix socket of ``("local", path)``."""
    path = cast("tuple[str, Any]", address)[1]
    if not isinstance(path, str | bytes | os.PathLike):
        raise BadArgError(
            f'expected ("local", path); got {address!r}: the path is a {type(path).__name__}'
        )
    if "local" not in _FAMILIES:
        raise error_for("eafnosupport", "use", address)
    return _FAMILIES["local"], os.fspath(cast("str", path))


def literal(address: object) -> IpObject | None:
    """The IP address that a user wrote; None if it must be a host name."""
    if isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address):
        return address
    if isinstance(address, tuple):
        return _from_numbers(cast("tuple[object, ...]", address))
    if not isinstance(address, str):
        raise BadArgError(
            'expected an address such as "127.0.0.1", "::1", (127, 0, 0, 1), a host name or '
            f'("local", path); got {address!r} ({type(address).__name__})'
        )
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _from_numbers(numbers: tuple[object, ...]) -> IpObject:
    try:
        if len(numbers) == 4:
            return ipaddress.IPv4Address(bytes(cast("tuple[int, ...]", numbers)))
        if len(numbers) == 8:
            words = cast("tuple[int, ...]", numbers)
            return ipaddress.IPv6Address(b"".join(word.to_bytes(2, "big") for word in words))
    except (TypeError, ValueError, OverflowError, AttributeError):
        pass
    raise BadArgError(
        f"expected an address of 4 numbers up to 255 or of 8 up to 65535; got {numbers!r}"
    )


def ip_target(ip: IpObject, port: int) -> Target:
    """An IP address and a port, as the kernel takes them."""
    if isinstance(ip, ipaddress.IPv4Address):
        return socket.AF_INET, (str(ip), port)
    scope = ip.scope_id
    if scope is None:
        return socket.AF_INET6, (str(ip), port, 0, 0)
    index = int(scope) if scope.isdigit() else socket.if_nametoindex(scope)
    return socket.AF_INET6, (str(ip).partition("%")[0], port, 0, index)


def own_target(address: object, port: int) -> Target:
    """An address of this machine, to listen on or to connect from; names are not looked up."""
    if is_local(address):
        return local_target(address)
    ip = literal(address)
    if ip is None:
        if address == "localhost":
            ip = ipaddress.IPv4Address("127.0.0.1")
        else:
            raise BadArgError(
                'ip: expected an address of this machine, as in ip="0.0.0.0" for all of them; '
                f"got {address!r}"
            )
    return ip_target(ip, port)


async def targets(host: object, port: int, family: Family | None = None) -> list[Target]:
    """The addresses of a host and port, best first. Only a host name needs a look-up.

    Raises:
        TcpError: nxdomain: the name does not exist.
    """
    if is_local(host):
        return [local_target(host)]
    ip = literal(host)
    if ip is not None:
        return [ip_target(ip, port)]
    return await _look_up(cast("str", host), port, family)


async def _look_up(name: str, port: int, family: Family | None) -> list[Target]:
    if not name.strip(".") or "\0" in name:
        raise error_for("nxdomain", "look up", repr(name))
    kind = _FAMILIES[family] if family else socket.AF_UNSPEC
    try:
        found = await waiting.loop().getaddrinfo(name, port, family=kind, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise error_for(_name_reason(error), "look up", repr(name)) from None
    except UnicodeError:
        raise error_for("nxdomain", "look up", repr(name)) from None
    return list(dict.fromkeys((info[0], info[4]) for info in found))


def _name_reason(error: socket.gaierror) -> str:
    if error.errno in _NO_NAME:
        return "nxdomain"
    return "try_again" if error.errno == socket.EAI_AGAIN else "nxdomain"


# ---- for users


def from_kernel(family: int, address: Any) -> SockAddress:
    """An address from the kernel, as users are shown it."""
    if family == _FAMILIES.get("local"):
        path = os.fsdecode(address) if isinstance(address, bytes) else str(address)
        return ("local", path)
    host, port, *more = address
    if len(more) == 2 and more[1] and "%" not in host:
        host = f"{host}%{more[1]}"
    return (str(host), int(port))


def name_of(sock: socket.socket) -> SockAddress | None:
    """The socket's own address; None if the kernel no longer knows it."""
    try:
        return from_kernel(sock.family, sock.getsockname())
    except OSError:
        return None


def peer_of(sock: socket.socket) -> SockAddress | None:
    """The address of the peer; None if the socket is not connected."""
    try:
        return from_kernel(sock.family, sock.getpeername())
    except OSError:
        return None


def text_of(ip: IpObject) -> str:
    """The usual text of an IP address, the same on every Python: ``::ffff:127.0.0.1``."""
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    text = socket.inet_ntop(socket.AF_INET6, ip.packed)
    return text if ip.scope_id is None else f"{text}%{ip.scope_id}"


def show(address: SockAddress | None) -> str:
    """An address in one word.

    Example:
        >>> show(("127.0.0.1", 4040)), show(("::1", 4040))
        ('127.0.0.1:4040', '[::1]:4040')
    """
    if address is None:
        return "nowhere"
    first, second = address
    if first == "local":
        return str(second) or "unnamed"
    return f"[{first}]:{second}" if ":" in first else f"{first}:{second}"


# ---- Erlang's inet: addresses


def parse_address(text: str) -> str:
    """Parses an IP address and returns its usual text; short forms of IPv4 are accepted.

    Args:
        text: ``"127.0.0.1"``, ``"127.1"``, ``"0x7f.1"``, ``"::1"``, ``"fe80::1%eth0"`` ...

    Raises:
        OptionError: einval: it is not an address.

    Example:
        >>> parse_address("127.1"), parse_address("0:0:0:0:0:0:0:1")
        ('127.0.0.1', '::1')

    Source: inet:parse_address/1 (OTP 25 manual).
    """
    try:
        return parse_strict_address(text)
    except TcpError:
        pass
    try:
        if len(text.split()) == 1:
            return socket.inet_ntoa(socket.inet_aton(text))
    except OSError:
        pass
    raise error_for("einval", "parse_address", repr(text))


def parse_strict_address(text: str) -> str:
    """Parses an IP address and returns its usual text; short forms are refused.

    Raises:
        OptionError: einval: it is not an address, or a short form.

    Example:
        >>> parse_strict_address("127.0.0.1")
        '127.0.0.1'

    Source: inet:parse_strict_address/1 (OTP 25 manual).
    """
    try:
        return text_of(ipaddress.ip_address(text))
    except ValueError:
        raise error_for("einval", "parse_strict_address", repr(text)) from None


def parse_ipv4_address(text: str) -> str:
    """Like :func:`parse_address`, for IPv4 only.

    Source: inet:parse_ipv4_address/1 (OTP 25 manual).
    """
    return _of_family(parse_address(text), text, ipv6=False)


def parse_ipv4strict_address(text: str) -> str:
    """Like :func:`parse_strict_address`, for IPv4 only.

    Source: inet:parse_ipv4strict_address/1 (OTP 25 manual).
    """
    return _of_family(parse_strict_address(text), text, ipv6=False)


def parse_ipv6_address(text: str) -> str:
    """Parses an IPv6 address and returns its usual text; an IPv4 address is mapped into IPv6.

    Example:
        >>> parse_ipv6_address("127.0.0.1")
        '::ffff:127.0.0.1'

    Source: inet:parse_ipv6_address/1 (OTP 25 manual).
    """
    address = parse_address(text)
    return address if ":" in address else ipv4_mapped_ipv6_address(address)


def parse_ipv6strict_address(text: str) -> str:
    """Like :func:`parse_strict_address`, for IPv6 only.

    Source: inet:parse_ipv6strict_address/1 (OTP 25 manual).
    """
    return _of_family(parse_strict_address(text), text, ipv6=True)


def _of_family(address: str, text: str, *, ipv6: bool) -> str:
    if (":" in address) == ipv6:
        return address
    raise error_for("einval", "parse_address", repr(text))


def ntoa(address: Address) -> str:
    """The text of an IP address.

    Example:
        >>> ntoa((127, 0, 0, 1)), ntoa((0, 0, 0, 0, 0, 0, 0, 1))
        ('127.0.0.1', '::1')

    Source: inet:ntoa/1 (OTP 25 manual).
    """
    ip = literal(address)
    if ip is None:
        raise BadArgError(f"ntoa: expected an IP address; got {address!r}")
    return text_of(ip)


def ipv4_mapped_ipv6_address(address: Address) -> str:
    """Maps an IPv4 address into IPv6, or the last 32 bits of an IPv6 address to IPv4.

    Example:
        >>> ipv4_mapped_ipv6_address("127.0.0.1"), ipv4_mapped_ipv6_address("::ffff:127.0.0.1")
        ('::ffff:127.0.0.1', '127.0.0.1')

    Source: inet:ipv4_mapped_ipv6_address/1 (OTP 25 manual).
    """
    ip = literal(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return text_of(ipaddress.IPv6Address(0xFFFF << 32 | int(ip)))
    if isinstance(ip, ipaddress.IPv6Address):
        return text_of(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    raise BadArgError(f"ipv4_mapped_ipv6_address: expected an IP address; got {address!r}")


async def getaddrs(host: Host, family: Family = "inet") -> list[str]:
    """The IP addresses of a host.

    Args:
        host: a name or an address.
        family: "inet" for IPv4, "inet6" for IPv6.

    Raises:
        TcpError: nxdomain: the name does not exist, or has no address of this family.

    Source: inet:getaddrs/2 (OTP 25 manual).
    """
    waiting.check_thread()
    found = await targets(host, 0, family)
    wanted = _FAMILIES[family]
    addresses = [str(address[0]) for kind, address in found if kind == wanted]
    if not addresses:
        raise error_for("nxdomain", "look up", repr(host))
    return addresses


async def getaddr(host: Host, family: Family = "inet") -> str:
    """The first IP address of a host; see ``getaddrs``.

    Source: inet:getaddr/2 (OTP 25 manual).
    """
    return (await getaddrs(host, family))[0]


class HostEnt(NamedTuple):
    """The result of ``gethostbyname``: Erlang's #hostent{}.

    Attributes:
        name: the host's name.
        aliases: its other names.
        family: "inet" or "inet6".
        length: of an address, in bytes.
        addresses: its IP addresses.
    """

    name: str
    aliases: list[str]
    family: Family
    length: int
    addresses: list[str]


async def gethostbyname(host: Host, family: Family = "inet") -> HostEnt:
    """The addresses of a host, with its name.

    Args:
        host: a name or an address.
        family: "inet" for IPv4, "inet6" for IPv6.

    Raises:
        TcpError: nxdomain: the name does not exist, or has no address of this family.

    Source: inet:gethostbyname/2 (OTP 25 manual).
    """
    addresses = await getaddrs(host, family)
    name = host if isinstance(host, str) else ntoa(host)
    return HostEnt(name, [], family, 16 if family == "inet6" else 4, addresses)
