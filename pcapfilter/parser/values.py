"""The values that tokens spell, with the refusals of libpcap for those that spell none."""

from collections.abc import Callable
from typing import TypeVar

from pcapfilter.errors import FilterError, Span
from pcapfilter.expr import nodes
from pcapfilter.net import address
from pcapfilter.parser.lexer import Token

_T = TypeVar("_T")


def v4(token: Token) -> nodes.V4:
    """Give the address of one to four dotted parts."""
    value, bits = _read(address.parse_v4, token)
    return nodes.V4(value, bits, span=token.span)


def v4_prefix(token: Token, length: Token) -> nodes.V4:
    """Give the network `address/length`."""
    written = v4(token)
    if length.number > 32:
        raise FilterError("mask length must be <= 32", span=length.span)
    span = Span(token.span.start, length.span.end)
    mask = 0xFFFFFFFF << (32 - length.number)
    _check_host_bits(_left(written) & ~mask, f"{token.text}/{length.number}", span)
    return nodes.V4(written.address, written.bits, length.number, span=span)


def v4_mask(token: Token, mask_token: Token) -> nodes.V4:
    """Give the network `address mask mask`."""
    written, mask = v4(token), v4(mask_token)
    span = Span(token.span.start, mask_token.span.end)
    _check_host_bits(_left(written) & ~_left(mask), f"{token.text} mask {mask_token.text}", span)
    return nodes.V4(written.address, written.bits, mask=mask, span=span)


def v6(token: Token) -> nodes.V6:
    """Give the IPv6 address."""
    return nodes.V6(_read(address.parse_v6, token), span=token.span)


def v6_prefix(token: Token, length: Token) -> nodes.V6:
    """Give the network `address/length`."""
    value = _read(address.parse_v6, token)
    if length.number > 128:
        raise FilterError("mask length must be <= 128", span=length.span)
    span = Span(token.span.start, length.span.end)
    host_bits = value & ((1 << (128 - length.number)) - 1)
    _check_host_bits(host_bits, f"{token.text}/{length.number}", span)
    return nodes.V6(value, length.number, span)


def mac(token: Token) -> nodes.LinkAddress:
    """Give the six octets of a MAC address."""
    return nodes.LinkAddress(address.parse_mac(token.text), token.span)


def arcnet(token: Token) -> nodes.LinkAddress:
    """Give the octet that libpcap 1.10.3 takes `$a5` for: 0xda.

    It reads the dollar sign as a digit too (of value 0xed, of which 0xd is left in an octet), so
    the first digit alone counts.
    """
    return nodes.LinkAddress(bytes([0xD0 | int(token.text[0], 16)]), token.span)


def size(token: Token) -> int:
    """Give the number of octets that a load takes."""
    if token.number not in (1, 2, 4):
        raise FilterError("data size must be 1, 2, or 4", span=token.span)
    return token.number


def argument(token: Token) -> int | str:
    """Give a word's argument: a number or a name."""
    return token.text if token.type == "ID" else token.number


def _left(written: nodes.V4) -> int:
    """Give the 32-bit address whose first octets are those written."""
    return written.address << (32 - written.bits)


def _read(parse: Callable[[str], _T], token: Token) -> _T:
    try:
        return parse(token.text)
    except ValueError as fault:
        raise FilterError(str(fault), span=token.span) from None


def _check_host_bits(bits: int, text: str, span: Span) -> None:
    """Refuse a network whose address has bits outside its mask."""
    if bits:
        raise FilterError(f'non-network bits set in "{text}"', span=span)
