"""The vocabulary: every word of the language, what sort of word it is, and its canonical spelling.

Source: pcap-filter(7), and what libpcap 1.10.3 takes beyond its manual (`lsu`, `rulenum`, ...).
"""

# Sort of word (the token that the grammar knows) -> canonical word -> spellings beyond it.
SORTS: dict[str, dict[str, str]] = {
    # A protocol: `tcp`, `tcp port 80`, `tcp[0] = 1`. All names of link layers mean the same.
    "PROTO": {
        "link": "ether fddi tr wlan ppp slip", "ip": "", "arp": "", "rarp": "", "sctp": "",
        "tcp": "", "udp": "", "icmp": "", "igmp": "", "igrp": "", "pim": "", "vrrp": "",
        "carp": "", "atalk": "", "aarp": "", "decnet": "", "lat": "", "sca": "", "moprc": "",
        "mopdl": "", "ip6": "", "icmp6": "", "ah": "", "esp": "", "iso": "", "esis": "es-is",
        "isis": "is-is", "clnp": "", "stp": "", "ipx": "", "netbeui": "", "l1": "", "l2": "",
        "iih": "", "lsp": "", "snp": "", "csnp": "", "psnp": "", "radio": "",
    },
    "SRC": {"src": ""},
    "DST": {"dst": ""},
    # A direction on its own: the address fields of an 802.11 header.
    "ADDRESS": {
        "addr1": "address1", "addr2": "address2", "addr3": "address3", "addr4": "address4",
        "ra": "", "ta": "",
    },
    # What an identifier names; a direction may stand before these, but not before the next ones.
    "KIND": {"host": "", "net": "", "port": "", "portrange": ""},
    "PLAINKIND": {"proto": "", "protochain": "", "gateway": ""},
    "MASK": {"mask": ""},
    # Words by what follows them: nothing, a number, a number or nothing, a name, either.
    "BARE": {
        "inbound": "", "outbound": "", "pppoed": "",
        "lane": "", "metac": "", "bcc": "", "oamf4ec": "", "oamf4sc": "", "sc": "", "ilmic": "",
        "oam": "", "oamf4": "", "connectmsg": "", "metaconnect": "",
        "fisu": "", "lssu": "lsu", "msu": "", "hfisu": "", "hlssu": "", "hmsu": "",
    },
    "NUMBERED": {"less": "", "greater": "", "ifindex": "", "srnr": "subrulenum"},
    "ENCAPSULATION": {"vlan": "", "mpls": "", "pppoes": "", "geneve": ""},
    "NAMED": {"ifname": "on", "rset": "ruleset", "action": ""},
    "REASON": {"reason": ""},
    "RNR": {"rnr": "rulenum"},
    "LLC": {"llc": ""},
    "TYPE": {"type": ""},
    "SUBTYPE": {"subtype": ""},
    "DIR": {"dir": "direction"},
    "BYTE": {"byte": ""},
    "CAST": {"broadcast": "", "multicast": ""},
    # A field of ATM or SS7, compared with numbers.
    "FIELD": {
        "vpi": "", "vci": "", "sio": "", "opc": "", "dpc": "", "sls": "",
        "hsio": "", "hopc": "", "hdpc": "", "hsls": "",
    },
    "LEN": {"len": "length"},
    "AND": {"and": ""},
    "OR": {"or": ""},
    "NOT": {"not": ""},
}  # fmt: skip

# Spelling -> (sort, canonical word).
KEYWORDS: dict[str, tuple[str, str]] = {
    spelling: (sort, word)
    for sort, words in SORTS.items()
    for word, others in words.items()
    for spelling in (word, *others.split())
}

# Named constants: they stand wherever a number may.
CONSTANTS: dict[str, int] = {
    "icmptype": 0, "icmpcode": 1, "icmp6type": 0, "icmp6code": 1, "tcpflags": 13,
    "tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8,
    "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
    "icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5,
    "icmp-echo": 8, "icmp-routeradvert": 9, "icmp-routersolicit": 10, "icmp-timxceed": 11,
    "icmp-paramprob": 12, "icmp-tstamp": 13, "icmp-tstampreply": 14, "icmp-ireq": 15,
    "icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,
    "icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3,
    "icmp6-parameterproblem": 4, "icmp6-echo": 128, "icmp6-echoreply": 129,
    "icmp6-multicastlistenerquery": 130, "icmp6-multicastlistenerreportv1": 131,
    "icmp6-multicastlistenerdone": 132, "icmp6-routersolicit": 133, "icmp6-routeradvert": 134,
    "icmp6-neighborsolicit": 135, "icmp6-neighboradvert": 136, "icmp6-redirect": 137,
    "icmp6-routerrenum": 138, "icmp6-nodeinformationquery": 139,
    "icmp6-nodeinformationresponse": 140, "icmp6-ineighbordiscoverysolicit": 141,
    "icmp6-ineighbordiscoveryadvert": 142, "icmp6-multicastlistenerreportv2": 143,
    "icmp6-homeagentdiscoveryrequest": 144, "icmp6-homeagentdiscoveryreply": 145,
    "icmp6-mobileprefixsolicit": 146, "icmp6-mobileprefixadvert": 147,
    "icmp6-certpathsolicit": 148, "icmp6-certpathadvert": 149,
    "icmp6-multicastrouteradvert": 151, "icmp6-multicastroutersolicit": 152,
    "icmp6-multicastrouterterm": 153,
}  # fmt: skip
