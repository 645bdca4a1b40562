"""`pppoed` and `pppoes [session]`: PPP over Ethernet; behind a session header, PPP goes on.

Source: RFC 2516 section 4; pcap-filter(7).
"""

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.layout import Layout
from pcapfilter.codegen.link import family
from pcapfilter.net import proto

HEADER_LENGTH = 6
PPP_TYPE_LENGTH = 2
MAX_SESSION = SESSION_MASK = 0xFFFF


def pppoed(b: Builder) -> Cond:
    """Test for a discovery packet."""
    return family.is_next(b, proto.ETHERTYPE_PPPOE_DISCOVERY)


def pppoes(b: Builder, session: int | None) -> Cond:
    """Test for a session packet, of this session where one is given, and step into its PPP."""
    test = family.is_next(b, proto.ETHERTYPE_PPPOE_SESSION)
    if session is not None:
        if session > MAX_SESSION:
            b.fail(f"PPPoE session number {session} greater than maximum {MAX_SESSION}")
        field = build.masked_equal(b.from_network(0, 4), session, SESSION_MASK)
        test = build.all_of(test, field)
    here, ppp = b.layout, b.network.plus(HEADER_LENGTH)
    header = kind = ppp
    if ppp.variable and ppp.variable not in b.variables:
        # As in libpcap, places that are first looked at behind this point get registers of their
        # own, which nothing fills.
        header = ppp._replace(variable=f"pppoe header {ppp.constant}")
        kind = ppp._replace(variable=f"pppoe type {ppp.constant}")
    b.layout = Layout(
        link=layout.PPP,
        header=header,
        type=kind,
        payload=ppp.plus(PPP_TYPE_LENGTH),
        labels=here.labels,
        overlay=here.overlay,
    )
    return test
