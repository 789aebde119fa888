"""Framers over real sockets, beside Erlang's: any packets, cut anywhere, whole or not.

FRAMERS_SEED in the environment repeats a run, FRAMERS_COUNT sets how many scenarios are made.
"""

from __future__ import annotations

import os
import random
import secrets
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast, get_args

import pytest

from beamish import Atom, process
from beamish.net import Socket, SocketOptions, TcpError, gen_tcp
from beamish.net.packet import Packet
from tests.net.sockets import SOON, connected
from tests.runtime.harness import on_real_clock

_PLAYER: Final = Path(__file__).with_name("framers.erl")
_SOAK: Final = bool(os.environ.get("BEAMISH_SOAK"))
_COUNT: Final = int(os.environ.get("FRAMERS_COUNT", "5000" if _SOAK else "100"))
_PATIENCE: Final = 600.0


@dataclass(frozen=True)
class Scenario:
    """What is sent to whom.

    Attributes:
        options: of the receiving socket.
        active: how it receives.
        chunks: the bytes, as they are sent.
    """

    options: SocketOptions
    active: Any
    chunks: list[bytes]


# ---- making them


def scenario(rng: random.Random) -> Scenario:
    packet: Packet = rng.choice(get_args(Packet))
    options: SocketOptions = {"packet": packet}
    if rng.random() < 0.4:
        sizes = [10, 100, 255, 1000]
        # An empty line of HTTP is always taken by some versions.
        options["packet_size"] = rng.choice(sizes if "http" in str(packet) else [1, 2, *sizes])
    if packet == "line":
        options["buffer"] = rng.choice([2, 10, 64, 1000])  # the default depends on the machine
        if rng.random() < 0.3:
            options["line_delimiter"] = rng.choice([b";", b"\0", b"\r"])
    data = b"".join(_MAKERS[packet](rng) for _ in range(rng.choice([1, 2, 10])))
    if rng.random() < 0.3:
        data = _spoil(data, rng)
    return Scenario(options, rng.choice([False, True, "once"]), _cut(data, rng))


def _spoil(data: bytes, rng: random.Random) -> bytes:
    """Makes something of it that nobody should send."""
    spoilt = bytearray(data)
    match rng.choice(["end", "change", "insert", "remove"]):
        case "end":
            del spoilt[rng.randrange(len(data) + 1) :]
        case "change" if spoilt:
            spoilt[rng.randrange(len(data))] = rng.randrange(256)
        case "insert":
            at = rng.randrange(len(data) + 1)
            spoilt[at:at] = rng.randbytes(rng.choice([1, 2, 5]))
        case _:
            del spoilt[: rng.choice([1, 2, 3])]
    return bytes(spoilt)


def _cut(data: bytes, rng: random.Random) -> list[bytes]:
    """The same bytes in pieces."""
    sizes = rng.choice([[len(data) or 1], [1, 2, 3], [1, 7, 50, 5000], [50, 500, 70_000]])
    if len(data) > 50 * max(sizes):
        sizes = [len(data) // 50]
    chunks: list[bytes] = []
    while data:
        size = rng.choice(sizes)
        chunks.append(data[:size])
        data = data[size:]
    return chunks


def _bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice([0, 1, 5, 300]))


def _counted(width: int) -> Callable[[random.Random], bytes]:
    sizes = [0, 1, 2, 9, 10, 11, 99, 100, 101, 254, 255]
    if width > 1:
        sizes += [256, 1000, 1001, 65_534, 65_535]
    if width > 2:
        sizes += [65_536, 100_000]

    def make(rng: random.Random) -> bytes:
        if width == 4 and rng.random() < 0.05:
            return rng.choice([b"\x80\0\0\0", b"\xff\xff\xff\xff"]) + b"rest"
        size = rng.choice(sizes)
        return size.to_bytes(width, "big") + rng.randbytes(size)

    return make


def _line(rng: random.Random) -> bytes:
    size = rng.choice([0, 1, 2, 8, 9, 10, 11, 62, 63, 64, 65, 998, 1000, 3000])
    return bytes(rng.choices(b"ab;\0\r", k=size)) + rng.choice([b"\n", b"\r\n", b"\r\r\n", b";"])


def _http(rng: random.Random) -> bytes:
    lines = [*_START_LINES, b""] if rng.random() < 0.4 else [*_HEADER_LINES, b""]
    return rng.choice(lines) + rng.choice([b"\r\n", b"\r\n", b"\r\n", b"\n"])


_START_LINES: Final = [
    *(b"GET / HTTP/1.1", b"POST /x?y=z HTTP/1.0", b"BREW /pot HTTP/1.1", b"OPTIONS * HTTP/1.1"),
    *(b"GET /", b"get / HTTP/1.1", b"GET http://a.b/c HTTP/1.1", b"GET https://a:8/ HTTP/1.1"),
    *(b"CONNECT a.b:443 HTTP/1.1", b"HEAD index.html HTTP/1.1", b"GET / HTTP/2.0 more"),
    *(b"HTTP/1.1 200 OK", b"HTTP/1.0 404 Not Found", b"HTTP/1.1 204", b"HTTP/1.1 abc OK"),
    *(b"GET x HTTP/1.1", b"GET / HTTP/1.1more", b"HTTP/1.1 ", b"GET http://u:p@h/x HTTP/1.1"),
    *(b"GET a: HTTP/1.1", b"GET http://a:/x HTTP/1.1", b"GET http://a:0/ HTTP/1.1"),
    *(b"HTTP/x 200 OK", b"GET", b"nothing to see", b"G<T / HTTP/1.1", b"GET / HTTP/1.x"),
]
_HEADER_LINES: Final = [
    *(b"Host: a.b", b"content-length: 5", b"X-My-Own: value", b"x-my-own:", b"Cookie:a=b; c=d"),
    *(b"Folded: one\r\n two\r\n\tthree", b"no colon", b"Na me: x", b": x", b"Accept:  */*  "),
    *(b'ETag: "\xff\x00"', b"Keep-Alive: 5"),
]

_MAKERS: Final[dict[Any, Callable[[random.Random], bytes]]] = {
    **dict.fromkeys(("raw", 0), _bytes),
    **{width: _counted(width) for width in (1, 2, 4)},
    "line": _line,
    **dict.fromkeys(("http", "httph", "http_bin", "httph_bin"), _http),
}


# ---- here


async def ours(scenario: Scenario) -> list[Any]:
    """The packets that a receiver gets, and the reason of the end."""
    receiver, sender = await connected(server=scenario.options)
    pid = process.spawn(send, scenario.chunks, sender)
    gen_tcp.controlling_process(sender, pid)
    process.send(pid, "go")
    got = await (passive(receiver) if scenario.active is False else active(receiver, scenario))
    process.exit(pid, "kill")
    gen_tcp.close(receiver)
    return got


async def send(chunks: list[bytes], socket: Socket) -> None:
    """Sends each piece when the last one has been received."""
    await process.receive("go")
    try:
        for chunk in chunks:
            await gen_tcp.send(socket, chunk)
            for _ in range(3):  # turns of the loop: the other end reads
                await process.sleep(0)
        gen_tcp.shutdown(socket, "write")
        await process.sleep(None)
    except TcpError:
        pass


async def passive(socket: Socket) -> list[Any]:
    got: list[Any] = []
    while True:
        try:
            got.append(await gen_tcp.recv(socket, timeout=SOON))
        except TcpError as error:
            return [*got, Atom(error.reason)]


async def active(socket: Socket, scenario: Scenario) -> list[Any]:
    gen_tcp.setopts(socket, active=scenario.active)
    got: list[Any] = []
    while True:
        match await process.receive((..., socket), (..., socket, ...), timeout=SOON):
            case ("tcp" | "http", _, packet):
                if scenario.active == "once":
                    gen_tcp.setopts(socket, active="once")
                got.append(packet)
            case (_, _, reason):
                return [*got, Atom(reason)]
            case _:
                return [*got, Atom("closed")]


# ---- and there


def erlang(scenarios: list[Scenario], folder: Path) -> list[str]:
    """The same on Erlang, as it is shown there."""
    file = folder / "scenarios"
    file.write_text("".join(f"{_in_erlang(one)}.\n" for one in scenarios))
    _do("erlc", "-o", str(folder), str(_PLAYER))
    main = f'framers:main("{file}"),halt().'
    return _do("erl", "-noshell", "-pa", str(folder), "-eval", main).splitlines()


def _do(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _in_erlang(scenario: Scenario) -> str:
    values = dict(cast("dict[str, Any]", scenario.options))
    packet = values["packet"]
    if packet in ("http", "httph"):  # Erlang has strings there, where we have bytes
        values["packet"] = f"{packet}_bin"
    if "line_delimiter" in values:
        values["line_delimiter"] = ord(values["line_delimiter"])
    options = ",".join(f"{{{name},{value}}}" for name, value in values.items())
    active = str(scenario.active).lower()
    return f"{{[{options}],{active},{show(b''.join(scenario.chunks))}}}"


def show(term: Any) -> str:
    """A term as Erlang's ~w shows it."""
    if isinstance(term, bytes):
        return f"<<{','.join(map(str, term))}>>"
    if isinstance(term, tuple | list):
        words = ",".join(map(show, cast("list[Any]", term)))
        return f"{{{words}}}" if isinstance(term, tuple) else f"[{words}]"
    if term is None:
        return "undefined"
    if isinstance(term, str):
        plain = term[:1].islower() and term.replace("_", "").isalnum()
        return str(term) if plain else f"'{term}'"
    return str(term)


def in_one(got: list[Any]) -> list[Any]:
    """What came without packets, whose pieces mean nothing."""
    return [b"".join(got[:-1]), got[-1]]


# ---- both


@pytest.mark.slow  # Erlang starts
@on_real_clock
async def test_packets_are_cut_as_on_erlang(tmp_path: Path) -> None:
    seed = os.environ.get("FRAMERS_SEED") or secrets.token_hex(4)
    scenarios = [scenario(random.Random(f"{seed}/{number}")) for number in range(_COUNT)]

    theirs = erlang(scenarios, tmp_path)

    assert len(theirs) == len(scenarios)
    for number, (given, told) in enumerate(zip(scenarios, theirs, strict=True)):
        got = await ours(given)
        raw = given.options.get("packet") in ("raw", 0)
        shown = show(in_one(got) if raw else got)
        wanted = joined(told) if raw else told
        assert shown == wanted, f"FRAMERS_SEED={seed}, scenario {number}: {given}"


def joined(told: str) -> str:
    """A list of binaries and a reason, with the binaries as one."""
    *pieces, reason = told.strip("[]").replace("<<>>", "").replace(">>,<<", ",").rpartition(",")
    return f"[{pieces[0] or '<<>>'},{reason}]"
