"""Captures made by hand, for tests of what is read and written."""

import random
import struct
from pathlib import Path
from typing import NamedTuple

OCTETS = bytes(range(60))


class Row(NamedTuple):
    """One record: seconds, parts of a second, captured length, wire length, octets."""

    seconds: int
    part: int
    caplen: int
    wirelen: int
    octets: bytes


HTTP = bytes.fromhex(
    "0a0000000002 0a0000000001 0800 4500002800010000 4006 0000 0a000001 0a000002"
    "c0000050 00000001 00000000 5002 2000 0000 0000"
)
DNS = bytes.fromhex(
    "0a0000000002 0a0000000001 0800 4500001c00010000 4011 0000 0a000001 0a000002c0000035 0008 0000"
)
ROWS = tuple(
    Row(1_700_000_000 + number, 250_000, len(octets), len(octets), octets)
    for number, octets in enumerate((HTTP, DNS, HTTP, OCTETS, DNS, HTTP))
)
"""Six packets: three of HTTP, two of DNS, and one that is no IP."""

THREE = (
    Row(1, 2, 60, 60, OCTETS),
    Row(3, 2_000_000, 60, 100, OCTETS),
    Row(4, 5, 60, 60, OCTETS),
)


def pcap(
    rows: tuple[Row, ...] = THREE,
    *,
    magic: int = 0xA1B2C3D4,
    order: str = "<",
    snaplen: int = 65535,
    link: int = 1,
    version: tuple[int, int] = (2, 4),
    unused: tuple[int, int] = (0, 0),
    padding: int = 0,
) -> bytes:
    """Give a pcap file's octets."""
    octets = struct.pack(f"{order}IHHIIII", magic, *version, *unused, snaplen, link)
    for row in rows:
        octets += struct.pack(f"{order}IIII", *row[:4]) + bytes(padding) + row.octets
    return octets


def zeros(length: int, wirelen: int | None = None) -> Row:
    """Give a record of zeros."""
    return Row(1, 1, length, length if wirelen is None else wirelen, bytes(length))


PARTS = (0, 1, 999_999, 10**6, 4_294_967, 4_294_968, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 1000)

VARIANTS: dict[str, bytes] = {
    "plain": pcap(),
    "no packets": pcap(()),
    "time zone and accuracy": pcap(unused=(3600, 9)),
    "big-endian": pcap(order=">"),
    "nanoseconds": pcap(magic=0xA1B23C4D),
    "nanoseconds, big-endian": pcap(magic=0xA1B23C4D, order=">"),
    "cut to 20": pcap(snaplen=20),
    "cut to 20, big-endian": pcap(snaplen=20, order=">"),
    "snapshot length 0": pcap(snaplen=0),
    "snapshot length 2**31 - 1": pcap(snaplen=2**31 - 1),
    "snapshot length 2**31": pcap(snaplen=2**31),
    "snapshot length 999999": pcap(snaplen=999_999),
    "record of 300000": pcap((THREE[0], zeros(300_000), THREE[2])),
    "record of 262144": pcap((THREE[0], zeros(262_144, 300_000), THREE[2])),
    "record of 262145": pcap((THREE[0], zeros(262_145), THREE[2])),
    "record of 300000 of 400000": pcap((THREE[0], zeros(300_000), THREE[2]), snaplen=400_000),
    "record of 500000 of 400000": pcap((THREE[0], zeros(500_000), THREE[2]), snaplen=400_000),
    "record of 2**32 - 1": pcap((THREE[0], Row(1, 2, 2**32 - 1, 60, OCTETS))),
    "dbus of 1000000": pcap((zeros(1_000_000), THREE[0]), link=231, snaplen=0),
    "ebhscr of 9000000": pcap((zeros(9_000_000), THREE[0]), link=279, snaplen=0),
    "version 2.3": pcap((Row(1, 2, 60, 60, OCTETS), Row(1, 2, 70, 60, OCTETS)), version=(2, 3)),
    "version 2.2": pcap((Row(1, 2, 60, 60, OCTETS), Row(1, 2, 100, 60, OCTETS)), version=(2, 2)),
    "version 2.5": pcap(version=(2, 5)),
    "version 3.0": pcap(version=(3, 0)),
    "version 543.0": pcap(version=(543, 0)),
    "version 1.0": pcap(version=(1, 0)),
    "unknown magic": pcap(magic=0xA12B3C4D),
    "modified": pcap(magic=0xA1B2CD34, padding=8),
    "modified, cut to 20": pcap(magic=0xA1B2CD34, padding=8, snaplen=20),
    "modified, raw, cut to 20": pcap(magic=0xA1B2CD34, padding=8, snaplen=20, link=101),
    "modified, big-endian": pcap(magic=0xA1B2CD34, padding=8, order=">"),
    "modified, the longest snapshot length": pcap(magic=0xA1B2CD34, padding=8, snaplen=2**31 - 1),
    "FCS length": pcap(link=1 | 0xF0000000),
    "FCS length, other bits": pcap(link=1 | 0x44000000),
    "link type 11": pcap(link=11),
    "link type 12": pcap(link=12),
    "link type 19": pcap(link=19),
    **{f"link type {number}": pcap(link=number) for number in (15, 16)},
    "link type 15, FCS length": pcap(link=15 | 0x24000000),
    "modified, nothing but zeros": pcap(tuple(map(zeros, range(5))), magic=0xA1B2CD34, padding=8),
    "link type 101": pcap(link=101),
    "wire lengths": pcap((Row(1, 2, 60, 2**32 - 1, OCTETS), Row(1, 2, 60, 3, OCTETS), zeros(0))),
    "odd microseconds": pcap(tuple(Row(9, part, 60, 60, OCTETS) for part in PARTS)),
    "odd nanoseconds": pcap(tuple(Row(9, p, 60, 60, OCTETS) for p in PARTS), magic=0xA1B23C4D),
    "odd nanoseconds, big-endian": pcap(
        tuple(Row(9, p, 60, 60, OCTETS) for p in PARTS), magic=0xA1B23C4D, order=">"
    ),
    "odd, big-endian": pcap(tuple(Row(9, part, 60, 60, OCTETS) for part in PARTS), order=">"),
    "cut in a record's header": pcap()[: 24 + 76 + 6],
    "cut in a packet": pcap()[: 24 + 76 + 16 + 10],
    "cut in the file's header": pcap()[:10],
    "cut in the magic number": pcap()[:3],
    "empty": b"",
    "no capture": b"\0" * 100,
}


def machine_headers(dlt: int, order: str, count: int = 400) -> bytes:
    """Give packets with a machine's own header: PFLOG 117, USB 189 and 220, NFLOG 239."""
    rng = random.Random(dlt)
    rows = []
    for number in range(count):
        size = rng.choice((0, 5, 8, 12, 30, 44, 48, 50, 56, 60, 64, 66, 72, 76, 80, 90, 200, 300))
        octets = bytearray(rng.randbytes(size))
        wirelen = size + rng.choice((0, 10))
        if dlt == 117 and size:
            octets[0] = rng.choice((4, 47, 48, 52, 56, 60, 255))
        elif dlt == 239 and size:
            octets[1] = rng.choice((0, 0, 0, 1))
            for at in range(4, size - 1, 4):
                octets[at : at + 2] = struct.pack(f"{order}H", rng.choice((4, 5, 8, 20, 3, 0, 90)))
        elif size >= 48:
            octets[8], octets[9] = rng.choice(b"CSE"), rng.choice((0, 0, 1))
            octets[10], octets[15] = rng.choice((1, 129)), rng.choice((0, 60))
            octets[40:48] = struct.pack(f"{order}II", 0, rng.choice((0, 1, 3, 2**32 - 1)))
            if size >= 64:
                parts, length = rng.choice((0, 1, 2, 4, 2**31)), rng.choice((10, 100, 1000))
                octets[60:64] = struct.pack(f"{order}I", parts)
                octets[32:36] = struct.pack(f"{order}I", length)
                wirelen = rng.choice((wirelen, 64 + 16 * parts + length & 0xFFFFFFFF))
                for at in range(64, size - 15, 16):
                    octets[at + 4 : at + 12] = struct.pack(
                        f"{order}II", rng.choice((0, 5, 900)), rng.choice((0, 7, 50))
                    )
        rows.append(Row(number, number, size, wirelen, bytes(octets)))
    return pcap(tuple(rows), link=dlt, order=order)


def write_all(folder: Path) -> dict[str, Path]:
    """Write every capture to a folder of its own name."""
    captures = dict(VARIANTS)
    for dlt in (117, 189, 220, 239):
        captures[f"machine headers {dlt}"] = machine_headers(dlt, "<")
        captures[f"machine headers {dlt}, big-endian"] = machine_headers(dlt, ">")
    paths = {}
    for number, (name, octets) in enumerate(captures.items()):
        paths[name] = folder / f"{number}.pcap"
        paths[name].write_bytes(octets)
    return paths
