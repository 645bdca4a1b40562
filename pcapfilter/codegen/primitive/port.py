"""`port` and `portrange`: the first two fields of TCP, UDP and SCTP headers.

IPv6 headers are taken to be without extensions; IPv4 fragments but the first have no ports.
Source: RFC 9293, RFC 768, RFC 9260.
"""

from collections.abc import Callable

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Stmt
from pcapfilter.codegen.link import family
from pcapfilter.codegen.primitive.address import not_valid
from pcapfilter.expr.nodes import Direction, Proto
from pcapfilter.net import proto

NUMBERS: dict[Proto, int] = {
    "sctp": proto.IP_SCTP,
    "tcp": proto.IP_TCP,
    "udp": proto.IP_UDP,
}
MAX_PORT = 65535
SOURCE, DESTINATION = 0, 2
IPV4_PROTOCOL, IPV4_FRAGMENT, OFFSET_BITS = 9, 6, 0x1FFF
IPV6_NEXT_HEADER = 6


def port(b: Builder, number: int, protocol: Proto | None, direction: Direction | None) -> Cond:
    """Test for a port of the protocol (None: of any that has ports), over IPv6 or IPv4."""
    _check(b, number)
    return _ports(b, protocol, direction, lambda load: build.equal(load(), number))


def portrange(
    b: Builder, first: int, last: int, protocol: Proto | None, direction: Direction | None
) -> Cond:
    """Test for a port within a range, its bounds included and in either order."""
    _check(b, first)
    _check(b, last)
    low, high = sorted((first, last))

    def within(load: Callable[[], list[Stmt]]) -> Cond:
        return build.all_of(build.at_least(load(), low), build.Inverse(build.above(load(), high)))

    return _ports(b, protocol, direction, within)


def not_later_fragment(b: Builder) -> Cond:
    """Test that this is not an IPv4 fragment other than the first."""
    return build.Inverse(build.any_bit(b.from_network(IPV4_FRAGMENT, 2), OFFSET_BITS))


def _check(b: Builder, number: int) -> None:
    if number < 0:
        b.fail(f"illegal port number {number} < 0")
    if number > MAX_PORT:
        b.fail(f"illegal port number {number} > {MAX_PORT}")


Test = Callable[[Callable[[], list[Stmt]]], Cond]
"""Tests a port, given what loads it; called once for each place that it is looked for in."""


def over_ipv6(b: Builder, number: int, protocol: Proto | None, direction: Direction | None) -> Cond:
    """Test for a port over IPv6."""
    return _over_ipv6(b, protocol, direction, lambda load: build.equal(load(), number))


def over_ipv4(b: Builder, number: int, protocol: Proto | None, direction: Direction | None) -> Cond:
    """Test for a port over IPv4."""
    return _over_ipv4(b, protocol, direction, lambda load: build.equal(load(), number))


def _ports(b: Builder, protocol: Proto | None, direction: Direction | None, test: Test) -> Cond:
    return build.any_of(
        _over_ipv6(b, protocol, direction, test), _over_ipv4(b, protocol, direction, test)
    )


def _over_ipv6(b: Builder, protocol: Proto | None, direction: Direction | None, test: Test) -> Cond:
    def carried(number: int) -> Cond:
        is_protocol = build.equal(b.from_network(IPV6_NEXT_HEADER, 1), number)
        ports = _directed(b, direction, lambda at: test(lambda: b.from_transport6(at, 2)))
        return build.all_of(is_protocol, ports)

    return build.all_of(family.is_ipv6(b), build.any_of(*map(carried, _numbers(protocol))))


def _over_ipv4(b: Builder, protocol: Proto | None, direction: Direction | None, test: Test) -> Cond:
    def carried(number: int) -> Cond:
        is_protocol = build.equal(b.from_network(IPV4_PROTOCOL, 1), number)
        ports = _directed(b, direction, lambda at: test(lambda: b.from_transport(at, 2)))
        return build.all_of(is_protocol, not_later_fragment(b), ports)

    return build.all_of(family.is_ip(b), build.any_of(*map(carried, _numbers(protocol))))


def _numbers(protocol: Proto | None) -> list[int]:
    return list(NUMBERS.values()) if protocol is None else [NUMBERS[protocol]]


def _directed(b: Builder, direction: Direction | None, at: Callable[[int], Cond]) -> Cond:
    test = build.directed(direction, lambda: at(SOURCE), lambda: at(DESTINATION))
    return test or not_valid(b, direction, "ports")
