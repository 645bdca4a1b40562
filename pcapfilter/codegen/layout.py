"""Where each header of a packet begins: an immutable value, one row per link type.

All offsets are octets from the start of the packet. Words such as `vlan` and `mpls` replace the
layout for everything that the text says after them.
"""

from typing import NamedTuple

NULL, EN10MB, IEEE802, ARCNET, SLIP, PPP, FDDI, ATM_RFC1483, RAW = 0, 1, 6, 7, 8, 9, 10, 11, 12
SLIP_BSDOS, PPP_BSDOS, ATM_CLIP, PPP_SERIAL, PPP_ETHER, SYMANTEC_FIREWALL = 15, 16, 19, 50, 51, 99
C_HDLC, IEEE802_11, FRELAY, LOOP, ENC, HDLC, LINUX_SLL, LTALK = (
    104,
    105,
    107,
    108,
    109,
    112,
    113,
    114,
)
PFLOG, PRISM_HEADER, IP_OVER_FC, SUNATM, IEEE802_11_RADIO, ARCNET_LINUX = (
    117,
    119,
    122,
    123,
    127,
    129,
)
JUNIPER_MLPPP, JUNIPER_MLFR, JUNIPER_ES, JUNIPER_GGSN, JUNIPER_MFR = 130, 131, 132, 133, 134
JUNIPER_ATM2, JUNIPER_SERVICES, JUNIPER_ATM1 = 135, 136, 137
APPLE_IP_OVER_IEEE1394, MTP2_WITH_PHDR, MTP2, IEEE802_11_RADIO_AVS = 138, 139, 140, 163
JUNIPER_MONITOR, BACNET_MS_TP, PPP_PPPD, JUNIPER_PPPOE, JUNIPER_PPPOE_ATM = 164, 165, 166, 167, 168
JUNIPER_ETHER, JUNIPER_PPP, JUNIPER_FRELAY, JUNIPER_CHDLC, MFR, JUNIPER_VP = (
    178,
    179,
    180,
    181,
    182,
    183,
)
PPI, JUNIPER_ISM, ERF, JUNIPER_ST, IPNET, IPV4, IPV6 = 192, 194, 197, 200, 226, 228, 229
JUNIPER_VS, JUNIPER_SRX_E2E, JUNIPER_FIBRECHANNEL, JUNIPER_ATM_CEMIC = 232, 233, 234, 238
NETANALYZER, NETANALYZER_TRANSPARENT, LINUX_SLL2 = 240, 241, 276


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


LIVE_PAYLOAD, LIVE_TYPE = "live payload", "live type"
"""The varying parts behind a VLAN tag that a live capture may have found outside the frame."""

METADATA = -0x1000
"""Loads from here upwards do not look into the packet, but at what Linux knows of it."""


class Layout(NamedTuple):
    """What the code generator knows of a packet at one place in the text.

    `link` is the DLT number of the innermost link-layer header, which begins at `header`; `named`
    is the number to name in messages, where that is another link type just like it.
    `type` is the place of the field that names the next protocol (None: there is no such field).
    `payload` is where the link layer's payload begins; `net` and `net_nosnap` are where the
    network header begins, relative to it, with and without an LLC/SNAP header counted.
    `labels` counts the MPLS labels passed. `lane` is where LAN emulation marks control frames, for
    an Ethernet frame that it carries. `overlay` is set for a frame that a Geneve header carries.
    """

    link: int
    type: Offset | None
    payload: Offset
    net: int = 0
    net_nosnap: int = 0
    header: Offset = Offset(0)
    labels: int = 0
    lane: Offset | None = None
    overlay: bool = False
    named: int | None = None


def _fixed(
    link: int, kind: int | None, payload: int, net: int = 0, nosnap: int = 0, header: int = 0
) -> Layout:
    place = None if kind is None else Offset(kind)
    return Layout(link, place, Offset(payload), net, nosnap, Offset(header))


def _unknown(link: int) -> Layout:
    """Give the layout of a link type of which only the general words know anything."""
    return _fixed(link, None, -1, -1, -1)


def _wireless(link: int, prefix: str) -> Layout:
    """Give the layout of 802.11 frames, behind a pseudo-header of varying length or none."""
    return Layout(link, None, Offset(0, PAYLOAD), 8, 3, Offset(0, prefix))


ROWS: dict[int, Layout] = {
    row.link: row
    for row in (
        # link, type, payload, net, net_nosnap, header
        _fixed(NULL, 0, 4),
        _fixed(EN10MB, 12, 14, 0, 3),
        _fixed(IEEE802, None, 14, 8, 3),
        _fixed(ARCNET, 2, 6),
        _fixed(SLIP, None, 16),
        _fixed(PPP, 2, 4),
        _fixed(FDDI, None, 13, 8, 3),
        _fixed(ATM_RFC1483, None, 0, 8, 3),
        _fixed(RAW, None, 0),
        _fixed(SLIP_BSDOS, None, 24),
        _fixed(PPP_BSDOS, 5, 24),
        _fixed(ATM_CLIP, None, 0, 8, 3),
        _fixed(PPP_SERIAL, 2, 4),
        _fixed(PPP_ETHER, 6, 8),
        _fixed(SYMANTEC_FIREWALL, 6, 44),
        _fixed(C_HDLC, 2, 4),
        _fixed(FRELAY, None, 0),
        _fixed(LOOP, 0, 4),
        _fixed(ENC, 0, 12),
        _fixed(LINUX_SLL, 14, 16),
        _fixed(LTALK, None, 0),
        _fixed(IP_OVER_FC, None, 16, 8, 3),
        _fixed(SUNATM, None, 4, 8, 3),
        _fixed(ARCNET_LINUX, 4, 8),
        _fixed(JUNIPER_MLPPP, None, 4, 0, -1),
        _fixed(JUNIPER_GGSN, None, 12, 0, -1),
        _fixed(JUNIPER_ATM2, None, 8, 0, 10),
        _fixed(JUNIPER_ATM1, None, 4, 0, 10),
        _fixed(APPLE_IP_OVER_IEEE1394, 16, 18),
        _fixed(PPP_PPPD, 2, 4),
        _fixed(JUNIPER_PPPOE, None, 14, 18, 21),
        _fixed(JUNIPER_PPPOE_ATM, None, 6, 0, -1),
        _fixed(IPNET, None, 24, 0, -1),
        _fixed(IPV4, None, 0),
        _fixed(IPV6, None, 0),
        _fixed(NETANALYZER, 16, 18, 0, 3, header=4),
        _fixed(NETANALYZER_TRANSPARENT, 24, 26, 0, 3, header=12),
        _fixed(LINUX_SLL2, 0, 20),
        Layout(PFLOG, None, Offset(0, PAYLOAD)),
        _wireless(IEEE802_11, ""),
        _wireless(PRISM_HEADER, PREFIX),
        _wireless(IEEE802_11_RADIO, PREFIX),
        _wireless(IEEE802_11_RADIO_AVS, PREFIX),
        _wireless(PPI, PREFIX),
    )
}

ALIKE: dict[int, int] = {
    # link type: another one that all words treat just the same
    HDLC: C_HDLC,
    JUNIPER_MLFR: JUNIPER_MLPPP,
    JUNIPER_MFR: JUNIPER_MLPPP,
    JUNIPER_PPP: JUNIPER_MLPPP,
    JUNIPER_FRELAY: JUNIPER_MLPPP,
    JUNIPER_CHDLC: JUNIPER_MLPPP,
    JUNIPER_MONITOR: JUNIPER_GGSN,
    JUNIPER_ETHER: JUNIPER_PPPOE,
    JUNIPER_SERVICES: JUNIPER_ES,
    JUNIPER_VP: JUNIPER_ES,
    JUNIPER_ISM: JUNIPER_ES,
    JUNIPER_ST: JUNIPER_ES,
    JUNIPER_VS: JUNIPER_ES,
    JUNIPER_SRX_E2E: JUNIPER_ES,
    JUNIPER_FIBRECHANNEL: JUNIPER_ES,
    JUNIPER_ATM_CEMIC: JUNIPER_ES,
}

UNKNOWN = frozenset((2, 3, 4, 5))
LAST = 289
"""The DLT numbers that libpcap 1.10 does not know at all: these, and all beyond the last."""


def of_link(link: int) -> Layout | None:
    """Give the layout of a link type by its DLT number; None for one that libpcap does not know."""
    if link in UNKNOWN or link > LAST:
        return None
    alike = ALIKE.get(link, link)
    return (ROWS.get(alike) or _unknown(alike))._replace(named=link)


ARCNETS = frozenset((ARCNET, ARCNET_LINUX))
"""The link types whose addresses are one octet."""

JUNIPERS = frozenset((
    JUNIPER_MLPPP, JUNIPER_ES, JUNIPER_GGSN, JUNIPER_ATM2, JUNIPER_ATM1, JUNIPER_PPPOE,
    JUNIPER_PPPOE_ATM,
))  # fmt: skip
WIRELESS = frozenset((IEEE802_11, PRISM_HEADER, IEEE802_11_RADIO, IEEE802_11_RADIO_AVS, PPI))
"""The link types with 802.11 headers."""

IP_ALONE = frozenset((SLIP, RAW, SLIP_BSDOS, FRELAY, LTALK, BACNET_MS_TP, IPV4, IPV6))
"""The link types on which a host by its name is looked for in IP only, not in ARP and RARP."""
