r"""The packet modes "http" and "httph": the lines of HTTP, cut and parsed.

A packet has one of these forms. Data is bytes; a well-known name is an Atom:

    ("http_request", "GET", ("abs_path", b"/x"), (1, 1))      an unknown method is bytes: b"BREW"
    ("http_response", (1, 1), 404, b"Not Found")
    ("http_header", 14, "Host", b"host", b"example.org")      an unknown name is bytes, its number 0
    "http_eoh"                                                the empty line after the headers
    ("http_error", b"any other line\r\n")

The target of a request is ``("abs_path", b"/x")``, ``("absoluteURI", "http", b"host", port or None,
b"/x")``, ``("scheme", b"host", b"443")``, ``"*"``, or plain bytes. "http" expects a request or
response line, then headers; after "http_eoh" it expects the next request or response. "httph"
expects headers only. A body does not consist of lines: set ``packet="raw"`` to read it.

Source: inet:setopts/2, option packet, and erlang:decode_packet/3 (OTP 25 manual). Each form was
recorded from OTP 25.
"""

from __future__ import annotations

import re
from typing import Any, Final, Self, cast, final

from beamish.terms import Atom

from .framer import Framer, Framing, TooBig

__all__ = ["HttpFramer", "decode"]

_EOH: Final = Atom("http_eoh")
_ERROR: Final = Atom("http_error")
_HEADER: Final = Atom("http_header")
_HTTP: Final = Atom("http")
_REQUEST: Final = Atom("http_request")
_RESPONSE: Final = Atom("http_response")

_TOKEN: Final = rb"[^\x00-\x20()<>@,;:\\\"/\[\]?={}\x7f-\xff]"
_NUMBER: Final = rb"(\d{1,9})(?!\d)"  # a longer one overflows in Erlang
_REQUEST_LINE: Final = re.compile(
    rb"(" + _TOKEN + rb"+)[ \t]+([^ \t]+)"
    rb"(?:[ \t]+HTTP/" + _NUMBER + rb"\." + _NUMBER + rb".*)?[ \t]*",
    re.DOTALL,
)
_STATUS_LINE: Final = re.compile(
    rb"HTTP/" + _NUMBER + rb"\." + _NUMBER + rb"[ \t]+(?![ \t])(\d{0,9})(?!\d)(?:[ \t]+(.*))?",
    re.DOTALL,
)
_HEADER_LINE: Final = re.compile(rb"(" + _TOKEN + rb"*):[ \t]*(.*)", re.DOTALL)
_ABSOLUTE: Final = re.compile(rb"(https?)://([^/]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST: Final = re.compile(rb"\[.*?\]|[^:]*", re.DOTALL)  # IPv6 is in brackets
_PORT: Final = re.compile(rb":0*([1-9]\d{0,8})")

_METHODS: Final = {
    name.encode(): Atom(name)
    for name in ("OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE")
}
_NAMES: Final = (
    "Cache-Control Connection Date Pragma Transfer-Encoding Upgrade Via Accept Accept-Charset "
    "Accept-Encoding Accept-Language Authorization From Host If-Modified-Since If-Match "
    "If-None-Match If-Range If-Unmodified-Since Max-Forwards Proxy-Authorization Range Referer "
    "User-Agent Age Location Proxy-Authenticate Public Retry-After Server Vary Warning "
    "Www-Authenticate Allow Content-Base Content-Encoding Content-Language Content-Length "
    "Content-Location Content-Md5 Content-Range Content-Type Etag Expires Last-Modified "
    "Accept-Ranges Set-Cookie Set-Cookie2 X-Forwarded-For Cookie Keep-Alive Proxy-Connection"
)
_HEADERS: Final = {
    name.lower().encode(): (number, Atom(name))
    for number, name in enumerate(_NAMES.split(), start=1)
}


def decode(line: bytes, *, header: bool) -> Any:
    r"""Parses a line of HTTP.

    Args:
        line: with its newline.
        header: whether a header is expected.

    Example:
        >>> decode(b"GET / HTTP/1.1\r\n", header=False)
        ('http_request', 'GET', ('abs_path', b'/'), (1, 1))
    """
    text = line[:-1].removesuffix(b"\r")
    if header:
        return _EOH if not text else (_header(text) or (_ERROR, line))
    if text.startswith(b"HTTP/"):
        return _response(text) or (_ERROR, line)
    return _request(text) or (_ERROR, line)


def _request(text: bytes) -> Any:
    found = _REQUEST_LINE.fullmatch(text)
    if found is None:
        return None
    method, target, major, minor = found.groups()
    version = (0, 9) if major is None else (int(major), int(minor))
    return (_REQUEST, _METHODS.get(method, method), _target(target), version)


def _target(target: bytes) -> Any:
    if target == b"*":
        return Atom("*")
    if target.startswith(b"/") or len(target) == 1:
        return (Atom("abs_path"), target)
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is not None:
        scheme, authority, path = absolute.groups()
        host = cast("re.Match[bytes]", _HOST.match(authority))[0]
        port = _PORT.fullmatch(authority, len(host))
        number = None if port is None else int(port[1])
        return (Atom("absoluteURI"), Atom(scheme.decode().lower()), host, number, path or b"/")
    scheme, colon, rest = target.partition(b":")
    return (Atom("scheme"), scheme, rest) if colon else target


def _response(text: bytes) -> Any:
    found = _STATUS_LINE.fullmatch(text)
    if found is None:
        return None
    major, minor, status, phrase = found.groups()
    return (_RESPONSE, (int(major), int(minor)), int(status or 0), phrase or b"")


def _header(text: bytes) -> Any:
    found = _HEADER_LINE.fullmatch(text)
    if found is None:
        return None
    name, value = found.groups()
    known = _HEADERS.get(name.lower())
    if known is not None:
        return (_HEADER, *known, name, value)
    return (_HEADER, 0, b"-".join(part.capitalize() for part in name.split(b"-")), name, value)


@final
class HttpFramer(Framer):
    """The lines of HTTP. The lines of a header that is continued are one packet.

    Args:
        limit: the longest line in bytes, 0 for no limit.
        header: whether there are only headers.
    """

    __slots__ = ("_data", "_headers", "_last", "_limit", "_only_headers", "_seen", "pending")

    tag = _HTTP

    def __init__(self, limit: int, *, header: bool) -> None:
        super().__init__(16384)
        self._data = bytearray()
        self._seen = 0  # no line ends before this index
        self._limit = limit
        self._only_headers = self._headers = header
        self._last = (b"", header)  # the latest packet's line, and whether it was a header
        self.pending: bool = False

    @classmethod
    def of(cls, framing: Framing) -> Self:
        """Makes a framer from socket options."""
        return cls(framing.packet_size, header=str(framing.packet).startswith("httph"))

    def feed(self, data: bytes) -> None:
        """Adds bytes that were read."""
        self._data += data
        self.pending = True

    def feed_whole(self, data: bytes) -> Any:
        """Adds bytes that were read and returns the first packet; None if it is not complete."""
        self.feed(data)
        return self.next()

    def next(self) -> Any:
        """Returns the next packet; None if it is not complete.

        Raises:
            TooBig: a line is longer than allowed.
        """
        end = self._end_of_line()
        if self._limit and (end or self._least()) > self._limit:
            raise TooBig
        if not end:
            self.pending = False
            return None
        line = bytes(self._data[:end])
        del self._data[:end]
        self._seen = 0
        self._last = (line, self._headers)
        packet = decode(line, header=self._headers)
        if packet is _EOH:
            self._headers = self._only_headers
        elif packet[0] is not _ERROR:
            self._headers = True
        self.pending = bool(self._data)
        return packet

    def _least(self) -> int:
        """The length that an incomplete line has at least: its newline is still to come."""
        return len(self._data) + (not self._data.endswith(b"\n"))

    def _end_of_line(self) -> int:
        """The index where the first line ends; 0 if it is not complete."""
        data = self._data
        while True:
            at = data.find(b"\n", self._seen)
            if at < 0:
                self._seen = len(data)
                return 0
            if not self._headers or at == 0 or (at == 1 and data[0] == 13):
                return at + 1
            if at + 1 == len(data):
                self._seen = at  # the next byte shows whether the header continues
                return 0
            if data[at + 1] not in b" \t":
                return at + 1
            self._seen = at + 1

    def rest(self) -> bytes:
        """Returns all bytes that were not delivered, as they came, and forgets them."""
        data = bytes(self._data)
        self._data.clear()
        self._seen = 0
        self.pending = False
        return data

    def put_back(self, packet: Any) -> None:
        """Makes the latest packet, which no process received, the next one again."""
        line, self._headers = self._last
        self.feed(line + self.rest())

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return len(self._data)
