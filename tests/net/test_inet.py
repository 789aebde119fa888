"""Addresses."""

from __future__ import annotations

from typing import Any

import pytest

import beamish
from beamish import BadArgError
from beamish.net import inet

from .sockets import fails, refused

# Each recorded from inet:parse_address of OTP 25.
FORMS = [
    ("127.0.0.1", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("127.0.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("0x7f.1", "127.0.0.1"),
    ("::1", "::1"),
    ("0:0:0:0:0:0:0:1", "::1"),
    ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ("fe80::1%1", "fe80::1%1"),
]


@pytest.mark.parametrize(("text", "address"), FORMS)
def test_every_textual_form_of_an_address_is_understood(text: str, address: str) -> None:
    assert inet.parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "localhost", "1.2.3.4.5", "256.0.0.1", "1.2.3.4 ", ":::", "1"]
)
def test_what_is_no_full_address_is_einval_to_the_strict(text: str) -> None:
    refused("einval", inet.parse_strict_address, text)


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3.4.5", "256.0.0.1", ":::", "1.2.3.4 x"])
def test_what_is_no_address_at_all_is_einval(text: str) -> None:
    refused("einval", inet.parse_address, text)


def test_short_forms_are_not_strict() -> None:
    refused("einval", inet.parse_strict_address, "127.1")
    assert inet.parse_strict_address("::1") == "::1"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ((127, 0, 0, 1), "127.0.0.1"),
        ((0, 0, 0, 0, 0, 0, 0, 1), "::1"),
        ((0, 0, 0, 0, 0, 0xFFFF, 0x7F00, 1), "::ffff:127.0.0.1"),
        ("::1", "::1"),
    ],
)
def test_an_address_has_a_text(address: Any, text: str) -> None:
    assert inet.ntoa(address) == text


def test_a_name_has_no_text_as_an_address() -> None:
    with pytest.raises(BadArgError, match="expected an IP address"):
        inet.ntoa("localhost")


def test_an_ipv4_address_has_its_place_in_ipv6_and_comes_back() -> None:
    mapped = inet.ipv4_mapped_ipv6_address("127.0.0.1")

    assert mapped == "::ffff:127.0.0.1"
    assert inet.ipv4_mapped_ipv6_address(mapped) == "127.0.0.1"


def test_a_host_has_addresses() -> None:
    async def main() -> None:
        assert await inet.getaddr("localhost") == "127.0.0.1"
        assert "127.0.0.1" in await inet.getaddrs("localhost", "inet")
        assert await inet.getaddr("::1", "inet6") == "::1"
        await fails("nxdomain", inet.getaddr("127.0.0.1", "inet6"))

    beamish.run(main)
