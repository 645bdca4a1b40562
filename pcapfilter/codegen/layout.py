"""Where each header of a packet begins: an immutable value, one row per link type.

All offsets are octets from the start of the packet. Words such as `vlan` and `mpls` replace the
layout for everything that the text says after them.
"""

from typing import NamedTuple

EN10MB, NULL, PPP, RAW, LOOP, LINUX_SLL = 1, 0, 9, 12, 108, 113
IPV4, IPV6, LINUX_SLL2 = 228, 229, 276


class Offset(NamedTuple):
    """A place in the packet: a constant, plus what a scratch register holds where the place varies.

    `variable` names the varying part; its register is taken when it is first used.
    """

    constant: int
    variable: str = ""

    def plus(self, octets: int) -> "Offset":
        """Give the place that many octets further on."""
        return Offset(self.constant + octets, self.variable)


PREFIX, PAYLOAD = "prefix", "payload"
"""The varying parts: the length of a pseudo-header, and of all that stands before the payload."""


class Layout(NamedTuple):
    """What the code generator knows of a packet at one place in the text.

    `link` is the DLT number of the innermost link-layer header, which begins at `header`.
    `type` is the place of the field that names the next protocol (None: there is no such field).
    `payload` is where the link layer's payload begins; `net` and `net_nosnap` are where the
    network header begins, relative to it, with and without an LLC/SNAP header counted.
    `labels` counts the MPLS labels passed.
    """

    link: int
    type: Offset | None
    payload: Offset
    net: int = 0
    net_nosnap: int = 0
    header: Offset = Offset(0)
    labels: int = 0


def _fixed(link: int, kind: int | None, payload: int, net: int = 0, nosnap: int = 0) -> Layout:
    return Layout(link, None if kind is None else Offset(kind), Offset(payload), net, nosnap)


ROWS: dict[int, Layout] = {
    row.link: row
    for row in (
        # link, type, payload, net, net_nosnap
        _fixed(EN10MB, 12, 14, 0, 3),
        _fixed(NULL, 0, 4),
        _fixed(LOOP, 0, 4),
        _fixed(PPP, 2, 4),
        _fixed(RAW, None, 0),
        _fixed(IPV4, None, 0),
        _fixed(IPV6, None, 0),
        _fixed(LINUX_SLL, 14, 16),
        _fixed(LINUX_SLL2, 0, 20),
    )
}

ARCNETS = frozenset((7, 129))
"""The link types whose addresses are one octet."""
