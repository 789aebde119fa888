"""Options: their defaults, what they take, and what they say when they are asked."""

from __future__ import annotations

from typing import Any

import pytest

import beamish
from beamish import BadArgError
from beamish.net import OptionError, SocketOptions, gen_tcp

from .conftest import RunNode
from .sockets import SOON, connected, fails, refused

# OTP 29's, but for active, which is True there.
DEFAULTS: dict[str, Any] = {
    "active": False,
    "buffer": 9216,
    "exit_on_close": True,
    "high_watermark": 8192,
    "keepalive": False,
    "line_delimiter": b"\n",
    "linger": (False, 0),
    "low_watermark": 4096,
    "nodelay": False,
    "packet": "raw",
    "packet_size": 0,
    "partial_line": False,
    "reuseaddr": False,
    "send_timeout": None,
    "send_timeout_close": False,
    "show_econnreset": False,
}

VALUES: list[SocketOptions] = [
    {"buffer": 100},
    {"exit_on_close": False},
    {"high_watermark": 9000, "low_watermark": 10},
    {"keepalive": True},
    {"linger": (True, 5)},
    {"nodelay": True},
    {"packet": "line"},
    {"packet": 4},
    {"packet_size": 7},
    {"partial_line": True},
    {"send_timeout": 1.5},
    {"send_timeout_close": True},
    {"show_econnreset": True},
    {"tos": 16},
]

WRONG: list[dict[str, Any]] = [
    {"packet": 3},
    {"packet": True},
    {"packet": "lines"},
    {"packet_size": -1},
    {"buffer": 0},
    {"active": "twice"},
    {"active": 40000},
    {"nodelay": 1},
    {"linger": 5},
    {"linger": (True, -1)},
    {"send_timeout": -1},
    {"send_timeout": "infinity"},
    {"line_delimiter": b"\r\n"},
    {"high_watermark": 10},
    {"colour": "blue"},
]


def test_the_defaults_are_otps(run_node: RunNode) -> None:
    async def main() -> None:
        far, near = await connected()

        assert gen_tcp.getopts(near, *DEFAULTS) == DEFAULTS
        assert gen_tcp.getopts(far, DEFAULTS) == DEFAULTS

    run_node(main)


@pytest.mark.parametrize("values", VALUES, ids=str)
def test_what_was_set_is_what_is_told(run_node: RunNode, values: SocketOptions) -> None:
    async def main() -> None:
        far, near = await connected()

        gen_tcp.setopts(far, **values)

        assert gen_tcp.getopts(far, *values) == values
        assert gen_tcp.getopts(near, *values) != values

    run_node(main)


@pytest.mark.parametrize("values", VALUES, ids=str)
def test_connect_and_listen_take_every_option(run_node: RunNode, values: SocketOptions) -> None:
    async def main() -> None:
        far, near = await connected(values, **values)

        assert gen_tcp.getopts(far, *values) == gen_tcp.getopts(near, *values) == values

    run_node(main)


@pytest.mark.parametrize("values", WRONG, ids=str)
def test_a_wrong_option_of_listen_is_a_bad_argument(values: dict[str, Any]) -> None:
    async def main() -> None:
        with pytest.raises(BadArgError):
            gen_tcp.listen(0, **values)

    beamish.run(main)


@pytest.mark.parametrize("values", [w for w in WRONG if "packet_size" not in w], ids=str)
def test_a_wrong_option_of_setopts_is_einval_and_changes_nothing(values: dict[str, Any]) -> None:
    async def main() -> None:
        far, _ = await connected()

        with pytest.raises(OptionError) as caught:
            gen_tcp.setopts(far, packet_size=5, **values)

        assert caught.value.reason == "einval"
        assert gen_tcp.getopts(far, "packet_size") == {"packet_size": 0}

    beamish.run(main)


def test_an_error_names_what_can_be_given() -> None:
    async def main() -> None:
        wrong: Any = 3
        with pytest.raises(BadArgError, match='packet: expected "raw", "line", "http", .*; got 3'):
            gen_tcp.listen(0, packet=wrong)

    beamish.run(main)


def test_an_option_that_does_not_exist_cannot_be_asked_for(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected()

        refused("einval", gen_tcp.getopts, far, "packet", "colour")

    run_node(main)


def test_asking_for_nothing_is_asking_for_everything(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected()

        options = gen_tcp.getopts(far)

        assert DEFAULTS.items() <= options.items()
        assert options["recbuf"] > 0
        assert options["sndbuf"] > 0

    run_node(main)


def test_recbuf_raises_the_buffer_as_in_otp(run_node: RunNode) -> None:
    async def main() -> None:
        far, _ = await connected({"recbuf": 50_000})

        assert gen_tcp.getopts(far, "buffer") == {"buffer": 50_000}

    run_node(main)


def test_a_packet_size_that_is_set_later_counts_for_what_was_read_already(
    run_node: RunNode,
) -> None:
    async def main() -> None:
        far, near = await connected({"packet": "line"})
        await gen_tcp.send(near, b"short\na longer line\n")
        assert await gen_tcp.recv(far, timeout=SOON) == b"short\n"

        gen_tcp.setopts(far, packet_size=10)

        await fails("emsgsize", gen_tcp.recv(far, timeout=SOON))

    run_node(main)
