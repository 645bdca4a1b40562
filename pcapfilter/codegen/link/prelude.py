"""The code in front of a filter that computes where a header of varying length ends.

It is needed only where the filter looked behind that header: its registers tell. The code stands
in the filter's first block, and its jumps stay within.
Source: the registry pages of PRISM_HEADER, IEEE802_11_RADIO_AVS, IEEE802_11_RADIO (radiotap.org),
PPI; IEEE 802.11 clause 9.2; pflog(4).
"""

from collections.abc import Callable

from pcapfilter.bpf import isa
from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Stmt

LOAD_WORD, LOAD_BYTE = isa.LD | isa.W | isa.ABS, isa.LD | isa.B | isa.ABS
TAX, TXA = isa.MISC | isa.TAX, isa.MISC | isa.TXA
ADD, AND, OR_X, LSH = (
    isa.ALU | isa.ADD,
    isa.ALU | isa.AND,
    isa.ALU | isa.OR | isa.X,
    isa.ALU | isa.LSH,
)

AVS_COOKIE, AVS_MASK, AVS_LENGTH = 0x80211000, 0xFFFFF000, 4
PRISM_LENGTH = 144
WIRELESS_HEADER, QOS_LENGTH = 24, 2
DATA, CONTROL, QOS = 0x08, 0x04, 0x80
PPI_DLT = 4
PPI_IEEE802_11 = 0x69000000
"""DLT 105 as a big-endian load sees it, the field being little-endian."""

RADIOTAP_PRESENT = 4
TSFT, FLAGS, MORE_PRESENT = 0x01000000, 0x02000000, 0x00000080
"""Bits of radiotap's little-endian presence word, as a big-endian load sees them."""
FLAGS_WITHOUT_TSFT, FLAGS_WITH_TSFT = 8, 16
DATA_PAD = 0x20


def attach(b: Builder, cond: Cond) -> Cond:
    """Put the code that the used registers need in front of a finished condition."""
    first = build.head(cond)
    code = _lengths(b, first.stmts[0] if first.stmts else None)
    first.stmts = [*code, *first.stmts]
    if b.layout.link == layout.PPI:
        return build.all_of(build.equal([Stmt(LOAD_WORD, PPI_DLT)], PPI_IEEE802_11), cond)
    return cond


def _lengths(b: Builder, following: Stmt | None) -> list[Stmt]:
    """Compute all lengths whose registers are in use; `following` is the statement behind."""
    outermost = b.target.link.dlt
    if outermost == layout.PRISM_HEADER:
        b.optimizable = False  # as in libpcap, whether the header's length is used or not
    header, payload = b.layout.header, b.layout.payload
    if b.variables.get(payload.variable) is not None and header.variable:
        b.varying_part(header)  # the payload's place is computed from the header's
    code: list[Stmt] = []
    prefix = b.variables.get(header.variable)
    if prefix is not None and outermost in PREFIXES:
        code = PREFIXES[outermost](prefix)
    whole = b.variables.get(payload.variable)
    if whole is not None and outermost in layout.WIRELESS:
        b.optimizable = False
        code = code or [Stmt(build.LDX_IMM, 0)]
        code += _wireless_header(b, whole, following)
    elif whole is not None and outermost == layout.PFLOG:
        code += [
            Stmt(LOAD_BYTE, 0),
            Stmt(ADD, 3),
            Stmt(AND, 0xFFFFFFFC),
            Stmt(isa.ST, whole),
            Stmt(TAX),
        ]
    if layout.LIVE_PAYLOAD in b.variables and b.layout.type is not None:
        # Both shifts begin at zero: in the registers of the places that the text ends with.
        registers = [b.variables[place.variable] for place in (payload, b.layout.type)]
        code += [Stmt(isa.LD | isa.IMM, 0), *(Stmt(isa.ST, r) for r in registers)]
    return code


def _little_endian_half(register: int) -> list[Stmt]:
    """Load the length that radiotap and PPI have in their third and fourth octets."""
    return [
        Stmt(LOAD_BYTE, 3),
        Stmt(LSH, 8),
        Stmt(TAX),
        Stmt(LOAD_BYTE, 2),
        Stmt(OR_X),
        Stmt(isa.ST, register),
        Stmt(TAX),
    ]


def _avs(register: int) -> list[Stmt]:
    """Load the length that an AVS header states."""
    return [Stmt(LOAD_WORD, AVS_LENGTH), Stmt(isa.ST, register), Stmt(TAX)]


def _prism(register: int) -> list[Stmt]:
    """Load the length of a Prism header, or of an AVS header that stands in its place."""
    has_cookie = Stmt(build.JEQ, AVS_COOKIE)
    stated, fixed = Stmt(LOAD_WORD, AVS_LENGTH), Stmt(isa.LD | isa.IMM, PRISM_LENGTH)
    store = Stmt(isa.ST, register)
    has_cookie.jt, has_cookie.jf = stated, fixed
    return [
        Stmt(LOAD_WORD, 0),
        Stmt(AND, AVS_MASK),
        has_cookie,
        stated,
        Stmt(isa.JMP | isa.JA, jt=store, jf=store),
        fixed,
        store,
        Stmt(TAX),
    ]


PREFIXES: dict[int, Callable[[int], list[Stmt]]] = {
    # link type: the length of its pseudo-header, into a register and X
    layout.PRISM_HEADER: _prism,
    layout.IEEE802_11_RADIO: _little_endian_half,
    layout.IEEE802_11_RADIO_AVS: _avs,
    layout.PPI: _little_endian_half,
}


def _wireless_header(b: Builder, register: int, following: Stmt | None) -> list[Stmt]:
    """Add an 802.11 header to the length in X: longer with QoS, padded where radiotap says so."""
    data, control, qos = Stmt(build.JSET, DATA), Stmt(build.JSET, CONTROL), Stmt(build.JSET, QOS)
    longer = [
        Stmt(isa.LD | isa.MEM, register),
        Stmt(ADD, QOS_LENGTH),
        Stmt(isa.ST, register),
    ]
    padding = (
        _radiotap_padding(register, following) if b.layout.link == layout.IEEE802_11_RADIO else []
    )
    behind = padding[0] if padding else following
    data.jt, data.jf = control, following
    control.jt, control.jf = following, qos
    qos.jt, qos.jf = longer[0], behind
    start = [
        Stmt(TXA),
        Stmt(ADD, WIRELESS_HEADER),
        Stmt(isa.ST, register),
        Stmt(isa.LD | isa.B | isa.IND, 0),
    ]
    return [*start, data, control, qos, *longer, *padding]


def _radiotap_padding(register: int, following: Stmt | None) -> list[Stmt]:
    """Round the length up to four octets where radiotap's flags say that the header is padded."""
    has_flags, more, tsft = (Stmt(build.JSET, k) for k in (FLAGS, MORE_PRESENT, TSFT))
    late, late_pad = Stmt(LOAD_BYTE, FLAGS_WITH_TSFT), Stmt(build.JSET, DATA_PAD)
    early, early_pad = Stmt(LOAD_BYTE, FLAGS_WITHOUT_TSFT), Stmt(build.JSET, DATA_PAD)
    pad = [
        Stmt(isa.LD | isa.MEM, register),
        Stmt(ADD, 3),
        Stmt(AND, 0xFFFFFFFC),
        Stmt(isa.ST, register),
    ]
    has_flags.jt, has_flags.jf = more, following
    more.jt, more.jf = following, tsft
    tsft.jt, tsft.jf = late, early
    late_pad.jt = early_pad.jt = pad[0]
    late_pad.jf = early_pad.jf = following
    present = Stmt(LOAD_WORD, RADIOTAP_PRESENT)
    return [present, has_flags, more, tsft, late, late_pad, early, early_pad, *pad]
