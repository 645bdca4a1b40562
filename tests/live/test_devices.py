"""What interfaces are told to be, beside what tcpdump makes of them."""

import fcntl
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator

import pytest

import pcapfilter as pf
from pcapfilter.io.live.devices import LINKS, device, devices
from pcapfilter.io.live.source import LiveSource
from tests.live.wires import FAR, IP, NEAR, Wire, inside, run

TCPDUMP = shutil.which("tcpdump", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""
TUNSETIFF, TUNSETLINK, TAP = 0x400454CA, 0x400454CD, 0x1002
UNKNOWN_KINDS = (0, 8, 19, 24, 260, 281, 512, 519, 769, 775, 778, 788, 805, 823, 827, 65535)

needs_tcpdump = pytest.mark.skipif(not TCPDUMP, reason="needs tcpdump")


def theirs(wire: Wire, *words: str) -> str:
    """Give what tcpdump says, on either output."""
    done = subprocess.run(
        wire.words(TCPDUMP, *words), capture_output=True, text=True, check=False, timeout=20
    )
    return done.stdout + done.stderr


def ours(wire: Wire, *words: str) -> str:
    """Give what the command says, on either output."""
    done = subprocess.run(
        wire.words(sys.executable, "-m", "pcapfilter", *words),
        capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.fixture
def tap(wire: Wire) -> Iterator[int]:
    """A TAP interface whose hardware type can be chosen; the test is in its namespace."""
    with inside(wire.near):
        try:
            descriptor = os.open("/dev/net/tun", os.O_RDWR)
        except OSError as error:
            pytest.skip(f"no TAP interfaces here: {error}")
        with open(descriptor, "r+b", buffering=0) as file:
            fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH14x", b"tap0", TAP))
            yield file.fileno()


@needs_tcpdump
def test_link_types_are_those_of_libpcap(wire: Wire, tap: int) -> None:
    for kind in (*LINKS, *UNKNOWN_KINDS):
        run(IP, "link", "set", "tap0", "down")
        fcntl.ioctl(tap, TUNSETLINK, kind)
        run(IP, "link", "set", "tap0", "up")
        said = theirs(wire, "-i", "tap0", "-p", "-L")
        told = re.findall(r"^  (?:DLT )?(\w+) ", said, re.MULTILINE)
        found = [link.name if not name.isdigit() else str(link.dlt)
                 for link, name in zip(device("tap0").links, told, strict=False)]  # fmt: skip
        assert found == told, (kind, said)


@needs_tcpdump
def test_interfaces_are_listed_as_tcpdump_lists_them(wire: Wire) -> None:
    pseudo = ("bluetooth", "nflog", "nfqueue", "dbus", "usbmon")
    wanted = [row.partition(".")[2] for row in theirs(wire, "-D").splitlines()]
    wanted = [row for row in wanted if not row.startswith(pseudo)]
    rows = ours(wire, "-D").splitlines()
    assert [row.partition(".")[2] for row in rows] == wanted
    assert [row.partition(".")[0] for row in rows] == [str(n + 1) for n in range(len(rows))]


@needs_tcpdump
def test_without_one_it_is_that_of_tcpdump(wire: Wire) -> None:
    listening = r"listening on (\w+), link-type"
    for words in (wire.words(), [IP, "netns", "exec", wire.far]):
        names = []
        for command in ([sys.executable, "-m", "pcapfilter"], [TCPDUMP, "-Z", "root"]):
            process = subprocess.Popen([*words, *command], stderr=subprocess.PIPE, text=True)
            assert process.stderr is not None
            said = ""
            while not re.search(listening, said):
                line = process.stderr.readline()
                assert line, said
                said += line
            process.terminate()
            process.communicate(timeout=20)
            names += re.findall(listening, said)
        assert names == [NEAR if words == wire.words() else FAR] * 2


def test_an_interface_can_be_chosen_by_its_number(wire: Wire) -> None:
    with inside(wire.near):
        names = [found.name for found in devices()]
    number = str(names.index(NEAR) + 1)
    assert ours(wire, "-i", number, "-L") == ours(wire, "-i", NEAR, "-L")


@needs_tcpdump
def test_programs_are_those_of_tcpdump(wire: Wire) -> None:
    for interface, text in (
        (NEAR, "inbound and vlan 5 and tcp port 80"),
        ("lo", "ifindex 3 or vlan"),
        ("any", "outbound and ifindex 2 and tcp[tcpflags] & tcp-syn != 0"),
    ):
        words = ("-d", "-i", interface, "-s", "100", text)
        assert ours(wire, *words) == theirs(wire, *words).replace("tcpdump: ", ""), words


@needs_tcpdump
def test_link_types_and_clocks_are_listed(wire: Wire) -> None:
    for flag in ("-L", "-J"):
        said = theirs(wire, "-i", NEAR, flag).replace(" (printing not supported)", "")
        assert ours(wire, "-i", NEAR, flag) == said
    assert {*ours(wire, "-i", "any", "-L").splitlines()} == {
        *theirs(wire, "-i", "any", "-L").splitlines()
    }


def test_a_clock_that_there_is_not(wire: Wire) -> None:
    said = ours(wire, "-i", NEAR, "-j", "adapter_unsynced", "-w", os.devnull, "bad syntax (")
    assert "WARNING: When trying to set timestamp type 'adapter_unsynced'" in said


def test_unusual_interfaces_are_captured(tap: int) -> None:
    """Frames are given to a TAP interface of each hardware type, and come out of it as they are."""
    frame = bytes(range(64))
    can = bytes((3, 2, 1, 0, 4, 1)) + frame[6:]  # the number in network order, no CAN FD
    for kind, name in ((803, "IEEE802_11_RADIO"), (280, "CAN_SOCKETCAN")):
        run(IP, "link", "set", "tap0", "down")
        fcntl.ioctl(tap, TUNSETLINK, kind)
        run(IP, "link", "set", "tap0", "up")
        with pf.capture("tap0") as source:
            assert source.origin.link.name == name

            def started(source: LiveSource = source) -> None:
                os.write(tap, frame)
                source.finish()

            source.started = started
            found = [packet.data for batch in source.batches() for packet in batch]
        assert found == [can if kind == 280 else frame]
