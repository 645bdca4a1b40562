r"""Names: hosts, networks, ports and protocols, by way of the target's Resolver.

Which names are looked up where: pcap-filter(7); what is said of unknown ones: libpcap. What is
spelt as a number (`port \80`) is one wherever the C library takes it for one.
"""

import re
from typing import assert_never

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.primitive import address, decnet, mac, port, protochain, protocol
from pcapfilter.expr.nodes import Proto, Qualifier
from pcapfilter.net import digits, proto
from pcapfilter.net.names import likely, nearest

V4_VERSION = 4
V6_MASK = (1 << 128) - 1
FIRST_OCTET = 0xFF000000
BOTH_ENDS = re.compile(r"([-+]?\d+)-([-+]?\d+)", re.ASCII)
HAVE_PORTS: tuple[Proto | None, ...] = (None, "tcp", "udp", "sctp")


def lower(b: Builder, q: Qualifier, name: str) -> Cond:
    """Give the condition that the qualifiers and what the name stands for state."""
    match q.kind:
        case None | "host":
            return _host(b, q, name)
        case "net":
            return _net(b, q, name)
        case "port":
            has_ports(b, q)
            number, protocols = _port(b, name, f"unknown port '{name}'")
            return port.port(b, number, _only(b, q, protocols, f"port '{name}'"), q.direction)
        case "portrange":
            return _portrange(b, q, name)
        case "proto":
            return protocol.numbered(b, _protocol(b, q.proto, name), q.proto)
        case "protochain":
            return protochain.chained(b, _protocol(b, q.proto, name), q.proto)
        case "gateway":
            b.fail("'gateway' not supported in this configuration")
        case _:
            assert_never(q.kind)


def has_ports(b: Builder, q: Qualifier) -> None:
    """Refuse ports of a protocol that has none."""
    if q.proto not in HAVE_PORTS:
        b.fail(f"illegal qualifier of '{q.kind}'")


def _host(b: Builder, q: Qualifier, name: str) -> Cond:
    if q.proto == "link":
        kind = mac.kind(b)
        octets = b.target.resolver.ethernet(name)
        if octets is None:
            b.unknown(f"unknown {kind} host '{name}'")
        return mac.host(b, octets, q.direction)
    if q.proto == "decnet":
        b.unknown(f"decnet name support not included, '{name}' cannot be translated")
    addresses = b.target.resolver.hosts(name)
    if not addresses:
        b.unknown(f"unknown host '{name}'")
    # Where nothing names the next protocol, ARP cannot be there.
    bare = b.layout.link in layout.IP_ALONE and q.proto is None
    tests = []
    for version, number in addresses:
        if version == V4_VERSION and q.proto != "ip6":
            v4_proto: Proto | None = "ip" if bare else q.proto
            tests.append(address.ipv4(b, number, build.WORD_MASK, v4_proto, q.direction, "host"))
        elif version != V4_VERSION and q.proto != "ip":
            tests.append(address.ipv6(b, number, V6_MASK, q.proto, q.direction, "host"))
    if not tests:
        specified = " for specified address family" if q.proto else ""
        b.unknown(f"unknown host '{name}'{specified}")
    return build.any_of(*tests)


def _net(b: Builder, q: Qualifier, name: str) -> Cond:
    number = b.target.resolver.number("network", name)
    if number is None:
        b.unknown(f"unknown network '{name}'", likely(b.target.resolver, ("network",), name))
    mask = build.WORD_MASK
    while number and not number & FIRST_OCTET:
        number <<= 8
        mask = mask << 8 & build.WORD_MASK
    if q.proto == "decnet":
        return decnet.host(b, number, q.direction)
    return address.ipv4(b, number, mask, q.proto, q.direction, "net")


def _port(b: Builder, name: str, unknown: str) -> tuple[int, set[Proto]]:
    """Look a port up: its number, and the protocols that have it under this name."""
    if (number := digits.as_port(name)) is not None:
        return number, {"tcp", "udp"}
    tcp = b.target.resolver.number("tcp", name)
    udp = b.target.resolver.number("udp", name)
    if tcp is not None and udp is not None:
        return (tcp, {"tcp", "udp"} if tcp == udp else {"tcp"})
    if tcp is not None:
        return tcp, {"tcp"}
    if udp is not None:
        return udp, {"udp"}
    b.unknown(unknown, likely(b.target.resolver, ("tcp", "udp"), name))


def _only(b: Builder, q: Qualifier, protocols: set[Proto], what: str) -> Proto | None:
    """Give the protocol to test, where the port's name and the qualifiers agree on one."""
    if len(protocols) != 1:
        return q.proto
    (only,) = protocols
    if q.proto not in (None, only):
        b.fail(f"{what} is {only}")
    return only


def _portrange(b: Builder, q: Qualifier, text: str) -> Cond:
    has_ports(b, q)
    if both := BOTH_ENDS.match(text):  # what stands behind the second number does not count
        low, high = digits.as_int(both[1]), digits.as_int(both[2])
        return port.portrange(b, low, high, q.proto, q.direction)
    unknown = f"unknown port in range '{text}'"
    first, dash, last = text.partition("-")
    if not dash:
        b.unknown(unknown)
    low, low_protocols = _port(b, first, unknown)
    high, high_protocols = _port(b, last, unknown)
    protocols = low_protocols if low_protocols == high_protocols else set()
    checked = _only(b, q, protocols, f"port in range '{text}'")
    return port.portrange(b, low, high, checked, q.direction)


def _protocol(b: Builder, carrier: Proto | None, name: str) -> int:
    """Look a protocol's number up in the names that its carrier has."""
    resolver = b.target.resolver
    match carrier:
        case None | "ip" | "ip6":
            number = resolver.number("protocol", name)
            if number is None:
                b.unknown(f"unknown ip proto '{name}'", likely(resolver, ("protocol",), name))
            return number
        case "link":
            numbers, unknown = proto.ETHER_PROTOS, f"unknown ether proto '{name}'"
        case "iso":
            numbers, unknown = proto.ISO_PROTOS, f"unknown osi proto '{name}'"
        case _:
            numbers, unknown = {}, f"unknown protocol: {name}"
    if name not in numbers:
        b.unknown(unknown, nearest(name, numbers))
    return numbers[name]
