"""Linux cooked captures: version 1 names 802.3 and 802.2 frames by types of its own.

Source: the LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2 pages of the registry at tcpdump.org.
"""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import ethernet
from pcapfilter.net import proto

NOVELL_802_3 = 0x0001
HAS_LLC = 0x0004


def is_next(b: Builder, protocol: int) -> Cond:
    """Test for the protocol in a version 1 header."""
    has_llc = build.equal(b.from_type(2), HAS_LLC)
    if protocol in ethernet.DSAP_EQUALS_SSAP:
        return build.all_of(has_llc, ethernet.both_saps(b, protocol))
    if protocol == proto.LLC_IPX:
        llc = build.any_of(
            build.equal(b.from_payload(0, 1), proto.LLC_IPX), ethernet.snap(b, proto.ETHERTYPE_IPX)
        )
        return build.any_of(
            build.equal(b.from_type(2), proto.ETHERTYPE_IPX),
            build.equal(b.from_type(2), NOVELL_802_3),
            build.all_of(has_llc, llc),
        )
    if protocol in (proto.ETHERTYPE_ATALK, proto.ETHERTYPE_AARP):
        ethertype = build.equal(b.from_type(2), protocol)
        return build.any_of(ethertype, build.all_of(has_llc, ethernet.snap(b, protocol)))
    if protocol <= ethernet.MAX_LENGTH:
        return build.all_of(has_llc, build.equal(b.from_payload(0, 1), protocol))
    return build.equal(b.from_type(2), protocol)
