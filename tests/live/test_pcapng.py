"""pcapng files of live captures: the interface by its name, the filter, and what was dropped."""

import struct
import sys
import time
from pathlib import Path

import pytest

import pcapfilter as pf
from pcapfilter.io.interface import read_options
from tests.live.test_capture import burst_through
from tests.live.test_command import Begun
from tests.live.wires import NEAR, Wire, inside, tcp, udp

ORDER = "<" if sys.byteorder == "little" else ">"
SECTION, INTERFACE, STATISTICS, PACKET = 0x0A0D0D0A, 1, 5, 6


def blocks(path: Path) -> list[tuple[int, bytes]]:
    """Give type and body of each block of a file of ours."""
    octets, at, found = path.read_bytes(), 0, []
    while at < len(octets):
        kind, length = struct.unpack_from("=II", octets, at)
        assert octets[at + length - 4 : at + length] == struct.pack("=I", length)
        found.append((kind, octets[at + 8 : at + length - 4]))
        at += length
    return found


def interface_of(body: bytes) -> dict[int, bytes]:
    """Give an interface's options."""
    return dict(read_options(body, 8, ORDER))


def time_of(octets: bytes) -> int:
    """Give a time, whose upper half comes first."""
    upper, lower = struct.unpack("=II", octets)
    return int(upper << 32 | lower)


def check_statistics(body: bytes, received: int, unit: int, since: int) -> None:
    """See that an interface's statistics are of one that began later than `since`."""
    options = dict(read_options(body, 12, ORDER))
    assert body[:4] == bytes(4)
    ended = time_of(body[4:12])
    began = time_of(options[2])
    assert since * unit // 10**9 <= began <= ended == time_of(options[3])
    assert ended <= time.time_ns() * unit // 10**9
    assert (options[4], options[5]) == (struct.pack("=Q", received), bytes(8))
    assert set(options) == {2, 3, 4, 5}


@pytest.mark.parametrize(
    ("interface", "link", "flags", "unit"),
    [(NEAR, 1, (), 10**9), ("any", 276, (), 10**9), (NEAR, 1, ("--micro",), 10**6)],
)
def test_the_interface_is_described(
    wire: Wire, tmp_path: Path, interface: str, link: int, flags: tuple[str, ...], unit: int
) -> None:
    target, since = tmp_path / "out.pcapng", time.time_ns()
    begun = Begun(wire, "-i", interface, *flags, "-w", str(target), "udp", "port", "53")
    wire.send([udp(), tcp(), udp()])
    begun.end()
    (first, _), (second, described), *packets, (last, told) = blocks(target)
    assert (first, second, last) == (SECTION, INTERFACE, STATISTICS)
    assert [kind for kind, _ in packets] == [PACKET, PACKET]
    assert struct.unpack_from("=HHI", described) == (link, 0, 262144)
    resolution = {9: b"\x09"} if unit == 10**9 else {}
    assert interface_of(described) == {
        2: interface.encode(), 11: b"\0udp port 53", **resolution,
    }  # fmt: skip
    check_statistics(told, 2, unit, since)
    assert all(since * unit // 10**9 <= time_of(body[4:12]) for _, body in packets)
    assert pf.compile("").count(target).matched == 2


def test_every_file_of_a_rotation_has_them(wire: Wire, tmp_path: Path) -> None:
    target, since = tmp_path / "out.pcapng", time.time_ns()
    begun = Begun(wire, "-i", NEAR, "-C", "1k", "-w", str(target))
    wire.send([udp(octets=bytes(500))] * 6)
    begun.end()
    files = sorted(tmp_path.iterdir())
    assert len(files) > 1
    for path in files:
        (_, _), (_, described), *packets, (last, told) = blocks(path)
        assert interface_of(described) == {2: NEAR.encode(), 9: b"\x09"}
        assert {kind for kind, _ in packets} == {PACKET}
        assert last == STATISTICS
        check_statistics(told, 6, 10**9, since)


def test_a_library_writes_them_too(wire: Wire, tmp_path: Path) -> None:
    target, since = tmp_path / "out.pcapng", time.time_ns()
    too_long_to_tell = "udp" + " " * 65535
    for text, told in (("udp", {11: b"\0udp"}), (too_long_to_tell, {})):
        with inside(wire.near):
            source = pf.capture(NEAR)
        with source:
            burst_through(wire, source, [udp(), tcp()])
            pf.compile(text).copy(source, target)
        _, (_, described), _, (_, statistics) = blocks(target)
        assert interface_of(described) == {2: NEAR.encode(), 9: b"\x09", **told}
        check_statistics(statistics, 1, 10**9, since)


def test_packets_that_are_added_one_by_one(wire: Wire, tmp_path: Path) -> None:
    target, since = tmp_path / "out.pcapng", time.time_ns()
    with inside(wire.near):
        source = pf.capture(NEAR, filter="udp")
    with source, pf.open(target, "w", like=source) as sink:
        burst_through(wire, source, [udp(), tcp(), udp()])
        for packet in source:
            sink.add(packet)
    _, (_, described), *packets, (_, statistics) = blocks(target)
    assert interface_of(described) == {2: NEAR.encode(), 9: b"\x09", 11: b"\0udp"}
    assert len(packets) == 2
    check_statistics(statistics, 2, 10**9, since)


def test_what_did_not_begin_has_no_statistics(wire: Wire, tmp_path: Path) -> None:
    target = tmp_path / "out.pcapng"
    with inside(wire.near):
        source = pf.capture(NEAR)
    with source:
        assert pf.compile("udp").copy(source, target, limit=0) == (0, 0, None)
    assert [kind for kind, _ in blocks(target)] == [SECTION, INTERFACE]
