"""Pictures of a program's control flow, with how often the packets of a capture went each way.

    chart_for(filter, source)  what is to be drawn of a Filter, and how often packets went where
    chart_of(program, ...)     boxes and arrows                                        chart.py
    count_ways(program, ...)   how often packets take each of them                     counting.py
    svg, dot, page, png        a chart as the content of a file

How svg.py lays it out: rows.py (which box in which row, in which order), columns.py (where across),
pins.py (where arrows leave and enter), wires.py (how lines run), drawing.py (all together).
"""

from collections.abc import Iterator
from pathlib import PurePath

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.errors import Span
from pcapfilter.filter import Filter
from pcapfilter.io.base import Source
from pcapfilter.packets import Origin, PacketBatch
from pcapfilter.tools.explain.listing import about
from pcapfilter.tools.graph.chart import Arrow, Box, Chart, chart_of
from pcapfilter.tools.graph.counting import Counts, count_ways
from pcapfilter.tools.graph.dot import dot
from pcapfilter.tools.graph.page import page
from pcapfilter.tools.graph.png import png
from pcapfilter.tools.graph.svg import svg
from pcapfilter.tools.provenance import Provenance, provenance_of

__all__ = [
    "Arrow",
    "Box",
    "Chart",
    "Counts",
    "chart_for",
    "chart_of",
    "count_ways",
    "dot",
    "page",
    "png",
    "svg",
]


def chart_for(made: Filter, source: Source | None = None) -> Chart:
    """Give the chart of a Filter; with a Source, for what it gives, and with its packets counted.

    Of a Source with several link types, the packets of its first one are counted. FilterError
    where the filter is refused for it; one that nothing can match is a program of one `ret #0`.
    """
    if source is None:
        return _chart(made, provenance_of(made), None, [])
    origin = source.origin
    link, snaplen, kind, swapped = origin
    here = made.options._replace(link=link, snaplen=snaplen, source=kind, swapped=swapped)
    made = Filter(made.text, here)
    found = provenance_of(made)
    left_out = [0]
    counts = count_ways(found.program, _only(source, origin, left_out))
    matching = f"{counts.matched:,} match{'es' * (counts.matched == 1)}"
    notes = [f"{PurePath(source.name).name}: {_packets(counts.seen)}, {matching}"]
    if left_out[0]:
        notes.append(f"{_packets(left_out[0])} of other link types left out")
    return _chart(made, found, counts, notes)


def _chart(made: Filter, found: Provenance, counts: Counts | None, notes: list[str]) -> Chart:
    places = range(len(found.program))
    return chart_of(
        found.program,
        text=made.text,
        parts=[[Span(*place) for place in found.spans(pc)] for pc in places],
        questions=[
            about(instruction, origin) if isa.ROWS[instruction.code].kind == "jump" else ""
            for instruction, origin in zip(found.program, found.origins, strict=True)
        ],
        reads=[origin.field.name if origin.field else "" for origin in found.origins],
        counts=counts,
        notes=[_size(made, found.program), *notes],
    )


def _only(source: Source, origin: Origin, left_out: list[int]) -> Iterator[PacketBatch]:
    for batch in source.batches():
        if batch.origin._replace(snaplen=origin.snaplen) == origin:
            yield batch
        else:
            left_out[0] += batch.count


def _size(made: Filter, program: Program) -> str:
    optimised = "optimised" if made.options.optimize else "not optimised"
    count = f"{len(program)} instruction{'s' * (len(program) != 1)}"
    return f"{made.options.link.title}, {count}, {optimised}"


def _packets(count: int) -> str:
    return f"{count:,} packet{'s' * (count != 1)}"
