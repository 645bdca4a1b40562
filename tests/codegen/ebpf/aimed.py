"""Packets that a program is likely to look further into, of any length."""

from collections.abc import Iterator
from random import Random

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from tests.bpf.programs import random_packet

LONGEST_WHOLE = 3520
"""Octets of a frame that the kernel's test run shows an xdp program in one piece."""


def aimed(program: Program, random: Random, length: int) -> bytes:
    """Give a packet in which numbers that the program compares with stand where it loads them."""
    packet = bytearray(random_packet(random, length))
    width, place, header, mask = 0, 0, 20, 0
    for code, _, _, k in program:
        row = isa.ROWS[code]
        if row.kind == "load" and row.mode in {"abs", "ind"} and row.writes == "A":
            width, mask = row.size, 0
            place = k if row.mode == "abs" else k + header
        elif row.mode == "msh":
            header = (packet[k] & 15) * 4 if k < length else 20
        elif row.meaning == "and" and row.mode == "k":
            mask = k
        elif row.kind == "jump" and row.mode == "k" and width and random.random() < 0.55:
            _put(packet, place, width, k, mask)
    return bytes(packet)


def _put(packet: bytearray, place: int, width: int, number: int, mask: int) -> None:
    """Write a number where a load finds it, if it has room there."""
    if place + width > len(packet) or number >> 8 * width:
        return
    old = int.from_bytes(packet[place : place + width], "big")
    new = number if not mask else (old & ~mask) | number
    packet[place : place + width] = (new & ((1 << 8 * width) - 1)).to_bytes(width, "big")


def lengths(random: Random, sweep: float) -> Iterator[int]:
    """Give lengths from 0 up to beyond what the kernel shows whole: each short one in a sweep."""
    yield from range(0, 140, 1 if sweep > 5 else random.randint(5, 12))
    yield from (random.randint(141, 3711), LONGEST_WHOLE, 3712, random.randint(3713, 9000))
