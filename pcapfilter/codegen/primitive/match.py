"""Qualifiers and a value: what `tcp src port 80`, `net 10/8` and `ether host a:b:c:d:e:f` ask for.

Which qualifiers go with which kind of value: pcap-filter(7).
"""

from typing import assert_never

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.primitive import address, decnet, mac, name, port, protochain, protocol
from pcapfilter.expr.nodes import V4, V6, LinkAddress, Match, Name, Number, Qualifier
from pcapfilter.net.address import format_v4, format_v6

V4_BITS, V6_BITS = 32, 128
FIRST_OCTET = 0xFF000000


def lower(b: Builder, match: Match) -> Cond:
    """Give the condition that the qualifiers and the value state."""
    qualifier, value = match.qualifier, match.value
    if qualifier.proto == "decnet" and qualifier.kind in (None, "host", "net"):
        number = decnet.number(b, value)
        if number is not None:
            return decnet.host(b, number, qualifier.direction)
    match value:
        case Name():
            b.span = value.span  # where a name is at fault, the rest of the primitive is not
            return name.lower(b, qualifier, value.name)
        case Number():
            return _number(b, qualifier, value.value)
        case V4():
            return _ipv4(b, qualifier, value)
        case V6():
            return _ipv6(b, qualifier, value)
        case LinkAddress():
            return _link_address(b, qualifier, value.octets)
        case _:
            assert_never(value)


def _number(b: Builder, q: Qualifier, value: int) -> Cond:
    match q.kind:
        case None | "host":
            _not_link(b, q)
            return address.ipv4(b, value, build.WORD_MASK, q.proto, q.direction, "host")
        case "net":
            _not_link(b, q)
            mask = build.WORD_MASK
            while value and not value & FIRST_OCTET:
                value <<= 8
                mask = mask << 8 & build.WORD_MASK
            return address.ipv4(b, value, mask, q.proto, q.direction, "net")
        case "port":
            name.has_ports(b, q)
            return port.port(b, value, q.proto, q.direction)
        case "portrange":
            name.has_ports(b, q)
            return port.portrange(b, value, value, q.proto, q.direction)
        case "proto":
            return protocol.numbered(b, value, q.proto)
        case "protochain":
            return protochain.chained(b, value, q.proto)
        case "gateway":
            b.fail("'gateway' requires a name")
        case _:
            assert_never(q.kind)


def _ipv4(b: Builder, q: Qualifier, value: V4) -> Cond:
    if value.prefix is not None or value.mask is not None:
        return _ipv4_net(b, q, value)
    match q.kind:
        case None | "host" | "net":
            _not_link(b, q)
            shift = V4_BITS - value.bits
            number = value.address << shift & build.WORD_MASK
            mask = build.WORD_MASK << shift & build.WORD_MASK
            return address.ipv4(b, number, mask, q.proto, q.direction, q.kind or "host")
        case "gateway":
            b.fail("'gateway' requires a name")
        case _:
            b.fail(f"'{q.kind}' modifier applied to ip host")


def _ipv4_net(b: Builder, q: Qualifier, value: V4) -> Cond:
    number = value.address << V4_BITS - value.bits & build.WORD_MASK
    if value.mask is not None:
        mask = value.mask.address << V4_BITS - value.mask.bits & build.WORD_MASK
        text = f"{_spelled(value)} mask {_spelled(value.mask)}"
    else:
        prefix = value.prefix or 0
        if prefix > V4_BITS:
            b.fail(f"mask length must be <= {V4_BITS}")
        mask = build.WORD_MASK << V4_BITS - prefix & build.WORD_MASK
        text = f"{_spelled(value)}/{prefix}"
    if number & ~mask:
        b.fail(f'non-network bits set in "{text}"')
    if q.kind != "net":
        b.fail("Mask syntax for networks only")
    if q.proto == "decnet":
        return decnet.host(b, number, q.direction)
    return address.ipv4(b, number, mask, q.proto, q.direction, "net")


def _ipv6(b: Builder, q: Qualifier, value: V6) -> Cond:
    prefix = V6_BITS if value.prefix is None else value.prefix
    if prefix > V6_BITS:
        b.fail(f"mask length must be <= {V6_BITS}")
    all_bits = (1 << V6_BITS) - 1
    mask = all_bits << V6_BITS - prefix & all_bits
    if value.address & ~mask:
        b.fail(f'non-network bits set in "{format_v6(value.address)}/{prefix}"')
    match q.kind:
        case None | "host":
            if prefix != V6_BITS:
                b.fail("Mask syntax for networks only")
            return address.ipv6(b, value.address, mask, q.proto, q.direction, "host")
        case "net":
            return address.ipv6(b, value.address, mask, q.proto, q.direction, "net")
        case _:
            b.fail("invalid qualifier against IPv6 address")


def _link_address(b: Builder, q: Qualifier, octets: bytes) -> Cond:
    wanted = q.kind in (None, "host") and q.proto == "link"
    if len(octets) == 1:
        if b.layout.link not in layout.ARCNETS:
            b.refuse("aid supported only on ARCnet")
        if not wanted:
            b.fail("ARCnet address used in non-arc expression")
        return mac.arcnet_host(b, octets, q.direction)
    if not wanted:
        b.fail("ethernet address used in non-ether expression")
    return mac.host(b, octets, q.direction)


def _spelled(value: V4) -> str:
    return format_v4(value.address, value.bits)


def _not_link(b: Builder, q: Qualifier) -> None:
    if q.proto == "link":
        b.fail("illegal link layer address")
