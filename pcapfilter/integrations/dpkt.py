"""dpkt frames as frames.

A dpkt frame keeps no original bytes: they are packed anew, without what padded the frame.
"""

from typing import Any

from pcapfilter.errors import UnsupportedError
from pcapfilter.integrations import Frame, is_swapped

LINKS: dict[str, str] = {
    # class -> link type
    "Ethernet": "EN10MB",
    "IEEE80211": "IEEE802_11",
    "IP": "RAW",
    "IP6": "RAW",
    "Loopback": "NULL",
    "PPP": "PPP",
    "Radiotap": "IEEE802_11_RADIO",
    "SLL": "LINUX_SLL",
    "SLL2": "LINUX_SLL2",
}


def frame_of(packet: Any) -> Frame:
    """Give the frame of a dpkt packet whose class is a link layer, or IP."""
    for ancestor in type(packet).__mro__:
        if ancestor.__name__ in LINKS:
            octets = bytes(packet)
            link = LINKS[ancestor.__name__]
            return Frame(octets, len(octets), link, link == "NULL" and is_swapped(octets))
    name = type(packet).__name__
    raise UnsupportedError(
        f"no link type is known for dpkt's {name}",
        hint="pass the bytes and the link type: matches(bytes(frame), link=...)",
    )
