"""Decimal numbers as the C library reads them, where libpcap leaves that to it.

Source: strtol(3), strtoul(3) and sscanf(3) on machines with a long of 64 bits and an int of 32.
"""

import re

LONG, UNSIGNED_LONG = (1 << 63) - 1, (1 << 64) - 1
SIGN = 1 << 31
LONGEST = 21
"""Digits that tell of any number whether 64 bits hold it."""

_SERVICE = re.compile(r"(?:\+?[0-9]+)?").fullmatch


def as_int(digits: str) -> int:
    """Give what `%d` makes of digits with or without a sign: a long, of which an int is left."""
    number = _whole(digits.lstrip("+-"))
    return _low(-min(number, LONG + 1) if digits.startswith("-") else min(number, LONG))


def as_port(service: str) -> int | None:
    """Give the port that getaddrinfo(3) takes a service for if it is a number, else None.

    Nothing is 0, and of a number that an int holds 16 bits are left.
    """
    if not _SERVICE(service):
        return None
    number = _low(min(_whole(service.lstrip("+")), UNSIGNED_LONG))
    return None if number < 0 else number & 0xFFFF


def _whole(digits: str) -> int:
    return int(digits.lstrip("0")[:LONGEST] or "0")


def _low(number: int) -> int:
    """The lower 32 bits, the uppermost of them the sign."""
    return ((number & 0xFFFFFFFF) ^ SIGN) - SIGN
