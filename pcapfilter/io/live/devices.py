"""The interfaces of this machine: what they are called, and the link types that they give.

Source: netdevice(7); linux/if_arp.h. Link types and the order of the list are what libpcap 1.10.3
makes of interfaces of each hardware type and state.
"""

import os
import socket
from errno import ENODEV
from fcntl import ioctl
from functools import cache
from struct import Struct
from typing import NamedTuple

from pcapfilter.net.linktype import LinkType, by_name

ANY = "any"
"""The name that stands for all interfaces at once."""

LONGEST_NAME = 15

STATISTICS = "/sys/class/net/{name}/statistics/{counter}"
"""Where the kernel tells what an interface has counted."""

SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCETHTOOL = 0x8913, 0x8927, 0x8946
ETHTOOL_GLINK = 0x0A
IFF_UP, IFF_LOOPBACK, IFF_RUNNING = 0x1, 0x8, 0x40

REQUEST = Struct("=16sH22x")
"""struct ifreq: the name, and flags or hardware type."""

ETHTOOL_REQUEST = Struct("@16sP16x")
"""struct ifreq: the name, and where the value is."""

ARPHRD_LOOPBACK = 772
ARPHRD_WIRELESS = frozenset((801, 802, 803))
"""802.11 frames, with a Prism header, with a radiotap header: an interface in monitor mode."""

COOKED = ("LINUX_SLL",)
"""What interfaces give whose own headers nobody knows: those that the kernel makes up."""

COOKED_ANY = ("LINUX_SLL2", "LINUX_SLL")
"""What all interfaces at once give."""

LINKS: dict[int, tuple[str, ...]] = {
    # hardware type -> link types, the usual one first
    1: ("EN10MB", "DOCSIS"),  # Ethernet
    2: ("EN3MB",),
    3: ("AX25_KISS",),
    4: ("PRONET",),
    5: ("CHAOS",),
    6: ("IEEE802",),  # token ring
    7: ("ARCNET_LINUX",),
    15: ("RAW",),  # frame relay DLCI
    18: ("IP_OVER_FC",),
    23: ("EN10MB",),  # Metricom
    256: ("RAW",),  # SLIP, CSLIP, SLIP6, CSLIP6
    257: ("RAW",),
    258: ("RAW",),
    259: ("RAW",),
    264: ("RAW",),  # adapt
    280: ("CAN_SOCKETCAN",),
    513: ("C_HDLC",),
    518: ("RAW",),  # raw HDLC
    768: ("RAW",),  # IP in IP
    770: ("FRELAY",),
    ARPHRD_LOOPBACK: ("EN10MB",),
    773: ("LTALK",),
    774: ("FDDI",),
    776: ("RAW",),  # IPv6 in IPv4
    783: ("LINUX_IRDA",),
    784: ("FC_2", "FC_2_WITH_FRAME_DELIMS", "IP_OVER_FC"),
    785: ("FC_2", "FC_2_WITH_FRAME_DELIMS", "IP_OVER_FC"),
    786: ("FC_2", "FC_2_WITH_FRAME_DELIMS", "IP_OVER_FC"),
    787: ("FC_2", "FC_2_WITH_FRAME_DELIMS", "IP_OVER_FC"),
    800: ("IEEE802",),
    801: ("IEEE802_11",),
    802: ("PRISM_HEADER",),
    803: ("IEEE802_11_RADIO",),
    804: ("IEEE802_15_4_NOFCS",),
    824: ("NETLINK",),
    826: ("VSOCK",),
    8445: ("LINUX_LAPD",),
    0xFFFE: ("RAW",),  # tun
}


class Device(NamedTuple):
    """An interface. `number` is the kernel's, and 0 for all interfaces at once.

    `connected` is None where the interface does not say whether there is a link.
    """

    name: str
    number: int
    kind: int
    flags: int
    wireless: bool
    connected: bool | None

    @property
    def up(self) -> bool:
        """Whether it is up, as its administrator sees it."""
        return bool(self.flags & IFF_UP)

    @property
    def running(self) -> bool:
        """Whether it is ready to send and receive."""
        return bool(self.flags & IFF_RUNNING)

    @property
    def loopback(self) -> bool:
        """Whether what is sent there comes back."""
        return bool(self.flags & IFF_LOOPBACK)

    @property
    def links(self) -> tuple[LinkType, ...]:
        """The link types that it can be captured as, the usual one first."""
        names = COOKED_ANY if self.number == 0 else LINKS.get(self.kind, COOKED)
        return tuple(map(by_name, names))

    @property
    def description(self) -> str:
        """Give what `tcpdump -D` prints of it after its number."""
        title = " (Pseudo-device that captures on all interfaces)" if self.number == 0 else ""
        words = [word for word in ("Up", "Running", "Loopback") if getattr(self, word.lower())]
        if self.wireless:
            words.append("Wireless")
        if self.connected is not None and not self.loopback:
            yes, no = ("Associated", "Not associated") if self.wireless else (
                "Connected", "Disconnected",
            )  # fmt: skip
            words.append(yes if self.connected else no)
        if words and words[0] not in {"Up", "Running", "Loopback", "Wireless"}:
            words.insert(0, "none")
        return f"{self.name}{title} [{', '.join(words) or 'none'}]"


def device(name: str) -> Device:
    """Give an interface by its name; OSError where there is none."""
    if name == ANY:
        return Device(ANY, 0, 0, IFF_UP | IFF_RUNNING, wireless=False, connected=None)
    octets = os.fsencode(name)
    if not 0 < len(octets) <= LONGEST_NAME:
        raise _missing(name)
    try:
        number = socket.if_nametoindex(name)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            flags, kind = (
                REQUEST.unpack(ioctl(any_socket, question, REQUEST.pack(octets, 0)))[1]
                for question in (SIOCGIFFLAGS, SIOCGIFHWADDR)
            )
            connected = _connected(any_socket, octets)
    except OSError as error:
        raise _missing(name) from error
    wireless = kind in ARPHRD_WIRELESS or any(
        os.access(f"/sys/class/net/{name}/{mark}", os.F_OK) for mark in ("wireless", "phy80211")
    )
    return Device(name, number, kind, flags, wireless, connected)


def devices() -> list[Device]:
    """Give all interfaces in the order of `tcpdump -D`: those first where there is most to see."""
    found = [device(ANY)]
    for _, name in socket.if_nameindex():
        try:
            found.append(device(name))
        except OSError:
            continue  # gone meanwhile
    return sorted(found, key=_order)


def exists(number: int) -> bool:
    """Tell whether there is (still) an interface of this number."""
    try:
        socket.if_indextoname(number)
    except OSError:
        return False
    return True


def dropped_by(name: str) -> int:
    """Give how many packets an interface has dropped by itself so far; 0 where it does not say.

    Its counters are 64 bits wide.
    """
    total = 0
    for counter in ("rx_missed_errors", "rx_fifo_errors"):
        try:
            with open(STATISTICS.format(name=name, counter=counter), encoding="ascii") as file:
                total += int(file.read())
        except (OSError, ValueError):
            continue
    return total


def _missing(name: str) -> OSError:
    return OSError(ENODEV, "No such device exists (-D lists those that do)", name)


def _connected(any_socket: socket.socket, name: bytes) -> bool | None:
    """Ask the driver whether there is a link."""
    from array import array

    value = array("I", (ETHTOOL_GLINK, 0))
    try:
        ioctl(any_socket, SIOCETHTOOL, ETHTOOL_REQUEST.pack(name, value.buffer_info()[0]))
    except OSError:
        return None
    return bool(value[1])


def _order(found: Device) -> tuple[bool, bool, bool, bool, bool, int]:
    return (
        not found.running,
        not found.up,
        not found.wireless and found.connected is False,
        found.loopback,
        found.number == 0,
        found.number,
    )


@cache
def name_of(number: int) -> str:
    """Give the name of the interface with a number, or `if` and the number."""
    try:
        return socket.if_indextoname(number)
    except OSError:
        return f"if{number}"
