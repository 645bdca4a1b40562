"""The answer in words, a packet explained field by field, and packets written to a capture."""

from array import array
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO

from pcapfilter.packets import Origin, PacketBatch
from pcapfilter.tools.compare.comparison import Comparison
from pcapfilter.tools.layers import read as decode
from pcapfilter.tools.prove import Answer, Different, Same, Unknown, Witness

_MOST_SHOWN = 512
"""Octets of a packet that are shown."""


def report(found: Comparison) -> Iterator[str]:
    """Give the lines of the answer."""
    yield f"A: {found.a.title}"
    yield f"B: {found.b.title}"
    yield f"link type {found.link.title}"
    yield ""
    for grade, answer in (
        ("packets on which no load fails", found.complete),
        ("every packet", found.every),
    ):
        yield f"{grade + ':':<32}{verdict(answer, found.only)}"
    for number, witness in enumerate(found.witnesses, 1):
        yield ""
        yield from explain(found, witness, number if len(found.witnesses) > 1 else 0)


def verdict(answer: Answer, only: str | None = None) -> str:
    """Give an answer in words."""
    match answer:
        case Same(reach, turns, unset):
            limits = [f"of up to {reach:,} captured octets"] if reach is not None else []
            limits += [f"with up to {turns} turns of a loop"] if turns is not None else []
            limits += ["with 0 in scratch cells in which nothing was stored"] if unset else []
            whose = f" ({' and '.join(limits)})" if limits else ""
            if only is not None:
                return f"none is selected by {only} alone, proved{whose}"
            return f"the same, proved{whose}"
        case Different():
            return "different"
        case Unknown(reason):
            return f"unknown: {reason}"


def explain(found: Comparison, witness: Witness, number: int = 0) -> Iterator[str]:
    """Give the lines that explain one packet: who selects it, its fields, its octets."""
    taker, other = ("A", "B") if witness.first else ("B", "A")
    octets = witness.packet
    length = f"{len(octets)} octet{'s' * (len(octets) != 1)}"
    if witness.wirelen != len(octets):
        length += f" captured of {witness.wirelen} on the wire"
    which = f"packet {number}" if number else "a packet"
    yield f"{which} that {taker} selects and {other} does not: {length}"
    if not witness.complete:
        yield "  (a load fails on it: it ends before what is looked for)"
    if unset := "; ".join(_unset(found, witness)):
        yield f"  (scratch cells that are read unset: {unset}; 0 here, anything in libpcap)"
    for k, answer in sorted(witness.answers.items()):
        from pcapfilter.bpf import isa

        yield f"  the kernel says: {isa.ANCILLARY[k]} is {answer}"
    yield from fields(found, witness)
    yield from dump(octets)


def _unset(found: Comparison, witness: Witness) -> Iterator[str]:
    """Give which cells each program reads on a packet in which it has stored nothing."""
    for name, side in zip("AB", found.sides, strict=True):
        cells = side.unset(witness.packet, witness.wirelen, witness.answers)
        if cells:
            yield f"{name} {', '.join(f'M[{cell}]' for cell in cells)}"


def fields(found: Comparison, witness: Witness) -> Iterator[str]:
    """Give a line for each field: where it is, what it is, and who reads it."""
    octets = witness.packet
    reads = [side.reads(octets, witness.wirelen, witness.answers) for side in found.sides]
    known: set[int] = set()
    measured = [side.measures(octets, witness.wirelen, witness.answers) for side in found.sides]
    if any(measured):
        name = "".join(letter if asks else " " for letter, asks in zip("AB", measured, strict=True))
        yield f"  {name}  {'':<8} {'length on the wire':<32} {witness.wirelen}"
    for layer in decode.layers(octets, found.link.name):
        for field in layer.header.fields:
            start, end = layer.start + field.at // 8, layer.start + (field.at + field.bits + 7) // 8
            if end > len(octets):
                break
            known.update(range(start, end))
            value = decode.written(
                field, decode.number(octets, layer.start, field), layer.header.follows
            )
            name = f"{layer.header.name} {field.name}"
            yield _row(start, end, name, value, reads)
    for start, end in sorted({part for parts in reads for part in parts or ()}):
        if not known.issuperset(range(start, end)):
            yield _row(start, end, "", f"0x{octets[start:end].hex()}", reads)


def _row(
    start: int, end: int, name: str, value: str, reads: list[list[tuple[int, int]] | None]
) -> str:
    readers = "".join(
        letter if any(first < end and start < last for first, last in parts or ()) else " "
        for letter, parts in zip("AB", reads, strict=True)
    )
    place = str(start) if end == start + 1 else f"{start}-{end - 1}"
    return f"  {readers}  {place:<8} {name:<32} {value}".rstrip()


def dump(octets: bytes) -> Iterator[str]:
    """Give the octets, sixteen a line."""
    for start in range(0, min(len(octets), _MOST_SHOWN), 16):
        row = octets[start : start + 16]
        pairs = " ".join(row[n : n + 2].hex() for n in range(0, len(row), 2))
        yield f"  0x{start:04x}:  {pairs}"
    if len(octets) > _MOST_SHOWN:
        yield f"  and {len(octets) - _MOST_SHOWN} octets more"


def write(found: Comparison, place: str) -> None:
    """Write the packets to a capture, of the kind that the name ends in; `-` is standard output."""
    from pcapfilter.io.base import open_source
    from pcapfilter.io.output import open_sink
    from pcapfilter.io.pcap import PcapSink

    batch = PacketBatch.of([w.packet for w in found.witnesses], Origin(found.link))
    for index, witness in enumerate(found.witnesses):
        batch.wirelens[index] = witness.wirelen
    made = BytesIO()
    PcapSink(made, found.link, owned=False).write(batch, array("I", range(batch.count)))
    made.seek(0)
    with closing(open_source(made)) as source, closing(open_sink(place, source)) as sink:
        for whole in source.batches():
            sink.write(whole, array("I", range(whole.count)))
