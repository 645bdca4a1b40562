"""The kernel's verdict on packets: a classic program on one end of a pair of sockets (Linux).

It needs no privileges, and no packet leaves the process. Source: socket(7), SO_ATTACH_FILTER.
"""

import ctypes
import socket
from struct import pack
from typing import Self

from pcapfilter.bpf.program import Program

_SO_ATTACH_FILTER = 26
LONGEST = 65000
"""Octets in a packet that goes through such a pair."""


class KernelFilter:
    """A classic program in the kernel; OSError if the kernel refuses it."""

    def __init__(self, program: Program) -> None:
        octets = program.pack()
        rows = ctypes.create_string_buffer(octets, len(octets) or 1)
        self._near, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._far.setblocking(False)
        try:
            described = pack("@HP", len(program), ctypes.addressof(rows))
            self._far.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
        except OSError:
            self.close()
            raise

    def selects(self, octets: bytes) -> bool:
        """Tell whether the program selects a packet of these octets."""
        self._near.send(octets)
        try:
            self._far.recv(1)
        except BlockingIOError:
            return False
        return True

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
