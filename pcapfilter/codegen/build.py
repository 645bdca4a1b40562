"""The builder: loads, comparisons, and conditions joined by and, or and not.

A condition is a tree whose leaves are the graph's own blocks, with their successors still open;
`wire` closes them. What changes as the text is walked (the layout, the scratch registers) hangs
on the builder as immutable values that are replaced, never mutated: docs/decisions/001.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

from pcapfilter.bpf import isa
from pcapfilter.codegen.cfg import Block, Graph, Stmt
from pcapfilter.codegen.layout import Layout, Offset
from pcapfilter.errors import FilterError, Span, UnknownNameError, UnsupportedError
from pcapfilter.net.linktype import LinkType, by_dlt
from pcapfilter.net.names import Resolver

JEQ, JGT, JGE, JSET = (isa.JMP | op | isa.K for op in (isa.JEQ, isa.JGT, isa.JGE, isa.JSET))
LDX_IMM = isa.LDX | isa.IMM
SIZES = {1: isa.B, 2: isa.H, 4: isa.W}
WORD_MASK = 0xFFFFFFFF
UNNAMED = frozenset((
    106, 110, 111, 112, 115, 116, 118, 120, 121, 124, 125, 126, 128, *range(145, 163), 172, 173,
    *range(203, 209), *range(210, 215), 217, 218, 252, 270, 277,
))  # fmt: skip
"""The link types for which libpcap 1.10 has no description, and says their number instead."""

IPV6_HEADER = 40


class Target(NamedTuple):
    """What a program is generated for; the same text gives another program on another target.

    `netmask` is None where it is not known. `source` is None for `tcpdump -d -y`, "file" for a
    savefile (of the other byte order if `swapped`), "live" for a Linux interface.
    """

    link: LinkType
    snaplen: int
    netmask: int | None
    resolver: Resolver
    source: str | None = None
    swapped: bool = False


class Registers(NamedTuple):
    """The scratch registers in use (a bit each), and the one to try first when the next is taken.

    Their numbers show in listings, so this is libpcap's order: the last one taken, if it is free
    again, else the next free one after it.
    """

    used: int = 0
    current: int = 0


class All:
    """Every term holds, tested in order."""

    __slots__ = ("terms",)

    def __init__(self, terms: "list[Cond]") -> None:
        self.terms = terms


class Any:
    """One of the terms holds, tested in order."""

    __slots__ = ("terms",)

    def __init__(self, terms: "list[Cond]") -> None:
        self.terms = terms


class Inverse:
    """The term does not hold."""

    __slots__ = ("term",)

    def __init__(self, term: "Cond") -> None:
        self.term = term


Cond = Block | All | Any | Inverse


def all_of(*terms: Cond) -> Cond:
    """Join conditions by and."""
    return All(list(terms))


def any_of(*terms: Cond) -> Cond:
    """Join conditions by or."""
    return Any(list(terms))


def directed(
    direction: str | None, source: Callable[[], Cond], destination: Callable[[], Cond]
) -> Cond | None:
    """Give the test of the source, the destination or both; None for directions of 802.11 alone.

    The tests are made in this order, which shows in the numbers of registers.
    """
    match direction:
        case "src":
            return source()
        case "dst":
            return destination()
        case "src and dst":
            return all_of(source(), destination())
        case None | "src or dst":
            return any_of(source(), destination())
        case _:
            return None


def head(cond: Cond) -> Block:
    """Give the block where testing of a condition begins."""
    while not isinstance(cond, Block):
        cond = cond.term if isinstance(cond, Inverse) else cond.terms[0]
    return cond


def wire(cond: Cond, snaplen: int, *, optimizable: bool) -> Graph:
    """Close a condition to a graph that accepts `snaplen` octets where it holds, else none."""
    accept = Block(k=snaplen)
    reject = Block(k=0)
    heads: dict[int, Block] = {}
    _find_heads(cond, heads)
    stack: list[tuple[Cond, Block, Block]] = [(cond, accept, reject)]
    while stack:
        here, yes, no = stack.pop()
        match here:
            case Block():
                here.jt, here.jf = yes, no
            case Inverse():
                stack.append((here.term, no, yes))
            case All():
                following = [heads[id(term)] for term in here.terms[1:]] + [yes]
                stack += [(t, n, no) for t, n in zip(here.terms, following, strict=True)]
            case Any():
                following = [heads[id(term)] for term in here.terms[1:]] + [no]
                stack += [(t, yes, n) for t, n in zip(here.terms, following, strict=True)]
    return Graph(head(cond), optimizable=optimizable)


def _find_heads(cond: Cond, heads: dict[int, Block]) -> None:
    """Record, for every node of the tree, the block where its testing begins."""
    stack: list[Cond] = [cond]
    while stack:
        spine: list[Cond] = []
        here = stack.pop()
        while not isinstance(here, Block):
            spine.append(here)
            if isinstance(here, Inverse):
                here = here.term
            else:
                stack += here.terms[1:]
                here = here.terms[0]
        heads[id(here)] = here
        for node in spine:
            heads[id(node)] = here


class Builder:
    """Generates the code of one filter for one target, front to back through its text.

    `layout`, `registers` and `variables` (the registers of varying offsets) are what the text so
    far has made of them. `span` is the part of the text at work, for errors.
    """

    __slots__ = ("layout", "optimizable", "registers", "span", "target", "variables")

    def __init__(self, target: Target, layout: Layout) -> None:
        self.target = target
        self.layout = layout
        self.registers = Registers()
        self.variables: Mapping[str, int] = {}
        self.optimizable = True
        self.span: Span | None = None

    # ---- refusals ----

    def fail(self, message: str) -> NoReturn:
        """Raise: the text is wrong on every link type."""
        raise FilterError(message, span=self.span)

    def refuse(self, message: str) -> NoReturn:
        """Raise: the text is wrong on this link type."""
        raise UnsupportedError(message, span=self.span)

    def unknown(self, message: str, likely: str = "") -> NoReturn:
        """Raise: a name that nobody knows, unless another one was likely meant."""
        hint = f"did you mean `{likely}`?" if likely else ""
        raise UnknownNameError(message, span=self.span, hint=hint)

    def link_description(self) -> str:
        """Give what the innermost link layer is called, for messages."""
        here = self.layout
        link = here.link if here.named is None else here.named
        return f"DLT {link}" if link in UNNAMED else by_dlt(link).description

    # ---- scratch registers ----

    def take_register(self) -> int:
        """Take a free scratch register."""
        used, current = self.registers
        for _ in range(isa.MEMWORDS):
            if not used >> current & 1:
                self.registers = Registers(used | 1 << current, current)
                return current
            current = (current + 1) % isa.MEMWORDS
        self.fail("too many registers needed to evaluate expression")

    def free_register(self, number: int) -> None:
        """Give a scratch register back."""
        used, current = self.registers
        self.registers = Registers(used & ~(1 << number), current)

    # ---- places in the packet ----

    def load(self, place: Offset, size: int) -> list[Stmt]:
        """Load A with the octets at a place."""
        varying = self.varying_part(place)
        mode = isa.IND if varying else isa.ABS
        return [*varying, Stmt(isa.LD | SIZES[size] | mode, place.constant & WORD_MASK)]

    def varying_part(self, place: Offset) -> list[Stmt]:
        """Load X with the varying part of a place; nothing where it has none."""
        if not place.variable:
            return []
        register = self.variables.get(place.variable)
        if register is None:
            register = self.take_register()
            self.variables = {**self.variables, place.variable: register}
        return [Stmt(isa.LDX | isa.MEM, register)]

    @property
    def network(self) -> Offset:
        """Where the network header begins."""
        return self.layout.payload.plus(self.layout.net)

    def from_header(self, offset: int, size: int) -> list[Stmt]:
        """Load from the innermost link-layer header."""
        return self.load(self.layout.header.plus(offset), size)

    def from_type(self, size: int, offset: int = 0) -> list[Stmt]:
        """Load the field that names the link layer's next protocol, or what stands behind it."""
        place = self.layout.type
        if place is None:
            self.refuse(f"{self.link_description()} link-layer type filtering not implemented")
        return self.load(place.plus(offset), size)

    def from_payload(self, offset: int, size: int) -> list[Stmt]:
        """Load from where the link-layer payload (an LLC header, say) begins."""
        return self.load(self.layout.payload.plus(offset), size)

    def from_network(self, offset: int, size: int) -> list[Stmt]:
        """Load from the network header."""
        return self.load(self.network.plus(offset), size)

    def from_network_nosnap(self, offset: int, size: int) -> list[Stmt]:
        """Load from the network header of a protocol that goes over LLC without SNAP."""
        return self.load(self.layout.payload.plus(self.layout.net_nosnap + offset), size)

    def from_transport(self, offset: int, size: int) -> list[Stmt]:
        """Load from behind the IPv4 header, whatever its length."""
        place = self.network.constant + offset
        length = self.ipv4_header_length()
        return [*length, Stmt(isa.LD | SIZES[size] | isa.IND, place & WORD_MASK)]

    def from_transport6(self, offset: int, size: int) -> list[Stmt]:
        """Load from behind the fixed IPv6 header."""
        return self.from_network(IPV6_HEADER + offset, size)

    def ipv4_header_length(self) -> list[Stmt]:
        """Load X with the length of the IPv4 header, plus the varying part of where it begins."""
        if not self.network.variable:
            return [Stmt(isa.LDX | isa.MSH | isa.B, self.network.constant & WORD_MASK)]
        return [
            *self.from_network(0, 1),
            Stmt(isa.ALU | isa.AND | isa.K, 0xF),
            Stmt(isa.ALU | isa.LSH | isa.K, 2),
            Stmt(isa.ALU | isa.ADD | isa.X),
            Stmt(isa.MISC | isa.TAX),
        ]


# ---- comparisons: what was loaded, against a constant ------------------------------------------


def equal(load: list[Stmt], value: int) -> Cond:
    """Test whether what was loaded is `value`."""
    return Block(load, JEQ, value)


def masked_equal(load: list[Stmt], value: int, mask: int) -> Cond:
    """Test whether what was loaded, under `mask`, is `value`."""
    if mask != WORD_MASK:
        load = [*load, Stmt(isa.ALU | isa.AND | isa.K, mask)]
    return Block(load, JEQ, value)


def above(load: list[Stmt], value: int) -> Cond:
    """Test whether what was loaded is greater than `value`."""
    return Block(load, JGT, value)


def at_least(load: list[Stmt], value: int) -> Cond:
    """Test whether what was loaded is `value` or greater."""
    return Block(load, JGE, value)


def compared(load: list[Stmt], comparison: str, value: int) -> Cond:
    """Test what was loaded as a field of ATM or SS7 is tested.

    As in libpcap, `!=` tests for equality there.
    """
    match comparison:
        case "<":
            return Inverse(at_least(load, value))
        case "<=":
            return Inverse(above(load, value))
        case ">":
            return above(load, value)
        case ">=":
            return at_least(load, value)
        case _:
            return equal(load, value)


def any_bit(load: list[Stmt], mask: int) -> Cond:
    """Test whether what was loaded has one of the bits of `mask` set."""
    return Block(load, JSET, mask)


def always(*, truth: bool) -> Cond:
    """Give a test with a known outcome: the comparison of a constant with zero."""
    return Block([Stmt(isa.LD | isa.IMM, 0 if truth else 1)], JEQ, 0)


def bytes_equal(b: Builder, offset: int, octets: bytes, *, payload: bool = False) -> Cond:
    """Test octets at `offset` of the link-layer header (or payload): the last word first."""
    place = b.from_payload if payload else b.from_header
    tests: list[Cond] = []
    end = len(octets)
    while end:
        size = 4 if end >= 4 else 2 if end >= 2 else 1
        end -= size
        word = int.from_bytes(octets[end : end + size], "big")
        tests.append(equal(place(offset + end, size), word))
    return All(tests)
