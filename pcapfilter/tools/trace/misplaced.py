"""Fields that are not what a filter takes them for.

What follows `vlan` in a text is looked for behind a tag, in packets that have none as well; and as
in libpcap, what stands on the right of a comparison is read whatever the packet is.
"""

from collections.abc import Sequence

from pcapfilter.bpf.program import Program
from pcapfilter.compiling import Options
from pcapfilter.engine import reference
from pcapfilter.filter import Filter
from pcapfilter.tools.fields import LINKS, PREFIXES, Named, named
from pcapfilter.tools.layers.read import layers
from pcapfilter.tools.layers.table import HEADERS
from pcapfilter.tools.provenance import Primitive
from pcapfilter.tools.provenance.places import MOVING, SHIFTING

ALIKE = {"RARP": "ARP", "IP": "IPv4"}
"""Headers that are read as others."""


class Shifts:
    """The words of a text that shift what follows them.

    A chain is such words, from the first one on, without their numbers: it matches where all their
    headers are there. `first` are the headers that packets begin with.
    """

    def __init__(self, primitives: Sequence[Primitive], options: Options) -> None:
        self.primitives = primitives
        dlt = options.link.dlt
        self.first = {LINKS.get(dlt), PREFIXES.get(dlt)}
        words = primitives[-1].behind if primitives else ()
        self.chains: list[Program] = [
            Filter(" and ".join(words[:n]), options._replace(optimize=False)).program()
            for n in range(1, len(words) + 1)
        ]


class Sight:
    """What of one packet is what it is taken for."""

    def __init__(self, shifts: Shifts, link: str, packet: bytes, wirelen: int | None) -> None:
        self._shifts, self._packet, self._wirelen = shifts, packet, wirelen
        self._layers = [*layers(packet, link)]
        chains = enumerate(shifts.chains)
        self._missing = next(
            (n for n, chain in chains if not reference.run(chain, packet, wirelen)),
            len(shifts.chains),
        )

    def taken_for(self, field: Named, primitives: Sequence[int], place: int, size: int) -> str:
        """Say what is read in place of a field; nothing where it is the field.

        `primitives` are those that ask for it, by number; it was loaded from `place`.
        """
        found = self.instead(field, primitives, place, size)
        return f"what is taken for {field.name} ({octets(place, size)}{found})" if found else ""

    def instead(self, field: Named, primitives: Sequence[int], place: int, size: int) -> str:
        """Say what is there instead of a field, or what is not; nothing where it is the field."""
        if place < 0 or not primitives:
            return ""
        if really := self._really(field, place, size):
            return f", {really}"
        behind = min((self._shifts.primitives[n].behind for n in primitives), key=len)
        stays = field.header in self._shifts.first and not MOVING & {*behind}
        if len(behind) <= self._missing or stays:
            return ""
        return f"; there is no {SHIFTING[behind[self._missing]]}"

    def cut(self, field: Named | None, primitives: Sequence[int], place: int, size: int) -> str:
        """Say that the packet is too short for a load."""
        if field is not None and field.header == "kernel":
            return f"{field.name} is not known of packets in captures"
        length = len(self._packet)
        captured = f"{length} octet{'s' * (length != 1)}"
        if self._wirelen is not None and self._wirelen > length:
            captured = f"{length} of {self._wirelen} octets"
        name = "what is read" if field is None else field.name
        if field is not None and self.instead(field, primitives, place, size):
            name = f"what is taken for {name}"
        return f"the packet ends before {name} ({octets(place, size)}; captured {captured})"

    def _really(self, field: Named, place: int, size: int) -> str:
        """Name what stands at a place; nothing where it is the header of the field, or unknown."""
        header = ALIKE.get(field.header, field.header)
        name = field.name.removeprefix("inner ")
        if header not in HEADERS or field.others or name.startswith(f"{field.header} octet"):
            return ""
        for layer in self._layers:
            at = place - layer.start
            if at >= 0 and at + size <= layer.header.octets:
                name = layer.header.name
                versions = not field.at and {name, header} == {"IPv4", "IPv6"}
                is_it = versions or (name == header and 8 * at <= field.at < 8 * (at + size))
                return "" if is_it else named(name, 8 * at, 8 * size).name
        return ""


def octets(place: int, size: int) -> str:
    """Say which octets a load reads."""
    return f"octet {place}" if size == 1 else f"octets {place}-{place + size - 1}"
