"""`geneve [vni]`: a frame in a Geneve tunnel; what follows it in the text is looked for inside.

The options have any length, so that the places behind them are computed into scratch registers.
Source: RFC 8926 section 3; pcap-filter(7).
"""

from pcapfilter.bpf import isa
from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.codegen.cfg import Block, Stmt
from pcapfilter.codegen.layout import Layout, Offset
from pcapfilter.codegen.primitive import port
from pcapfilter.net import proto

UDP_PORT = 6081
UDP_HEADER = 8
VERSION_MASK = 0xC0
VNI_PLACE, VNI_SHIFT, MAX_VNI = 4, 8, 0xFFFFFF
OPTIONS_MASK, OPTIONS_UNIT = 0x3F, 4
PROTOCOL_PLACE, HEADER_LENGTH = 2, 8
ETHERNET_TYPE, ETHERNET_TYPE_LENGTH = 12, 2

ADD = isa.ALU | isa.ADD
TAX, TXA = isa.MISC | isa.TAX, isa.MISC | isa.TXA
IF_EQUAL_X = isa.JMP | isa.JEQ | isa.X


def geneve(b: Builder, vni: int | None) -> Cond:
    """Test for a Geneve header, with this network identifier where one is given, and step in."""
    if vni is not None and vni > MAX_VNI:
        b.fail(f"Geneve VNI {vni} greater than maximum {MAX_VNI}")
    b.optimizable = False  # the optimiser knows nothing of X between blocks
    return build.all_of(build.any_of(_over_ipv4(b, vni), _over_ipv6(b, vni)), _step_in(b))


def _over_ipv4(b: Builder, vni: int | None) -> Cond:
    """Test over IPv4; where it holds, X is left with the length of the IPv4 header."""
    outer = port.over_ipv4(b, UDP_PORT, "udp", "dst")
    checks: list[Cond] = [build.masked_equal(b.from_transport(UDP_HEADER, 1), 0, VERSION_MASK)]
    if vni is not None:
        field = b.from_transport(UDP_HEADER + VNI_PLACE, 4)
        checks.append(build.masked_equal(field, vni << VNI_SHIFT, MAX_VNI << VNI_SHIFT))
    to_x = Block([*b.ipv4_header_length(), Stmt(TXA)], IF_EQUAL_X)
    return build.all_of(outer, *checks, to_x)


def _over_ipv6(b: Builder, vni: int | None) -> Cond:
    """Test over IPv6; where it holds, X is left with the length of the fixed IPv6 header."""
    outer = port.over_ipv6(b, UDP_PORT, "udp", "dst")
    checks: list[Cond] = [build.masked_equal(b.from_transport6(UDP_HEADER, 1), 0, VERSION_MASK)]
    if vni is not None:
        field = b.from_transport6(UDP_HEADER + VNI_PLACE, 4)
        checks.append(build.masked_equal(field, vni << VNI_SHIFT, MAX_VNI << VNI_SHIFT))
    varying = b.varying_part(b.network)
    length = [*varying, Stmt(isa.LD | isa.IMM, build.IPV6_HEADER)]
    if varying:
        length.append(Stmt(ADD | isa.X))
    to_x = Block([*length, Stmt(TAX)], IF_EQUAL_X)
    return build.all_of(outer, *checks, to_x)


def _step_in(b: Builder) -> Cond:
    """Compute where the inner frame's header, type and payload are; always holds."""
    udp = b.network.constant + UDP_HEADER
    count = len(b.variables)
    names = [f"geneve {part} {count}" for part in ("type", "header", "payload")]
    registers = [b.take_register() for _ in names]
    b.variables = {**b.variables, **dict(zip(names, registers, strict=True))}
    kind, header, payload = registers

    store_payload = Stmt(isa.STX, payload)
    has_frame = Stmt(build.JEQ, proto.ETHERTYPE_TEB, jf=store_payload)
    behind_frame_header = [
        Stmt(TXA),
        Stmt(ADD, ETHERNET_TYPE),
        Stmt(isa.ST, kind),
        Stmt(ADD, ETHERNET_TYPE_LENGTH),
        Stmt(TAX),
    ]
    has_frame.jt = behind_frame_header[0]
    code = [
        Stmt(ADD, udp),
        Stmt(TAX),
        Stmt(ADD, PROTOCOL_PLACE),
        Stmt(isa.ST, kind),
        Stmt(isa.LD | isa.B | isa.IND, 0),
        Stmt(isa.ALU | isa.AND, OPTIONS_MASK),
        Stmt(isa.ALU | isa.MUL, OPTIONS_UNIT),
        Stmt(ADD, HEADER_LENGTH),
        Stmt(ADD | isa.X),
        Stmt(isa.ST, header),
        Stmt(isa.LD | isa.H | isa.IND, PROTOCOL_PLACE),
        Stmt(isa.LDX | isa.MEM, header),
        has_frame,
        *behind_frame_header,
        store_payload,
    ]
    b.layout = Layout(
        link=layout.EN10MB,
        header=Offset(0, names[1]),
        type=Offset(0, names[0]),
        payload=Offset(0, names[2]),
        net_nosnap=b.layout.net_nosnap,  # kept, as in libpcap
        overlay=True,
        labels=b.layout.labels,
    )
    return Block([*code, Stmt(isa.LD | isa.IMM, 0)], build.JEQ, 0)
