"""The protocol numbers of the world, and the names that filters may give them.

Names here are those that libpcap has built in; the names of IP protocols and ports come from the
system's tables, by way of a Resolver.

Sources: IANA's ieee-802-numbers, protocol-numbers and ppp-numbers registries; pcap-filter(7).
"""

# ---- Ethernet types ----------------------------------------------------------------------------

ETHERTYPE_MAX_LENGTH = 1500
"""The largest value of Ethernet's type field that is an 802.3 length, not a type."""

ETHERTYPE_NS = 0x0600
ETHERTYPE_IP = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_TEB = 0x6558
ETHERTYPE_MOPDL = 0x6001
ETHERTYPE_MOPRC = 0x6002
ETHERTYPE_DECNET = 0x6003
ETHERTYPE_LAT = 0x6004
ETHERTYPE_SCA = 0x6007
ETHERTYPE_RARP = 0x8035
ETHERTYPE_ATALK = 0x809B
ETHERTYPE_AARP = 0x80F3
ETHERTYPE_VLAN = 0x8100
ETHERTYPE_IPX = 0x8137
ETHERTYPE_IP6 = 0x86DD
ETHERTYPE_MPLS = 0x8847
ETHERTYPE_MPLS_MULTICAST = 0x8848
ETHERTYPE_PPPOE_DISCOVERY = 0x8863
ETHERTYPE_PPPOE_SESSION = 0x8864
ETHERTYPE_QINQ = 0x88A8
ETHERTYPE_LOOPBACK = 0x9000
ETHERTYPE_QINQ_OLD = 0x9100

# ---- LLC service access points and control fields (ISO 8802-2) ---------------------------------

LLC_IP = 0x06
LLC_STP = 0x42
LLC_SNAP = 0xAA
LLC_IPX = 0xE0
LLC_NETBEUI = 0xF0
LLC_ISO = 0xFE

ISO_CLNP = 0x81
ISO_ESIS = 0x82
ISO_ISIS = 0x83

# ---- IP protocols ------------------------------------------------------------------------------

IP_HOPOPTS = 0
IP_ICMP = 1
IP_IGMP = 2
IP_TCP = 6
IP_IGRP = 9
IP_UDP = 17
IP_ROUTING = 43
IP_FRAGMENT = 44
IP_ESP = 50
IP_AH = 51
IP_ICMP6 = 58
IP_NONE = 59
IP_DSTOPTS = 60
IP_PIM = 103
IP_VRRP = 112
IP_CARP = 112
IP_SCTP = 132

# ---- PPP protocols -----------------------------------------------------------------------------

PPP_IP = 0x0021
PPP_ISO = 0x0023
PPP_NS = 0x0025
PPP_DECNET = 0x0027
PPP_ATALK = 0x0029
PPP_IPX = 0x002B
PPP_VAN_JACOBSON = 0x002D
PPP_VAN_JACOBSON_UNCOMPRESSED = 0x002F
PPP_BRIDGED = 0x0031
PPP_IP6 = 0x0057
PPP_MPLS = 0x0281

# ---- BSD address families at the front of loopback packets -------------------------------------

BSD_INET6_NETBSD = 24
BSD_INET6_FREEBSD = 28
BSD_INET6_DARWIN = 30

# ---- names that libpcap has built in -----------------------------------------------------------

ETHER_PROTOS: dict[str, int] = {
    # `ether proto \name`: an Ethernet type, or up to 0xff an LLC service access point
    "aarp": ETHERTYPE_AARP,
    "arp": ETHERTYPE_ARP,
    "atalk": ETHERTYPE_ATALK,
    "decnet": ETHERTYPE_DECNET,
    "ip": ETHERTYPE_IP,
    "ip6": ETHERTYPE_IP6,
    "ipx": LLC_IPX,
    "iso": LLC_ISO,
    "lat": ETHERTYPE_LAT,
    "loopback": ETHERTYPE_LOOPBACK,
    "mopdl": ETHERTYPE_MOPDL,
    "moprc": ETHERTYPE_MOPRC,
    "netbeui": LLC_NETBEUI,
    "rarp": ETHERTYPE_RARP,
    "sca": ETHERTYPE_SCA,
    "stp": LLC_STP,
}

ISO_PROTOS: dict[str, int] = {"clnp": ISO_CLNP, "esis": ISO_ESIS, "isis": ISO_ISIS}
"""`iso proto \\name`: the first octet of a network layer PDU (ISO/IEC TR 9577)."""

LLC_CONTROLS: dict[str, int] = {
    # `llc name`: the control field of supervisory and unnumbered frames, poll and final bit clear
    "rr": 0x01,
    "rnr": 0x05,
    "rej": 0x09,
    "ui": 0x03,
    "ua": 0x63,
    "disc": 0x43,
    "dm": 0x0F,
    "sabme": 0x6F,
    "test": 0xE3,
    "xid": 0xAF,
    "frmr": 0x87,
}
