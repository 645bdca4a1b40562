"""pcapng's interface descriptions, read: link type, snapshot length, how time stamps count.

Source of the format: draft-ietf-opsawg-pcapng; of the messages: what tcpdump says of such files.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from pcapfilter.errors import CaptureError
from pcapfilter.io.pcap import longest_record
from pcapfilter.net import linktype

END_OF_OPTIONS, NAME, TIME_RESOLUTION, TIME_OFFSET = 0, 2, 9, 14
"""Options of an interface description."""


class Interface(NamedTuple):
    """An interface description, understood: ticks a second, and seconds to be added."""

    link: linktype.LinkType
    snaplen: int
    ticks: int
    offset: int
    name: str = ""


def read_options(octets: bytes, at: int, order: str) -> Iterator[tuple[int, bytes]]:
    """Give code and value of each option from `at` on; CaptureError where one is cut short."""
    fields = Struct(f"{order}HH")
    while at < len(octets):
        if at + 4 > len(octets):
            raise CaptureError("block of type 1 in pcapng dump file is too short")
        code, length = fields.unpack_from(octets, at)
        at += 4
        if at + length + -length % 4 > len(octets):
            raise CaptureError("block of type 1 in pcapng dump file is too short")
        if code == END_OF_OPTIONS:
            if length:
                raise CaptureError(
                    f"Interface Description Block has opt_endofopt option with length {length} != 0"
                )
            return
        yield code, octets[at : at + length]
        at += length + -length % 4


def read_interface(octets: bytes, order: str) -> Interface:
    """Read an interface description, without the lengths around it."""
    if len(octets) < 8:
        raise CaptureError("block of type 1 in pcapng dump file is too short")
    number, _, snaplen = Struct(f"{order}HHI").unpack_from(octets)
    link = linktype.by_linktype(number)
    if snaplen == 0 or snaplen >= 1 << 31:
        snaplen = longest_record(link)
    found: dict[int, bytes] = {}
    called = ""
    for code, value in read_options(octets, 8, order):
        if code == NAME:
            called = value.rstrip(b"\0").decode(errors="replace")
        name, size = {TIME_RESOLUTION: ("if_tsresol", 1), TIME_OFFSET: ("if_tsoffset", 8)}.get(
            code, ("", 0)
        )
        if not name:
            continue
        if len(value) != size:
            raise CaptureError(
                f"Interface Description Block has {name} option with length {len(value)} != {size}"
            )
        if code in found:
            raise CaptureError(f"Interface Description Block has more than one {name} option")
        found[code] = value
    (offset,) = Struct(f"{order}q").unpack(found.get(TIME_OFFSET, bytes(8)))
    return Interface(link, snaplen, _ticks(found.get(TIME_RESOLUTION, b"\6")[0]), offset, called)


def plain_interface(octets: bytes, order: str) -> Interface:
    """Read an interface description whose options are damaged, as far as it goes."""
    number, _, snaplen = Struct(f"{order}HHI").unpack(octets[:8].ljust(8, b"\xff"))
    return read_interface(Struct(f"{order}HHI").pack(number, 0, snaplen), order)


def _ticks(resolution: int) -> int:
    """Give the ticks a second that an octet stands for.

    tcpdump goes one step further in both, where 64 bits hold less than two seconds.
    """
    base, exponent = (2, resolution & 127) if resolution & 128 else (10, resolution)
    if exponent > {2: 62, 10: 18}[base]:
        raise CaptureError(
            f"Interface Description Block if_tsresol option resolution {base}^-{exponent} "
            "is too high"
        )
    return int(base**exponent)
