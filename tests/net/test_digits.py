"""Decimal numbers as the C library reads them."""

import pytest

from pcapfilter.net.digits import as_int, as_port


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0080", 80),
        ("+7", 7),
        ("-1", -1),
        ("2147483648", -(1 << 31)),
        ("4294967297", 1),
        ("9223372036854775807", -1),
        ("9223372036854775808", -1),  # a long holds no more
        ("-9223372036854775808", 0),
        ("-9223372036854775809", 0),
        ("9" * 5000, -1),
        ("0" * 5000 + "5", 5),
    ],
)
def test_int(text: str, number: int) -> None:
    assert as_int(text) == number


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("", 0),
        ("080", 80),
        ("+80", 80),
        ("65536", 0),
        ("99999", 34463),
        ("4294967376", 80),
        ("9223372036854775808", 0),
        ("2147483648", None),  # a negative int
        ("18446744073709551615", None),
        ("9" * 5000, None),
        ("-80", None),
        ("80x", None),
        ("0x50", None),
        ("+", None),
        ("٣", None),
    ],
)
def test_port(text: str, port: int | None) -> None:
    assert as_port(text) == port
