"""OTP's gen_tcp and inet: cases of their own suites that the tests of beamish.net do not show."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import beamish
from beamish import Down, Pid, process
from beamish.net import Socket, TcpError, gen_tcp, inet
from beamish.net.http import HttpFramer, decode
from beamish.net.options import SocketOptions
from beamish.terms import BadArgError
from tests.net.sockets import SOON, connected, everything, fails, fill, reason_of_end, refused
from tests.otp.support import on_real_clock
from tests.support.clock import VirtualClockLoop


def reset(socket: Socket) -> None:
    """Throws a connection away."""
    gen_tcp.setopts(socket, linger=(True, 0))
    gen_tcp.close(socket)


# ---- API


@on_real_clock
async def test_a_connection_comes_from_the_port_of_ones_choice() -> None:
    """OTP gen_tcp API: t_connect_src_port."""
    free = gen_tcp.listen(0)
    source = gen_tcp.port(free)
    gen_tcp.close(free)
    listener = gen_tcp.listen(0)

    near = await gen_tcp.connect("127.0.0.1", gen_tcp.port(listener), source_port=source)
    far = await gen_tcp.accept(listener, timeout=SOON)

    assert gen_tcp.sockname(near)[1] == gen_tcp.peername(far)[1] == source


@pytest.mark.parametrize("name", ["", ".", "..", "no.such.host.invalid", "a\0b"])
def test_a_name_that_cannot_be_is_nxdomain(name: str) -> None:
    """OTP gen_tcp API: t_connect_bad."""

    @on_real_clock
    async def test() -> None:
        error = await fails_with(gen_tcp.connect(name, 4040, timeout=SOON))
        assert error.reason in {"nxdomain", "try_again"}  # the latter without a name server

    test()


async def fails_with(operation: Any) -> TcpError:
    with pytest.raises(TcpError) as failed:
        await operation
    return failed.value


@on_real_clock
async def test_lines_may_end_with_a_byte_of_ones_choice_also_when_counted() -> None:
    """OTP gen_tcp API: t_recv_delim."""
    options: SocketOptions = {"packet": "line", "line_delimiter": b"X"}
    far, near = await connected(options)

    await gen_tcp.send(near, b"firstXsecond\nXthirdX")

    assert await gen_tcp.recv(far, timeout=SOON) == b"firstX"
    gen_tcp.setopts(far, active=2)
    assert await process.receive(timeout=SOON) == ("tcp", far, b"second\nX")
    assert await process.receive(timeout=SOON) == ("tcp", far, b"thirdX")
    assert await process.receive(timeout=SOON) == ("tcp_passive", far)


@on_real_clock
async def test_unix_sockets_may_have_names_on_both_sides(tmp_path: Path) -> None:
    """OTP gen_tcp API: t_local_basic, t_local_unbound."""
    server, client = str(tmp_path / "server"), str(tmp_path / "client")
    listener = gen_tcp.listen(0, ip=("local", server))
    assert gen_tcp.sockname(listener) == ("local", server)

    named = await gen_tcp.connect(("local", server), ip=("local", client), timeout=SOON)
    far = await gen_tcp.accept(listener, timeout=SOON)
    assert gen_tcp.peername(far) == gen_tcp.sockname(named) == ("local", client)

    unnamed = await gen_tcp.connect(("local", server), timeout=SOON)
    other = await gen_tcp.accept(listener, timeout=SOON)
    assert gen_tcp.peername(other) == gen_tcp.sockname(unnamed) == ("local", "")
    await gen_tcp.send(other, b"hello")
    assert await gen_tcp.recv(unnamed, 5, timeout=SOON) == b"hello"


# ---- behaviour


@pytest.mark.parametrize("count", [1, 3, 10])
def test_a_connection_may_end_while_its_messages_are_counted(count: int) -> None:
    """OTP gen_tcp: active_n_closed."""

    @on_real_clock
    async def test() -> None:
        far, near = await connected({"packet": 1, "active": count})
        for n in range(3):
            await gen_tcp.send(near, [b"\1", bytes([n])])
        gen_tcp.close(near)

        got = 0
        while True:
            message = await process.receive(timeout=SOON)
            if message[0] == "tcp":
                got += 1
            elif message[0] == "tcp_passive":
                gen_tcp.setopts(far, active=count)
            else:
                break

        assert (message, got) == (("tcp_closed", far), 3)
        assert process.flush() == []

    test()


@contextmanager
def file_limit(most: int) -> Generator[None]:
    """Lets this OS process open only so many files more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_now = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts files as Linux shows them")
def test_as_many_sockets_as_the_limit_again_and_again() -> None:
    """OTP gen_tcp: iter_max_socks."""

    @on_real_clock
    async def test() -> None:
        counts: list[int] = []
        with file_limit(60):
            for _ in range(5):
                opened: list[Any] = []
                with pytest.raises(TcpError) as failed:
                    while True:
                        opened.append(gen_tcp.listen(0))
                assert failed.value.reason == "emfile"
                counts.append(len(opened))
                for socket in opened:
                    gen_tcp.close(socket)

        assert min(counts) == max(counts) > 40

    test()


@pytest.mark.parametrize("active", [False, True, "once"])
def test_a_reset_after_a_send_is_shown(active: Any) -> None:
    """OTP gen_tcp: econnreset_after_sync_send, econnreset_after_async_send_*."""

    @on_real_clock
    async def test() -> None:
        options: SocketOptions = {"show_econnreset": True, "active": active}
        for queued in (False, True):
            far, near = await connected(options)
            await gen_tcp.send(far, b"hello")
            if queued:
                await fill(far)

            reset(near)

            if active:
                assert await process.receive(timeout=SOON) == ("tcp_error", far, "econnreset")
                assert await process.receive(timeout=SOON) == ("tcp_closed", far)
            else:
                await fails("econnreset", gen_tcp.recv(far, timeout=SOON))

    test()


@on_real_clock
async def test_linger_zero_throws_a_full_send_buffer_away() -> None:
    """OTP gen_tcp: linger_zero_sndbuf."""
    far, near = await connected({"show_econnreset": True}, sndbuf=4096)
    sent = await fill(near)

    reset(near)

    got = 0
    with pytest.raises(TcpError) as failed:
        while True:
            got += len(await gen_tcp.recv(far, timeout=SOON))
    assert failed.value.reason == "econnreset"
    assert got < sent


@on_real_clock
async def test_a_node_has_default_options_for_listen_and_connect() -> None:
    """OTP gen_tcp: default_options."""
    inet.set_default_options(
        listen={"nodelay": True, "packet": 2}, connect={"keepalive": True, "packet": "line"}
    )

    far, near = await connected()
    assert gen_tcp.getopts(far, "nodelay", "keepalive", "packet") == {
        "nodelay": True,
        "keepalive": False,
        "packet": 2,
    }
    assert gen_tcp.getopts(near, "nodelay", "keepalive", "packet") == {
        "nodelay": False,
        "keepalive": True,
        "packet": "line",
    }

    far, near = await connected({"packet": "raw"}, packet=4, keepalive=False)
    assert gen_tcp.getopts(far, "packet") == {"packet": "raw"}
    assert gen_tcp.getopts(near, "packet", "keepalive") == {"packet": 4, "keepalive": False}

    inet.set_default_options(listen={}, connect={})
    far, near = await connected()
    assert gen_tcp.getopts(far, "packet") == gen_tcp.getopts(near, "packet") == {"packet": "raw"}


@on_real_clock
async def test_default_options_that_make_no_sense_are_refused() -> None:
    wrong: Any = {"packet": 3}

    with pytest.raises(BadArgError, match="packet: expected"):
        inet.set_default_options(listen=wrong)
    assert gen_tcp.getopts(gen_tcp.listen(0), "packet") == {"packet": "raw"}


def test_what_a_timed_out_send_queued_is_written_once_and_whole() -> None:
    """OTP gen_tcp: send_timeout_check_length."""

    async def main() -> None:
        far, near = await connected(send_timeout=1.0, linger=(True, 0))
        sent = await fill(near)
        await fails("timeout", gen_tcp.send(near, b"x" * 10_000))

        data = await gen_tcp.recv(far, sent)
        tail = await gen_tcp.recv(far, 10_000)
        assert (data.count(b"\0"), tail) == (sent, b"x" * 10_000)

    beamish.run(main, loop_factory=VirtualClockLoop)


def test_of_several_senders_that_time_out_one_closes_and_the_others_hear_of_it() -> None:
    """OTP gen_tcp: send_timeout_para_w_autoclose."""

    async def main() -> None:
        _, near = await connected(send_timeout=1.0, send_timeout_close=True, linger=(True, 0))
        await fill(near)

        async def sender(witness: Pid) -> None:
            error = await fails_with(gen_tcp.send(near, bytes(10_000)))
            process.send(witness, error.reason)

        for _ in range(4):
            process.spawn(sender, process.self())

        reasons = [str(await process.receive(timeout=SOON)) for _ in range(4)]
        assert min(reasons) == "closed" or reasons == ["timeout"] * 4
        assert "timeout" in reasons
        await fails("closed", gen_tcp.send(near, b"x"))

    beamish.run(main, loop_factory=VirtualClockLoop)


# ---- monitors of sockets


@on_real_clock
async def test_closing_a_socket_is_told_to_who_monitors_it() -> None:
    """OTP gen_tcp: socket_monitor1."""
    listener = gen_tcp.listen(0)
    far, near = await connected()
    refs = {inet.monitor(socket): socket for socket in (listener, far, near)}

    for socket in (listener, far, near):
        gen_tcp.close(socket)

    for ref, socket in refs.items():
        assert await process.receive() == Down(ref, "port", socket, "normal")
    assert process.flush() == []


@on_real_clock
async def test_many_sockets_are_monitored() -> None:
    """OTP gen_tcp: socket_monitor1_manys."""
    listeners = [gen_tcp.listen(0) for _ in range(20)]
    expected = [Down(inet.monitor(one), "port", one, "normal") for one in listeners]

    for one in listeners:
        gen_tcp.close(one)

    assert process.flush() == expected


@on_real_clock
async def test_many_processes_monitor_one_socket() -> None:
    """OTP gen_tcp: socket_monitor1_manyc."""
    listener = gen_tcp.listen(0)

    async def watch(owner: Pid) -> None:
        ref = inet.monitor(listener)
        process.send(owner, "ready")
        process.send(owner, await process.receive(("DOWN", ref, "port", listener, ...)))

    for _ in range(20):
        process.spawn(watch, process.self())
    for _ in range(20):
        await process.receive("ready")
    gen_tcp.close(listener)

    reasons = [(await process.receive(Down, timeout=SOON)).reason for _ in range(20)]
    assert reasons == ["normal"] * 20


@pytest.mark.parametrize("how", ["boom", "kill", "normal", "exit", "error"])
@pytest.mark.parametrize("count", [1, 10])
def test_the_end_of_the_owner_is_told_to_who_monitors_its_sockets(how: str, count: int) -> None:
    """OTP gen_tcp: socket_monitor2, socket_monitor2_manys."""

    @on_real_clock
    async def test() -> None:
        async def own(witness: Pid) -> None:
            process.send(witness, [gen_tcp.listen(0) for _ in range(count)])
            await process.receive("end")
            if how == "exit":
                process.exit("bye")
            if how == "error":
                raise ValueError("oops")

        owner, end = process.spawn_monitor(own, process.self())
        listeners: list[Any] = await process.receive([*[...] * count])
        refs = {inet.monitor(one): one for one in listeners}
        if how in {"boom", "kill"}:
            process.exit(owner, how)
        else:
            process.send(owner, "end")
        reason = await reason_of_end(end)

        told = {message.ref: message for message in process.flush()}
        assert told == {ref: Down(ref, "port", one, reason) for ref, one in refs.items()}

    test()


@on_real_clock
async def test_a_closed_socket_that_is_monitored_is_noproc() -> None:
    listener = gen_tcp.listen(0)
    gen_tcp.close(listener)

    ref = inet.monitor(listener)

    assert await process.receive() == Down(ref, "port", listener, "noproc")


@on_real_clock
async def test_a_monitor_can_be_cancelled_once() -> None:
    listener = gen_tcp.listen(0)
    ref = inet.monitor(listener)

    assert inet.cancel_monitor(ref)
    assert not inet.cancel_monitor(ref)
    gen_tcp.close(listener)
    assert process.flush() == []


@on_real_clock
async def test_what_is_no_socket_and_no_monitor_is_refused() -> None:
    wrong: Any = 7

    with pytest.raises(BadArgError, match="expected a socket"):
        inet.monitor(wrong)
    with pytest.raises(BadArgError, match="expected what inet.monitor returned"):
        inet.cancel_monitor(wrong)


# ---- echo

PAYLOADS = [b"", b"\n", b"x", b"\0" * 100, bytes(range(256)) * 40, b"z" * 100_000]


def framed(packet: Any, payload: bytes) -> bytes:
    """A payload that this framing takes."""
    if packet == "line":
        return payload.replace(b"\n", b".")[:9000] + b"\n"
    return payload[:255] if packet == 1 else payload[:65535] if packet == 2 else payload


async def echo_passive(socket: Socket) -> None:
    while True:
        await gen_tcp.send(socket, await gen_tcp.recv(socket))


async def echo_once(socket: Socket) -> None:
    while True:
        gen_tcp.setopts(socket, active="once")
        await echo_next(socket)


async def echo_active(socket: Socket) -> None:
    gen_tcp.setopts(socket, active=True)
    while True:
        await echo_next(socket)


async def echo_next(socket: Socket) -> None:
    match await process.receive():
        case ("tcp", _, data):
            await gen_tcp.send(socket, data)
        case ("tcp_error", _, reason):
            process.send("test", reason)
        case _:
            process.exit("normal")


async def echo_server(how: Any, **options: Any) -> Socket:
    """The client's end of a connection to a process that gives everything back."""
    listener = gen_tcp.listen(0, **options)

    async def serve() -> None:
        try:
            await how(await gen_tcp.accept(listener))
        except TcpError as error:
            if error.reason != "closed":
                process.send("test", error.reason)

    process.spawn(serve)
    return await gen_tcp.connect(
        "127.0.0.1", gen_tcp.port(listener), packet=options.get("packet", "raw"), timeout=SOON
    )


@pytest.mark.parametrize("packet", ["line", 1, 2, 4])
@pytest.mark.parametrize("how", [echo_passive, echo_once, echo_active])
def test_every_packet_comes_back(how: Any, packet: Any) -> None:
    """OTP gen_tcp echo: passive_echo, active_once_echo."""

    @on_real_clock
    async def test() -> None:
        near = await echo_server(how, packet=packet)

        for payload in PAYLOADS:
            sent = framed(packet, payload)
            await gen_tcp.send(near, sent)
            assert await gen_tcp.recv(near, timeout=SOON) == sent

    test()


@pytest.mark.parametrize("how", [echo_passive, echo_once, echo_active])
def test_raw_bytes_come_back(how: Any) -> None:
    """OTP gen_tcp echo: passive_echo and active_once_echo, raw."""

    @on_real_clock
    async def test() -> None:
        near = await echo_server(how)

        for payload in filter(None, PAYLOADS):
            await gen_tcp.send(near, payload)
            assert await gen_tcp.recv(near, len(payload), timeout=SOON) == payload
        gen_tcp.shutdown(near, "write")
        assert await everything(near) == b""

    test()


@pytest.mark.parametrize("packet", ["line", 1, 2, 4])
def test_packets_that_come_byte_by_byte_come_back(packet: Any) -> None:
    """OTP gen_tcp echo: slow_active_echo."""

    @on_real_clock
    async def test() -> None:
        near = await echo_server(echo_active, packet=packet, nodelay=True)
        payload = framed(packet, b"slow")
        wire = payload if packet == "line" else len(payload).to_bytes(packet, "big") + payload
        gen_tcp.setopts(near, packet="raw")
        for byte in wire:
            await gen_tcp.send(near, bytes([byte]))
            await asyncio.sleep(0)

        assert await gen_tcp.recv(near, len(wire), timeout=SOON) == wire

    test()


@pytest.mark.parametrize("packet", ["line", 1, 2, 4])
@pytest.mark.parametrize(
    ("how", "size"), [(echo_active, 10), (echo_passive, 10), (echo_passive, 200)]
)
def test_a_packet_at_its_limit_passes_and_one_over_it_is_emsgsize(
    how: Any, size: int, packet: Any
) -> None:
    """OTP gen_tcp echo: limit_active_echo, large_limit_passive_echo."""

    @on_real_clock
    async def test() -> None:
        process.register("test", process.self())
        near = await echo_server(how, packet=packet, packet_size=size)
        end = b"\n" if packet == "line" else b""
        at_limit = b"x" * (size - len(end)) + end

        await gen_tcp.send(near, at_limit)
        assert await gen_tcp.recv(near, timeout=SOON) == at_limit
        await gen_tcp.send(near, b"x" + at_limit)
        assert await process.receive(timeout=SOON) == "emsgsize"
        await fails("closed", gen_tcp.recv(near, timeout=SOON))

    test()


# ---- inet


@pytest.mark.parametrize(
    ("host", "family", "name", "length", "address"),
    [
        ("localhost", "inet", "localhost", 4, "127.0.0.1"),
        ("127.0.0.1", "inet", "127.0.0.1", 4, "127.0.0.1"),
        ((127, 0, 0, 1), "inet", "127.0.0.1", 4, "127.0.0.1"),
        ("::1", "inet6", "::1", 16, "::1"),
    ],
)
def test_a_name_has_addresses(host: Any, family: Any, name: str, length: int, address: str) -> None:
    """OTP inet: t_gethostbyname, t_gethostbyname_v6."""

    @on_real_clock
    async def test() -> None:
        assert await inet.gethostbyname(host, family) == (name, [], family, length, [address])
        assert await inet.getaddr(host, family) == address

    test()


@pytest.mark.parametrize(
    ("host", "family"), [("no.such.host.invalid", "inet"), ("127.0.0.1", "inet6"), ("::1", "inet")]
)
def test_a_host_without_addresses_of_a_family_is_an_error(host: str, family: Any) -> None:
    """OTP inet: t_gethostbyname, t_getaddr, errors."""

    @on_real_clock
    async def test() -> None:
        assert (await fails_with(inet.gethostbyname(host, family))).reason in {
            "nxdomain",
            "try_again",
        }

    test()


def test_addresses_are_parsed_by_family() -> None:
    """OTP inet: parse_address, parse_strict_address."""
    assert inet.parse_ipv4_address("127.1") == "127.0.0.1"
    assert inet.parse_ipv6_address("127.0.0.1") == "::ffff:127.0.0.1"
    assert inet.parse_ipv6_address("::1") == "::1"
    assert inet.parse_ipv4strict_address("127.0.0.1") == "127.0.0.1"
    assert inet.parse_ipv6strict_address("::1") == "::1"
    refused("einval", inet.parse_ipv4_address, "::1")
    refused("einval", inet.parse_ipv4strict_address, "127.1")
    refused("einval", inet.parse_ipv6strict_address, "127.0.0.1")


# ---- http


@pytest.mark.parametrize(
    ("line", "packet"),
    [
        (b"GET / HTTP/1.1\r\n", ("http_request", "GET", ("abs_path", b"/"), (1, 1))),
        (b"GET  /x  HTTP/1.0\n", ("http_request", "GET", ("abs_path", b"/x"), (1, 0))),
        (b"GET /x\r\n", ("http_request", "GET", ("abs_path", b"/x"), (0, 9))),
        (b"BREW foo HTTP/1.1\r\n", ("http_request", b"BREW", b"foo", (1, 1))),
        (b"get / HTTP/1.1\r\n", ("http_request", b"get", ("abs_path", b"/"), (1, 1))),
        (b"OPTIONS * HTTP/1.1\r\n", ("http_request", "OPTIONS", "*", (1, 1))),
        (
            b"CONNECT a.b:443 HTTP/1.1\r\n",
            ("http_request", b"CONNECT", ("scheme", b"a.b", b"443"), (1, 1)),
        ),
        (
            b"GET http://host:8080/a?b HTTP/1.0\r\n",
            ("http_request", "GET", ("absoluteURI", "http", b"host", 8080, b"/a?b"), (1, 0)),
        ),
        (
            b"GET https://host HTTP/1.0\r\n",
            ("http_request", "GET", ("absoluteURI", "https", b"host", None, b"/"), (1, 0)),
        ),
        (b"A b\r\n", ("http_request", b"A", ("abs_path", b"b"), (0, 9))),
        (b"GET / HTTP/1.1\r\r\n", ("http_request", "GET", ("abs_path", b"/"), (1, 1))),
        (b"GET / HTTP/1.1x\r\n", ("http_request", "GET", ("abs_path", b"/"), (1, 1))),
        *(
            (
                b"GET http://%b HTTP/1.1\r\n" % target,
                ("http_request", "GET", ("absoluteURI", "http", *parts), (1, 1)),
            )
            for target, parts in [
                (b"a:/x", (b"a", None, b"/x")),
                (b"a:0/", (b"a", None, b"/")),
                (b"a:-1/", (b"a", None, b"/")),
                (b"a:8:9/x", (b"a", None, b"/x")),
                (b"u:p@h/x", (b"u", None, b"/x")),
                (b"/x", (b"", None, b"/x")),
                (b"a:" + b"9" * 5000, (b"a", None, b"/")),  # OTP: what is left of it in 32 bits
                (b"[::1]:8/", (b"[::1]", 8, b"/")),  # newer than OTP 25
                (b"[::1]/", (b"[::1]", None, b"/")),
            ]
        ),
        (b"HTTP/1.1 200 OK\r\n", ("http_response", (1, 1), 200, b"OK")),
        (b"HTTP/1.1 404 Not Found\r\n", ("http_response", (1, 1), 404, b"Not Found")),
        (b"HTTP/1.1 404\r\n", ("http_response", (1, 1), 404, b"")),
        (b"HTTP/1.1 \r\n", ("http_response", (1, 1), 0, b"")),
    ],
)
def test_first_lines_of_http_are_taken_apart(line: bytes, packet: Any) -> None:
    """OTP erlang:decode_packet, http_bin: each form was recorded from OTP 25."""
    assert decode(line, header=False) == packet


@pytest.mark.parametrize(
    ("line", "packet"),
    [
        (b"Content-length: 5\r\n", (38, "Content-Length", b"Content-length", b"5")),
        (b"host:\r\n", (14, "Host", b"host", b"")),
        (b"x-MY-header:\tvalue  \r\n", (0, b"X-My-Header", b"x-MY-header", b"value  ")),
        (b"X-my-header:  a\r\n b\r\n", (0, b"X-My-Header", b"X-my-header", b"a\r\n b")),
        (b"proxy-connection: x\n", (52, "Proxy-Connection", b"proxy-connection", b"x")),
    ],
)
def test_headers_of_http_are_taken_apart(line: bytes, packet: Any) -> None:
    """OTP erlang:decode_packet, httph_bin."""
    assert decode(line, header=True) == ("http_header", *packet)


@pytest.mark.parametrize(
    ("line", "header"),
    [
        (b"garbage\r\n", False),
        (b"\r\n", False),
        (b"Content-Length: 5\r\n", False),
        (b"GET / HTTP/1\r\n", False),
        (b"GET / foo\r\n", False),
        (b"G(T / HTTP/1.1\r\n", False),
        (b"HTTP/1.1\r\n", False),
        (b"HTTP/1.1 xx OK\r\n", False),
        (b"HTTP/1.1  xx\r\n", False),
        (b"G\xffT / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1." + b"9" * 5000 + b"\r\n", False),  # OTP: what is left of it in 32 bits
        (b"HTTP/1.1 " + b"9" * 5000 + b"\r\n", False),
        (b"garbage\r\n", True),
        (b"some thing: x\r\n", True),
        (b"a : x\r\n", True),
        (b"\xe4: x\r\n", True),
    ],
)
def test_what_is_no_line_of_http_is_http_error(line: bytes, header: bool) -> None:
    """OTP gen_tcp: http_bad_packet."""
    assert decode(line, header=header) == ("http_error", line)


TWO_REQUESTS = b"GET / HTTP/1.1\r\nHost: x\r\n y\r\nbad\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"
THEIR_PACKETS: list[Any] = [
    ("http_request", "GET", ("abs_path", b"/"), (1, 1)),
    ("http_header", 14, "Host", b"Host", b"x\r\n y"),
    ("http_error", b"bad\r\n"),
    "http_eoh",
    ("http_request", "GET", ("abs_path", b"/2"), (1, 1)),
    "http_eoh",
]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_http_is_received_packet_by_packet_however_it_comes(size: int) -> None:
    """OTP gen_tcp: packet mode http, passive."""

    @on_real_clock
    async def test() -> None:
        far, near = await connected({"packet": "http"}, nodelay=True)

        async def client() -> None:
            for at in range(0, len(TWO_REQUESTS), size):
                await gen_tcp.send(near, TWO_REQUESTS[at : at + size])
                await asyncio.sleep(0)

        process.spawn(client)
        for packet in THEIR_PACKETS:
            assert await gen_tcp.recv(far, timeout=SOON) == packet

    test()


@on_real_clock
async def test_http_comes_as_messages_with_a_tag_of_its_own() -> None:
    """OTP gen_tcp: packet mode http, active."""
    far, near = await connected({"packet": "http", "active": True})

    await gen_tcp.send(near, TWO_REQUESTS)

    for packet in THEIR_PACKETS:
        assert await process.receive(timeout=SOON) == ("http", far, packet)


@on_real_clock
async def test_a_body_is_read_raw_after_the_headers() -> None:
    far, near = await connected({"packet": "http"})
    await gen_tcp.send(near, b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET /2 HTTP/1.1\r\n")

    packet: Any = None
    while packet != "http_eoh":
        packet = await gen_tcp.recv(far, timeout=SOON)
    gen_tcp.setopts(far, packet="raw")
    assert await gen_tcp.recv(far, 4, timeout=SOON) == b"body"
    gen_tcp.setopts(far, packet="http_bin")
    packet = await gen_tcp.recv(far, timeout=SOON)
    assert packet[:2] == ("http_request", "GET")


@on_real_clock
async def test_httph_knows_headers_alone() -> None:
    far, near = await connected({"packet": "httph"})

    await gen_tcp.send(near, b"Host: x\r\n\r\nHost: y\r\n\r\n")

    got: list[Any] = [await gen_tcp.recv(far, timeout=SOON) for _ in range(4)]
    assert [packet if isinstance(packet, str) else packet[4] for packet in got] == [
        b"x",
        "http_eoh",
        b"y",
        "http_eoh",
    ]


@on_real_clock
async def test_a_line_of_http_over_packet_size_is_emsgsize() -> None:
    """OTP gen_tcp: packet_size in mode http."""
    for line in (b"GET /" + b"x" * 50, b"GET /" + b"x" * 50 + b" HTTP/1.1\r\n"):
        far, near = await connected({"packet": "http", "packet_size": 40})
        await gen_tcp.send(near, line)
        await fails("emsgsize", gen_tcp.recv(far, timeout=SOON))


def test_a_packet_of_http_that_is_put_back_is_the_next_one_again() -> None:
    framer = HttpFramer(0, header=False)
    framer.feed(TWO_REQUESTS)

    got: list[Any] = []
    while (packet := framer.next()) is not None:
        framer.put_back(packet)
        assert framer.next() == packet
        got.append(packet)

    assert got == THEIR_PACKETS
    assert (framer.size, framer.rest()) == (0, b"")
