"""A Drawing: where everything of a Chart stands, in units of a pixel, from the top left corner."""

from collections.abc import Sequence
from typing import NamedTuple

from pcapfilter.tools.graph.chart import Arrow
from pcapfilter.tools.graph.columns import columns
from pcapfilter.tools.graph.pins import NOWHERE, Out, Pins, default_shift, place_pins, ways_out
from pcapfilter.tools.graph.rows import Rows, arrange
from pcapfilter.tools.graph.wires import (
    FOOT_ROOM,
    HEAD_ROOM,
    RAIL,
    TRACK,
    Dot,
    Line,
    Net,
    Pin,
    dots_of,
    lines_of,
    tracks_of,
)

TRUNK = 10
"""The width that a trunk takes in its row."""

BESIDE = {(False, False): 40, (False, True): 28, (True, False): 28, (True, True): 8}
"""The room between neighbours in a row, by whether each is a trunk."""

OVERHANG = 12
"""How far a label may stand out beside its box."""

Size = tuple[float, float]


class Frame(NamedTuple):
    """Where a box stands: its top left corner, and its size."""

    x: float
    y: float
    width: float
    height: float


class Mark(NamedTuple):
    """The place of an arrow's head (`side` is empty), or of its label, on one side of the place."""

    x: float
    y: float
    arrows: tuple[int, ...]
    side: str = ""


class Drawing(NamedTuple):
    """Where everything stands; frames are in the order of the boxes."""

    width: float
    height: float
    frames: tuple[Frame, ...]
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]
    heads: tuple[Mark, ...]
    labels: tuple[Mark, ...]


class Gap(NamedTuple):
    """What leads through the room above a row (or below the last one), and the tracks of it."""

    nets: tuple[Net, ...]
    tracks: dict[int, int]

    @property
    def height(self) -> float:
        """How high it has to be."""
        tracks = max(self.tracks.values(), default=0)
        return HEAD_ROOM + TRACK * tracks + FOOT_ROOM if self.nets else 0


def draw(sizes: Sequence[Size], arrows: Sequence[Arrow], label: float) -> Drawing:
    """Arrange boxes of given sizes and the arrows between them, with labels of a given width."""
    rows = arrange(len(sizes), [(arrow.source, arrow.target) for arrow in arrows])
    outs = ways_out(rows, arrows)
    widths = [width for width, _ in sizes]
    x = columns(
        rows,
        lambda item: TRUNK if item in rows.trunks else widths[item],
        lambda left, right: BESIDE[left in rows.trunks, right in rows.trunks],
        {(out.source, out.item): default_shift(out, widths[out.source]) for out in outs},
    )
    reach = [
        (place - half, place + half)
        for row in x
        for item, place in row.items()
        for half in [TRUNK if item in rows.trunks else widths[item] / 2 + OVERHANG]
    ]
    left, right = min(low for low, _ in reach), max(high for _, high in reach)
    x = [{item: place - left for item, place in row.items()} for row in x]
    weights = [1 if arrow.packets is None else arrow.packets for arrow in arrows]
    pins = place_pins(rows, outs, x, widths, weights, label - OVERHANG)
    rails = _rails(rows, arrows, right - left)
    gaps = _gaps(rows, arrows, outs, pins, x, rails)
    return _drawn(rows, sizes, outs, pins, x, gaps, right - left + RAIL * len(rails))


def _rails(rows: Rows, arrows: Sequence[Arrow], right: float) -> dict[int, Pin]:
    """Give the rail at the right of the picture by which each box is reached from below."""
    rails: dict[int, Pin] = {}
    for target in dict.fromkeys(arrows[number].target for number in sorted(rows.backward)):
        back = tuple(n for n in sorted(rows.backward) if arrows[n].target == target)
        rails[target] = Pin(right + RAIL * (len(rails) + 0.5), back)
    return rails


def _gaps(
    rows: Rows,
    arrows: Sequence[Arrow],
    outs: Sequence[Out],
    pins: Pins,
    x: Sequence[dict[int, float]],
    rails: dict[int, Pin],
) -> list[Gap]:
    """Give the nets of each gap: gap r lies above row r, and the last one below all rows."""
    carried: dict[int, tuple[int, ...]] = {}
    gaps: list[Gap] = []
    by_row: dict[int, list[Out]] = {}
    for out in outs:
        by_row.setdefault(rows.row_of[out.source], []).append(out)
    for row in range(len(rows.items) + 1):
        leaving = by_row.get(row - 1, [])
        nets: list[Net] = []
        for item in rows.items[row] if row < len(rows.items) else ():
            tops = [Pin(pins.ways[o.arrow], (o.arrow,)) for o in leaving if o.item == item]
            links = rows.links[row - 1] if row else ()
            tops += [
                Pin(x[row - 1][a], carried[a]) for a, b in links if b == item and a in rows.trunks
            ]
            rail = rails.get(item)
            through = tuple(n for pin in tops for n in pin.arrows)
            if item in rows.trunks:
                carried[item] = through
            if through or rail:
                end = pins.entries.get(item, x[row][item])
                bottom = Pin(end, through + (rail.arrows if rail else ()))
                nets.append(Net(tuple(tops), bottom, rail))
        for target, rail in rails.items():
            back = [o for o in leaving if o.item == NOWHERE and arrows[o.arrow].target == target]
            if back:
                tops = [Pin(pins.ways[o.arrow], (o.arrow,)) for o in back]
                up = Pin(rail.x, tuple(o.arrow for o in back))
                nets.append(Net(tuple(tops), None, up))
        gaps.append(Gap(tuple(nets), tracks_of(nets)))
    return gaps


def _drawn(
    rows: Rows,
    sizes: Sequence[Size],
    outs: Sequence[Out],
    pins: Pins,
    x: Sequence[dict[int, float]],
    gaps: Sequence[Gap],
    width: float,
) -> Drawing:
    """Give everything its height, from the top down."""
    frames: dict[int, Frame] = {}
    lines: list[Line] = []
    dots: list[Dot] = []
    heads: list[Mark] = []
    starts: dict[float, float] = {}  # place of a pin above the gap at work -> where it begins
    ends: dict[float, list[float]] = {}  # place of a rail -> the tracks that it joins
    leaving: dict[int, list[Out]] = {}
    for out in outs:
        leaving.setdefault(out.source, []).append(out)
    y = 0.0
    for number, gap in enumerate(gaps):
        foot = y + gap.height
        for at, net in enumerate(gap.nets):
            track = y + HEAD_ROOM + TRACK * gap.tracks.get(at, 0)
            lines += lines_of(net, starts, track, foot)
            dots += dots_of(net, track)
            if net.rail is not None:
                ends.setdefault(net.rail.x, []).append(track)
        y = foot
        starts = {}
        if number == len(rows.items):
            break
        row = rows.items[number]
        height = max(sizes[item][1] for item in row if item not in rows.trunks)
        for item in row:
            place = x[number][item]
            if item in rows.trunks:
                through = _through(gap, place)
                lines.append(Line(place, y, place, y + height, through))
                starts[place] = y + height
            else:
                frames[item] = Frame(place - sizes[item][0] / 2, y, *sizes[item])
                if through := _through(gap, pins.entries[item]):
                    heads.append(Mark(pins.entries[item], y, through))
                for out in leaving.get(item, []):
                    starts[pins.ways[out.arrow]] = y + sizes[item][1]
        y += height
    for place, tracks in ends.items():
        carried = next(n.rail.arrows for g in gaps for n in g.nets if n.rail and n.rail.x == place)
        lines.append(Line(place, min(tracks), place, max(tracks), carried))
    labels = [
        Mark(place, frames[o.source].y + frames[o.source].height, (o.arrow,), o.side)
        for o in outs
        for place in [pins.ways[o.arrow]]
    ]
    boxes = tuple(frames[box] for box in range(len(sizes)))
    return Drawing(width, y, boxes, tuple(lines), tuple(dots), tuple(heads), tuple(labels))


def _through(gap: Gap, place: float) -> tuple[int, ...]:
    """Give the arrows that leave a gap at a place."""
    return next((n.bottom.arrows for n in gap.nets if n.bottom and n.bottom.x == place), ())
