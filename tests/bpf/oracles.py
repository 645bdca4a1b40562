"""The judges that tests compare with: libpcap by ctypes, and the Linux kernel by a socket pair."""

import contextlib
import ctypes
import ctypes.util
import socket
import struct
from functools import cache
from typing import Self

from pcapfilter.bpf.program import Instruction, Program


class _Row(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("rows", ctypes.POINTER(_Row)))


class Libpcap:
    """libpcap's compiler, printer and machine."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Declare what is called."""
        self._library = library
        library.pcap_open_dead.restype = ctypes.c_void_p
        library.pcap_close.argtypes = [ctypes.c_void_p]
        library.pcap_compile.argtypes = [
            ctypes.c_void_p, ctypes.POINTER(_Program), ctypes.c_char_p, ctypes.c_int, ctypes.c_uint,
        ]  # fmt: skip
        library.bpf_image.restype = ctypes.c_char_p
        library.bpf_image.argtypes = [ctypes.POINTER(_Row), ctypes.c_int]
        library.bpf_filter.restype = ctypes.c_uint
        library.bpf_filter.argtypes = [
            ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint, ctypes.c_uint,
        ]  # fmt: skip

    def compile(self, text: str, dlt: int = 1, *, optimize: bool = True) -> Program | None:
        """Give libpcap's program, or None where it refuses."""
        handle, found = self._library.pcap_open_dead(dlt, 262144), _Program()
        try:
            if self._library.pcap_compile(
                handle, ctypes.byref(found), text.encode(), int(optimize), 0
            ):
                return None
            rows = [found.rows[n] for n in range(found.length)]
            program = Program.of((r.code, r.jt, r.jf, r.k) for r in rows)
            self._library.pcap_freecode(ctypes.byref(found))
            return program
        finally:
            self._library.pcap_close(handle)

    def image(self, instruction: Instruction, pc: int) -> str:
        """Give one line of a listing."""
        image: bytes = self._library.bpf_image(ctypes.byref(_Row(*instruction)), pc)
        return image.decode()

    def run(self, packed: bytes, packet: bytes, wirelen: int) -> int:
        """Give the verdict of a packed program on a packet."""
        return int(self._library.bpf_filter(packed, packet, wirelen, len(packet)))


@cache
def libpcap() -> Libpcap | None:
    """Give libpcap, or None where it is not installed."""
    for name in ("libpcap.so.0.8", "libpcap.so.1", ctypes.util.find_library("pcap")):
        if name:
            with contextlib.suppress(OSError):
                return Libpcap(ctypes.CDLL(name))
    return None


class KernelFilter:
    """A classic program on one end of a socket pair; OSError where the kernel refuses it."""

    def __init__(self, program: Program) -> None:
        """Attach the program (SO_ATTACH_FILTER)."""
        self._near, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._far.setblocking(False)
        rows = ctypes.create_string_buffer(program.pack())
        fprog = struct.pack("@HP", len(program), ctypes.addressof(rows))
        try:
            self._far.setsockopt(socket.SOL_SOCKET, 26, fprog)
        except OSError:
            self.close()
            raise

    def run(self, packet: bytes) -> int | None:
        """Give how many octets of the packet arrive, or None where it is dropped."""
        self._near.send(packet)
        try:
            return len(self._far.recv(70000))
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Let go of the sockets."""
        self._near.close()
        self._far.close()

    def __enter__(self) -> Self:
        """Give the filter itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


@cache
def kernel_filters() -> bool:
    """Tell whether classic programs can be attached to sockets here."""
    try:
        with KernelFilter(Program.of([(0x06, 0, 0, 1)])) as accept:
            return accept.run(b"abc") == 1
    except OSError:
        return False
