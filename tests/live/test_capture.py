"""Packets that were sent are captured if they match, and no others, with the kernel or without."""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

import pcapfilter as pf
from pcapfilter.errors import ProgramError
from pcapfilter.filter import native
from pcapfilter.io.live import programs
from pcapfilter.io.live.source import LiveSource, Wishes, open_live
from tests.live.wires import NEAR, Wire, arp, icmp, inside, tagged, tcp, udp


class Sent(NamedTuple):
    """A frame, and what is known of it: tags, version of IP, protocol, ports."""

    frame: bytes
    tags: tuple[int, ...]
    version: int
    protocol: str
    source: int
    target: int


def burst() -> list[Sent]:
    """Give one of each: without a tag, with one of either type, and with two."""
    plain = [
        Sent(arp(), (), 0, "arp", 0, 0),
        *(Sent(icmp(v), (), v, "icmp", 0, 0) for v in (4, 6)),
        *(
            Sent(tcp(source=s, target=t, version=v), (), v, "tcp", s, t)
            for v in (4, 6)
            for s, t in ((1000, 80), (80, 1001), (1002, 443))
        ),
        *(
            Sent(udp(source=s, target=t, octets=bytes(n), version=v), (), v, "udp", s, t)
            for v in (4, 6)
            for s, t, n in ((53, 1000, 100), (1001, 53, 0), (1002, 123, 1200))
        ),
    ]
    one = [s._replace(frame=tagged(s.frame, 5), tags=(5,)) for s in plain]
    other = [s._replace(frame=tagged(s.frame, 7, kind=0x88A8), tags=(7,)) for s in plain]
    two = [s._replace(frame=tagged(s.frame, 7, 5, kind=0x88A8), tags=(7, 5)) for s in plain]
    return [*plain, *one, *other, *two]


BURST = burst()

# The kernel takes out the outermost tag: words look behind it, though not behind a second one.
FILTERS: dict[str, Callable[[Sent], bool]] = {
    # text -> whether a frame matches
    "": lambda _: True,
    "ip": lambda s: s.version == 4 and len(s.tags) < 2,
    "ip6": lambda s: s.version == 6 and len(s.tags) < 2,
    "arp": lambda s: s.protocol == "arp" and len(s.tags) < 2,
    "tcp": lambda s: s.protocol == "tcp" and len(s.tags) < 2,
    "udp": lambda s: s.protocol == "udp" and len(s.tags) < 2,
    "icmp": lambda s: (s.protocol, s.version) == ("icmp", 4) and len(s.tags) < 2,
    "icmp6": lambda s: (s.protocol, s.version) == ("icmp", 6) and len(s.tags) < 2,
    "tcp port 80": lambda s: s.protocol == "tcp" and 80 in s[4:] and len(s.tags) < 2,
    "src port 53 or dst port 123": lambda s: (
        (s.source == 53 or s.target == 123) and len(s.tags) < 2
    ),
    "portrange 1000-1001": lambda s: bool({1000, 1001} & {*s[4:]}) and len(s.tags) < 2,
    "host 10.0.0.1 and not arp": lambda s: s.version == 4 and len(s.tags) < 2,
    "ip6 host 2001:db8::2 and udp": lambda s: (
        s.version == 6 and s.protocol == "udp" and len(s.tags) < 2
    ),
    "greater 1000": lambda s: len(s.frame) - 4 * bool(s.tags) >= 1000,
    "vlan": lambda s: len(s.tags) > 0,
    "vlan 5": lambda s: s.tags[:1] == (5,),
    "vlan 7 and tcp": lambda s: s.tags == (7,) and s.protocol == "tcp",
    "vlan and ip": lambda s: len(s.tags) == 1 and s.version == 4,
    "not vlan": lambda s: not s.tags,
    "udp and vlan 5": lambda s: s.tags == (5,) and s.protocol == "udp",
    "tcp[tcpflags] & tcp-syn != 0": lambda s: (
        s.protocol == "tcp" and s.version == 4 and len(s.tags) < 2
    ),
    "inbound": lambda _: True,
}


def burst_through(wire: Wire, source: LiveSource, frames: Iterable[bytes]) -> None:
    """Have frames sent as soon as the first one can pass, and the capture end behind the last."""

    def started() -> None:
        wire.send(frames)
        time.sleep(0.05)
        source.finish()

    source.started = started


def captured(wire: Wire, text: str, frames: Iterable[bytes], interface: str = NEAR) -> list[bytes]:
    """Give what a capture with a filter sees of some frames."""
    with inside(wire.near):
        source = pf.capture(interface, filter=text)
    with source:
        burst_through(wire, source, frames)
        return [packet.data for batch in source.batches() for packet in batch]


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kernel take no program."""

    def refuse(*_: object) -> None:
        raise ProgramError("it does not want to")

    monkeypatch.setattr(programs, "for_kernel", refuse)


@pytest.mark.parametrize("text", FILTERS)
def test_captured_is_what_was_sent_and_matches(wire: Wire, text: str) -> None:
    wanted = [sent.frame for sent in BURST if FILTERS[text](sent)]
    assert captured(wire, text, (sent.frame for sent in BURST)) == wanted


@pytest.mark.usefixtures("refusing")
def test_it_is_the_same_in_user_space(wire: Wire) -> None:
    for text, matches in FILTERS.items():
        wanted = [sent.frame for sent in BURST if matches(sent)]
        assert captured(wire, text, (sent.frame for sent in BURST)) == wanted, text


def test_a_backward_jump_is_judged_in_user_space(wire: Wire) -> None:
    with inside(wire.near):
        source = pf.capture(NEAR, filter="ip protochain 17")
    with source:
        assert source.remark.endswith("not in the kernel: backward jump")
        burst_through(wire, source, [tcp(), udp(), tagged(udp(), 5)])
        found = [packet.data for batch in source.batches() for packet in batch]
        assert found == [udp(), tagged(udp(), 5)]
        assert source.statistics() == source.statistics() == (3, 0, 0)


def test_what_the_kernel_has_no_memory_for_is_judged_in_user_space(wire: Wire) -> None:
    limit = Path("/proc/sys/net/core/optmem_max")
    text = " or ".join(f"udp src port {number}" for number in range(1000, 1200))
    before = limit.read_text()
    with inside(wire.near):
        if not os.access(limit, os.W_OK):
            pytest.skip("the limit of a socket's memory cannot be set here")
        own = limit.read_text()
        limit.write_text("8192")
    try:
        if limit.read_text() != before:
            pytest.skip("the limit of a socket's memory is that of all namespaces")
        with inside(wire.near):
            source = open_live(NEAR, Wishes(), native=native)
        made = pf.compile(text, optimize=False)
        with source:
            burst_through(wire, source, [tcp(), udp(), tagged(udp(source=1199), 5), udp(source=9)])
            found = [packet.data for packet in made.read(source)]
            assert source.remark.endswith("not in the kernel: Cannot allocate memory")
        assert found == [udp(), tagged(udp(source=1199), 5)]
    finally:
        with inside(wire.near):
            limit.write_text(own)


def test_the_filter_of_a_job_goes_into_the_kernel(wire: Wire) -> None:
    with inside(wire.near):
        source = pf.capture(NEAR)
    with source:
        burst_through(wire, source, [tcp(), udp(), tcp()])
        found = list(pf.compile("tcp").read(source))
        assert [packet.data for packet in found] == [tcp(), tcp()]
        assert source.statistics().received == 2
        with pytest.raises(pf.CaptureError, match="with another filter"):
            pf.compile("udp").count(source)


def test_a_filter_reads_what_another_one_let_pass(wire: Wire) -> None:
    with inside(wire.near):
        source = pf.capture(NEAR, filter="port 80")
    with source:
        burst_through(wire, source, [tcp(), udp(target=80), tagged(tcp(), 5)])
        found = [packet.data for packet in pf.compile("tcp").read(source)]
    assert found == [tcp()]


def test_a_capture_is_copied_as_a_file_is(wire: Wire, tmp_path: Path) -> None:
    with inside(wire.near):
        source = pf.capture(NEAR, snaplen=50, precision="micro")
    target = tmp_path / "out.pcap"
    frames = [tcp(source=number) for number in range(1, 9)]
    with source:
        burst_through(wire, source, [udp(), *frames])
        tally = pf.compile("tcp").copy(source, target, limit=5)
    assert (tally.matched, tally.damage) == (5, None)
    assert [packet.data for packet in pf.compile("").read(target)] == [f[:50] for f in frames[:5]]


def test_wrong_arguments_are_refused(wire: Wire) -> None:
    with inside(wire.near):
        for error, message, arguments in (
            (ValueError, "direction must be", {"direction": "up"}),
            (ValueError, "precision must be", {"precision": "pico"}),
            (ValueError, "snaplen must be", {"snaplen": -1}),
            (ValueError, "buffer must be", {"buffer": 0}),
            (pf.UnsupportedError, "RAW is not one of", {"link": "RAW"}),
            (pf.FilterSyntaxError, "syntax error", {"filter": "tcp and ("}),
            (pf.RejectsAllError, "rejects all", {"filter": "ip and arp"}),
        ):
            with pytest.raises(error, match=message):
                pf.capture(NEAR, **arguments)
        with pytest.raises(OSError, match="No such device exists"):
            pf.capture("nosuch0")


def test_packets_wait_for_the_next_job(wire: Wire) -> None:
    frames = [udp(source=number) for number in range(1, 8)]
    made = pf.compile("udp")
    with inside(wire.near):
        source = pf.capture(NEAR)
    with source:
        burst_through(wire, source, frames)
        found = [p.data for limit in (2, 1, None) for p in made.read(source, limit=limit)]
    assert found == frames


COOKED_TEXTS = (
    "", "ip", "ip6", "arp", "icmp6", "tcp port 80", "portrange 1000-1001", "inbound",
    "ip6 host 2001:db8::2 and udp", "tcp[tcpflags] & tcp-syn != 0", "ip protochain 17",
)  # fmt: skip


def cooked(frame: bytes, interface: int) -> bytes:
    """Give a frame for another machine as a Linux cooked packet, version 2."""
    return frame[12:14] + struct.pack("!HIHBB6s2x", 0, interface, 1, 3, 6, frame[6:12]) + frame[14:]


@pytest.mark.parametrize("kernel", [True, False])
def test_all_interfaces_at_once(wire: Wire, kernel: bool, request: pytest.FixtureRequest) -> None:
    if not kernel:
        request.getfixturevalue("refusing")
    with inside(wire.near):
        number = socket.if_nametoindex(NEAR)
    frames = [sent.frame for sent in BURST]
    udp4 = FILTERS["udp"], FILTERS["ip"]
    matching: dict[str, Callable[[Sent], bool]] = {
        **{text: FILTERS[text] for text in COOKED_TEXTS[:-1]},
        "ip protochain 17": lambda sent: all(matches(sent) for matches in udp4),
        f"ifindex {number}": lambda _: True,
        f"ifindex {number + 1}": lambda _: False,
        "greater 1000": lambda sent: len(sent.frame) - 4 * bool(sent.tags) + 6 >= 1000,
        "link[10] = 3 and link[4:2] = 0": lambda _: True,
    }
    for text, matches in matching.items():
        wanted = [cooked(sent.frame, number) for sent in BURST if matches(sent)]
        assert captured(wire, text, frames, "any") == wanted, text


def test_the_older_cooked_header(wire: Wire) -> None:
    for text in ("udp", "not inbound or udp"):
        with inside(wire.near):
            source = pf.capture("any", filter=text, link="LINUX_SLL")
        with source:
            burst_through(wire, source, [udp(), tcp(), tagged(udp(), 5)])
            found = [packet.data for batch in source.batches() for packet in batch]
        header = struct.pack("!HHH6s2x", 3, 1, 6, udp()[6:12])
        assert found == [header + udp()[12:], header + tagged(udp(), 5)[12:]]


def test_what_comes_back_is_seen_once(wire: Wire) -> None:
    with inside(wire.near):
        sources = [pf.capture(name, filter="udp") for name in ("lo", "any")]
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        for source in sources:

            def started(source: LiveSource = source) -> None:
                for _ in range(3):
                    sender.sendto(b"once", ("127.0.0.1", 9))
                time.sleep(0.05)
                source.finish()

            source.started = started
            with source:
                found = [packet.data for batch in source.batches() for packet in batch]
            assert [octets[-4:] for octets in found] == [b"once"] * 3


@pytest.mark.parametrize("buffer", [1, 1 << 20])
def test_long_packets_are_whole_in_any_ring(wire: Wire, buffer: int) -> None:
    octets = bytes(range(256)) * 250
    with inside(wire.near):
        source = pf.capture("lo", filter="udp", buffer=buffer)
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def started() -> None:
        sender.sendto(octets, ("127.0.0.1", 9))
        time.sleep(0.05)
        source.finish()

    source.started = started
    with source, sender:
        found = [packet for batch in source.batches() for packet in batch]
    assert [(packet.wirelen, packet.data[42:]) for packet in found] == [(64042, octets)]


@pytest.mark.parametrize(("direction", "wanted"), [("in", 1), ("out", 2), ("inout", 3)])
def test_direction(wire: Wire, direction: programs.Direction, wanted: int) -> None:
    with inside(wire.near):
        source = open_live(NEAR, Wishes(direction=direction))

    def started() -> None:
        wire.send([udp(target=1)])
        wire.send([udp(target=2), udp(target=3)], outward=True)
        time.sleep(0.05)
        source.finish()

    source.started = started
    with source:
        assert sum(batch.count for batch in source.batches()) == wanted


def test_plain_python_unloads_alike(wire: Wire) -> None:
    frames = [sent.frame for sent in BURST]
    with inside(wire.near):
        source = open_live(NEAR, Wishes(snaplen=60))
    with source:
        burst_through(wire, source, frames)
        packets = [packet for batch in source.batches() for packet in batch]
    assert [packet.data for packet in packets] == [frame[:60] for frame in frames]
    assert [packet.wirelen for packet in packets] == [*map(len, frames)]
    now = time.time_ns()
    assert all(abs(packet.time_ns - now) < 10**11 for packet in packets)
