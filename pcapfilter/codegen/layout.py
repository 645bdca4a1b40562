"""Where each header of a packet begins: an immutable value, one row per link type.

All offsets are octets from the start of the packet. Words such as `vlan` and `mpls` replace the
layout for everything that the text says after them.
"""

from typing import NamedTuple

EN10MB, NULL, PPP, RAW, LOOP, LINUX_SLL = 1, 0, 9, 12, 108, 113
IPV4, IPV6, LINUX_SLL2 = 228, 229, 276


class Layout(NamedTuple):
    """What the code generator knows of a packet at one place in the text.

    `link` is the DLT number of the innermost link-layer header, which begins at `header`.
    `type` is the place of the field that names the next protocol (None: there is no such field).
    `payload` is where the link layer's payload begins; `net` and `net_nosnap` are where the
    network header begins, relative to it, with and without an LLC/SNAP header counted.
    `labels` counts the MPLS labels passed.
    """

    link: int
    type: int | None
    payload: int
    net: int = 0
    net_nosnap: int = 0
    header: int = 0
    labels: int = 0


ROWS: dict[int, Layout] = {
    # link, type, payload, net, net_nosnap
    row.link: row
    for row in (
        Layout(EN10MB, 12, 14, 0, 3),
        Layout(NULL, 0, 4),
        Layout(LOOP, 0, 4),
        Layout(PPP, 2, 4),
        Layout(RAW, None, 0),
        Layout(IPV4, None, 0),
        Layout(IPV6, None, 0),
        Layout(LINUX_SLL, 14, 16),
        Layout(LINUX_SLL2, 0, 20),
    )
}

ARCNETS = frozenset((7, 129))
"""The link types whose addresses are one octet."""
