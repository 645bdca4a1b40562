"""Two network namespaces, joined by a veth pair, that exist for the time of some tests."""

import ctypes
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Self

IP = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""
NEAR, FAR = "near0", "far0"
"""The ends of the pair: where is captured, and where packets are sent."""

CLONE_NEWNET = 0x40000000
_NUMBERS = count()


class Wire:
    """The pair; `near` and `far` are the names of the namespaces. No other packets run on it."""

    def __init__(self) -> None:
        stem = f"pcapfilter-{os.getpid()}-{next(_NUMBERS)}"
        self.near, self.far = f"{stem}-near", f"{stem}-far"
        self._made: list[str] = []
        try:
            for name in (self.near, self.far):
                run(IP, "netns", "add", name)
                self._made.append(name)
                with inside(name):
                    silence()
            near, far = ("netns", self.near), ("netns", self.far)
            run(IP, "link", "add", NEAR, *near, "type", "veth", "peer", "name", FAR, *far)
            for name, interface in ((self.near, NEAR), (self.far, FAR), (self.near, "lo")):
                run(IP, "-n", name, "link", "set", interface, "up")
        except BaseException:
            self.close()
            raise

    def send(self, frames: Iterable[bytes], *, outward: bool = False) -> None:
        """Send frames to the near end, or from it."""
        name, interface = (self.near, NEAR) if outward else (self.far, FAR)
        with inside(name):
            sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        with sender, inside(name):
            sender.bind((interface, 0))
            for frame in frames:
                sender.send(frame)

    def words(self, *words: str) -> list[str]:
        """Give the words that run a command at the near end."""
        return [IP, "netns", "exec", self.near, *words]

    def close(self) -> None:
        """Take everything down."""
        for name in self._made:
            run(IP, "netns", "delete", name)
        self._made.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run(*words: str) -> str:
    """Run a program; give what it prints."""
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=20).stdout


def silence() -> None:
    """Have this namespace send nothing by itself."""
    for kind in ("all", "default"):
        place = Path(f"/proc/sys/net/ipv6/conf/{kind}/disable_ipv6")
        if place.exists():
            place.write_text("1", encoding="ascii")


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Be in a network namespace: sockets that are made there stay there."""
    library = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{name}", "rb") as away:
        _enter(library, away.fileno())
        try:
            yield
        finally:
            _enter(library, home.fileno())


def _enter(library: Any, descriptor: int) -> None:
    if library.setns(descriptor, CLONE_NEWNET) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@cache
def missing() -> str:
    """Say why no wire can be made here; nothing if one can."""
    if not IP:
        return "there is no ip(8)"
    try:
        with Wire() as wire, inside(wire.near):
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or error
        return f"no network namespaces here: {said}"
    return ""


# ---- frames ------------------------------------------------------------------------------------


def udp(*, source: int = 1000, target: int = 53, octets: bytes = b"", version: int = 4) -> bytes:
    """Give an Ethernet frame with UDP."""
    return _carried(17, struct.pack("!HHHH", source, target, 8 + len(octets), 0) + octets, version)


def tcp(*, source: int = 1000, target: int = 80, flags: int = 2, version: int = 4) -> bytes:
    """Give an Ethernet frame with TCP."""
    segment = struct.pack("!HHIIBBHHH", source, target, 1, 0, 5 << 4, flags, 8192, 0, 0)
    return _carried(6, segment, version)


def icmp(version: int = 4) -> bytes:
    """Give an Ethernet frame with an echo request."""
    kind, protocol = (8, 1) if version == 4 else (128, 58)
    return _carried(protocol, struct.pack("!BBHHH", kind, 0, 0, 1, 1), version)


def arp() -> bytes:
    """Give an Ethernet frame that asks for an address."""
    body = struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, b"\x02\0\0\0\0\2", HERE, bytes(6), THERE
    )
    return _frame(0x806, body)


def tagged(frame: bytes, *tags: int, kind: int = 0x8100) -> bytes:
    """Give a frame with VLAN tags, the outermost first, which has its own type."""
    front, rest = frame[:12], frame[12:]
    for number, tag in enumerate(reversed(tags), 1):
        rest = struct.pack("!HH", kind if number == len(tags) else 0x8100, tag) + rest
    return front + rest


HERE, THERE = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
HERE6, THERE6 = (bytes.fromhex(f"20010db8{number:024x}") for number in (1, 2))


def _carried(protocol: int, segment: bytes, version: int) -> bytes:
    if version == 6:
        header = struct.pack("!IHBB16s16s", 6 << 28, len(segment), protocol, 64, HERE6, THERE6)
        return _frame(0x86DD, header + segment)
    length = 20 + len(segment)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 1, 0, 64, protocol, 0, HERE, THERE)
    return _frame(0x800, header + segment)


def _frame(kind: int, body: bytes) -> bytes:
    return b"\x02\0\0\0\0\1" + b"\x02\0\0\0\0\2" + kind.to_bytes(2) + body
