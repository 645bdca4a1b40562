"""Seeded captures for measurements: `wide` (3,000,000 packets of 502 octets on
average, in 1.55 GB) and `tiny` (8,000,000 of 65, in 0.65 GB).

Records are drawn once, some ten thousand of them, and written over and over: the filter sees as
many kinds of packets as a real link has, and the file is made in seconds.
"""

import struct
from pathlib import Path
from random import Random

HEADER = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
SIZES = {"wide": (60, 80, 150, 400, 808, 1514), "tiny": (60, 60, 62, 66, 70, 74)}
PORTS = (80, 443, 53, 22, 123, 8080, 25, 5060)


def records(kind: str, random: Random, count: int = 20_000) -> bytes:
    """Give some packets with their record headers."""
    parts: list[bytes] = []
    for number in range(count):
        octets = packet(random, random.choice(SIZES[kind]))
        parts.append(struct.pack("=IIII", 1_700_000_000, number, len(octets), len(octets)))
        parts.append(octets)
    return b"".join(parts)


def packet(random: Random, size: int) -> bytes:
    """Give a frame of Ethernet: mostly IPv4 with TCP or UDP, some IPv6, some ARP, some tagged."""
    draw = random.random()
    ports = struct.pack("!HH", random.choice(PORTS), random.randrange(1024, 65536))
    if random.random() < 0.5:
        ports = ports[2:] + ports[:2]
    protocol = 6 if random.random() < 0.75 else 17
    if draw < 0.8:
        addresses = b"".join(
            bytes((10, 0, random.randrange(4), random.randrange(256))) for _ in "ab"
        )
        network = struct.pack("!BBHHHBBH", 0x45, 0, size - 14, 1, 0, 64, protocol, 0) + addresses
        frame = b"\x08\x00" + network + ports
    elif draw < 0.92:
        addresses = b"".join(b"\x20\x01\x0d\xb8" + random.randbytes(12) for _ in "ab")
        network = struct.pack("!IHBB", 6 << 28, size - 54, protocol, 64) + addresses
        frame = b"\x86\xdd" + network + ports
    elif draw < 0.97:
        frame = (
            b"\x81\x00\x00\x05\x08\x00" + b"\x45" + bytes(8) + bytes((protocol, *bytes(10))) + ports
        )
    else:
        frame = b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01"
    start = random.randbytes(12) + frame
    return (start + random.randbytes(max(0, size - len(start))))[:size]


def make(path: Path, kind: str, size: int, *, count: int = 20_000) -> None:
    """Write a capture of about `size` octets, unless it is there already.

    It repeats the same `count` records, and has them once at least.
    """
    block = records(kind, Random(kind), count)
    times = max(1, size // len(block))
    if path.exists() and path.stat().st_size == len(HEADER) + times * len(block):
        return
    with path.open("wb") as file:
        file.write(HEADER)
        for _ in range(times):
            file.write(block)
