"""pcapng files made by hand, block by block, for tests of what is read."""

import struct
from typing import NamedTuple

from tests.io.captures import OCTETS

MARK = 0x1A2B3C4D
SECTION, INTERFACE, OLD, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6


class Order(NamedTuple):
    """Blocks of one byte order."""

    sign: str = "<"

    def block(self, kind: int, body: bytes, *, length: int | None = None) -> bytes:
        """Give a block, with its body padded, and with another length on request."""
        body += bytes(-len(body) % 4)
        total = struct.pack(f"{self.sign}I", len(body) + 12 if length is None else length)
        return struct.pack(f"{self.sign}I", kind) + total + body + total

    def option(self, code: int, value: bytes) -> bytes:
        """Give an option, with its value padded."""
        return struct.pack(f"{self.sign}HH", code, len(value)) + value + bytes(-len(value) % 4)

    def section(self, *, version: tuple[int, int] = (1, 0), options: bytes = b"") -> bytes:
        """Give a section header of unknown length."""
        body = struct.pack(f"{self.sign}IHHq", MARK, *version, -1)
        return self.block(SECTION, body + options)

    def interface(
        self,
        link: int = 1,
        snaplen: int = 65535,
        *,
        resolution: int | None = None,
        offset: int | None = None,
        options: bytes = b"",
    ) -> bytes:
        """Give an interface description."""
        if resolution is not None:
            options += self.option(9, bytes([resolution]))
        if offset is not None:
            options += self.option(14, struct.pack(f"{self.sign}q", offset))
        if options:
            options += self.option(0, b"")
        return self.block(INTERFACE, struct.pack(f"{self.sign}HHI", link, 0, snaplen) + options)

    def packet(
        self,
        octets: bytes = OCTETS,
        time: int = 1_700_000_000_250_000,
        *,
        interface: int = 0,
        wirelen: int | None = None,
        caplen: int | None = None,
        options: bytes = b"",
    ) -> bytes:
        """Give an enhanced packet block."""
        return self.block(ENHANCED, struct.pack(f"{self.sign}I", interface) + self._rest(
            octets, time, wirelen, caplen
        ) + options)  # fmt: skip

    def old_packet(
        self,
        octets: bytes = OCTETS,
        time: int = 1_700_000_000_250_000,
        *,
        interface: int = 0,
        wirelen: int | None = None,
    ) -> bytes:
        """Give a packet block of the obsolete kind."""
        return self.block(OLD, struct.pack(f"{self.sign}HH", interface, 7) + self._rest(
            octets, time, wirelen, None
        ))  # fmt: skip

    def _rest(self, octets: bytes, time: int, wirelen: int | None, caplen: int | None) -> bytes:
        length = len(octets) if caplen is None else caplen
        return (
            struct.pack(
                f"{self.sign}IIII",
                time >> 32, time & 0xFFFFFFFF, length, length if wirelen is None else wirelen,
            )
            + octets
            + bytes(-len(octets) % 4)
        )  # fmt: skip

    def simple_packet(self, octets: bytes = OCTETS, *, wirelen: int | None = None) -> bytes:
        """Give a simple packet block."""
        length = len(octets) if wirelen is None else wirelen
        return self.block(SIMPLE, struct.pack(f"{self.sign}I", length) + octets)


LITTLE, BIG = Order("<"), Order(">")


def _variants(o: Order) -> dict[str, bytes]:
    """Files that tcpdump reads or refuses as we do."""
    head = o.section() + o.interface()
    comment = o.option(1, b"a comment") + o.option(0, b"")
    unknown = o.block(0x0BAD, b"unknown") + o.block(0x80000001, bytes(100)) + o.block(5, bytes(12))
    times = (0, 1, 999_999, 10**6, 2**32 - 1, 2**32, 2**52 + 123_456_789, 2**63 + 5, 2**64 - 1)
    three = o.packet() + o.packet(OCTETS[:33], wirelen=2000) + o.packet(b"")
    made = {
        "three": head + three,
        "no packets": head,
        "options": o.section(options=comment) + o.interface(options=o.option(2, b"eth0"))
        + o.packet(options=comment) + o.packet(OCTETS[:7], options=comment),
        "unknown blocks": o.section() + unknown + o.interface() + unknown + o.packet() + unknown
        + o.packet(),
        "old packets": head + o.old_packet() + o.old_packet(OCTETS[:13], wirelen=900),
        "simple packets": head + o.simple_packet() + o.simple_packet(OCTETS[:5]),
        "simple packets, cut": o.section() + o.interface(snaplen=20)
        + o.simple_packet(OCTETS[:20], wirelen=60) + o.simple_packet(OCTETS[:8]),
        "simple packets, offset": o.section() + o.interface(offset=1234) + o.simple_packet(),
        "two interfaces": o.section() + o.interface() + o.interface(resolution=9)
        + o.packet(interface=1) + o.packet() + o.packet(interface=1),
        "interface between": head + o.packet() + o.interface(resolution=3)
        + o.packet(interface=1) + o.packet(),
        "two sections": head + three + head + three,
        "version 1.2": o.section(version=(1, 2)) + o.interface() + three,
        "version 1.1": o.section(version=(1, 1)) + o.interface() + three,
        "version 2.0": o.section(version=(2, 0)) + o.interface() + three,
        "link type 0": o.section() + o.interface(link=0) + three,
        "link type 101": o.section() + o.interface(link=101) + three,
        "link type 12": o.section() + o.interface(link=12) + three,
        "snapshot length 0": o.section() + o.interface(snaplen=0) + three,
        "snapshot length 2**31": o.section() + o.interface(snaplen=2**31) + three,
        "packet longer than the snapshot length": o.section() + o.interface(snaplen=40) + three,
        "no such interface": head + o.packet() + o.packet(interface=1) + o.packet(),
        "packet first": o.section() + o.packet() + o.interface(),
        "no interface": o.section() + unknown,
        "captured length beyond the block": head + o.packet() + o.packet(caplen=200),
        "captured length 2**32 - 1": head + o.packet() + o.packet(caplen=2**32 - 1),
        "block length 8": head + o.packet() + o.block(ENHANCED, b"", length=8),
        "block length 0": head + o.packet() + o.block(ENHANCED, b"", length=0),
        "block length 33": head + o.packet() + o.block(ENHANCED, bytes(24), length=33),
        "block length 28": head + o.packet() + o.block(ENHANCED, bytes(16)) + o.packet(),
        "block length 2**32 - 4": head + o.packet() + o.block(77, bytes(24), length=2**32 - 4),
        "block length 2**24 + 4": head + o.packet() + o.block(77, bytes(24), length=2**24 + 4),
        "lengths that differ": head + o.packet() + o.packet()[:-4] + bytes(4) + o.packet(),
        "cut in a packet": (head + three)[:-20],
        "cut in a block's header": head + o.packet() + o.packet()[:5],
        "cut behind a block's header": head + o.packet() + o.packet()[:8],
        "cut in the first section": o.section()[:17],
        "cut in the magic number": o.section()[:9],
        "no byte order": o.section()[:8] + bytes(4) + o.section()[12:] + o.interface(),
        "no byte order later": head + o.packet() + o.section()[:8] + bytes(4) + o.section()[12:],
        "end of options with a length": o.section() + o.block(1, struct.pack(
            f"{o.sign}HHI", 1, 0, 65535) + o.option(0, b"1234")) + three,
        "two resolutions": o.section() + o.interface(resolution=6, options=o.option(9, b"\6"))
        + three,
        "two offsets": o.section() + o.interface(offset=6, options=o.option(14, bytes(8))) + three,
        "long resolution": o.section() + o.interface(options=o.option(9, b"\6\6")) + three,
        "short offset": o.section() + o.interface(options=o.option(14, bytes(4))) + three,
        "absurd option": o.section() + o.block(1, struct.pack(
            f"{o.sign}HHIHH", 1, 0, 65535, 2, 65000)) + three,
        "resolution 10**-20": o.section() + o.interface(resolution=20) + three,
        "resolution 2**-64": o.section() + o.interface(resolution=128 + 64) + three,
        "short interface": o.section() + o.block(1, bytes(4)) + three,
    }  # fmt: skip
    for resolution in (0, 3, 6, 7, 9, 10, 12, 15, 128, 128 + 1, 128 + 10, 128 + 20, 128 + 30):
        for offset in (None, 3600, -5, 2**33, -(2**33)):
            packets = b"".join(o.packet(OCTETS[:14], time) for time in times)
            made[f"resolution {resolution}, offset {offset}"] = (
                o.section() + o.interface(resolution=resolution, offset=offset) + packets
            )
    return made


VARIANTS: dict[str, bytes] = {
    f"{name}{ending}": octets
    for order, ending in ((LITTLE, ""), (BIG, ", big-endian"))
    for name, octets in _variants(order).items()
}

NOT_BY_TCPDUMP: dict[str, bytes] = {
    # files that tcpdump gives up on, and that are in order
    "two link types": LITTLE.section() + LITTLE.interface() + LITTLE.interface(link=101)
    + LITTLE.packet() + LITTLE.packet(OCTETS[14:], interface=1) + LITTLE.packet(),
    "two snapshot lengths": LITTLE.section() + LITTLE.interface(snaplen=100)
    + LITTLE.interface(snaplen=200) + LITTLE.packet() + LITTLE.packet(bytes(150), interface=1),
    "two orders": LITTLE.section() + LITTLE.interface() + LITTLE.packet() + BIG.section()
    + BIG.interface() + BIG.packet() + BIG.packet(OCTETS[:20]),
}  # fmt: skip
