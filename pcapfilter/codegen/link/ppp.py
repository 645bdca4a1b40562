"""PPP and its kin: the PPP protocol number of an Ethertype.

Source: the Point-to-Point Protocol numbers at IANA; RFC 1661 section 2.
"""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.net import proto

NUMBERS = {
    # Ethertype or LLC SAP: PPP protocol
    proto.ETHERTYPE_IP: proto.PPP_IP,
    proto.ETHERTYPE_IP6: proto.PPP_IP6,
    proto.ETHERTYPE_DECNET: proto.PPP_DECNET,
    proto.ETHERTYPE_ATALK: proto.PPP_ATALK,
    proto.ETHERTYPE_NS: proto.PPP_NS,
    proto.LLC_ISO: proto.PPP_ISO,
    proto.LLC_STP: proto.PPP_BRIDGED,
    proto.LLC_IPX: proto.PPP_IPX,
}


def is_next(b: Builder, protocol: int) -> Cond:
    """Test for the protocol by its PPP number; one that has none, by the number it has."""
    return build.equal(b.from_type(2), NUMBERS.get(protocol, protocol))


COMPRESSED_IP = (proto.PPP_IP, proto.PPP_VAN_JACOBSON, proto.PPP_VAN_JACOBSON_UNCOMPRESSED)


def is_next_bsdos(b: Builder, protocol: int) -> Cond:
    """Test for the protocol where IP may have come with its TCP header compressed (RFC 1144)."""
    if protocol == proto.ETHERTYPE_IP:
        return build.any_of(*(build.equal(b.from_type(2), number) for number in COMPRESSED_IP))
    return is_next(b, protocol)
