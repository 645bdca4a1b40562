"""Ethernet: a type field above 1500 is an Ethertype, else a length with an LLC header behind it.

Source: IEEE 802.3 clause 3.2.6, IEEE 802.2, RFC 1042 (SNAP).
"""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.net import proto

MAX_LENGTH = proto.ETHERTYPE_MAX_LENGTH
TYPE_LENGTH = 2
DSAP_EQUALS_SSAP = {proto.LLC_ISO, proto.LLC_IP, proto.LLC_NETBEUI}
SNAP = {
    # Ethertype: organisation code it goes under
    proto.ETHERTYPE_ATALK: 0x080007,
    proto.ETHERTYPE_AARP: 0x000000,
    proto.ETHERTYPE_IPX: 0x000000,
}


def snap(b: Builder, ethertype: int) -> Cond:
    """Test for an LLC/SNAP header that carries the Ethertype."""
    octets = b"\xaa\xaa\x03" + SNAP[ethertype].to_bytes(3, "big") + ethertype.to_bytes(2, "big")
    return build.bytes_equal(b, 0, octets, payload=True)


def both_saps(b: Builder, sap: int) -> Cond:
    """Test for an LLC header with the same SAP as destination and source."""
    return build.equal(b.from_payload(0, 2), sap << 8 | sap)


def is_next(b: Builder, protocol: int) -> Cond:
    """Test for the protocol in any of the framings that Ethernet has for it."""
    has_llc = build.Inverse(build.above(b.from_type(2), MAX_LENGTH))
    if protocol in DSAP_EQUALS_SSAP:
        return build.all_of(has_llc, both_saps(b, protocol))
    if protocol == proto.LLC_IPX:
        llc = build.any_of(
            snap(b, proto.ETHERTYPE_IPX),
            build.equal(b.from_payload(0, 1), proto.LLC_IPX),
            build.equal(b.from_payload(0, 2), 0xFFFF),
        )
        ethertype = build.equal(b.from_type(2), proto.ETHERTYPE_IPX)
        return build.any_of(ethertype, build.all_of(has_llc, llc))
    if protocol in (proto.ETHERTYPE_ATALK, proto.ETHERTYPE_AARP):
        ethertype = build.equal(b.from_type(2), protocol)
        return build.any_of(ethertype, build.all_of(has_llc, snap(b, protocol)))
    if protocol <= MAX_LENGTH:
        return build.all_of(has_llc, build.equal(b.from_type(1, TYPE_LENGTH), protocol))
    return build.equal(b.from_type(2), protocol)
