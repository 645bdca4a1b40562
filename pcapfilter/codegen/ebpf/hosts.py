"""Where an eBPF filter runs: one row per host, with what differs between hosts and nothing else."""

from collections.abc import Callable
from typing import NamedTuple

from pcapfilter.codegen.ebpf import kernel, user
from pcapfilter.codegen.ebpf.assemble import Assembly


class Host(NamedTuple):
    """How a program for this host begins, loads packet octets and lengths, and what it returns.

    `match` None stands for the classic program's own verdict. `turns` is how many backward jumps
    a program may take: the kernel's verifier follows each, and so needs a number; None is for as
    many as the packet can have use for (see `translate`).
    `begin(out, turns)` comes first; turns is 0 where there are no loops.
    `fetch(out, register, size, k, by_x)` loads the octets at k, or at X + k, in network order as a
    number. `length(out, register)` gives the length on the wire.
    """

    match: int | None
    other: int
    turns: int | None
    begin: Callable[[Assembly, int], None]
    fetch: Callable[[Assembly, int, int, int, bool], None]
    length: Callable[[Assembly, int], None]


TURNS = 32
"""Extension headers that a protochain looks through in the kernel."""

HOSTS: dict[str, Host] = {
    "user": Host(1, 0, None, user.begin, user.fetch, user.length),
    "socket": Host(
        None, 0, TURNS, kernel.begin_socket, kernel.fetch_socket, kernel.length_skb
    ),
    "tc": Host(0, 2, TURNS, kernel.begin_tc, kernel.fetch_tc, kernel.length_skb),
    "xdp": Host(2, 1, TURNS, kernel.begin_xdp, kernel.fetch_xdp, kernel.length_xdp),
}  # fmt: skip
"""The hosts that there is code for. tc: TC_ACT_OK 0, TC_ACT_SHOT 2; xdp: XDP_PASS 2, XDP_DROP 1."""
