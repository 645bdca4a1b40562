"""scapy packets as frames. A scapy packet is given, so scapy is loaded: nothing here loads it."""

import sys
from typing import Any

from pcapfilter.errors import UnsupportedError
from pcapfilter.integrations import Frame, is_swapped

LINKS: dict[str, str] = {
    # class of the first layer -> link type
    "CookedLinux": "LINUX_SLL",
    "CookedLinuxV2": "LINUX_SLL2",
    "Dot11": "IEEE802_11",
    "Dot11FCS": "IEEE802_11",
    "Dot3": "EN10MB",
    "Ether": "EN10MB",
    "IP": "RAW",
    "IPv6": "RAW",
    "Loopback": "NULL",
    "LoopbackOpenBSD": "LOOP",
    "PPP": "PPP",
    "PrismHeader": "PRISM_HEADER",
    "RadioTap": "IEEE802_11_RADIO",
}


def frame_of(packet: Any) -> Frame:
    """Give the frame of a scapy packet.

    Its bytes are those it was read from where nothing was changed since, and built anew otherwise.
    Nothing was changed if building it gives what building a fresh reading of those bytes gives.
    """
    original, octets = bytes(packet.original or b""), bytes(packet)
    read = bool(original) or packet.wirelen is not None
    if read and octets != original and bytes(type(packet)(original)) == octets:
        octets = original
    wirelen = packet.wirelen if octets == original else None
    link = link_of(packet)
    return Frame(octets, wirelen or len(octets), link, link == "NULL" and is_swapped(octets))


def link_of(packet: Any) -> str | int | None:
    """Give the link type of a packet's first layer, by name or by DLT number.

    Bytes that scapy did not take apart have none, and are judged by the link type of the filter.
    """
    if type(packet).__name__ == "Raw":
        return None
    for ancestor in type(packet).__mro__:
        if ancestor.__name__ in LINKS:
            return LINKS[ancestor.__name__]
    number = sys.modules["scapy.config"].conf.l2types.layer2num.get(type(packet))
    if number is None:
        name = type(packet).__name__
        raise UnsupportedError(
            f"no link type is known for packets that begin with {name}",
            hint="pass the bytes and the link type: matches(bytes(packet), link=...)",
        )
    return int(number)
