"""ARCnet: one octet names the protocol.

Source: RFC 1201, RFC 1051, the ARCnet protocol numbers of the ATA.
"""

from pcapfilter.codegen import build
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.net import proto

NUMBERS = {
    # Ethertype: the numbers that it goes under (RFC 1201's first, then RFC 1051's)
    proto.ETHERTYPE_IP: (0xD4, 0xF0),
    proto.ETHERTYPE_ARP: (0xD5, 0xF1),
    proto.ETHERTYPE_RARP: (0xD6,),
    proto.ETHERTYPE_ATALK: (0xDD,),
    proto.ETHERTYPE_IP6: (0xC4,),
}


def is_next(b: Builder, protocol: int) -> Cond:
    """Test for the protocol by its ARCnet numbers."""
    numbers = NUMBERS.get(protocol)
    if numbers is None:
        return build.always(truth=False)
    return build.any_of(*(build.equal(b.from_type(1), number) for number in numbers))
