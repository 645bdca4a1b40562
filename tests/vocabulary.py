"""What the generator of expressions draws from: templates by family, and the parts they name.

A template is a primitive with `<part>`s in it; a part is drawn from PARTS (strings, which may name
parts in turn) or by a function of strategies.py. Families are switched on by name.
"""

from pcapfilter.net.names import TableResolver

# Names that the machines' tables have in common, and what they stand for.
PORTS = {
    "tcp": {"http": 80, "ssh": 22, "domain": 53, "sip": 5060},
    "udp": {"domain": 53, "ntp": 123, "isakmp": 500, "sip": 5060},
}
PROTOCOLS = {
    "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "ospf": 89,
    "pim": 103, "vrrp": 112, "sctp": 132,
}  # fmt: skip
RESOLVER = TableResolver(
    hosts={"localhost": ("127.0.0.1",)},
    numbers={"tcp": PORTS["tcp"], "udp": PORTS["udp"], "protocol": PROTOCOLS},
)

EVERYDAY: dict[str, str] = {
    "protocol": """
        ip | ip6 | arp | rarp | tcp | udp | sctp | icmp | icmp6 | igmp | igrp | pim | vrrp | carp
        | ah | esp
    """,
    "host": """
        <dir>host <v4> | <way><v4> | ip <dir>host <v4> | arp <dir>host <v4> | rarp <dir>host <v4>
        | <dir>host <v6> | ip6 <dir>host <v6> | ip6 <way><v6>
        | <dir>host <v4> or <v4> | host <v4> and not <v4> | host (<v4> or <v4> or <v4>)
        | <dir>host localhost | ip host localhost | host <v4> or localhost
    """,
    "net": """
        <dir>net <v4net> | ip <dir>net <v4net> | arp net <v4net> | <dir>net <v6net>
        | ip6 <dir>net <v6net> | net <v4part> | <dir>net <u8> | net <v4net> or <v4net>
        | rarp net <v4net> | net <v4mask>
    """,
    "port": """
        <dir>port <port> | tcp <dir>port <port> | udp <dir>port <port> | sctp <dir>port <port>
        | port <port> or <port> | tcp port <port> or <port> or <port> | port (<port> or <port>)
        | port <tcpname> | tcp <dir>port <tcpname> | udp <dir>port <udpname> | tcp port not <port>
    """,
    "portrange": """
        <dir>portrange <range> | tcp <dir>portrange <range> | udp portrange <range>
        | sctp portrange <range> | portrange <range> or <range> | tcp portrange <port>
    """,
    "proto": """
        ip proto <u8> | ip proto \\<protocol> | ip6 proto <u8> | ip6 proto \\<protocol> | proto <u8>
        | proto \\<protocol> | ip proto (\\<protocol> or \\<protocol>) | ether proto <u16>
        | ether proto \\<ethertype> | <link> proto <u16> | ip proto \\<protocol> or <u8>
    """,
    "protochain": """
        ip protochain <u8> | ip6 protochain <u8> | protochain <u8> | ip protochain \\<protocol>
        | ip6 protochain \\<protocol>
    """,
    "ether": """
        ether host <mac> | ether src <mac> | ether dst <mac> | <link> <dir>host <mac>
        | ether host <mac> or <mac> | ether host (<mac> or <mac>) | <link> <way><mac>
    """,
    "cast": """
        broadcast | multicast | ether broadcast | ether multicast | ip broadcast | ip multicast
        | ip6 multicast | <link> broadcast
    """,
    "length": """
        less <u16> | greater <u16> | len <rel> <u16> | length <rel> <u32>
    """,
    "load": """
        <load> <rel> <u8> | <load> <rel> <sum> | <sum> <rel> <load> | <load> & <u8> <rel> <u8>
        | <load> <rel> <u32> | <sum> <rel> <sum> | ip[0] & 0xf <rel> 5 | <load> <rel> len
        | <link>[<index>] <rel> <u8> | <link>[<index>:<size>] <rel> <u16>
        | <tightload> <op> <tightload> <rel> <u16>
    """,
    "flags": """
        tcp[tcpflags] & <flag> <rel> 0 | tcp[tcpflags] & (<flag>|<flag>) <rel> <flag>
        | tcp[tcpflags] <rel> <flag> | icmp[icmptype] <rel> <icmptype> | icmp[icmpcode] <rel> <u8>
        | icmp6[icmp6type] <rel> <icmp6type> | icmp6[icmp6code] <rel> <u8>
        | (tcp[12:1] & 0xf0) >> 2 <rel> <u8>
    """,
    "vlan": "vlan | vlan <u12> | vlan <u12> and <plain> | vlan and vlan <u12> | vlan and <plain>",
    "mpls": "mpls | mpls <u20> | mpls <u20> and <plain> | mpls and mpls <u20> | mpls and <plain>",
    "pppoe": "pppoed | pppoes | pppoes <u16> | pppoes and <plain> | pppoes <u16> and <plain>",
}

RARE: dict[str, str] = {
    "network": """
        atalk | aarp | decnet | lat | sca | moprc | mopdl | iso | esis | es-is | isis | is-is | clnp
        | stp | ipx | netbeui | l1 | l2 | iih | lsp | snp | csnp | psnp
    """,
    "network-proto": """
        iso proto <u8> | iso proto \\<osi> | isis proto <u8> | ether proto \\<oldtype>
        | link proto \\<oldtype>
    """,
    "decnet": "decnet <dir>host <decnet> | decnet src <decnet> | decnet dst <decnet>",
    "llc": "llc | llc <llctype> | llc i or llc <llctype>",
    "wlan": """
        wlan type <wlantype> | type <wlantype> subtype <u4> | wlan subtype <subtype>
        | type mgt subtype <mgtsubtype> | type ctl subtype <ctlsubtype>
        | type data subtype <datasubtype> | wlan dir <wlandir> | direction <wlandir>
        | wlan addr1 <mac> | wlan addr2 <mac> | wlan addr3 <mac> | wlan addr4 <mac>
        | wlan address1 <mac> | wlan address2 <mac> | wlan address3 <mac> | wlan address4 <mac>
        | wlan ra <mac> | wlan ta <mac> | wlan host <mac> | wlan src <mac> | wlan dst <mac>
        | wlan ra host <mac>
    """,
    "pf": """
        ifname <interface> | on <interface> | rnr <u8> | rulenum <u16> | srnr <u8>
        | subrulenum <u16> | rset <interface> | ruleset <interface> | reason <reason> | reason <u4>
        | action <action>
    """,
    "atm": """
        vpi <u8> | vci <u16> | vpi <rel> <u8> | vci <rel> <u16> | vpi (<u8> or <u8>)
        | vci (<u16> or <u16> or <u16>) | lane | metac | bcc | sc | ilmic | oam | oamf4 | oamf4ec
        | oamf4sc | connectmsg | metaconnect
    """,
    "ss7": """
        fisu | lssu | lsu | msu | hfisu | hlssu | hmsu | sio <u8> | opc <u14> | dpc <u14> | sls <u4>
        | hsio <u8> | hopc <u14> | hdpc <u14> | hsls <u4> | sio <rel> <u8> | opc <rel> <u14>
        | dpc (<u14> or <u14>) | sls <rel> <u4> | hopc (<u14> or <u14>)
    """,
    "direction": "inbound | outbound | ifindex <u8>",
    "geneve": "geneve | geneve <u24> | geneve and <plain> | geneve <u24> and <plain>",
    "byte": "byte <u8> <byteop> <u8>",
    "radio": "radio[<index>] <rel> <u8> | radio[<index>:<size>] <rel> <u16>",
    "arcnet": "link host <aid> | ether src <aid> | link dst <aid>",
    "rare-load": "<rareload> <rel> <u8> | <rareload> & <u8> <rel> <u8>",
    "gateway": "gateway localhost | ip gateway localhost",
}

FAMILIES: dict[str, tuple[str, ...]] = {
    family: tuple(" ".join(template.split()) for template in templates.split(" | "))
    for family, templates in {**EVERYDAY, **RARE}.items()
}

# Part -> alternatives.
PARTS: dict[str, tuple[str, ...]] = {
    "way": ("src ", "dst ", "src or dst ", "dst or src ", "src and dst ", "dst and src "),
    "dir": ("", "", "", "<way>", "<way>"),
    "link": ("ether", "ether", "link", "fddi", "tr", "wlan", "ppp", "slip"),
    "tcpname": tuple(PORTS["tcp"]),
    "udpname": tuple(PORTS["udp"]),
    "protocol": tuple(PROTOCOLS),
    "ethertype": ("ip", "ip6", "arp", "rarp"),
    "oldtype": ("aarp", "atalk", "decnet", "lat", "mopdl", "moprc", "sca", "ipx", "iso", "stp",
                "netbeui", "loopback"),
    "osi": ("clnp", "esis", "isis"),
    "rel": ("=", "==", "!=", ">", ">=", "<", "<="),
    "op": ("+", "-", "*", "&", "|", "^"),
    "byteop": ("=", "<", ">", "&", "|"),
    "load": ("<header>[<index>]", "<header>[<index>:<size>]", "<header>[<index>]"),
    "tightload": ("<tight>[<u4>]", "<tight>[<u4>:<size>]"),
    "header": ("<tight>", "arp", "rarp", "sctp", "icmp6", "igmp", "pim", "vrrp",
               "carp", "igrp", "tcp", "udp", "icmp", "<link>"),
    "tight": ("ip", "tcp", "udp", "icmp", "ip", "ip6"),
    "rareload": ("<rareheader>[<u8>]", "<rareheader>[<u8>:<size>]"),
    "rareheader": ("atalk", "aarp", "decnet", "lat", "sca", "moprc", "mopdl"),
    "index": ("<u4>", "<u4>", "<u8>", "<u4> + <u4>", "ip[0] & 0xf", "<u16>", "<u8> << 1"),
    "size": ("1", "2", "4"),
    "sum": (
        "<u8>", "<u16>", "<u32>", "len", "<load>", "<load> + <u8>", "<u8> * <u4>", "len - <u8>",
        "<load> & <u16>", "<load> | <u16>", "<load> ^ <u8>", "<load> % <nonzero>",
        "<load> / <nonzero>", "<load> << <shift>", "<load> >> <shift>", "(<sum>) + <u8>",
        "-<load>", "<u8> + <u8> * <u8>", "<load> & <u8> << <shift>", "(<load> - <u8>) * <u4>",
        "<u16> ^ <u8> + <u8>", "<u16> % <nonzero> + <u4>", "-<u8> % <nonzero>", "- -<u8>",
    ),
    "flag": ("tcp-fin", "tcp-syn", "tcp-rst", "tcp-push", "tcp-ack", "tcp-urg", "tcp-ece",
             "tcp-cwr"),
    "llctype": ("i", "s", "u", "rr", "rnr", "rej", "ui", "ua", "disc", "sabme", "test", "xid",
                "frmr", "rulenum"),
    "wlantype": ("mgt", "ctl", "data", "0", "0x4", "8"),
    "subtype": ("<mgtsubtype>", "<ctlsubtype>", "<datasubtype>"),
    "mgtsubtype": ("assoc-req", "assoc-resp", "reassoc-req", "reassoc-resp", "probe-req",
                   "probe-resp", "beacon", "atim", "disassoc", "auth", "deauth"),
    "ctlsubtype": ("ps-poll", "rts", "cts", "ack", "cf-end", "cf-end-ack"),
    "datasubtype": ("data", "data-cf-ack", "data-cf-poll", "data-cf-ack-poll", "null", "cf-ack",
                    "cf-poll", "cf-ack-poll", "qos-data", "qos-data-cf-ack", "qos-data-cf-poll",
                    "qos-data-cf-ack-poll", "qos", "qos-cf-poll", "qos-cf-ack-poll"),
    "wlandir": ("nods", "tods", "fromds", "dstods", "0", "1", "2", "3"),
    "interface": ("eth0", "en0", "vlan5.1", "lo"),
    "reason": ("match", "bad-offset", "fragment", "short", "normalize", "memory"),
    "action": ("pass", "block", "nat", "rdr", "binat", "scrub", "accept", "drop"),
    # A primitive that stands in a shifted packet as well.
    "plain": (
        "ip", "ip6", "tcp", "udp", "tcp port <port>", "host <v4>", "icmp", "ip6 host <v6>", "arp",
        "net <v4net>", "ip[8] <rel> <u8>", "udp port <port> or <port>",
        "tcp[tcpflags] <rel> <flag>",
    ),
}  # fmt: skip
