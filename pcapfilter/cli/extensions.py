"""The headers between IP and what it carries: IPv6's extension headers, and IPsec's.

Source: RFC 8200 section 4; RFC 4302 and RFC 4303 for IPsec; of the forms: what `tcpdump -n` prints.
"""

from typing import NamedTuple

HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATED, OPTIONS = 0, 43, 44, 51, 60
"""Protocol numbers."""

LEAST = 8
"""Octets of such a header, at least; of an authentication header, 12."""

OFFSET, MORE = 0xFFF8, 0x0001
"""Parts of a fragment header's third field: the place in octets, and whether more follows."""


class Chain(NamedTuple):
    """What was read of the headers: what comes behind them, where, and what is said of them.

    `place` is where a fragment belongs, in octets. A packet is `whole` that is no fragment, and
    `forwarded` where it has yet to go on from the address that it goes to.
    """

    protocol: int
    start: int = 0
    told: str = ""
    place: int = 0
    whole: bool = True
    forwarded: bool = False


def read_chain(protocol: int, octets: bytes, *, v6: bool) -> Chain:
    """Read the headers that precede what IP carries, up to one that is cut short.

    Only AUTHENTICATED is one in both versions of IP.
    """
    chain = Chain(protocol)
    known = (HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATED, OPTIONS) if v6 else (AUTHENTICATED,)
    while chain.protocol in known and not chain.place:
        header = octets[chain.start :]
        if len(header) < LEAST:
            break
        read = _next(chain, header)
        if read.start > len(octets):
            break
        chain = read
    return chain


def _next(chain: Chain, header: bytes) -> Chain:
    """Read one header more, of which LEAST octets are there."""
    length = 8 * (header[1] + 1)
    told = ""
    match chain.protocol:
        case 0:
            told = "HBH "
        case 60:
            told = "DSTOPT "
        case 43:
            told = f"RT6 (len={header[1]}, type={header[2]}, segleft={header[3]}) "
            chain = chain._replace(forwarded=header[3] > 0)
        case 44:
            length, place = LEAST, _number(header, 2, 2)
            chain = chain._replace(place=place & OFFSET, whole=not place & (OFFSET | MORE))
            told = "frag "
        case 51:
            length = 4 * (header[1] + 2)
            told = f"AH(spi=0x{_number(header, 4, 4):08x},seq=0x{_number(header, 8, 4):x}): "
    return chain._replace(protocol=header[0], start=chain.start + length, told=chain.told + told)


def secured(octets: bytes) -> str:
    """Give what is said of encrypted octets; IndexError where that is cut off."""
    if len(octets) < LEAST:
        raise IndexError("the header is cut short")
    return f"ESP(spi=0x{_number(octets, 0, 4):08x},seq=0x{_number(octets, 4, 4):x})"


def _number(octets: bytes, at: int, size: int) -> int:
    return int.from_bytes(octets[at : at + size])
