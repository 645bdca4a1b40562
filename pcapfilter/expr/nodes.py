"""The filter language as a tree of frozen values, each with its Span in the source text.

Spans take no part in equality. `And` and `Or` are n-ary (a left-nested run of one operator is one
node), and trees may be thousands of nodes deep: walk them with an explicit stack, and never
compare, hash or pickle a whole tree.

Source of the language: pcap-filter(7).
"""

from typing import Literal

from pcapfilter.errors import Span
from pcapfilter.expr.node import Node

NOWHERE = Span(0, 0)

# The qualifiers, in one canonical spelling each ("ether", "fddi", "tr", "wlan", "ppp" and "slip"
# are "link"); None where the text gives none.
Proto = Literal[
    "link", "ip", "arp", "rarp", "sctp", "tcp", "udp", "icmp", "igmp", "igrp", "pim", "vrrp",
    "carp", "atalk", "aarp", "decnet", "lat", "sca", "moprc", "mopdl", "ip6", "icmp6", "ah",
    "esp", "iso", "esis", "isis", "clnp", "stp", "ipx", "netbeui", "l1", "l2", "iih", "lsp",
    "snp", "csnp", "psnp", "radio",
]  # fmt: skip
Direction = Literal[
    "src", "dst", "src or dst", "src and dst", "addr1", "addr2", "addr3", "addr4", "ra", "ta"
]
Kind = Literal["host", "net", "port", "portrange", "gateway", "proto", "protochain"]
Comparison = Literal["=", "!=", ">", ">=", "<", "<="]
Operator = Literal["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"]


class Qualifier(Node):
    """What an identifier is said to be: `tcp src port` is ("tcp", "src", "port")."""

    proto: Proto | None = None
    direction: Direction | None = None
    kind: Kind | None = None


# ---- values: what stands behind the qualifiers -------------------------------------------------


class Number(Node):
    """An unsigned 32-bit number; `name` is the constant it was written as (`tcp-syn`), if any."""

    value: int
    name: str = ""
    span: Span = NOWHERE


class Name(Node):
    r"""A name or a port range, still to be looked up; `escaped` where it was written `\name`."""

    name: str
    escaped: bool = False
    span: Span = NOWHERE


class V4(Node):
    """An IPv4 address of one to four parts, `bits` = 8 per part written (`10.1`: 0x0a01, 16).

    As in libpcap, `address` is the number that the parts spell, not yet shifted to the left.
    `prefix` is the length behind a slash; `mask` what follows the word `mask`, an address itself.
    """

    address: int
    bits: int
    prefix: int | None = None
    mask: "V4 | None" = None
    span: Span = NOWHERE


class V6(Node):
    """An IPv6 address as a 128-bit number; `prefix` is the length behind a slash."""

    address: int
    prefix: int | None = None
    span: Span = NOWHERE


class LinkAddress(Node):
    """A link-layer address: six octets (MAC), or one (ARCnet: what libpcap makes of `$a5`)."""

    octets: bytes
    span: Span = NOWHERE


Value = Number | Name | V4 | V6 | LinkAddress


# ---- arithmetic --------------------------------------------------------------------------------


class Length(Node):
    """The word `len`: the length of the packet on the wire."""

    span: Span = NOWHERE


class Load(Node):
    """`proto[index : size]`: `size` (1, 2 or 4) octets, `index` octets into the header of proto."""

    proto: Proto
    index: "Arith"
    size: int
    span: Span = NOWHERE


class Negate(Node):
    """Unary minus, modulo 2**32."""

    operand: "Arith"
    span: Span = NOWHERE


class Binary(Node):
    """`left op right` on unsigned 32-bit words."""

    op: Operator
    left: "Arith"
    right: "Arith"
    span: Span = NOWHERE


Arith = Number | Length | Load | Negate | Binary


# ---- expressions -------------------------------------------------------------------------------


class Everything(Node):
    """The empty text: every packet matches."""

    span: Span = NOWHERE


class And(Node):
    """All terms hold; two terms or more, in the order of the text."""

    terms: "tuple[Expr, ...]"
    span: Span = NOWHERE


class Or(Node):
    """One of the terms holds; two terms or more, in the order of the text."""

    terms: "tuple[Expr, ...]"
    span: Span = NOWHERE


class Not(Node):
    """The term does not hold."""

    term: "Expr"
    span: Span = NOWHERE


class Match(Node):
    """Qualifiers and a value: `tcp src port 80`; inherited qualifiers are filled in."""

    qualifier: Qualifier
    value: Value
    span: Span = NOWHERE


class Protocol(Node):
    """A protocol's name on its own: `tcp`."""

    proto: Proto
    span: Span = NOWHERE


class Relation(Node):
    """`left op right`: a comparison of unsigned 32-bit words."""

    op: Comparison
    left: Arith
    right: Arith
    span: Span = NOWHERE


class Word(Node):
    """Any other primitive, by its canonical word, with its arguments in the order of the text.

    `broadcast`, `multicast` have (proto or None,); `less`, `greater`, `ifindex` a number; `vlan`,
    `mpls`, `pppoes`, `geneve` one number or none; `byte` has (offset, operator, number); the words
    of PF, 802.11 and LLC have the number or name that follows.
    """

    word: str
    args: tuple[int | str | None, ...] = ()
    span: Span = NOWHERE


class Field(Node):
    """An ATM or SS7 field with alternatives: `vpi (1 or > 5)`, each a comparison and a number."""

    word: str
    tests: tuple[tuple[Comparison, int], ...]
    span: Span = NOWHERE


Expr = Everything | And | Or | Not | Match | Protocol | Relation | Word | Field
