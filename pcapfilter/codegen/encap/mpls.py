"""`mpls [label]`: an MPLS label; what follows it in the text is looked for behind it.

Source: RFC 3032; pcap-filter(7).
"""

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.link import family
from pcapfilter.net import proto

LABEL_LENGTH = 4
LABEL_SHIFT, LABEL_MASK = 12, 0xFFFFF000
MAX_LABEL = 0xFFFFF
BOTTOM_OF_STACK = 0x01
PROTOCOLS = {
    # link type: how its header says that a label stack follows
    layout.EN10MB: proto.ETHERTYPE_MPLS,
    layout.C_HDLC: proto.ETHERTYPE_MPLS,
    layout.NETANALYZER: proto.ETHERTYPE_MPLS,
    layout.NETANALYZER_TRANSPARENT: proto.ETHERTYPE_MPLS,
    layout.PPP: proto.PPP_MPLS,
}


def mpls(b: Builder, label: int | None) -> Cond:
    """Test for a label stack or its next entry, with this label where one is given."""
    if b.layout.labels:
        test = build.masked_equal(b.from_network(-2, 1), 0, BOTTOM_OF_STACK)
    elif b.layout.link in PROTOCOLS:
        test = family.is_next(b, PROTOCOLS[b.layout.link])
    else:
        b.refuse(f"no MPLS support for {b.link_description()}")
    if label is not None:
        if label > MAX_LABEL:
            b.fail(f"MPLS label {label} greater than maximum {MAX_LABEL}")
        entry = build.masked_equal(b.from_network(0, 4), label << LABEL_SHIFT, LABEL_MASK)
        test = build.all_of(test, entry)
    here = b.layout
    b.layout = here._replace(
        net=here.net + LABEL_LENGTH,
        net_nosnap=here.net_nosnap + LABEL_LENGTH,
        labels=here.labels + 1,
    )
    return test
