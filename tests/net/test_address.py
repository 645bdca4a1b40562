"""Addresses as text and as numbers; the standard library's ipaddress stands beside."""

import ipaddress
import random

import pytest

from pcapfilter.net.address import (
    format_v4,
    format_v6,
    is_dotted,
    is_mac,
    parse_mac,
    parse_v4,
    parse_v6,
    scan_colons,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", (10, 8)),
        ("10.1", (0x0A01, 16)),
        ("1.2.3", (0x010203, 24)),
        ("255.255.255.255", (0xFFFFFFFF, 32)),
        ("0.0.0.0", (0, 32)),
        ("01.002.0003.000000", (0x01020300, 32)),  # decimal, as libpcap reads it
    ],
)
def test_parse_v4(text: str, value: tuple[int, int]) -> None:
    assert parse_v4(text) == value
    assert parse_v4(format_v4(*value)) == value


@pytest.mark.parametrize(
    "text", ["256", "1.256", "0x1.2", "1..2", "", "1.2.", "9" * 5000, "\u0661.1"]
)
def test_bad_v4(text: str) -> None:
    with pytest.raises(ValueError, match="invalid IPv4 address") as caught:
        parse_v4(text)
    assert str(caught.value) == f"invalid IPv4 address '{text}'"


def test_v6_against_the_standard_library() -> None:
    rng = random.Random("v6")
    for _ in range(3000):
        value = rng.getrandbits(128)
        for shift in range(0, 128, 16):
            if rng.random() < 0.6:
                value &= ~(0xFFFF << shift)
        address = ipaddress.IPv6Address(value)
        assert format_v6(value) == str(address)
        for text in (format_v6(value), str(address), address.exploded, str(address).upper()):
            assert parse_v6(text) == value, text
            assert scan_colons(f"{text} x", 0) == ("v6", len(text)), text


@pytest.mark.parametrize(
    ("text", "value"), [("::1.2.3.4", 0x01020304), ("1:2:3:4:5:6:1.2.3.4", None), ("::", 0)]
)
def test_v6_with_dotted_parts(text: str, value: int | None) -> None:
    assert parse_v6(text) == int(ipaddress.IPv6Address(text))
    assert value is None or parse_v6(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "1:2:3", "1:2:3:4:5:6:7:8:9", "1::2:3:4:5:6:7:8", "12345::", "::1.2.3", "::1.2.3.256",
        "::01.2.3.4", "::0x1.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "g::", "",
    ],
)  # fmt: skip
def test_bad_v6(text: str) -> None:
    with pytest.raises(ValueError, match="bogus IPv6 address"):
        parse_v6(text)


@pytest.mark.parametrize(
    "text", ["1:2:3:a:b:c", "1-2-3-a-b-c", "01.02.03.0a.0b.0c", "0102.030a.0B0C", "0102030A0b0c"]
)
def test_mac(text: str) -> None:
    assert is_mac(text)
    assert parse_mac(text) == bytes([1, 2, 3, 10, 11, 12])


@pytest.mark.parametrize(
    "text", ["1:2:3:4:5", "1-2:3:4:5:6", "010203040506a", "1.2.3", "g0203040506"]
)
def test_no_mac(text: str) -> None:
    assert not is_mac(text)


def test_is_dotted() -> None:
    assert is_dotted("1.2")
    assert is_dotted("0x1.2.3.4")
    assert not is_dotted("1")
    assert not is_dotted("1.2.3.4.5")
    assert not is_dotted("1.a")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1:2:3:4:5:6", ("mac", 11)),
        ("1:2:3:4:5:6:7:8", ("v6", 15)),
        ("1:2:3:4:5:6:7", ("bogus", 12)),
        ("1:2:3:4:5", ("bogus", 8)),
        ("1::2::3", ("bogus", 6)),
        ("1::2:3:4:5:6:7:8", ("bogus", 15)),
        ("1:2::", ("v6", 5)),
        ("::12345", ("v6", 6)),
        ("::1.2.3.4.5", ("v6", 9)),
        ("1:2:3:4:5::1.2.3.4", ("v6", 18)),
        ("1:2:3:4:5:6::1.2.3.4", ("v6", 14)),
        ("1::2:3:4:5:1.2.3.4", ("v6", 18)),
        ("1::2:3:4:5:6:1.2.3.4", ("v6", 14)),
        ("1:2", ("", 0)),
        ("x:", ("", 0)),
    ],
)
def test_scan_colons(text: str, found: tuple[str, int]) -> None:
    assert scan_colons(text, 0) == found
