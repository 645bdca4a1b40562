"""Link layers whose payload begins with an LLC header: token ring, FDDI, RFC 1483, Fibre Channel.

Source: IEEE 802.2; RFC 1042.
"""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import ethernet
from pcapfilter.net import proto

SNAP_TYPE = 6
"""Where the Ethertype stands in an LLC/SNAP header."""


def is_next(b: Builder, protocol: int) -> Cond:
    """Test for the protocol by its SAP, or by its Ethertype in a SNAP header."""
    if protocol in ethernet.DSAP_EQUALS_SSAP:
        return ethernet.both_saps(b, protocol)
    if protocol == proto.ETHERTYPE_ATALK:
        return ethernet.snap(b, protocol)
    if protocol <= ethernet.MAX_LENGTH:
        return build.equal(b.from_payload(0, 1), protocol)
    return build.equal(b.from_payload(SNAP_TYPE, 2), protocol)
