"""The AF_PACKET socket of a live capture, and its ring of blocks (TPACKET_V3).

Made for no protocol at all, a socket receives nothing: the program is attached and the ring laid
out before `bind` lets the first packet in.

Source: packet(7); Documentation/networking/packet_mmap.rst; linux/if_packet.h.
"""

import ctypes
import errno
import os
import socket
from contextlib import suppress
from mmap import MAP_SHARED, PROT_READ, PROT_WRITE, mmap
from select import POLLIN, poll
from struct import Struct, pack
from typing import NamedTuple

from pcapfilter.bpf.program import Program

SOL_SOCKET, SO_ATTACH_FILTER = 1, 26
SOL_PACKET = 263
ADD_MEMBERSHIP, RX_RING, STATISTICS, VERSION, TIMESTAMP = 1, 5, 6, 10, 17
TPACKET_V3, PROMISCUOUS, EVERY_PROTOCOL = 2, 1, 3

MEMBERSHIP = Struct("=iHH8s")
"""struct packet_mreq: interface, kind, and an address that is not needed."""

RING = Struct("=7I")
"""struct tpacket_req3: block size and count, frame size and count, milliseconds, two unused."""

ADDRESS = Struct("=HHiHBB8s")
"""struct sockaddr_ll: family, protocol, interface, and four that are not asked for."""

COUNTERS = Struct("=3I")
"""struct tpacket_stats_v3: packets with those dropped, packets dropped, and times that it was full.

Each reading sets them to 0.
"""

BLOCK = Struct("=8x3I")
"""struct tpacket_block_desc, from its beginning: status, packets, offset of the first one."""

STATUS = Struct("=I")
STATUS_AT, THEIRS, OURS = 8, 0, 1

FRAME = 2048
"""Octets of a frame: frames are as long as the packets, and this only has to divide a block."""

BLOCK_SIZE, SMALL_BLOCK_SIZE = 256 * 1024, 128 * 1024
"""Octets of a block. The longest packets but for those beyond 64 KiB fit into the small one."""

SMALL = 1 << 20
"""Octets from which on a ring has the larger blocks."""


class Counters(NamedTuple):
    """What the kernel has counted: packets that its program accepted, and those it had to drop."""

    received: int
    dropped: int


class Block(NamedTuple):
    """A block of the ring that is ours to read, and its packets, which begin at `first`."""

    number: int
    first: int
    packets: int


class Tap:
    """A socket with a ring, for an interface of number `index` (0: for all), not yet bound.

    `size` octets of ring are asked for, and fewer taken where the memory is not there. A block that
    is not full is handed over after some `milliseconds`. OSError where that cannot be.
    """

    def __init__(self, index: int, *, cooked: bool, size: int, milliseconds: int) -> None:
        self._index = index
        self._received = self._dropped = 0
        kind = socket.SOCK_DGRAM if cooked else socket.SOCK_RAW
        self._socket = socket.socket(socket.AF_PACKET, kind, 0)
        try:
            self._socket.setsockopt(SOL_PACKET, VERSION, TPACKET_V3)
            self.block_size = BLOCK_SIZE if size >= SMALL else SMALL_BLOCK_SIZE
            self._count = self._lay_out(max(2, size // self.block_size), milliseconds)
            length = self._count * self.block_size
            self.ring = mmap(
                self._socket.fileno(), length, flags=MAP_SHARED, prot=PROT_READ | PROT_WRITE
            )
        except OSError:
            self._socket.close()
            raise
        self._next = 0
        self._poll = poll()
        self._poll.register(self._socket, POLLIN)

    def _lay_out(self, count: int, milliseconds: int) -> int:
        while True:
            frames = count * (self.block_size // FRAME)
            wanted = RING.pack(self.block_size, count, FRAME, frames, milliseconds, 0, 0)
            try:
                self._socket.setsockopt(SOL_PACKET, RX_RING, wanted)
            except OSError as error:
                if error.errno != errno.ENOMEM or count <= 2:
                    raise
                count = max(2, count // 2)
            else:
                return count

    def attach(self, program: Program) -> None:
        """Have the kernel judge by a program from now on; OSError where it refuses."""
        octets = ctypes.create_string_buffer(program.pack())
        described = pack("@HP", len(program), ctypes.addressof(octets))
        self._socket.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, described)

    def watch_all(self) -> None:
        """Ask the interface for packets that are not meant for this machine, too."""
        wanted = MEMBERSHIP.pack(self._index, PROMISCUOUS, 0, b"")
        self._socket.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, wanted)

    def stamp_by(self, source: int) -> None:
        """Have the time taken by what linux/net_tstamp.h numbers so, where a packet has it."""
        self._socket.setsockopt(SOL_PACKET, TIMESTAMP, source)

    def bind(self) -> None:
        """Let packets in."""
        place = ADDRESS.pack(
            socket.AF_PACKET, socket.htons(EVERY_PROTOCOL), self._index, 0, 0, 0, b""
        )
        # Python's own bind takes a name, of which there is none for all interfaces.
        library = ctypes.CDLL(None, use_errno=True)
        if library.bind(self._socket.fileno(), place, len(place)) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def block(self) -> Block | None:
        """Give the next block, if it is ours already; it stays so until it is given back."""
        base = self._next * self.block_size
        status, count, first = BLOCK.unpack_from(self.ring, base)
        return Block(self._next, base + first, count) if status & OURS else None

    def give_back(self, block: Block) -> None:
        """Let the kernel use a block again."""
        STATUS.pack_into(self.ring, block.number * self.block_size + STATUS_AT, THEIRS)
        self._next = (block.number + 1) % self._count

    def fault(self) -> int:
        """Give the error that is pending on the socket, or 0; it is not pending any more then."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def wait(self, milliseconds: int) -> bool:
        """Wait for a block, or for an error; tell whether there is one."""
        return bool(self._poll.poll(milliseconds))

    def counters(self) -> Counters:
        """Give what was counted since the beginning."""
        with suppress(OSError):
            octets = self._socket.getsockopt(SOL_PACKET, STATISTICS, COUNTERS.size)
            received, dropped, _ = COUNTERS.unpack(octets)
            self._received += received
            self._dropped += dropped
        return Counters(self._received, self._dropped)

    def close(self) -> None:
        """Let go of the socket and of the ring."""
        self.ring.close()
        self._socket.close()
