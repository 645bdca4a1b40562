"""dpkt frames as frames.

A dpkt frame does not keep the bytes that it was read from. `bytes(frame)` makes new ones, fills in
each checksum of 0 on the way (in the frame, too), and fails for some IPv6 extension headers. So
layers are packed here as they stand, and the frame stays as it was. Padding after an IP packet is
lost, IPX that stood in 802.3 comes as Ethernet II, and 802.11 frames cannot be had back at all.
"""

from collections.abc import Callable
from copy import copy
from struct import pack
from typing import Any

from pcapfilter.errors import UnsupportedError
from pcapfilter.integrations import Frame

LINKS: dict[str, str] = {
    # class -> link type
    "Ethernet": "EN10MB",
    "IP": "RAW",
    "IP6": "RAW",
    "Loopback": "NULL",
    "PPP": "PPP",
    "SLL": "LINUX_SLL",
    "SLL2": "LINUX_SLL2",
}

UNPACKED = frozenset(("IEEE80211", "Radiotap"))
"""Classes whose objects lack some of the octets that they were read from."""


def frame_of(packet: Any) -> Frame:
    """Give the frame of a dpkt packet whose class is a link layer, or IP."""
    name = _class_in(packet, LINKS)
    if name:
        octets = octets_of(packet)
        return Frame(octets, len(octets), LINKS[name])
    name = type(packet).__name__
    if _class_in(packet, UNPACKED):
        raise UnsupportedError(
            f"dpkt's {name} does not keep the octets of its frame",
            hint="pass the bytes it was made from and the link type: matches(octets, link=...)",
        )
    raise UnsupportedError(
        f"no link type is known for dpkt's {name}",
        hint="pass the bytes and the link type: matches(bytes(frame), link=...)",
    )


def octets_of(layer: Any) -> bytes:
    """Give a layer and what it carries as octets; bytes are what they are."""
    if isinstance(layer, bytes):
        return layer
    name = _class_in(layer, _PACK)
    if name:
        return _PACK[name](layer)
    carried = getattr(layer, "data", b"")
    twin = copy(layer)
    if _class_in(carried, {"Packet"}):
        twin.data = octets_of(carried)
    if getattr(layer, "sum", None) == 0:
        twin.sum = 1  # or it would be worked out
        return bytes(layer.pack_hdr()) + bytes(twin)[layer.__hdr_len__ :]
    return bytes(twin)


def _class_in(layer: Any, names: Any) -> str:
    """The first class of a layer, from its own down to its ancestors, that has one of the names."""
    return next((kind.__name__ for kind in type(layer).__mro__ if kind.__name__ in names), "")


def _ethernet(frame: Any) -> bytes:
    tags = getattr(frame, "vlan_tags", None) or []
    if any(_class_in(tag, {"VLANtagISL"}) for tag in tags):
        return bytes(copy(frame))
    labels = b"".join(label.pack_hdr() for label in getattr(frame, "mpls_labels", ()))
    carried = octets_of(frame.data)
    numbers, tail = [frame.type, *(tag.type for tag in tags)], b""
    if _class_in(frame.data, {"LLC"}):
        numbers[-1] = getattr(frame, "len", len(carried))
        tail = getattr(frame, "padding", b"")
        if hasattr(frame, "fcs"):
            tail += pack(">I", frame.fcs or 0)
        tail += getattr(frame, "trailer", b"")
    elif _class_in(frame.data, {"Packet"}) and not labels:
        numbers[-1] = _type_of(frame, numbers[-1])
    octets = frame.dst + frame.src
    for number, tag in zip(numbers, tags, strict=False):
        octets += pack(">H", number) + tag.pack_hdr()[:2]
    return bytes(octets + pack(">H", numbers[-1]) + labels + carried + tail)


def _type_of(frame: Any, number: int) -> int:
    """The EtherType of what a frame carries: the one given, if it can be."""
    try:
        given = frame.get_type(number)
    except KeyError:
        return number
    if given is type(frame.data):
        return number
    return int.from_bytes(frame.pack_hdr()[-2:], "big")


def _ipv4(packet: Any) -> bytes:
    return bytes(packet.pack_hdr() + packet.opts) + octets_of(packet.data)


def _ipv6(packet: Any) -> bytes:
    headers = getattr(packet, "all_extension_headers", None)
    if headers is None:  # not read from anywhere
        headers = getattr(packet, "extension_hdrs", {}).values()
    # Some of them keep all that follows as theirs.
    chain = [bytes(header)[: getattr(header, "length", None)] for header in headers]
    return b"".join((packet.pack_hdr(), *chain, octets_of(packet.data)))


def _ppp(frame: Any) -> bytes:
    """With two octets of protocol, as nearly all captures have it: one and two are read alike."""
    begin = bytes((frame.addr, frame.cntrl)) if hasattr(frame, "addr") else b""
    return begin + pack(">H", frame.p) + octets_of(frame.data)


_PACK: dict[str, Callable[[Any], bytes]] = {
    # class -> how it is packed, where bytes() would not do
    "Ethernet": _ethernet,
    "IP": _ipv4,
    "IP6": _ipv6,
    "PPP": _ppp,
}
