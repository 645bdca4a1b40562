"""Frames of 802.11, bare or behind radiotap, Prism and AVS headers.

Source of the forms: what `tcpdump -e` prints; IEEE 802.11-2016, 9.2 to 9.4; radiotap.org.
"""

from pcapfilter.cli.frame import Frame, Reader, read_llc

MANAGEMENT, CONTROL, DATA = 0, 1, 2
TO_SYSTEM, FROM_SYSTEM, PROTECTED, ORDERED = 0x01, 0x02, 0x40, 0x80
NULL, QOS = 4, 8
"""In the subtype of a data frame: it carries nothing; a field of quality of service is there."""

NAMED = {
    # subtype of a management frame -> name, octets before its elements (None: it has none)
    0: ("Assoc Request", 4), 1: ("Assoc Response", 6), 2: ("ReAssoc Request", 10),
    3: ("ReAssoc Response", 6), 4: ("Probe Request", 0), 5: ("Probe Response", 12),
    8: ("Beacon", 12), 9: ("ATIM", None), 10: ("Disassociation", None),
    11: ("Authentication", None), 12: ("DeAuthentication", None), 13: ("Action", None),
}  # fmt: skip
CONTROLS = {
    # subtype of a control frame -> name, octets of its header, its addresses
    7: ("Control Wrapper", 20, ("RA",)), 8: ("BAR", 20, ("RA", "TA")), 9: ("BA", 16, ("RA",)),
    10: ("Power Save-Poll", 16, ("BSSID", "TA")), 11: ("Request-To-Send", 16, ("RA", "TA")),
    12: ("Clear-To-Send", 10, ("RA",)), 13: ("Acknowledgment", 10, ("RA",)),
    14: ("CF-End", 16, ("RA",)), 15: ("CF-End+CF-Ack", 16, ("RA",)),
}  # fmt: skip
WAYS = {
    # who the addresses of data are, in their order, by the bits to and from the system
    0: ("DA", "SA", "BSSID"), TO_SYSTEM: ("BSSID", "SA", "DA"),
    FROM_SYSTEM: ("DA", "BSSID", "SA"), TO_SYSTEM | FROM_SYSTEM: ("RA", "TA", "DA", "SA"),
}  # fmt: skip
PLACES = (4, 10, 16, 24)
"""Where the addresses stand."""
LEAST = 10

TIME, FLAGS = 1 << 0, 1 << 1
"""Bits of radiotap's first word: its first field is a time, its next one are flags."""
PADDED = 0x20
AVS = bytes.fromhex("80211001")
PRISM_SIZE = 144


def read_wireless(
    octets: bytes, _wirelen: int, _quiet: bool, *, start: int = 0, padded: bool = False
) -> Frame:
    """Read the frame that begins at `start`; `padded`: to whole words, before what it carries."""
    body = octets[start:]
    if len(body) < LEAST:
        return Frame(0, start)
    kind, subtype, flags = body[0] >> 2 & 3, body[0] >> 4, body[1]
    header = ""
    if kind == MANAGEMENT:
        size = 28 if flags & ORDERED else 24
        named, before = NAMED.get(subtype, (f"Management {subtype}", None))
        header = _addresses(body, ("DA", "SA", "BSSID"), (2, 0, 1))
        if before is not None:
            named += _network_name(body[size + before :])
        return Frame(0, start + size, header, said=named)
    if kind == CONTROL:
        named, size, addresses = CONTROLS.get(subtype, (f"Control {subtype}", LEAST, ("RA",)))
        return Frame(0, start + size, _addresses(body, addresses), said=named)
    if kind != DATA:
        return Frame(0, start)
    way = flags & (TO_SYSTEM | FROM_SYSTEM)
    size = 30 if way == TO_SYSTEM | FROM_SYSTEM else 24
    size += 2 if subtype & QOS else 0
    size += 4 if flags & ORDERED and subtype & QOS else 0
    size += -size % 4 if padded else 0
    header = _addresses(body, WAYS[way])
    if subtype & NULL:
        return Frame(0, start + size, header, said="Data without contents")
    if flags & PROTECTED:
        return Frame(0, start + size, header, said="Data, encrypted")
    return read_llc(octets, start + size, header, ())


def _addresses(body: bytes, names: tuple[str, ...], order: tuple[int, ...] = (0, 1, 2, 3)) -> str:
    told = [
        f"{name}:{body[at : at + 6].hex(':')} " for name, at in zip(names, PLACES, strict=False)
    ]
    return "".join(told[number] for number in order[: len(told)])


def _network_name(elements: bytes) -> str:
    """Give the name of the network, which comes first of the elements of a management frame."""
    if len(elements) < 2 or elements[0] or len(elements) < 2 + elements[1]:
        return ""
    name = elements[2 : 2 + elements[1]].decode(errors="backslashreplace")
    return " ({})".format(
        "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)  # it may be anybody's
    )


def _radiotap(octets: bytes, wirelen: int, quiet: bool) -> Frame:
    """Read a header in which a bit of the flags says that the frame's own header is padded."""
    at, present = 8, int.from_bytes(octets[4:8], "little")
    more = present
    while more >> 31 and at < len(octets):
        more = int.from_bytes(octets[at : at + 4], "little")
        at += 4
    if present & TIME:
        at += -at % 8 + 8
    padded = bool(present & FLAGS and octets[at : at + 1] and octets[at] & PADDED)
    start = int.from_bytes(octets[2:4], "little")
    return read_wireless(octets, wirelen, quiet, start=start, padded=padded)


def _avs(octets: bytes, wirelen: int, quiet: bool) -> Frame:
    return read_wireless(octets, wirelen, quiet, start=int.from_bytes(octets[4:8]))


def _prism(octets: bytes, wirelen: int, quiet: bool) -> Frame:
    """Read a header of fixed size, in whose place some drivers have one of AVS."""
    if octets[:4] == AVS:
        return _avs(octets, wirelen, quiet)
    return read_wireless(octets, wirelen, quiet, start=PRISM_SIZE)


WIRELESS: dict[str, Reader] = {
    "IEEE802_11": Reader(LEAST, read_wireless),
    "IEEE802_11_RADIO": Reader(8, _radiotap),
    "IEEE802_11_RADIO_AVS": Reader(8, _avs),
    "PRISM_HEADER": Reader(8, _prism),
}
