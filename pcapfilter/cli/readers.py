"""The link types whose packets are told in a line."""

from pcapfilter.cli.frame import COMMON, Frame, Reader
from pcapfilter.cli.links import RARE
from pcapfilter.packets import Packet

READERS: dict[str, Reader] = {**COMMON, **RARE}


def read_frame(packet: Packet, *, quiet: bool = False) -> Frame:
    """Read the link-layer header of a packet; of one that is unknown or cut off, nothing."""
    reader = READERS.get(packet.link.name)
    if reader is None or len(packet.data) < reader.least:
        return Frame(0, 0)
    return reader.read(packet.data, packet.wirelen, quiet)
