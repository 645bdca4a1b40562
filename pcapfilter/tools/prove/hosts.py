"""What each host hands to an eBPF program, and which verdict means a match.

host     r1       r2        r3      a match         source
user     packet   captured  wire    any but 0       our own engine
socket   context                    any but 0       linux/bpf.h, struct __sk_buff
tc       context                    TC_ACT_OK (0)   the same
xdp      context                    XDP_PASS (2)    struct xdp_md

In the kernel a packet is as long as on the wire. What `struct __sk_buff` says of a packet beside
its octets is what a classic program gets by ancillary loads.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import z3

from pcapfilter.bpf import isa as classic
from pcapfilter.ebpf import isa
from pcapfilter.tools.prove import longs
from pcapfilter.tools.prove.longs import Long, long
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.words import TOP, Condition, Word

PACKET, FRAME, CONTEXT = "packet", "stack frame", "context"


class Place(NamedTuple):
    """A pointer: a region, and the distance from its beginning (of the stack frame: its end)."""

    region: str
    offset: Long


Field = Callable[[AnyPacket], "Long | Place"]


class World(NamedTuple):
    """A host: whether it is the kernel, the verdict that is a match (None: any but 0), and more.

    `fields` are those of its context, by offset; `calls` the functions of the kernel that change
    nothing that a program of ours sees.
    """

    kernel: bool
    match: int | None
    fields: Mapping[int, Field]
    calls: frozenset[int]

    def registers(self, packet: AnyPacket) -> "tuple[Long | Place | None, ...]":
        """Give what r0 to r10 hold when a program begins."""
        given: list[Long | Place | None] = [None] * isa.REGISTERS
        given[isa.FRAME] = Place(FRAME, long(0))
        given[1] = Place(CONTEXT if self.kernel else PACKET, long(0))
        if not self.kernel:
            given[2], given[3] = _captured(packet), _wire(packet)
        return tuple(given)

    def selects(self, verdict: Long, terms: z3.Context) -> Condition:
        """Give whether a verdict means a match."""
        name, value = ("jne", 0) if self.match is None else ("jeq", self.match)
        return longs.compare(name, verdict, long(value), 32, terms)


def _captured(packet: AnyPacket) -> Long:
    return Long(Word(packet.caplen, TOP))


def _wire(packet: AnyPacket) -> Long:
    return Long(packet.length())


def _begins(_packet: AnyPacket) -> Place:
    return Place(PACKET, long(0))


def _ends(packet: AnyPacket) -> Place:
    return Place(PACKET, _captured(packet))


_NAMES = {
    4: "type", 8: "mark", 12: "queue", 16: "proto", 20: "vlanp", 24: "vlan_tci", 28: "vlan_tpid",
    40: "ifidx", 68: "rxhash",
}  # fmt: skip
_KS = {name: k for k, name in classic.ANCILLARY.items()}

ASKED: dict[int, tuple[int, bool]] = {
    place: (_KS[name], name in {"proto", "vlan_tpid"}) for place, name in _NAMES.items()
}
"""Offset in `struct __sk_buff`: k of the ancillary load, and whether it is in network order."""


def _asked(k: int, swapped: bool) -> Field:
    return lambda packet: Long(packet.answer(k), 0, None, 16 if swapped else 0)


_SKB: dict[int, Field] = {
    0: _wire, 76: _begins, 80: _ends,
    **{place: _asked(k, swapped) for place, (k, swapped) in ASKED.items()},
}  # fmt: skip

PULL_DATA = 39
"""bpf_skb_pull_data(context, length)."""

WORLDS: dict[str, World] = {
    "user": World(False, None, {}, frozenset()),
    "socket": World(True, None, _SKB, frozenset()),
    "tc": World(True, 0, _SKB, frozenset({PULL_DATA})),
    "xdp": World(True, 2, {0: _begins, 4: _ends}, frozenset()),
}
"""By the names of codegen's hosts."""
