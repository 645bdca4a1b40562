"""Arithmetic and relations: `tcp[13] & 2 != 0`.

Every operand is computed into a scratch register of its own; a packet load brings a guard, the
condition under which the header it looks into is there at all. The operands are walked with an
explicit stack: an expression may be thousands of operators deep.
Source: pcap-filter(7); the protocols that IPv4 alone is looked through for: the same.
"""

from typing import NamedTuple, assert_never

from pcapfilter.bpf import isa
from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Block, Stmt
from pcapfilter.codegen.layout import Offset
from pcapfilter.codegen.primitive import protocol
from pcapfilter.codegen.primitive.port import not_later_fragment
from pcapfilter.expr.nodes import Arith, Binary, Length, Load, Negate, Number, Proto, Relation
from pcapfilter.net import proto

OPERATORS = {
    "+": isa.ADD, "-": isa.SUB, "*": isa.MUL, "/": isa.DIV, "%": isa.MOD,
    "&": isa.AND, "|": isa.OR, "^": isa.XOR, "<<": isa.LSH, ">>": isa.RSH,
}  # fmt: skip
COMPARISONS = {
    # comparison: the jump on (left, right), and whether it stands for the opposite
    ">": (isa.JGT, False), ">=": (isa.JGE, False), "=": (isa.JEQ, False),
    "<=": (isa.JGT, True), "<": (isa.JGE, True), "!=": (isa.JEQ, True),
}  # fmt: skip
NETWORK_HEADERS: frozenset[Proto] = frozenset(
    ("ip", "ip6", "arp", "rarp", "atalk", "decnet", "lat", "sca", "moprc", "mopdl")
)
OVER_IPV4: frozenset[Proto] = frozenset(
    ("tcp", "udp", "sctp", "icmp", "igmp", "igrp", "pim", "vrrp", "carp")
)
RADIO_LINKS = layout.WIRELESS - {layout.IEEE802_11, layout.PPI}
LOAD_IMMEDIATE = isa.LD | isa.IMM
MAX_SHIFT = 31


class Operand(NamedTuple):
    """A computed value: its code, the register it ends in, and the guards of its loads."""

    stmts: list[Stmt]
    register: int
    guard: Cond | None = None


def relation(b: Builder, node: Relation) -> Cond:
    """Give the condition that the comparison states."""
    left = operand(b, node.left)
    right = operand(b, node.right)
    jump, opposite = COMPARISONS[node.op]
    stmts = [*left.stmts, *right.stmts, *_both(left, right)]
    if jump == isa.JEQ:
        stmts.append(Stmt(isa.ALU | isa.SUB | isa.X))
        test: Cond = Block(stmts, build.JEQ, 0)
    else:
        test = Block(stmts, isa.JMP | jump | isa.X)
    b.free_register(left.register)
    b.free_register(right.register)
    if opposite:
        test = build.Inverse(test)
    guards = [o.guard for o in (left, right) if o.guard is not None]
    return build.all_of(*guards, test)


def operand(b: Builder, root: Arith) -> Operand:
    """Compute an arithmetic expression, operands from left to right."""
    pending: list[tuple[Arith, bool]] = [(root, False)]
    done: list[Operand] = []
    while pending:
        node, ready = pending.pop()
        match node:
            case Number():
                done.append(_store(b, [Stmt(LOAD_IMMEDIATE, node.value)]))
            case Length():
                done.append(_store(b, [Stmt(isa.LD | isa.LEN)]))
            case Negate() if not ready:
                pending += [(node, True), (node.operand, False)]
            case Negate():
                _negate(done[-1])
            case Load() if not ready:
                pending += [(node, True), (node.index, False)]
            case Load():
                done.append(_load(b, node, done.pop()))
            case Binary() if not ready:
                pending += [(node, True), (node.right, False), (node.left, False)]
            case Binary():
                right = done.pop()
                done.append(_binary(b, node, done.pop(), right))
            case _:
                assert_never(node)
    return done.pop()


def _store(b: Builder, stmts: list[Stmt]) -> Operand:
    register = b.take_register()
    return Operand([*stmts, Stmt(isa.ST, register)], register)


def _both(left: Operand, right: Operand) -> list[Stmt]:
    """Load X with the right operand and A with the left one."""
    return [Stmt(isa.LDX | isa.MEM, right.register), Stmt(isa.LD | isa.MEM, left.register)]


def _negate(value: Operand) -> None:
    value.stmts.extend(
        [
            Stmt(isa.LD | isa.MEM, value.register),
            Stmt(isa.ALU | isa.NEG),
            Stmt(isa.ST, value.register),
        ]
    )


def _binary(b: Builder, node: Binary, left: Operand, right: Operand) -> Operand:
    first = right.stmts[0]
    if first.code == LOAD_IMMEDIATE:
        # libpcap looks only at what the right operand begins with, so that 1/(0+1) is refused too.
        if node.op == "/" and first.k == 0:
            b.fail("division by zero")
        if node.op == "%" and first.k == 0:
            b.fail("modulus by zero")
        if node.op in ("<<", ">>") and first.k > MAX_SHIFT:
            b.fail(f"shift by more than {MAX_SHIFT} bits")
    stmts = left.stmts  # owned by us: extending it in place keeps long sums linear
    stmts += right.stmts
    stmts += _both(left, right)
    stmts.append(Stmt(isa.ALU | OPERATORS[node.op] | isa.X))
    b.free_register(left.register)
    b.free_register(right.register)
    register = b.take_register()
    stmts.append(Stmt(isa.ST, register))
    # As in libpcap, the guards of the right operand's loads are lost.
    return Operand(stmts, register, left.guard)


def _load(b: Builder, node: Load, index: Operand) -> Operand:
    register = b.take_register()
    b.free_register(index.register)
    if node.size not in build.SIZES:
        b.fail("data size must be 1, 2, or 4")
    inner = [] if index.guard is None else [index.guard]
    guard: Cond | None
    if node.proto == "link":
        place = b.layout.header
        into_x = _index_to_x(b, place, index)
        guard = index.guard
    elif node.proto in NETWORK_HEADERS:
        place = b.network
        into_x = _index_to_x(b, place, index)
        guard = build.all_of(*inner, protocol.named(b, node.proto))
    elif node.proto in OVER_IPV4:
        place = b.network
        into_x = [*b.ipv4_header_length(), *_add_to_x(index)]
        guard = build.all_of(
            protocol.named(b, "ip"), *inner, protocol.named(b, node.proto), not_later_fragment(b)
        )
    elif node.proto == "icmp6":
        is_ipv6 = protocol.named(b, "ip6")
        next_header = b.from_network(protocol.IPV6_NEXT_HEADER, 1)
        guard = build.all_of(*inner, is_ipv6, build.equal(next_header, proto.IP_ICMP6))
        place = b.network.plus(build.IPV6_HEADER)
        into_x = _index_to_x(b, place, index)
    elif node.proto == "radio":
        if b.layout.link not in RADIO_LINKS:
            b.refuse("radio information not present in capture")
        place, guard = Offset(0), index.guard
        into_x = _index_to_x(b, place, index)
    else:
        b.fail("unsupported index operation")
    index.stmts.extend(into_x)
    index.stmts.append(
        Stmt(isa.LD | build.SIZES[node.size] | isa.IND, place.constant & build.WORD_MASK)
    )
    index.stmts.append(Stmt(isa.ST, register))
    return Operand(index.stmts, register, guard)


def _index_to_x(b: Builder, place: Offset, index: Operand) -> list[Stmt]:
    """Load X with the index, plus the varying part of the place that it is relative to."""
    varying = b.varying_part(place)
    if varying:
        return [*varying, *_add_to_x(index)]
    return [Stmt(isa.LDX | isa.MEM, index.register)]


def _add_to_x(index: Operand) -> list[Stmt]:
    return [
        Stmt(isa.LD | isa.MEM, index.register),
        Stmt(isa.ALU | isa.ADD | isa.X),
        Stmt(isa.MISC | isa.TAX),
    ]
