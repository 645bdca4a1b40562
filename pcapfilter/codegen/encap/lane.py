"""`lane`: an Ethernet frame in ATM LAN emulation; what follows it is looked for inside.

Source: ATM Forum LAN Emulation 1.0 section 4.3; the registry page of LINKTYPE_SUNATM.
"""

from pcapfilter.codegen import layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.layout import Offset
from pcapfilter.codegen.link import atm
from pcapfilter.codegen.primitive import cell

PACKET = 4
"""Where the packet begins behind SunATM's pseudo-header."""
LANE_HEADER = 2
TYPE_PLACE = 12


def lane(b: Builder) -> Cond:
    """Test for a LAN emulation packet, and step into its frame."""
    cell.require_atm(b, "lane")
    test = atm.is_kind(b, atm.LANE)
    frame = PACKET + LANE_HEADER
    here, ethernet = b.layout, layout.ROWS[layout.EN10MB]
    # As in libpcap, what varies in the places of a frame around this one goes on doing so.
    b.layout = ethernet._replace(
        header=Offset(frame),
        type=Offset(frame + TYPE_PLACE, here.type.variable if here.type else ""),
        payload=Offset(ethernet.payload.constant + frame, here.payload.variable),
        labels=here.labels,
        lane=Offset(PACKET) if here.link == layout.SUNATM else None,
    )
    return test
