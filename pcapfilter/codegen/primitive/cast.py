"""`broadcast` and `multicast`, of the link layer or of IP.

Source: RFC 919, RFC 1112, RFC 4291 section 2.7.
"""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import family
from pcapfilter.codegen.primitive import mac

UNKNOWN_NETMASK = 0xFFFFFFFF
"""What says to libpcap that the netmask is not known; None says so here, too."""
IPV4_DESTINATION = 16
IPV4_FIRST_MULTICAST = 224
IPV6_DESTINATION = 24
IPV6_MULTICAST = 255


def broadcast(b: Builder, protocol: str | None) -> Cond:
    """Test for the link layer's broadcast address, or for IPv4's, with the netmask's help."""
    match protocol:
        case None | "link":
            return mac.broadcast(b)
        case "ip":
            if b.target.netmask in {None, UNKNOWN_NETMASK}:
                b.fail("netmask not known, so 'ip broadcast' not supported")
            hosts = ~b.target.netmask & build.WORD_MASK

            def ends_in(value: int) -> Cond:
                return build.masked_equal(b.from_network(IPV4_DESTINATION, 4), value, hosts)

            return build.all_of(family.is_ip(b), build.any_of(ends_in(0), ends_in(hosts)))
        case _:
            b.fail("only link-layer/IP broadcast filters supported")


def multicast(b: Builder, protocol: str | None) -> Cond:
    """Test for a group address of the link layer, IPv4 or IPv6."""
    match protocol:
        case None | "link":
            return mac.multicast(b)
        case "ip":
            return build.all_of(
                family.is_ip(b),
                build.at_least(b.from_network(IPV4_DESTINATION, 1), IPV4_FIRST_MULTICAST),
            )
        case "ip6":
            return build.all_of(
                family.is_ipv6(b), build.equal(b.from_network(IPV6_DESTINATION, 1), IPV6_MULTICAST)
            )
        case _:
            b.fail(
                "link-layer multicast filters supported only on"
                " ethernet/FDDI/token ring/ARCNET/802.11/ATM LANE/Fibre Channel"
            )
