"""The hosts in the Linux kernel: socket filters, tc (sched_cls) and xdp.

All begin with r1 = the context, kept in r6. A socket filter loads by LD_ABS and LD_IND, which end
the program with 0 where the packet ends. tc and xdp read the packet directly, between r2 (data)
and r3 (data_end), and compare before each load in the way that the verifier follows; tc first has
the whole packet pulled in. They see 65,535 octets at most, and xdp only what lies in one piece.

Loads from 0xfffff000 up ask about the packet (SKF_AD_*): what `struct __sk_buff` has is read there
(linux/bpf.h), and anything else, like all of them in xdp, ends with no match.
"""

from pcapfilter.bpf import isa as classic
from pcapfilter.codegen.ebpf.assemble import Assembly
from pcapfilter.codegen.ebpf.registers import (
    HOST,
    LOAD,
    MOV32,
    MOV64,
    REJECT,
    SAVED,
    TURNS,
    A,
    T,
    U,
    X,
    to_host_order,
)  # fmt: skip
from pcapfilter.ebpf import isa

DATA, DATA_END = 2, 3
_FARTHEST = 0xFFFF
_NEVER = 2**30
"""No packet is so long, nor twice that."""
_PULL_DATA = 39
"""bpf_skb_pull_data(context, length)."""

_SKB_LENGTH, _SKB_DATA, _SKB_DATA_END, _XDP_DATA, _XDP_DATA_END = 0, 76, 80, 0, 4

_ANCILLARY: dict[str, tuple[int, bool]] = {
    "proto": (16, True), "type": (4, False), "ifidx": (40, False), "mark": (8, False),
    "queue": (12, False), "rxhash": (68, False), "vlan_tci": (24, False),
    "vlanp": (20, False), "vlan_tpid": (28, True),
}  # fmt: skip
"""Where `struct __sk_buff` has what a load asks for, and whether it is in network order."""


def _start(out: Assembly, turns: int) -> None:
    out.emit(MOV64 | isa.X, HOST, 1)
    if turns:
        out.emit(MOV32 | isa.K, TURNS, 0, 0, turns)


def begin_socket(out: Assembly, turns: int) -> None:
    """Keep the context."""
    _start(out, turns)


def begin_tc(out: Assembly, turns: int) -> None:
    """Have the packet pulled in; where that fails, there is what there is."""
    _start(out, turns)
    out.emit(LOAD[4], 2, HOST, _SKB_LENGTH)
    out.emit(isa.JMP | isa.CALL, 0, 0, 0, _PULL_DATA)
    out.emit(LOAD[4], DATA, HOST, _SKB_DATA)
    out.emit(LOAD[4], DATA_END, HOST, _SKB_DATA_END)


def begin_xdp(out: Assembly, turns: int) -> None:
    """Find where the packet begins and ends."""
    _start(out, turns)
    out.emit(LOAD[4], DATA, HOST, _XDP_DATA)
    out.emit(LOAD[4], DATA_END, HOST, _XDP_DATA_END)


def fetch_socket(out: Assembly, register: int, size: int, k: int, by_x: bool) -> None:
    """Load as the kernel's own translation of classic BPF does, which gives to r0.

    A place from 2**31 up would mean a header to the kernel, and is outside the packet to us: so X
    is compared with the length first. Were it compared with a number, the verifier would know the
    result, and follow a loop again with each X that it has been through.
    """
    if not by_x and _ask(out, register, k):
        return
    if k >= _NEVER:
        out.goto(REJECT)
        return
    if register != A:
        out.emit(MOV64 | isa.X, SAVED, A)
    mode = {1: isa.B, 2: isa.H, 4: isa.W}[size]
    if by_x:
        length_skb(out, T)
        out.jump(REJECT, isa.JMP32 | isa.JGE | isa.X, X, T)
        out.emit(isa.LD | isa.IND | mode, 0, X, 0, k)
    else:
        out.emit(isa.LD | isa.ABS | mode, 0, 0, 0, k)
    if register != A:
        out.emit(MOV64 | isa.X, register, A)
        out.emit(MOV64 | isa.X, A, SAVED)


def fetch_tc(out: Assembly, register: int, size: int, k: int, by_x: bool) -> None:
    """Read the packet, or what is known about it."""
    if by_x or not _ask(out, register, k):
        fetch_xdp(out, register, size, k, by_x)


def fetch_xdp(out: Assembly, register: int, size: int, k: int, by_x: bool) -> None:
    """Compare the end of the load with the end of the packet, then load."""
    end = k + size
    if end > _FARTHEST:
        out.goto(REJECT)
        return
    if by_x:
        out.jump(REJECT, isa.JMP32 | isa.JGT | isa.K, X, 0, _FARTHEST - end)
        out.emit(MOV32 | isa.X, T, X)
        out.emit(isa.ALU64 | isa.ADD | isa.X, T, DATA)
    else:
        out.emit(MOV64 | isa.X, T, DATA)
    if end > 2**15:
        out.emit(isa.ALU64 | isa.ADD | isa.K, T, 0, 0, k)
        k, end = 0, size
    out.emit(MOV64 | isa.X, U, T)
    out.emit(isa.ALU64 | isa.ADD | isa.K, U, 0, 0, end)
    out.jump(REJECT, isa.JMP | isa.JGT | isa.X, U, DATA_END)
    out.emit(LOAD[size], register, T, k)
    to_host_order(out, register, size)


def _ask(out: Assembly, register: int, k: int) -> bool:
    """Load what the kernel knows about a packet; False where k is a place in the packet."""
    if k not in classic.ANCILLARY:
        return False
    found = _ANCILLARY.get(classic.ANCILLARY[k])
    if found is None:
        out.goto(REJECT)
        return True
    place, network_order = found
    out.emit(LOAD[4], register, HOST, place)
    if network_order:
        to_host_order(out, register, 2)
    return True


def length_skb(out: Assembly, register: int) -> None:
    """Give the length of the packet."""
    out.emit(LOAD[4], register, HOST, _SKB_LENGTH)


def length_xdp(out: Assembly, register: int) -> None:
    """Give the number of octets between data and data_end."""
    out.emit(MOV64 | isa.X, register, DATA_END)
    out.emit(isa.ALU64 | isa.SUB | isa.X, register, DATA)
