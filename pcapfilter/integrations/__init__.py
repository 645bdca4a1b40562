"""Other people's packets: told by their class, without loading what is not loaded already."""

import sys
from typing import Any, NamedTuple


class Frame(NamedTuple):
    """What a packet object comes down to: its bytes, its length on the wire, its link type.

    None stands for the link type that the filter was compiled for. `swapped` says that it comes
    from a machine of the other byte order, where that shows.
    """

    octets: bytes
    wirelen: int
    link: str | int | None
    swapped: bool = False


def is_swapped(octets: bytes) -> bool:
    """Tell whether a BSD loopback header was written in the other byte order.

    Address families are small numbers: in network byte order the first two octets are zero.
    """
    return (octets[:2] == b"\0\0") == (sys.byteorder == "little")


def frame_of(packet: Any) -> Frame:
    """Give the frame of a scapy packet or a dpkt frame; TypeError for anything else."""
    for ancestor in type(packet).__mro__:
        match ancestor.__module__:
            case "scapy.packet":
                from pcapfilter.integrations import scapy

                return scapy.frame_of(packet)
            case "dpkt.dpkt":
                from pcapfilter.integrations import dpkt

                return dpkt.frame_of(packet)
    raise TypeError(
        f"not a packet: {type(packet).__name__} (bytes, a Packet, a scapy packet or a dpkt frame)"
    )
