"""`vlan [id]`: an IEEE 802.1Q or 802.1ad tag; what follows it in the text is looked for behind it.

Source: IEEE 802.1Q clause 9; pcap-filter(7).
"""

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import family
from pcapfilter.net import proto

TAG_TYPES = (proto.ETHERTYPE_VLAN, proto.ETHERTYPE_QINQ, proto.ETHERTYPE_QINQ_OLD)
TAG_LENGTH = 4
MAX_ID = 0x0FFF
TAGGED_LINKS = frozenset((
    layout.EN10MB, layout.NETANALYZER, layout.NETANALYZER_TRANSPARENT, layout.IEEE802_11,
    layout.PRISM_HEADER, layout.IEEE802_11_RADIO, layout.IEEE802_11_RADIO_AVS,
))  # fmt: skip


def vlan(b: Builder, number: int | None) -> Cond:
    """Test for a tag, with this VLAN number where one is given, and step behind it."""
    if b.layout.labels:
        b.fail("no VLAN match after MPLS")
    if b.layout.link not in TAGGED_LINKS:
        b.refuse(f"no VLAN support for {b.link_description()}")
    if number is not None and number > MAX_ID:
        b.fail(f"VLAN tag {number} greater than maximum {MAX_ID}")
    test = build.any_of(*(family.is_next(b, kind) for kind in TAG_TYPES))
    if number is not None:
        tag = build.masked_equal(b.from_network(0, 2), number, MAX_ID)
        test = build.all_of(test, tag)
    here = b.layout
    b.layout = here._replace(
        type=here.type and here.type.plus(TAG_LENGTH), payload=here.payload.plus(TAG_LENGTH)
    )
    return test
