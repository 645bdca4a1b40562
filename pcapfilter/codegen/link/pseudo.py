"""Pseudo-headers that hold an address family: PF's log, Solaris IP observability; and LocalTalk."""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link.loopback import FAMILIES as PF_FAMILIES
from pcapfilter.net import proto

FAMILY_PLACE = 1
IPNET_FAMILIES = {
    # Ethertype: address family, in Solaris's numbers
    proto.ETHERTYPE_IP: 2,
    proto.ETHERTYPE_IP6: 26,
}


def pf_log(b: Builder, protocol: int) -> Cond:
    """Test for the protocol by the family in PF's header (pflog(4))."""
    return _family(b, PF_FAMILIES.get(protocol))


def ipnet(b: Builder, protocol: int) -> Cond:
    """Test for the protocol by the family in Solaris's header (ipnet(7D))."""
    return _family(b, IPNET_FAMILIES.get(protocol))


def localtalk(_: Builder, protocol: int) -> Cond:
    """Test for the protocol where all packets are AppleTalk."""
    return build.always(truth=protocol == proto.ETHERTYPE_ATALK)


def _family(b: Builder, family: int | None) -> Cond:
    if family is None:
        return build.always(truth=False)
    return build.equal(b.from_header(FAMILY_PLACE, 1), family)
