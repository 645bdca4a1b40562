"""Link layers beside Ethernet: rings, Fibre Channel, ATM, frame relay, PPP and SLIP, pflog.

Source of the forms: what `tcpdump -e` prints; of the headers: the registry's pages of link types.
"""

from pcapfilter.cli.frame import (
    FAMILIES,
    IP,
    IP6,
    PPP,
    SNAP_SIZE,
    Frame,
    Reader,
    half,
    name_of,
    read_llc,
    read_version,
    told_kind,
)

FAMILY_KINDS = {"IPv4": IP, "IPv6": IP6}

UNNUMBERED = 0x03
"""The control field in front of a protocol's number, in frame relay."""

NLPIDS = {0xCC: ("IPv4", IP), 0x8E: ("IPv6", IP6)}
"""Protocol numbers of ISO, with their Ethertypes."""
NLPID_SNAP = 0x80


def _pair(octets: bytes, source: int, target: int, wirelen: int) -> str:
    """Give two addresses, which begin at these places."""
    there, here = (octets[at : at + 6].hex(":") for at in (target, source))
    return f"{here} > {there}, length {wirelen}: "


def _fddi(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    header = _pair(octets, 7, 1, wirelen)
    return read_llc(octets, 13, header, ()) if octets[0] >> 4 == 5 else Frame(0, 13, header)


def _token_ring(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    """Read a header in which the first bit of the sender says that a route follows."""
    start = 14
    if octets[8] & 0x80 and len(octets) > start:
        octets = octets[:8] + bytes([octets[8] & 0x7F]) + octets[9:]
        start += octets[14] & 0x1F
    header = _pair(octets, 8, 2, wirelen)
    return read_llc(octets, start, header, ()) if octets[1] >> 6 == 1 else Frame(0, start, header)


def _fibre_channel(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    return read_llc(octets, 16, _pair(octets, 10, 2, wirelen), ())


def _atm(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    return read_llc(octets, 0, f"length {wirelen}: ", ())


def _sun_atm(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    way, kind = "Tx" if octets[0] & 0x80 else "Rx", octets[0] & 0x0F
    header = f"{way}: VPI:{octets[1]} VCI:{half(octets, 2)}, length {wirelen}: "
    return read_llc(octets, 4, header, ()) if kind == 2 else Frame(0, 4, header)


def _firewire(octets: bytes, wirelen: int, quiet: bool) -> Frame:
    there, here, kind = octets[:8].hex(":"), octets[8:16].hex(":"), half(octets, 16)
    return Frame(kind, 18, f"{here} > {there}, {told_kind(kind, quiet)}, length {wirelen}: ")


def _slip(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    way = "O" if octets[0] else "I"
    return Frame(read_version(octets[16:]), 16, f"{way}, length {wirelen}: ")


def _pppd(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    number = half(octets, 2)
    name, kind = PPP.get(number, ("unknown", 0))
    way = "Out" if octets[0] else "In"
    return Frame(kind, 4, f"{way} {name} (0x{number:04x}), length {wirelen}: ")


def _pppoe(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    session, number = half(octets, 2), half(octets, 6)
    name, kind = PPP.get(number, ("unknown", 0))
    header = f"PPPoE [ses 0x{session:x}] {name} (0x{number:04x}), length {wirelen}: "
    return Frame(kind if octets[1] == 0 else 0, 8, header)


def _pflog(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    size, name = (octets[0] + 3) & ~3, FAMILIES.get(octets[1], "Unknown")
    return Frame(FAMILY_KINDS.get(name, 0), size, f"{name}, length {wirelen}: ")


def _frame_relay(octets: bytes, wirelen: int, _quiet: bool) -> Frame:
    """Read an address, whose last octet is odd, and an Ethertype or a number of ISO behind it."""
    size = next((at + 1 for at in range(1, min(4, len(octets))) if octets[at] & 1), 0)
    if not size or octets[0] & 1:
        return Frame(0, 0, f"Q.922, invalid address, length {wirelen}: ")
    circuit = (octets[0] >> 2) << 4 | octets[1] >> 4
    header = "Q.922, " + (f"DLCI {circuit}, " if size == 2 else "")
    rest = octets[size:]
    if rest[:1] != bytes([UNNUMBERED]):
        kind = half(octets, size)
        return Frame(kind, size + 2, f"{header}{name_of(kind)}, length {wirelen}: ")
    size += 2 if rest[1:2] == b"\0" else 1
    number = octets[size] if len(octets) > size else 0
    if number == NLPID_SNAP and octets[size + 1 : size + 4] == bytes(3):
        kind = half(octets, size + 4)
        return Frame(kind, size + 1 + SNAP_SIZE, f"{header}{name_of(kind)}, length {wirelen}: ")
    name, kind = NLPIDS.get(number, ("unknown", 0))
    return Frame(kind, size + 1, f"{header}NLPID {name} (0x{number:02x}), length {wirelen}: ")


RARE: dict[str, Reader] = {
    "APPLE_IP_OVER_IEEE1394": Reader(18, _firewire),
    "ATM_RFC1483": Reader(8, _atm),
    "FDDI": Reader(13, _fddi),
    "FRELAY": Reader(4, _frame_relay),
    "IEEE802": Reader(14, _token_ring),
    "IP_OVER_FC": Reader(16, _fibre_channel),
    "PFLOG": Reader(48, _pflog),
    "PPP_ETHER": Reader(8, _pppoe),
    "PPP_PPPD": Reader(4, _pppd),
    "SLIP": Reader(17, _slip),
    "SUNATM": Reader(4, _sun_atm),
}
