"""The link types whose packets are told in a line."""

from functools import partial

from pcapfilter.cli.frame import COMMON, Frame, Reader
from pcapfilter.cli.links import RARE
from pcapfilter.cli.tagged import TAGGED
from pcapfilter.cli.wireless import WIRELESS
from pcapfilter.net.linktype import resolve
from pcapfilter.packets import Packet


def _wrapped(place: int, number: int, octets: bytes, wirelen: int, quiet: bool) -> Frame:
    """Read a header that says how long it is and what link type (a DLT number) begins behind it."""
    size = int.from_bytes(octets[place : place + 2], "little")
    link = resolve(int.from_bytes(octets[number : number + 4], "little"))
    header = f"{link.name}, length {wirelen}: "
    reader = BARE.get(link.name)
    if reader is None or len(octets) < size + reader.least:
        return Frame(0, size, header)
    frame = reader.read(octets[size:], wirelen - size, quiet)
    return frame._replace(start=size + frame.start, header=header + frame.header)


BARE: dict[str, Reader] = {**COMMON, **RARE, **TAGGED, **WIRELESS}
READERS: dict[str, Reader] = {
    **BARE,
    "PKTAP": Reader(12, partial(_wrapped, 0, 8)),
    "PPI": Reader(8, partial(_wrapped, 2, 4)),
}


def read_frame(packet: Packet, *, quiet: bool = False) -> Frame:
    """Read the link-layer header of a packet; of one that is unknown or cut off, nothing."""
    reader = READERS.get(packet.link.name)
    if reader is None or len(packet.data) < reader.least:
        return Frame(0, 0)
    return reader.read(packet.data, packet.wirelen, quiet)
