"""Convert a capture: `python -m scripts.convert_captures FILE FOLDER`.

Each conversion holds the same packets, and is written without any code of the package, so that
what the package reads of it can be compared with what it reads of the original:

    nano, turned          pcap in nanoseconds, and of the other byte order
    pcapng, pcapng-big    one section, in nanoseconds, of either byte order
    pcapng-old            packet blocks of the obsolete kind, in microseconds
    .gz .bz2 .xz .zst .lz4    the original, compressed (zst and lz4 where there are modules for it)
"""

import bz2
import gzip
import lzma
import struct
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

MAGICS = {
    # magic number, read with the least significant octet first -> byte order, parts of a second
    0xA1B2C3D4: ("<", 10**6),
    0xA1B23C4D: ("<", 10**9),
    0xD4C3B2A1: (">", 10**6),
    0x4D3CB2A1: (">", 10**9),
}


class Capture(NamedTuple):
    """A pcap file of version 2.4: byte order, parts of a second, header fields, records."""

    order: str
    unit: int
    snaplen: int
    network: int
    records: list[tuple[int, int, int, bytes]]


def read(octets: bytes) -> Capture | None:
    """Read a pcap file; None if it is none of version 2.4, or damaged, or odd."""
    if len(octets) < 24 or (magic := struct.unpack_from("<I", octets)[0]) not in MAGICS:
        return None
    order, unit = MAGICS[magic]
    major, minor, _, _, snaplen, network = struct.unpack_from(f"{order}HHIIII", octets, 4)
    records, at = [], 24
    while at < len(octets):
        if at + 16 > len(octets):
            return None
        seconds, part, caplen, wirelen = struct.unpack_from(f"{order}IIII", octets, at)
        if part >= unit or caplen > snaplen or at + 16 + caplen > len(octets):
            return None
        records.append((seconds, part, wirelen, octets[at + 16 : at + 16 + caplen]))
        at += 16 + caplen
    plain = (major, minor) == (2, 4) and network < 1 << 16
    return Capture(order, unit, snaplen, network, records) if plain else None


def pcap(capture: Capture, order: str, unit: int) -> bytes:
    """Write a pcap file; nanoseconds may become of microseconds."""
    magic = 0xA1B2C3D4 if unit == 10**6 else 0xA1B23C4D
    parts = [struct.pack(f"{order}IHHIIII", magic, 2, 4, 0, 0, capture.snaplen, capture.network)]
    for seconds, part, wirelen, octets in capture.records:
        fine = part * (unit // capture.unit)
        parts += (struct.pack(f"{order}IIII", seconds, fine, len(octets), wirelen), octets)
    return b"".join(parts)


def block(order: str, kind: int, body: bytes) -> bytes:
    """Write a block of a pcapng file."""
    body += bytes(-len(body) % 4)
    length = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + length + body + length


def pcapng(capture: Capture, order: str, *, old: bool = False) -> bytes:
    """Write a pcapng file in nanoseconds; or in microseconds, with packets of the old kind."""
    unit = 10**6 if old else 10**9
    options = b"" if old else struct.pack(f"{order}HHBxxxHH", 9, 1, 9, 0, 0)
    about = struct.pack(f"{order}HHI", capture.network, 0, capture.snaplen)
    parts = [
        block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1)),
        block(order, 1, about + options),
    ]
    for seconds, part, wirelen, octets in capture.records:
        time = seconds * unit + part * unit // capture.unit
        stamp = (time >> 32, time & 0xFFFFFFFF, len(octets), wirelen)
        body = struct.pack(f"{order}IIIII", 0, *stamp)
        if old:
            body = struct.pack(f"{order}HHIIII", 0, 0xFFFF, *stamp)
        parts.append(block(order, 2 if old else 6, body + octets))
    return b"".join(parts)


def compressions() -> Iterator[tuple[str, Callable[[bytes], bytes]]]:
    """Give each compression that there is a module for, by the ending of its files."""
    yield from ((".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress))
    for ending, module in ((".zst", "backports.zstd"), (".lz4", "lz4.frame")):
        try:
            yield ending, import_module(module).compress
        except ImportError:
            sys.stderr.write(f"{module} is not installed: no {ending}\n")


def conversions(octets: bytes) -> Iterator[tuple[str, bytes]]:
    """Give every conversion of a pcap file, by what is added to its name."""
    capture = read(octets)
    if capture is not None:
        turned = ">" if capture.order == "<" else "<"
        yield ".nano.pcap", pcap(capture, capture.order, 10**9)
        yield ".turned.pcap", pcap(capture, turned, capture.unit)
        yield ".pcapng", pcapng(capture, "<")
        yield ".big.pcapng", pcapng(capture, ">")
        if capture.unit == 10**6:
            yield ".old.pcapng", pcapng(capture, "<", old=True)
    for ending, compress in compressions():
        yield ending, compress(octets)


def main() -> None:
    """Write every conversion of a file to a folder."""
    source, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for ending, octets in conversions(source.read_bytes()):
        (folder / f"{source.name}{ending}").write_bytes(octets)


if __name__ == "__main__":
    main()
