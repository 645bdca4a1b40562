"""Wireshark's display filters, as far as a capture filter can say the same.

`tcp.port == 80 && ip.src == 10.0.0.1` -> `tcp port 80 and ip src host 10.0.0.1`
"""

import re

# Display field -> the capture filter for `field == value`; with {op} for any comparison.
FIELDS = {
    "eth.addr": "ether host {value}", "eth.src": "ether src {value}",
    "eth.dst": "ether dst {value}", "eth.type": "ether proto {value}",
    "ip.addr": "ip host {value}", "ip.host": "host {value}",
    "ip.src": "ip src host {value}", "ip.dst": "ip dst host {value}",
    "ip.src_host": "ip src host {value}", "ip.dst_host": "ip dst host {value}",
    "ip.proto": "ip proto {value}", "ip.ttl": "ip[8] {op} {value}",
    "ip.len": "ip[2:2] {op} {value}",
    "ip.id": "ip[4:2] {op} {value}", "ip.dsfield": "ip[1] {op} {value}",
    "ip.hdr_len": "(ip[0] & 0xf) << 2 {op} {value}",
    "ipv6.addr": "ip6 host {value}", "ipv6.src": "ip6 src host {value}",
    "ipv6.dst": "ip6 dst host {value}", "ipv6.nxt": "ip6 proto {value}",
    "ipv6.hlim": "ip6[7] {op} {value}",
    "tcp.port": "tcp port {value}", "tcp.srcport": "tcp src port {value}",
    "tcp.dstport": "tcp dst port {value}", "tcp.flags": "tcp[tcpflags] {op} {value}",
    "tcp.window_size_value": "tcp[14:2] {op} {value}",
    "udp.port": "udp port {value}", "udp.srcport": "udp src port {value}",
    "udp.dstport": "udp dst port {value}", "udp.length": "udp[4:2] {op} {value}",
    "sctp.port": "sctp port {value}", "sctp.srcport": "sctp src port {value}",
    "sctp.dstport": "sctp dst port {value}",
    "icmp.type": "icmp[icmptype] {op} {value}", "icmp.code": "icmp[icmpcode] {op} {value}",
    "icmpv6.type": "icmp6[icmp6type] {op} {value}", "icmpv6.code": "icmp6[icmp6code] {op} {value}",
    "arp.opcode": "arp[6:2] {op} {value}", "arp.src.proto_ipv4": "arp src host {value}",
    "arp.dst.proto_ipv4": "arp dst host {value}",
    "frame.len": "len {op} {value}", "vlan.id": "vlan {value}", "mpls.label": "mpls {value}",
    "pppoe.session_id": "pppoes {value}",
    "wlan.addr": "wlan host {value}", "wlan.sa": "wlan src {value}", "wlan.da": "wlan dst {value}",
    "wlan.ra": "wlan ra {value}", "wlan.ta": "wlan ta {value}",
}  # fmt: skip

# Display fields of one bit -> the constant of that bit in tcp[tcpflags].
FLAGS = {
    "tcp.flags.fin": "tcp-fin", "tcp.flags.syn": "tcp-syn", "tcp.flags.reset": "tcp-rst",
    "tcp.flags.push": "tcp-push", "tcp.flags.ack": "tcp-ack", "tcp.flags.urg": "tcp-urg",
    "tcp.flags.ece": "tcp-ece", "tcp.flags.cwr": "tcp-cwr",
}  # fmt: skip

# Protocol of the display language that is no word of the capture language -> what comes nearest.
PROTOCOLS = {
    "http": "tcp port 80", "http2": "tcp port 443", "https": "tcp port 443", "tls": "tcp port 443",
    "ssl": "tcp port 443", "quic": "udp port 443", "ssh": "tcp port 22", "telnet": "tcp port 23",
    "ftp": "tcp port 21", "smtp": "tcp port 25", "imap": "tcp port 143", "pop": "tcp port 110",
    "dns": "port 53", "mdns": "udp port 5353", "ntp": "udp port 123", "snmp": "udp port 161",
    "tftp": "udp port 69", "syslog": "udp port 514", "sip": "port 5060",
    "dhcp": "udp port 67 or udp port 68", "bootp": "udp port 67 or udp port 68",
    "dhcpv6": "udp port 546 or udp port 547", "radius": "udp port 1812", "bgp": "tcp port 179",
    "smb": "tcp port 445", "smb2": "tcp port 445", "rdp": "tcp port 3389", "mysql": "tcp port 3306",
    "ldap": "tcp port 389", "kerberos": "port 88", "vxlan": "udp port 4789",
    "gtp": "udp port 2152", "isakmp": "udp port 500", "ipv6": "ip6", "icmpv6": "icmp6",
    "gre": "ip proto 47", "ospf": "ip proto 89", "eigrp": "ip proto 88",
    "lldp": "ether proto 0x88cc",
    "eapol": "ether proto 0x888e", "pppoe": "pppoed or pppoes",
}  # fmt: skip

# Operator of the display language -> that of the capture language.
OPERATORS = {
    "==": "=", "eq": "=", "=": "=", "!=": "!=", "ne": "!=", "~=": "!=", ">": ">", "gt": ">",
    "<": "<", "lt": "<", ">=": ">=", "ge": ">=", "<=": "<=", "le": "<=", "in": "=",
}  # fmt: skip

# Operators of the display language that are words, and which nothing here corresponds to.
SEARCHES = frozenset(("contains", "matches", "bitwise_and"))

# Longer texts are not looked at: nobody types them, and the patterns need quadratic time.
LONGEST = 2000

_COMPARISON = re.compile(
    r"([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)\s*"
    r"(==|!=|~=|>=|<=|[=<>]|\b(?:eq|ne|gt|lt|ge|le|in)\b)\s*"
    r"([-\w.:/]+|\{[-\w.:/, ]+\})"
)
_WORD = re.compile(r"(?<![\w.\\])[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*(?![\w.])")
_CIDR = re.compile(r".*/\d+")
_MARK = re.compile(r"[()]| or ")
_FIELD = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_.]*")


def is_field(word: str) -> bool:
    """Whether a word looks like a display filter's field, known here or not."""
    layers = {field.partition(".")[0] for field in FIELDS} | PROTOCOLS.keys()
    return bool(_FIELD.fullmatch(word)) and word.partition(".")[0] in layers


def translate(text: str) -> str | None:
    """Give the capture filter for a display filter; None where the text is none that we know."""
    known = 0
    if len(text) > LONGEST:
        return None

    def comparison(found: re.Match[str]) -> str:
        nonlocal known
        field, operator, value = found[1], OPERATORS[found[2]], found[3]
        if field in FLAGS and operator in ("=", "!="):
            known += 1
            clear = (operator == "=") == (value.lower() in ("0", "false"))
            return f"tcp[tcpflags] & {FLAGS[field]} {'=' if clear else '!='} 0"
        template = FIELDS.get(field)
        if template is None or ("{op}" not in template and operator not in ("=", "!=")):
            return found[0]
        if value.startswith("{"):
            if "{op}" in template or ".." in value:
                return found[0]
            value = f"({' or '.join(re.split('[ ,]+', value.strip('{} ')))})"
        known += 1
        if _CIDR.match(value):
            template = template.replace("host ", "net ")
        filled = template.format(op=operator, value=value)
        return f"not {filled}" if operator == "!=" and "{op}" not in template else filled

    def word(found: re.Match[str]) -> str:
        nonlocal known
        name = found[0]
        if name not in PROTOCOLS:
            return name
        known += 1
        filled = PROTOCOLS[name]
        return f"({filled})" if " or " in filled and filled != text else filled

    translated = _WORD.sub(word, text) if not _COMPARISON.search(text) else ""
    if not translated:
        pieces, at = [], 0
        for found in _COMPARISON.finditer(text):
            pieces += [_WORD.sub(word, text[at : found.start()]), comparison(found)]
            at = found.end()
        translated = "".join([*pieces, _WORD.sub(word, text[at:])])
    translated = translated.replace("&&", "and").replace("||", "or")
    translated = re.sub(r"!(?!=)\s*", "not ", translated)
    return _grouped(translated) if known else None


def _grouped(text: str) -> str:
    """Put parentheses around each run of `and` beside an `or`: Wireshark binds `and` tighter."""
    pieces, depth, start = [""], 0, 0
    for found in _MARK.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == (found[0] == "(") and found[0] in "()":
            inside = text[start : found.start()]
            pieces[-1] += (_grouped(inside) if found[0] == ")" else inside) + found[0]
            start = found.end()
        elif not depth and found[0] == " or ":
            pieces[-1] += text[start : found.start()]
            pieces.append("")
            start = found.end()
    pieces[-1] += text[start:]
    if len(pieces) == 1:
        return text if "(" not in text else pieces[0]
    return " or ".join(f"({piece})" if " and " in piece else piece for piece in pieces)
