"""What an ICMP message says, in tcpdump's words.

Source of the forms: what `tcpdump -n` prints; RFC 792, RFC 1812, RFC 4443, RFC 4861.
"""

from pcapfilter.net.address import format_v4, format_v6

KINDS = {
    0: "echo reply", 4: "source quench", 8: "echo request", 9: "router advertisement",
    10: "router solicitation", 13: "time stamp query", 14: "time stamp reply",
    15: "information request", 16: "information reply", 17: "address mask request",
    18: "address mask reply",
}  # fmt: skip
UNREACHABLES = {
    # code -> what is said, of the packet that could not be delivered
    0: "net {target} unreachable",
    1: "host {target} unreachable",
    2: "{target} protocol {protocol} unreachable",
    3: "{target} {name} port {port} unreachable",
    4: "{target} unreachable - need to frag (mtu {mtu})",
    5: "{target} unreachable - source route failed",
    6: "net {target} unreachable - unknown",
    7: "host {target} unreachable - unknown",
    8: "{target} unreachable - source host isolated",
    9: "net {target} unreachable - admin prohibited",
    10: "host {target} unreachable - admin prohibited",
    11: "net {target} unreachable - tos prohibited",
    12: "host {target} unreachable - tos prohibited",
    13: "host {target} unreachable - admin prohibited filter",
    14: "host {target} unreachable - host precedence violation",
    15: "host {target} unreachable - precedence cutoff",
}
REDIRECTS = {0: ("", "net"), 1: ("", "host"), 2: ("-tos", "net"), 3: ("-tos", "host")}
TIMES = {0: "time exceeded in-transit", 1: "ip reassembly time exceeded"}
PORTED = {6: "tcp", 17: "udp"}

KINDS6 = {
    128: "echo request", 129: "echo reply", 130: "multicast listener query",
    131: "multicast listener report", 132: "multicast listener done", 133: "router solicitation",
    134: "router advertisement", 138: "router renumbering", 139: "node information query",
    140: "node information reply", 141: "inverse neighbor solicitation",
    142: "inverse neighbor advertisement", 143: "multicast listener report v2",
    144: "ha discovery request", 145: "ha discovery reply", 146: "mobile router solicitation",
    147: "mobile router advertisement", 200: "mtrace message", 201: "mtrace response",
}  # fmt: skip
UNREACHABLES6 = {
    0: "unreachable route {target}",
    1: "unreachable prohibited {target}",
    2: "beyond scope {target}",
    3: "unreachable address {target}",
    4: "unreachable port, {target} {name} port {port}",
}
TIMES6 = {0: "time exceeded in-transit for {target}", 1: "time exceeded in-transit (reassembly)"}
PROBLEMS6 = {0: "erroneous", 1: "next header", 2: "option", 3: "incomplete header chain"}


def said(message: bytes) -> str:
    """Give what an ICMP message says, without its length."""
    kind, code = message[0], message[1]
    number = int.from_bytes(message[4:8])
    match kind:
        case 0 | 8:
            return f"{KINDS[kind]}, id {number >> 16}, seq {number & 0xFFFF}"
        case 3:
            form = UNREACHABLES.get(code, f"{{target}} unreachable - #{code}")
            return form.format(mtu=number & 0xFFFF, **_about(message[8:]))
        case 5:
            tos, what = REDIRECTS.get(code, (f"-#{code}", ""))
            target = _about(message[8:])["target"]
            return f"redirect{tos} {target} to {what}{' ' * bool(what)}{format_v4(number, 32)}"
        case 11:
            return TIMES.get(code, f"time exceeded-#{code}")
        case 12:
            fault = f"octet {number >> 24}" if not code else f"code {code}"
            return f"parameter problem - {fault}"
        case _:
            return KINDS.get(kind, f"type-#{kind}")


def said6(message: bytes) -> str:
    """Give what an ICMPv6 message says, without its length."""
    kind, code = message[0], message[1]
    number, address = int.from_bytes(message[4:8]), message[8:24]
    match kind:
        case 128 | 129:
            return f"{KINDS6[kind]}, id {number >> 16}, seq {number & 0xFFFF}"
        case 1:
            form = UNREACHABLES6.get(code, f"unreachable code-#{code}")
            return f"destination unreachable, {form.format(**_about6(message[8:]))}"
        case 2:
            return f"packet too big, mtu {number}"
        case 3:
            return TIMES6.get(code, f"time exceeded code-#{code}").format(**_about6(message[8:]))
        case 4:
            problem = PROBLEMS6.get(code)
            return f"parameter problem, {f'{problem} - octet {number}' if problem else code}"
        case 135:
            return f"neighbor solicitation, who has {format_v6(int.from_bytes(address))}"
        case 136:
            return f"neighbor advertisement, tgt is {format_v6(int.from_bytes(address))}"
        case 137:
            target = format_v6(int.from_bytes(message[24:40]))
            return f"redirect, {target} to {format_v6(int.from_bytes(address))}"
        case _:
            return KINDS6.get(kind, f"unknown icmp6 type ({kind})")


def _about(packet: bytes) -> dict[str, str | int]:
    """Read the IPv4 packet that a message is about, as far as it is there."""
    start = 4 * (packet[0] & 0xF) if packet else 20
    protocol = packet[9] if len(packet) > 9 else 0
    target = format_v4(int.from_bytes(packet[16:20]), 32)
    return {"target": target, "protocol": protocol, **_port(protocol, packet[start:])}


def _about6(packet: bytes) -> dict[str, str | int]:
    protocol = packet[6] if len(packet) > 6 else 0
    target = format_v6(int.from_bytes(packet[24:40]))
    return {"target": target, **_port(protocol, packet[40:])}


def _port(protocol: int, transport: bytes) -> dict[str, str | int]:
    name = PORTED.get(protocol, f"protocol {protocol}")
    return {"name": name, "port": int.from_bytes(transport[2:4])}
