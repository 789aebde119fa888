"""Framing: bytes in, packets out, however the bytes come."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import get_args

import pytest

from beamish.net.framer import Framer, TooBig
from beamish.net.packet import MODES, HeaderFramer, LineFramer, Packet, RawFramer, header


def packets(framer: Framer, *chunks: bytes) -> list[bytes]:
    """All packets that come out of a framer when it is fed these chunks."""
    found: list[bytes] = []
    for chunk in chunks:
        packet = framer.feed_whole(chunk)
        while packet is not None:
            found.append(packet)
            packet = framer.next()
    return found


def cut_anywhere(data: bytes, rng: random.Random) -> list[bytes]:
    """The same bytes in pieces of any size, as a network brings them."""
    chunks: list[bytes] = []
    while data:
        size = rng.choice([1, 1, 2, 3, 7, 50, 5000])
        chunks.append(data[:size])
        data = data[size:]
    return chunks


def lines_of(rng: random.Random) -> list[bytes]:
    return [bytes(rng.choices(b"ab\r", k=rng.choice([0, 1, 5, 30]))) + b"\n" for _ in range(40)]


def bodies(rng: random.Random) -> list[bytes]:
    return [rng.randbytes(rng.choice([0, 1, 2, 100, 200])) for _ in range(40)]


# ---- modes


def test_every_packet_mode_has_a_framer() -> None:
    assert set(MODES) == set(get_args(Packet))


# ---- lines


def test_a_line_that_comes_alone_and_whole_is_given_back_as_it_came() -> None:
    data = b"hello\r\n"

    assert LineFramer(9216).feed_whole(data) is data


def test_lines_are_read_by_few_bytes_until_that_does_not_do() -> None:
    framer = LineFramer(9216)
    framer.feed_whole(b"short\n")
    few = framer.read_size

    framer.feed(b"line\n" * few)

    assert few < 512 < framer.read_size


def test_a_carriage_return_at_the_end_of_what_came_may_belong_to_a_newline() -> None:
    assert packets(LineFramer(9216), b"a\r\nb\r", b"\nc\r", b"d\n") == [
        b"a\r\n",
        b"b\r\n",
        b"c\rd\n",
    ]


def test_an_empty_line_is_its_newline() -> None:
    assert packets(LineFramer(9216), b"\n\na\n") == [b"\n", b"\n", b"a\n"]


def test_a_carriage_return_does_not_end_a_line() -> None:
    assert packets(LineFramer(9216), b"a\rb\r\n\r\n") == [b"a\rb\r\n", b"\r\n"]


def test_any_byte_can_end_a_line() -> None:
    framer = LineFramer(9216, delimiter=b";")

    assert packets(framer, b"a\nb;c") == [b"a\nb;"]
    assert framer.rest() == b"c"


@pytest.mark.parametrize("seed", range(20))
def test_lines_come_out_the_same_however_the_bytes_come(seed: int) -> None:
    rng = random.Random(seed)
    lines = lines_of(rng)

    assert packets(LineFramer(9216), *cut_anywhere(b"".join(lines), rng)) == lines


def test_a_line_longer_than_the_buffer_comes_in_pieces_of_its_size() -> None:
    framer = LineFramer(9216)

    assert [len(p) for p in packets(framer, b"x" * 20000 + b"\n")] == [9216, 9216, 1569]


@pytest.mark.parametrize("seed", range(20))
def test_the_pieces_of_long_lines_do_not_depend_on_how_the_bytes_come(seed: int) -> None:
    rng = random.Random(seed)
    data = b"".join(b"y" * rng.randrange(40) + b"\n" for _ in range(50))
    whole = packets(LineFramer(10), data)

    assert packets(LineFramer(10), *cut_anywhere(data, rng)) == whole
    assert max(map(len, whole)) == 10


def test_a_line_as_long_as_packet_size_is_taken() -> None:
    assert packets(LineFramer(9216, packet_size=4), b"abc\n") == [b"abc\n"]


def test_a_line_longer_than_packet_size_is_too_big() -> None:
    with pytest.raises(TooBig):
        LineFramer(9216, packet_size=4).feed_whole(b"abcd\n")


def test_a_line_is_too_big_as_soon_as_it_must_be_even_without_its_newline() -> None:
    framer = LineFramer(9216, packet_size=4)

    assert framer.feed_whole(b"abcd") is None
    with pytest.raises(TooBig):
        framer.feed_whole(b"e")


def test_the_lines_before_one_that_is_too_big_come_first() -> None:
    framer = LineFramer(9216, packet_size=4)
    framer.feed(b"a\nb\nccccc\nd\n")

    assert [framer.next(), framer.next()] == [b"a\n", b"b\n"]
    for _ in range(2):
        with pytest.raises(TooBig):
            framer.next()
    assert framer.rest() == b"ccccc\nd\n"


@pytest.mark.parametrize("packet_size", [4, 5, 100])
def test_a_packet_size_from_the_buffer_on_does_not_matter(packet_size: int) -> None:
    assert packets(LineFramer(4, packet_size), b"abcdef\n") == [b"abcd", b"ef\n"]


# ---- length headers


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("seed", range(10))
def test_packets_with_a_header_come_out_however_the_bytes_come(width: int, seed: int) -> None:
    rng = random.Random(seed)
    sent = bodies(rng)
    wire = b"".join(header(width, len(body)) + body for body in sent)

    assert packets(HeaderFramer(width), *cut_anywhere(wire, rng)) == sent


def test_a_header_is_big_endian() -> None:
    assert header(4, 0x01020304) == b"\x01\x02\x03\x04"


def test_a_length_that_its_header_cannot_say_is_too_big() -> None:
    with pytest.raises(TooBig):
        header(1, 256)


def test_a_packet_longer_than_packet_size_is_too_big_at_its_header() -> None:
    with pytest.raises(TooBig):
        HeaderFramer(4, packet_size=3).feed_whole(b"\0\0\0\4")


@pytest.mark.parametrize("length", [0x7FFFFFFC, 0x80000000, 0xFFFFFFFF])
def test_a_length_beyond_the_beams_counting_is_too_big(length: int) -> None:
    with pytest.raises(TooBig):
        HeaderFramer(4).feed_whole(length.to_bytes(4, "big"))


def test_the_longest_length_that_the_beam_takes_is_waited_for() -> None:
    assert HeaderFramer(4).feed_whole((0x7FFFFFFB).to_bytes(4, "big")) is None


# ---- raw


def test_raw_data_is_given_back_as_it_came() -> None:
    data = b"anything"

    assert RawFramer(65536).feed_whole(data) is data


def test_raw_data_comes_in_pieces_of_the_limit() -> None:
    assert packets(RawFramer(4), b"abcdefghij") == [b"abcd", b"efgh", b"ij"]


def test_raw_gives_exactly_the_bytes_that_are_wanted() -> None:
    framer = RawFramer(65536)
    framer.want(4)

    assert framer.feed_whole(b"ab") is None
    assert framer.feed_whole(b"cdefghij") == b"abcd"
    framer.want(4)
    assert framer.next() == b"efgh"
    framer.want(4)
    assert framer.next() is None
    assert framer.rest() == b"ij"


def test_what_came_of_a_wanted_number_is_any_data_again_when_nobody_wants_it_any_more() -> None:
    framer = RawFramer(65536)
    framer.want(4)
    framer.feed_whole(b"abc")

    framer.want(0)

    assert framer.next() == b"abc"


# ---- nothing is lost


def _framers() -> Iterator[tuple[str, Callable[[], Framer], bytes]]:
    yield "line", lambda: LineFramer(9216), b"one\ntwo\nthr"
    yield "short pieces", lambda: LineFramer(3), b"one\ntwo\nthr"
    yield "1", lambda: HeaderFramer(1), b"\3one\3two\5thr"
    yield "2", lambda: HeaderFramer(2), b"\0\3one\0\3two\0"
    yield "4", lambda: HeaderFramer(4), b"\0\0\0\3one\0\0\0\3two\0\0"
    yield "raw", lambda: RawFramer(3), b"onetwothr"


@pytest.mark.parametrize(
    ("make", "wire"), [f[1:] for f in _framers()], ids=[f[0] for f in _framers()]
)
@pytest.mark.parametrize("taken", range(4))
def test_the_rest_is_every_byte_that_was_not_delivered(
    make: Callable[[], Framer], wire: bytes, taken: int
) -> None:
    framer = make()
    framer.feed(wire)
    delivered = b"".join(framer.wrap(packet) for _ in range(taken) if (packet := framer.next()))

    assert framer.size == len(wire) - len(delivered)
    assert delivered + framer.rest() == wire
    assert framer.size == 0


@pytest.mark.parametrize(
    ("make", "wire"), [f[1:] for f in _framers()], ids=[f[0] for f in _framers()]
)
def test_a_packet_that_is_put_back_is_the_next_one_again(
    make: Callable[[], Framer], wire: bytes
) -> None:
    framer = make()
    framer.feed(wire)
    first = framer.next()
    assert first is not None

    framer.put_back(first)

    assert framer.next() == first
    assert framer.wrap(first) + framer.rest() == wire


@pytest.mark.parametrize(
    ("make", "wire"), [f[1:] for f in _framers()], ids=[f[0] for f in _framers()]
)
def test_feeding_before_all_was_taken_keeps_the_order(
    make: Callable[[], Framer], wire: bytes
) -> None:
    whole = packets(make(), wire)
    framer = make()
    framer.feed(wire[:6])
    framer.feed(wire[6:])
    found: list[bytes] = []

    while (packet := framer.next()) is not None:
        found.append(packet)

    assert found == whole


# ---- linear time


def _steps(make: Callable[[], Framer], data: bytes, size: int) -> int:
    """The bytes a framer keeps copying: how many it touches while it is fed in pieces."""
    framer = make()
    touched = 0
    for start in range(0, len(data), size):
        before = framer.pending
        framer.feed_whole(data[start : start + size])
        touched += size + (len(before) if isinstance(before, bytes) else 0)
    return touched


@pytest.mark.parametrize(
    "make",
    [lambda: LineFramer(1 << 30), lambda: HeaderFramer(4), lambda: _wanting(1 << 20)],
    ids=["line", "header", "raw"],
)
def test_a_huge_packet_in_small_pieces_is_not_copied_again_for_each_piece(
    make: Callable[[], Framer],
) -> None:
    data = header(4, 200_000) + b"x" * 200_000

    assert _steps(make, data, 10) <= 2 * len(data)


def _wanting(length: int) -> RawFramer:
    framer = RawFramer(65536)
    framer.want(length)
    return framer
