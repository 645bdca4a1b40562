"""What a primitive asks for, in plain words, its implicit parts spelled out.

Source: pcap-filter(7), and what the programs do.
"""

from typing import assert_never

from pcapfilter.codegen import layout as layouts
from pcapfilter.codegen.layout import Layout
from pcapfilter.codegen.primitive.name import BOTH_ENDS
from pcapfilter.codegen.primitive.wireless_frame import DIRECTIONS
from pcapfilter.expr import nodes
from pcapfilter.expr.nodes import Direction, Expr, Proto, Qualifier, Value
from pcapfilter.expr.text import to_text
from pcapfilter.net.address import format_v4, format_v6, is_dotted
from pcapfilter.net.digits import as_int, as_port
from pcapfilter.net.names import Resolver
from pcapfilter.tools.fields import LINKS
from pcapfilter.tools.fields_values import ETHERTYPES, PROTOCOLS

ENDS: dict[Direction | None, str] = {
    None: "source or destination",
    "src": "source",
    "dst": "destination",
    "src or dst": "source or destination",
    "src and dst": "source and destination",
    "addr1": "first",
    "addr2": "second",
    "addr3": "third",
    "addr4": "fourth",
    "ra": "receiver's",
    "ta": "transmitter's",
}
PARTIES = {"source": "sender", "destination": "target"}
"""What ARP calls the ends of a packet."""

NAMES: dict[Proto, str] = {
    "link": "link layer", "ip": "IPv4", "ip6": "IPv6", "arp": "ARP", "rarp": "RARP",
    "sctp": "SCTP", "tcp": "TCP", "udp": "UDP", "icmp": "ICMP", "igmp": "IGMP", "igrp": "IGRP",
    "pim": "PIM", "vrrp": "VRRP", "carp": "CARP", "atalk": "AppleTalk",
    "aarp": "AppleTalk ARP", "decnet": "DECnet", "lat": "LAT", "sca": "DEC SCA",
    "moprc": "MOP remote console", "mopdl": "MOP dump and load", "icmp6": "ICMPv6", "ah": "AH",
    "esp": "ESP", "iso": "ISO", "esis": "ES-IS", "isis": "IS-IS", "clnp": "CLNP",
    "stp": "spanning tree", "ipx": "IPX", "netbeui": "NetBEUI", "l1": "level 1 IS-IS",
    "l2": "level 2 IS-IS", "iih": "IS-IS hello", "lsp": "IS-IS link state",
    "snp": "IS-IS sequence number", "csnp": "complete IS-IS sequence number",
    "psnp": "partial IS-IS sequence number", "radio": "radio header",
}  # fmt: skip
OVER_EITHER = frozenset(("tcp", "udp", "sctp", "pim", "ah", "esp"))
OVER_IPV4 = frozenset(("icmp", "igmp", "igrp", "vrrp", "carp"))
PORTED = "TCP, UDP or SCTP"
FIRST_FRAGMENT = "not in IPv4 fragments after the first, nor behind IPv6 extension headers"
BEHIND = "; what follows in the text is looked for behind it"

COMPARED = {
    "=": "is", "!=": "is not", ">": "is greater than", ">=": "is at least", "<": "is less than",
    "<=": "is at most",
}  # fmt: skip
FIELD_COMPARED = {**COMPARED, "!=": "is (as in libpcap, != is taken for = here)"}
LOADS: dict[Proto, str] = {
    # protocol of a load -> what the packet has to be for it
    **{proto: f"IPv4 carrying {NAMES[proto]}, no later fragment" for proto in (
        "tcp", "udp", "sctp", "icmp", "igmp", "igrp", "pim", "vrrp", "carp")},
    "ip": "IPv4", "ip6": "IPv6", "arp": "ARP", "rarp": "RARP", "icmp6": "IPv6 carrying ICMPv6",
    "atalk": "AppleTalk", "decnet": "DECnet", "lat": "LAT", "sca": "DEC SCA",
    "moprc": "MOP remote console", "mopdl": "MOP dump and load",
}  # fmt: skip

BARE = {
    "inbound": "the packet came in",
    "outbound": "the packet went out",
    "pppoed": "PPPoE discovery",
    "lane": f"ATM LAN emulation{BEHIND}",
    "metac": "ATM meta signalling (VPI 0, VCI 1)",
    "bcc": "ATM broadcast signalling (VPI 0, VCI 2)",
    "oamf4sc": "ATM segment OAM F4 flow (VPI 0, VCI 3)",
    "oamf4ec": "ATM end-to-end OAM F4 flow (VPI 0, VCI 4)",
    "sc": "ATM signalling (VPI 0, VCI 5)",
    "ilmic": "ATM ILMI (VPI 0, VCI 16)",
    "oam": "ATM OAM F4 flow, segment or end-to-end (VPI 0, VCI 3 or 4)",
    "oamf4": "ATM OAM F4 flow, segment or end-to-end (VPI 0, VCI 3 or 4)",
    "connectmsg": "ATM signalling that sets up or ends a connection",
    "metaconnect": "ATM meta signalling that sets up or ends a connection",
    "fisu": "an SS7 fill-in signal unit",
    "lssu": "an SS7 link status signal unit",
    "msu": "an SS7 message signal unit",
    "hfisu": "an SS7 fill-in signal unit on a high-speed link",
    "hlssu": "an SS7 link status signal unit on a high-speed link",
    "hmsu": "an SS7 message signal unit on a high-speed link",
}
WITH_ARGUMENT = {
    "less": "the packet is {} octets long or shorter",
    "greater": "the packet is {} octets long or longer",
    "ifindex": "the packet went over interface number {}",
    "ifname": "PF logged it on interface {}",
    "rset": "PF logged it for the ruleset {}",
    "rnr": "PF logged it for rule {}",
    "srnr": "PF logged it for subrule {}",
    "reason": "PF's reason is {}",
    "action": "PF's action was {}",
    "subtype": "an 802.11 frame of subtype {}",
}
WAYS = {
    # direction of an 802.11 frame -> who sent it to whom
    0: "between stations (To DS and From DS are not set)",
    1: "to an access point (To DS is set, From DS is not)",
    2: "from an access point (From DS is set, To DS is not)",
    3: "between access points (To DS and From DS are set)",
}
ABOVE = " or above (224.0.0.0 to 255.255.255.255, broadcast included)"
STEPPING = {
    "vlan": ("a VLAN tag (EtherType 0x8100, 0x88a8 or 0x9100)", "with VLAN number"),
    "mpls": ("an MPLS label", "that is"),
    "pppoes": ("a PPPoE session", "with number"),
    "geneve": ("a Geneve tunnel (UDP port 6081)", "with network identifier"),
}
LLC_FRAMES = {"i": "an LLC information frame", "s": "an LLC supervisory frame",
              "u": "an LLC unnumbered frame"}  # fmt: skip
LABELS = {
    "vpi": "the ATM virtual path", "vci": "the ATM virtual channel",
    "sio": "the SS7 service information", "opc": "the SS7 origin point code",
    "dpc": "the SS7 destination point code", "sls": "the SS7 link selection",
}  # fmt: skip
BYTES = {"=": "is", "<": "is less than", ">": "is greater than"}


def say(node: Expr, layout: Layout, resolver: Resolver, netmask: int | None = None) -> str:
    """Say what a primitive asks for, at a place in the text where this is the layout."""
    match node:
        case nodes.Everything():
            return "every packet"
        case nodes.Match(qualifier, value):
            return _match(qualifier, value, layout, resolver)
        case nodes.Protocol(proto):
            return _protocol(proto)
        case nodes.Relation(op, left, right):
            return f"{to_text_of(left)} {COMPARED[op]} {to_text_of(right)}{_needs(node)}"
        case nodes.Word(word, args):
            return _word(word, args, layout, netmask)
        case nodes.Field(word, tests):
            name = LABELS[word] if word in LABELS else f"{LABELS[word[1:]]} (high-speed link)"
            said = (f"{FIELD_COMPARED[op]} {number}" for op, number in tests)
            return f"{name} {' or '.join(said)}"
        case nodes.And() | nodes.Or() | nodes.Not():
            return to_text(node)
        case _:
            assert_never(node)


def to_text_of(arith: nodes.Arith) -> str:
    """Give arithmetic as canonical text."""
    if isinstance(arith, nodes.Length):
        return "the packet's length"
    return to_text(nodes.Relation("=", arith, nodes.Number(0))).removesuffix(" = 0")


# ---- qualifiers and a value --------------------------------------------------------------------


def _match(q: Qualifier, value: Value, layout: Layout, resolver: Resolver) -> str:
    ends = ENDS[q.direction]
    match q.kind:
        case "port":
            number = _port(value, resolver)
            return f"the {_carriers(q)} {ends} port is {number} ({FIRST_FRAGMENT})"
        case "portrange":
            return f"the {_carriers(q)} {ends} port is {_range(value)} ({FIRST_FRAGMENT})"
        case "proto":
            return _proto(q.proto, value, resolver)
        case "protochain":
            carrier = NAMES[q.proto] if q.proto else "IPv4 or IPv6"
            number = _protocol_number(value, resolver)
            return f"{carrier} with protocol {number} in its chain of headers"
        case None | "host" | "net" if q.proto == "decnet":
            return _addressed(q, ends, f"is {_decnet(value)}", value, layout)
        case "net":
            return _addressed(q, ends, f"is within {_net(value)}", value, layout)
        case _:
            return _addressed(q, ends, f"is {_host(value, resolver, q)}", value, layout)


def _addressed(q: Qualifier, ends: str, asked: str, value: Value, layout: Layout) -> str:
    parties = " ".join(PARTIES.get(end, end) for end in ends.split())
    if q.proto == "link":
        where = f"{LINKS.get(layout.link, 'link layer')} {ends}"
    elif q.proto == "decnet":
        where = f"DECnet {ends}"
    elif isinstance(value, nodes.V6) or (isinstance(value, nodes.Name) and q.proto == "ip6"):
        where = f"IPv6 {ends}"
    elif q.proto in {"arp", "rarp"}:
        where = f"{NAMES[q.proto]} {parties}"
    else:
        named = isinstance(value, nodes.Name) and q.proto is None
        where = f"{'IPv4 or IPv6' if named else 'IPv4'} {ends}"
        alone = isinstance(value, nodes.Name) and layout.link in layouts.IP_ALONE
        if q.proto != "ip" and not layout.labels and not alone:
            return f"the {where} address, or the ARP or RARP {parties} address, {asked}"
    return f"the {where} address {asked}"


def _carriers(q: Qualifier) -> str:
    return NAMES[q.proto] if q.proto else PORTED


def written(value: Value) -> str:
    """Give a value as canonical text, a named constant as its number."""
    if isinstance(value, nodes.Number):
        return str(value.value)
    return to_text(nodes.Match(Qualifier(), value))


def _host(value: Value, resolver: Resolver, q: Qualifier) -> str:
    match value:
        case nodes.Name(name) if q.proto == "link":
            octets = resolver.ethernet(name)
            return f"{name} ({octets.hex(':')})" if octets else name
        case nodes.Name(name):
            found = [
                format_v4(number, 32) if version == 4 else format_v6(number)
                for version, number in resolver.hosts(name)
            ]
            return f"that of {name} ({', '.join(found)})" if found else name
        case nodes.Number(number):
            return format_v4(number, 32)
        case nodes.V4(address, bits) if bits < 32:
            return f"within {format_v4(address << 32 - bits, 32)}/{bits}"
        case _:
            return written(value)


def _decnet(value: Value) -> str:
    """Give area and node: of an IPv4 address libpcap takes the lower 16 bits for them."""
    match value:
        case nodes.Number(number):
            return f"{number >> 10 & 63}.{number & 1023}"
        case nodes.V4(address, bits):
            number = address << 32 - bits
            return f"{number >> 10 & 63}.{number & 1023} (of {written(value)}, the lower 16 bits)"
        case nodes.Name(name) if is_dotted(name):
            return ".".join(name.split(".")[:2])
        case _:
            return written(value)


def _net(value: Value) -> str:
    match value:
        case nodes.Number(number):
            bits = 32
            while number and not number & 0xFF000000:
                number, bits = number << 8, bits - 8
            return f"{format_v4(number, 32)}/{bits}"
        case nodes.V4(address, bits, prefix, None):
            return f"{format_v4(address << 32 - bits, 32)}/{bits if prefix is None else prefix}"
        case nodes.V6(_, None):
            return f"{written(value)}/128"
        case _:
            return written(value)


def _port(value: Value, resolver: Resolver) -> str:
    if not isinstance(value, nodes.Name):
        return written(value)
    if (number := as_port(value.name)) is not None:
        return str(number)
    number = resolver.number("tcp", value.name)
    if number is None:
        number = resolver.number("udp", value.name)
    return f"{value.name} ({number})"


def _range(value: Value) -> str:
    text = value.name if isinstance(value, nodes.Name) else written(value)
    if both := BOTH_ENDS.match(text):
        first, last = (str(end) for end in sorted(map(as_int, both.groups())))
    else:
        first, _, last = text.partition("-")
    return f"within {first} to {last}" if last else first


def _protocol_number(value: Value, resolver: Resolver) -> str:
    if isinstance(value, nodes.Name):
        number = resolver.number("protocol", value.name)
        return value.name if number is None else f"{number} ({value.name})"
    if isinstance(value, nodes.Number) and value.value in PROTOCOLS:
        return f"{value.value} ({PROTOCOLS[value.value]})"
    return written(value)


def _proto(carrier: Proto | None, value: Value, resolver: Resolver) -> str:
    match carrier:
        case "link":
            if isinstance(value, nodes.Number):
                name = ETHERTYPES.get(value.value, "")
                said = f"0x{value.value:04x}"
                return f"the link layer carries protocol {said}{f' ({name})' if name else ''}"
            return f"the link layer carries {written(value).removeprefix(chr(92))}"
        case "iso" | "isis":
            return f"{NAMES[carrier]} carrying protocol {written(value).removeprefix(chr(92))}"
        case "ip":
            return f"IPv4 carrying protocol {_protocol_number(value, resolver)}"
        case "ip6":
            number = _protocol_number(value, resolver)
            return f"IPv6 carrying protocol {number}, at once or behind a fragment header"
        case _:
            return f"IPv4 or IPv6 carrying protocol {_protocol_number(value, resolver)}"


# ---- everything else ---------------------------------------------------------------------------


def _protocol(proto: Proto) -> str:
    name = NAMES[proto]
    if proto in OVER_EITHER:
        return f"IPv4 or IPv6 carrying {name}"
    if proto in OVER_IPV4:
        return f"IPv4 carrying {name}"
    if proto == "icmp6":
        return "IPv6 carrying ICMPv6"
    return name


def _needs(node: nodes.Relation) -> str:
    """What the packet has to be for the loads of a comparison, where they ask for anything.

    As in libpcap, a load on the right of an operator is made whatever the packet is.
    """
    found: dict[str, None] = {}
    stack: list[nodes.Arith] = [node.right, node.left]
    while stack:
        match stack.pop():
            case nodes.Load(proto, index, _):
                if proto in LOADS:
                    found[LOADS[proto]] = None
                stack.append(index)
            case nodes.Negate(operand):
                stack.append(operand)
            case nodes.Binary(_, left, _):
                stack.append(left)
            case _:
                continue
    return f" (in {'; '.join(found)})" if found else ""


def _word(
    word: str, args: tuple[int | str | None, ...], layout: Layout, netmask: int | None
) -> str:
    if word in BARE:
        return BARE[word]
    if word in STEPPING:
        thing, which = STEPPING[word]
        return f"{thing}{f' {which} {args[0]}' if args else ''}{BEHIND}"
    if word == "dir":
        given = args[0]
        ds = given if isinstance(given, int) else DIRECTIONS[str(given).lower()]
        return f"an 802.11 frame {WAYS.get(ds, f'whose direction is {ds}')}"
    if word in WITH_ARGUMENT:
        return WITH_ARGUMENT[word].format(args[0])
    link = LINKS.get(layout.link, "link layer")
    match word, args:
        case ("broadcast" | "multicast", (None | "link",)):
            extra = " (broadcast included)" if word == "multicast" else ""
            return f"the {link} destination is a {word} address{extra}"
        case "broadcast", _:
            return f"the IPv4 destination address {_broadcast(netmask)}"
        case "multicast", (proto,):
            name = "IPv6" if proto == "ip6" else "IPv4"
            more = "" if proto == "ip6" else ABOVE
            return f"the {name} destination is a multicast address{more}"
        case "byte", (offset, op, number) if op in BYTES:
            return f"octet {offset} of the link-layer header {BYTES[str(op)]} {number}"
        case "byte", (_, op, number):
            return f"what was loaded last, {op} {number}, is not 0"
        case "type", (kind, subtype):
            return f"an 802.11 frame of type {kind} and subtype {subtype}"
        case "type", (kind,):
            return f"an 802.11 frame of type {kind}"
        case "llc", ():
            return "a frame with an LLC header"
        case "llc", (name,):
            return LLC_FRAMES.get(str(name).lower(), f"an LLC {name} frame")
        case _:
            return " ".join(map(str, (word, *args)))


def _broadcast(netmask: int | None) -> str:
    """Say which addresses are taken for those of everybody: host parts of zeros or ones alone."""
    if not netmask:
        return "is 255.255.255.255 or 0.0.0.0 (the netmask is taken to be 0)"
    return f"has a host part of zeros or ones alone (netmask {format_v4(netmask, 32)})"
