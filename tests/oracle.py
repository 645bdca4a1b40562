"""The oracles: what libpcap, tcpdump and the kernel say, for tests that compare.

    compile(text, link, ...) -> Program       what libpcap compiles; Refused carries its message
    Machine(program).run(packet, wirelen)     the verdict of libpcap's bpf_filter
    packets(path) -> iterator of (wirelen, octets)   what libpcap reads of a capture
    image(program) -> list[str]               libpcap's listing
    tcpdump(*arguments) -> CompletedProcess   the command itself
    line(instruction, pc) -> str              one line of it
    Socket(program).run(octets) -> int|None   the kernel's machine, without privileges

A test that needs one asks for it by `@needs_libpcap`, `@needs_tcpdump` or `@needs_kernel`, and is
skipped, with the reason, where there is none. The package itself never needs any of them.
"""

import ctypes
import ctypes.util
import functools
import os
import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from pcapfilter.bpf.program import LAYOUT, Program
from pcapfilter.net.linktype import LinkType, resolve

UNKNOWN_NETMASK = 0xFFFFFFFF
SNAPLEN = 262144
SO_ATTACH_FILTER = 26

Rows = Iterable[tuple[int, int, int, int]]


class Refused(Exception):  # noqa: N818 - it is an answer
    """What libpcap says of a text that it does not take."""


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint32),
    )


class _Header(ctypes.Structure):
    _fields_ = (
        ("seconds", ctypes.c_long),
        ("part", ctypes.c_long),
        ("caplen", ctypes.c_uint32),
        ("wirelen", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Instruction)))


_SIGNATURES: dict[str, tuple[Any, ...]] = {
    # function: result, arguments
    "bpf_filter": (
        ctypes.c_uint,
        ctypes.POINTER(_Instruction),
        ctypes.c_char_p,
        ctypes.c_uint,
        ctypes.c_uint,
    ),
    "bpf_image": (ctypes.c_char_p, ctypes.POINTER(_Instruction), ctypes.c_int),
    "pcap_close": (None, ctypes.c_void_p),
    "pcap_compile": (
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.POINTER(_Program),
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_uint32,
    ),
    "pcap_datalink_val_to_description": (ctypes.c_char_p, ctypes.c_int),
    "pcap_datalink_val_to_name": (ctypes.c_char_p, ctypes.c_int),
    "pcap_freecode": (None, ctypes.POINTER(_Program)),
    "pcap_geterr": (ctypes.c_char_p, ctypes.c_void_p),
    "pcap_lib_version": (ctypes.c_char_p,),
    "pcap_next": (ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(_Header)),
    "pcap_open_dead": (ctypes.c_void_p, ctypes.c_int, ctypes.c_int),
    "pcap_open_live": (
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_char_p,
    ),
    "pcap_open_offline": (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p),
}


@functools.cache
def _load() -> Any:
    """The library, or None where there is none."""
    for name in ("libpcap.so.0.8", "libpcap.so.1", ctypes.util.find_library("pcap")):
        try:
            library = ctypes.CDLL(name) if name else None
        except OSError:
            continue
        if library is not None:
            for function, (result, *arguments) in _SIGNATURES.items():
                getattr(library, function).restype = result
                getattr(library, function).argtypes = arguments
            return library
    return None


@functools.cache
def version() -> str:
    """Give libpcap's version, such as `1.10.3`, or nothing."""
    if _load() is None:
        return ""
    words = _load().pcap_lib_version().decode().split()
    return str(words[words.index("version") + 1]) if "version" in words else ""


@functools.cache
def tcpdump_path() -> str:
    """Give the path of tcpdump, or nothing."""
    return (
        shutil.which("tcpdump", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin") or ""
    )


needs_libpcap = pytest.mark.skipif(
    not version().startswith("1.10."), reason="needs libpcap 1.10 (apt-get install libpcap0.8)"
)
needs_tcpdump = pytest.mark.skipif(
    not tcpdump_path(), reason="needs tcpdump (apt-get install tcpdump)"
)


def compile(  # noqa: A001 - the oracle's compile()
    text: str,
    link: str | int | LinkType = "EN10MB",
    *,
    optimize: bool = True,
    netmask: int = UNKNOWN_NETMASK,
    snaplen: int = SNAPLEN,
) -> Program:
    """Give what libpcap compiles, as `tcpdump -d -y` does (but for the netmask); else Refused."""
    handle = _load().pcap_open_dead(resolve(link).dlt, snaplen)
    try:
        return _compile(handle, text, optimize=optimize, netmask=netmask)
    finally:
        _load().pcap_close(handle)


def compile_for_file(
    text: str, path: str | Path, *, optimize: bool = True, netmask: int = 0
) -> Program:
    """Give what libpcap compiles for a savefile; Refused if it refuses the text or the file."""
    message = ctypes.create_string_buffer(256)
    handle = _load().pcap_open_offline(str(path).encode(), message)
    if not handle:
        raise Refused(message.value.decode())
    try:
        return _compile(handle, text, optimize=optimize, netmask=netmask)
    finally:
        _load().pcap_close(handle)


@functools.cache
def _loopback() -> int | None:
    """Open the loopback interface, which takes privileges; None where that fails."""
    if _load() is None:
        return None
    message = ctypes.create_string_buffer(256)
    handle: int | None = _load().pcap_open_live(b"lo", SNAPLEN, 0, 100, message)
    return handle


def live() -> bool:
    """Tell whether libpcap can compile for an interface here."""
    return bool(_loopback())


def compile_live(text: str, *, optimize: bool = True, netmask: int = 0) -> Program:
    """Give what libpcap compiles for a live capture on the loopback interface; else Refused."""
    handle = _loopback()
    if not handle:
        raise Refused("no interface to compile for")
    return _compile(handle, text, optimize=optimize, netmask=netmask)


def packets(path: str | Path) -> Iterator[tuple[int, bytes]]:
    """Give wire length and octets of each packet that libpcap reads; Refused with its message."""
    message = ctypes.create_string_buffer(256)
    handle = _load().pcap_open_offline(str(path).encode(), message)
    if not handle:
        raise Refused(message.value.decode())
    header = _Header()
    try:
        while place := _load().pcap_next(handle, header):
            yield header.wirelen, ctypes.string_at(place, header.caplen)
    finally:
        _load().pcap_close(handle)


def _compile(handle: int, text: str, *, optimize: bool, netmask: int) -> Program:
    native = _Program()
    if _load().pcap_compile(handle, native, text.encode(), optimize, netmask):
        raise Refused(_load().pcap_geterr(handle).decode(errors="replace").strip())
    try:
        rows = native.instructions[: native.length]
        return Program.of((row.code, row.jt, row.jf, row.k) for row in rows)
    finally:
        _load().pcap_freecode(native)


def _array(program: Rows) -> Any:
    rows = [_Instruction(*row) for row in program]
    return (_Instruction * len(rows))(*rows)


class Machine:
    """libpcap's bpf_filter with one program, for many packets."""

    def __init__(self, program: Rows) -> None:
        self._rows = _array(program)
        self._filter = _load().bpf_filter

    def run(self, packet: bytes, wirelen: int | None = None) -> int:
        """Give the verdict on one packet."""
        wirelen = len(packet) if wirelen is None else wirelen
        return int(self._filter(self._rows, packet, wirelen, len(packet)))


def line(instruction: tuple[int, int, int, int], pc: int) -> str:
    """Give libpcap's line of a listing for the instruction at `pc`."""
    row: bytes = _load().bpf_image(_Instruction(*instruction), pc)
    return row.decode()


def image(program: Rows) -> list[str]:
    """Give libpcap's listing of a program, a line an instruction, as `tcpdump -d` prints it."""
    return [line(instruction, pc) for pc, instruction in enumerate(program)]


def datalink(dlt: int) -> tuple[str, str] | None:
    """Give libpcap's name and description of a DLT number; None where there is none of either."""
    name = _load().pcap_datalink_val_to_name(dlt) if version() else None
    if name is None:
        return None
    return name.decode(), (_load().pcap_datalink_val_to_description(dlt) or b"").decode()


def tcpdump(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run tcpdump; as root it keeps its user, so that it can read and write anywhere."""
    user = ("-Z", "root") if os.geteuid() == 0 else ()
    return subprocess.run(
        [tcpdump_path(), *user, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )


def selected(capture: Path, text: str, *arguments: str) -> bytes:
    """Give the capture that `tcpdump -r CAPTURE -w FILE TEXT` writes."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "selected"
        tcpdump("-r", capture, "-w", target, *arguments, text)
        return target.read_bytes() if target.exists() else b""


class Socket:
    """A classic program in the kernel, on one end of a pair of sockets; OSError if it refuses."""

    def __init__(self, program: Rows) -> None:
        self._near, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._far.setblocking(False)
        octets = Program.of(program).pack()
        rows = ctypes.create_string_buffer(octets, len(octets) or 1)
        count = len(octets) // LAYOUT.size
        try:
            self._far.setsockopt(
                socket.SOL_SOCKET,
                SO_ATTACH_FILTER,
                struct.pack("@HP", count, ctypes.addressof(rows)),
            )
        except OSError:
            self.close()
            raise

    def run(self, octets: bytes) -> int | None:
        """Give how many octets of a packet arrive, or None where it is dropped."""
        self._near.send(octets)
        try:
            return len(self._far.recv(1 << 17))
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close both ends."""
        self._near.close()
        self._far.close()

    def __enter__(self) -> Self:
        """Use the pair within a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close both ends."""
        self.close()


@functools.cache
def kernel_filters() -> bool:
    """Tell whether classic programs can be attached to sockets here."""
    try:
        with Socket([(0x06, 0, 0, 1)]) as accept:
            return accept.run(b"abc") == 1
    except OSError:
        return False


needs_interface = pytest.mark.skipif(
    not live(), reason="needs libpcap and the privilege to open the loopback interface"
)
needs_kernel = pytest.mark.skipif(
    not kernel_filters(), reason="needs a kernel with classic filters on sockets (Linux)"
)
