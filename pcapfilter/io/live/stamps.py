"""Who takes the time of a packet: the machine, or the adapter, where its driver can do that.

Source: Documentation/networking/timestamping.rst; linux/net_tstamp.h; linux/ethtool.h. The names
are those of pcap-tstamp(7).
"""

import os
import socket
from array import array
from fcntl import ioctl
from struct import Struct

SIOCETHTOOL, SIOCSHWTSTAMP = 0x8946, 0x89B0
ETHTOOL_GET_TS_INFO = 0x41

REQUEST = Struct("@16sP16x")
"""struct ifreq: the name, and where the value is."""

WORDS = 11
"""32-bit words of struct ethtool_ts_info; 1 has what can be done, 7 the filters on reception."""

ABILITIES, FILTERS = 1, 7
EVERY_PACKET = 1

CLOCKS: dict[str, int] = {
    # name -> bit among the abilities
    "adapter": 1 << 5,
    "adapter_unsynced": 1 << 6,
}

TITLES: dict[str, str] = {
    "host": "Host",
    "host_lowprec": "Host, low precision",
    "host_hiprec": "Host, high precision",
    "host_hiprec_unsynced": "Host, high precision, not synced with system time",
    "adapter": "Adapter",
    "adapter_unsynced": "Adapter, not synced with system time",
}


def clocks(name: str) -> list[str]:
    """Give the names of what can take the time on an interface, the usual one first."""
    asked = array("I", (ETHTOOL_GET_TS_INFO, *(0,) * (WORDS - 1)))
    found = ["host"]
    if _request(name, SIOCETHTOOL, asked) and asked[FILTERS] >> EVERY_PACKET & 1:
        found += [clock for clock, bit in CLOCKS.items() if asked[ABILITIES] & bit]
    return found


def start(name: str, clock: str) -> bool:
    """Have the adapter take the time of every packet that comes in; tell whether it does."""
    # struct hwtstamp_config: no flags, packets that are sent stamped too, and every one received
    return clock in clocks(name) and _request(name, SIOCSHWTSTAMP, array("I", (0, 1, EVERY_PACKET)))


def _request(name: str, number: int, value: "array[int]") -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            ioctl(any_socket, number, REQUEST.pack(os.fsencode(name), value.buffer_info()[0]))
        except OSError:
            return False
    return True
