"""The kernel as judge of eBPF: bpf(2) to load and to run, a socket pair to attach to."""

import ctypes
import os
import platform
import socket
import struct
from functools import cache
from typing import Self

from pcapfilter.ebpf.program import Instruction, Program

TYPES = {"socket": 1, "tc": 3, "xdp": 6}
"""BPF_PROG_TYPE_*, by the name of our host."""

_LOAD, _TEST_RUN, _ATTACH = 5, 10, 50
_CALL = {"x86_64": 321, "aarch64": 280}.get(platform.machine(), 0)
_LIBC = ctypes.CDLL(None, use_errno=True)


class RefusedError(OSError):
    """The verifier's no, with its log."""


def _bpf(command: int, attributes: bytes) -> tuple[int, bytes]:
    area = ctypes.create_string_buffer(attributes, len(attributes))
    result = _LIBC.syscall(_CALL, command, area, len(attributes))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result, area.raw


class Loaded:
    """A program that the verifier has taken."""

    def __init__(self, program: Program, host: str, *, level: int = 0) -> None:
        """Load it; RefusedError with the verifier's words where it is refused."""
        octets = program.pack()
        code, log = ctypes.create_string_buffer(octets, len(octets)), bytes(0)
        license_ = ctypes.create_string_buffer(b"BSD")
        space = ctypes.create_string_buffer(1 << 20 if level else 1)
        where = ctypes.addressof(space) if level else 0
        attributes = struct.pack(
            "=IIQQIIQII16sII", TYPES[host], len(program), ctypes.addressof(code),
            ctypes.addressof(license_), level, len(space) if level else 0, where, 0, 0, b"", 0, 0,
        )  # fmt: skip
        try:
            self.descriptor, _ = _bpf(_LOAD, attributes)
        except OSError as error:
            if level or error.errno not in {13, 22, 7}:
                raise RefusedError(error.errno, space.value.decode(errors="replace")) from error
            Loaded(program, host, level=1).close()
            raise
        log = space.value
        self.log = log.decode(errors="replace")

    def run(self, packet: bytes) -> int:
        """Give what the program returns for a frame (BPF_PROG_TEST_RUN)."""
        frame = ctypes.create_string_buffer(packet, len(packet))
        out = ctypes.create_string_buffer(len(packet) + 512)
        attributes = struct.pack(
            "=IIIIQQIIIIQQIII4x", self.descriptor, 0, len(packet), len(out),
            ctypes.addressof(frame), ctypes.addressof(out), *([0] * 9),
        )  # fmt: skip
        _, answer = _bpf(_TEST_RUN, attributes)
        return int(struct.unpack_from("=I", answer, 4)[0])

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Attached:
    """A socket filter on one end of a socket pair (SO_ATTACH_BPF)."""

    def __init__(self, loaded: Loaded) -> None:
        self._near, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._far.setblocking(False)
        self._far.setsockopt(socket.SOL_SOCKET, _ATTACH, struct.pack("=i", loaded.descriptor))

    def run(self, packet: bytes) -> int | None:
        """Give how many octets arrive, or None where the packet is dropped."""
        self._near.send(packet)
        try:
            return len(self._far.recv(70000))
        except BlockingIOError:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._near.close()
        self._far.close()


@cache
def usable() -> bool:
    """Tell whether programs can be loaded and run here."""
    program = Program([Instruction(0xB7, 0, 0, 0, 2), Instruction(0x95, 0, 0, 0, 0)])
    try:
        with Loaded(program, "xdp") as loaded:
            return loaded.run(bytes(64)) == 2
    except OSError:
        return False


def shown_whole(packet: bytes, host: str) -> bool:
    """Tell whether the kernel's test run shows this frame to a program of a host as it is."""
    if host == "xdp":
        return 14 <= len(packet) <= 3520
    least = {b"\x08\x00": 34, b"\x86\xdd": 54}.get(packet[12:14], 14)
    return least <= len(packet) <= 3712
