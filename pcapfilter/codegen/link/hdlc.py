"""Cisco HDLC and frame relay.

Source: RFC 1547; RFC 2427 section 4 for frame relay's NLPIDs.
"""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.net import proto

CONTROL = 0x03 << 8
"""The control field of unnumbered information, in front of an NLPID."""

NLPIDS = {
    # Ethertype or LLC SAP: the network layer protocol identifiers that it goes under
    proto.ETHERTYPE_IP: (0xCC,),
    proto.ETHERTYPE_IP6: (0x8E,),
    proto.LLC_ISO: (proto.ISO_CLNP, proto.ISO_ESIS, proto.ISO_ISIS),
}
NLPID_PLACE = 2


def cisco(b: Builder, protocol: int) -> Cond:
    """Test for the protocol in Cisco's framing: its Ethertype, or both SAPs for ISO."""
    if protocol == proto.LLC_ISO:
        protocol = proto.LLC_ISO << 8 | proto.LLC_ISO
    return build.equal(b.from_type(2), protocol)


def frame_relay(b: Builder, protocol: int) -> Cond:
    """Test for the protocol by its NLPID."""
    nlpids = NLPIDS.get(protocol)
    if nlpids is None:
        return build.always(truth=False)
    return build.any_of(*(nlpid(b, number) for number in nlpids))


def nlpid(b: Builder, number: int) -> Cond:
    """Test for a network layer protocol identifier in a frame relay header."""
    return build.equal(b.from_payload(NLPID_PLACE, 2), CONTROL | number)


def multilink(b: Builder, _: int) -> Cond:
    """Refuse: the fragments of multilink frame relay name no protocol."""
    b.refuse("Multi-link Frame Relay link-layer type filtering not implemented")
