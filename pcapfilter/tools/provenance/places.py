"""Which header an offset of the packet lies in, as far as the text before it tells."""

from typing import NamedTuple

from pcapfilter.codegen.layout import FRELAY, IPV4, IPV6, PPP, Layout, of_link
from pcapfilter.tools.fields import LINKS, PREFIXES

LINK_HEADER = "link-layer header"
"""In place of a network header: whatever the offset, the words count from the link layer's."""

LENGTHS = "header length"
"""The varying part of a place behind an IPv4 header."""

SHIFTING = {
    # word -> the header behind which whatever follows in the text is looked for
    "vlan": "VLAN tag",
    "mpls": "MPLS label",
    "pppoes": "PPPoE header",
    "geneve": "Geneve tunnel",
    "lane": "LAN emulation header",
}
MOVING = frozenset(("pppoes", "geneve", "lane"))
"""Those of them behind which another link layer begins: the others leave it where it is."""

ONLY = {IPV4: "IPv4", IPV6: "IPv6"}
"""What packets are of link types that have nothing else."""

UDP_HEADER, PPPOE_HEADER, LABEL = 8, 6, 4


class Known(NamedTuple):
    """What the tests so far have established: the headers that follow the link layer's.

    `tunnel` is what UDP carries, for the words that look there.
    """

    network: str = ""
    transport: str = ""
    tunnel: str = ""

    def both(self, other: "Known") -> "Known":
        """Give what is established either way."""
        return Known(
            self.network if self.network == other.network else "",
            self.transport if self.transport == other.transport else "",
            self.tunnel,
        )


class Spot(NamedTuple):
    """A place in a header, in octets, and the text of a part that varies."""

    header: str
    at: int
    varying: str = ""


def locate(
    layout: Layout, outermost: int, known: Known, constant: int, parts: tuple[str, ...]
) -> Spot:
    """Give the header that a load looks into.

    It reads at `constant` octets plus `parts`: names of varying places of the layout, LENGTHS, or
    the text of a computed index.
    """
    places = {layout.payload.variable, layout.header.variable}
    if layout.type is not None:
        places.add(layout.type.variable)
    varying = [part for part in parts if part != LENGTHS and part not in places]
    variable = next((part for part in parts if part in places and part), "")
    text = " + ".join(varying)
    payload = layout.payload.constant
    network = payload + layout.net
    if known.network == LINK_HEADER and variable == layout.header.variable:
        return Spot(LINKS.get(layout.link, "packet"), constant - layout.header.constant, text)
    if LENGTHS in parts:
        return _behind(known, constant - network, text)
    if layout.type is not None and variable == layout.type.variable:
        place = constant - layout.type.constant
        if 0 <= place < 2 and variable != layout.payload.variable:
            return _type(layout, place, text)
    if variable == layout.payload.variable and payload >= 0 and constant >= payload:
        return _inside(layout, known, constant, text)
    if layout.type is not None and variable == layout.type.variable:
        place = constant - layout.type.constant
        if 0 <= place < 2:
            return _type(layout, place, text)
    in_front = variable != layout.header.variable or constant < layout.header.constant
    if in_front and not variable and outermost in PREFIXES:
        return Spot(PREFIXES[outermost], constant, text)
    if variable != layout.header.variable:
        return Spot("packet", constant, text)
    return Spot(LINKS.get(layout.link, "packet"), constant - layout.header.constant, text)


def _behind(known: Known, place: int, text: str) -> Spot:
    """A place behind the IP header, or in what the transport header carries."""
    if known.tunnel and place >= UDP_HEADER:
        return Spot(known.tunnel, place - UDP_HEADER, text)
    return Spot(known.transport or "header behind IP", place, text)


def _type(layout: Layout, place: int, text: str) -> Spot:
    """The type field: of the link layer's header, or behind a VLAN tag."""
    first = of_link(layout.link)
    if first is None or first.type is None or layout.type is None:
        return Spot("packet", place, text)
    own = first.type.constant - first.header.constant
    if layout.link == PPP and layout.type == layout.header:
        return Spot("PPPoE", PPPOE_HEADER + place, text)
    if layout.overlay or layout.type.constant - layout.header.constant == own:
        return Spot(LINKS.get(layout.link, "packet"), own + place, text)
    return Spot("VLAN", 2 + place, text)


def _inside(layout: Layout, known: Known, constant: int, text: str) -> Spot:
    """A place in the payload of the link layer."""
    payload = layout.payload.constant
    if not known.network:
        known = known._replace(network=ONLY.get(layout.link, ""))
    if known.network in {"ISO", "IS-IS"}:
        return Spot(known.network, constant - payload - layout.net_nosnap, text)
    network = payload + layout.net
    labels = network - LABEL * layout.labels
    if labels <= constant < network:
        return Spot("MPLS", (constant - labels) % LABEL, text)
    if known.network == "LLC" or constant < network:
        return Spot("LLC", constant - payload, text)
    place = constant - network
    if layout.link == FRELAY and not known.network:
        return Spot(LINKS[FRELAY], place, text)
    if known.network == "IPv6" and place >= 40 and known.transport:
        return _behind(known, place - 40, text)
    return Spot(known.network or ("network header" if place else "IP"), place, text)
