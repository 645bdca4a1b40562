"""Where arrows leave their boxes, and where they enter those they lead to.

Lines run straight where that can be: an entry is where the line that carries most comes down, and
a way out is above the place it leads to. Pins of different targets in one gap keep apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pcapfilter.tools.graph.chart import Arrow
from pcapfilter.tools.graph.rows import Rows
from pcapfilter.tools.graph.wires import PIN_ROOM

EDGE = 14
"""How far an arrow's head keeps from the corner of its box."""

MIDDLE = 10
"""How far the two ways out of a box keep from its middle."""

NOWHERE = -1
"""The item below an arrow that leads up again."""


class Out(NamedTuple):
    """An arrow's way out of its box: to which item of the next row, and on which side."""

    arrow: int
    source: int
    item: int
    side: str


class Pins(NamedTuple):
    """Where each box is entered, and where each arrow leaves its box."""

    entries: dict[int, float]
    ways: dict[int, float]


def ways_out(rows: Rows, arrows: Sequence[Arrow]) -> list[Out]:
    """Give the ways out of all boxes; of two, the one that leads further left is the left one."""
    trunk_of = {target: trunk for trunk, target in rows.trunks.items()}
    places = [{item: place for place, item in enumerate(row)} for row in rows.items]
    by_box: dict[int, list[tuple[float, int, int]]] = defaultdict(list)
    for number, (source, target, _, _) in enumerate(arrows):
        if number in rows.backward:
            by_box[source].append((float("inf"), number, NOWHERE))
            continue
        below = rows.row_of[source] + 1
        item = target if rows.row_of[target] == below else trunk_of[target]
        by_box[source].append((places[below][item], number, item))
    return [
        Out(number, box, item, side if len(ways) == 2 else "")
        for box, ways in sorted(by_box.items())
        for (_, number, item), side in zip(sorted(ways), ("left", "right"), strict=False)
    ]


def default_shift(out: Out, width: float) -> float:
    """Give how far from the middle of its box a way out is, if nothing speaks against it."""
    return {"left": -width / 4, "right": width / 4}.get(out.side, 0.0)


def place_pins(
    rows: Rows,
    outs: Sequence[Out],
    x: Sequence[Mapping[int, float]],
    widths: Sequence[float],
    weights: Sequence[int],
    outer: float,
) -> Pins:
    """Place all pins.

    `x` is the middle of each item, by row; `weights` say how much an arrow carries; a way out
    keeps `outer` from the corner of its box, for its label.
    """
    middle = [x[row][box] for box, row in enumerate(rows.row_of)]
    bounds = {o.arrow: _bounds(o, middle[o.source], widths[o.source], outer) for o in outs}
    ways = {
        out.arrow: _between(middle[out.source] + default_shift(out, widths[out.source]), low, high)
        for out in outs
        for low, high in [bounds[out.arrow]]
    }
    tops: dict[int, list[tuple[int, float]]] = defaultdict(list)  # item -> weight, place
    for out in outs:
        tops[out.item].append((weights[out.arrow], ways[out.arrow]))
    carried = {item: sum(weight for weight, _ in pins) for item, pins in tops.items()}
    entries: dict[int, float] = {}
    for box, row in enumerate(rows.row_of):
        above = x[row - 1] if row else {}
        trunks = {item: place for item, place in above.items() if item in rows.trunks}
        own = [(carried[i], place) for i, place in trunks.items() if rows.trunks[i] == box]
        others = [place for item, place in trunks.items() if rows.trunks[item] != box]
        wanted = max([*own, *tops[box]], default=(0, middle[box]))[1]
        half = widths[box] / 2 - EDGE
        entries[box] = _apart(wanted, others, middle[box] - half, middle[box] + half)
    for out in outs:
        low, high = bounds[out.arrow]
        below = x[rows.row_of[out.source] + 1] if out.item != NOWHERE else {}
        ends = {item: entries.get(item, place) for item, place in below.items()}
        end = ends.get(out.item)
        wanted = end if end is not None and low <= end <= high else ways[out.arrow]
        others = [place for item, place in ends.items() if item != out.item]
        ways[out.arrow] = _apart(wanted, others, low, high)
    return Pins(entries, ways)


def _bounds(out: Out, middle: float, width: float, outer: float) -> tuple[float, float]:
    """Give the places between which a way out may be."""
    far = max(width / 2 - outer, MIDDLE)
    match out.side:
        case "left":
            return middle - far, middle - MIDDLE
        case "right":
            return middle + MIDDLE, middle + far
        case _:
            return middle - far, middle + far


def _between(place: float, low: float, high: float) -> float:
    return min(max(place, low), high)


def _apart(wanted: float, others: Iterable[float], low: float, high: float) -> float:
    """Give the place within bounds that is nearest to what is wanted and apart from others."""
    wanted = _between(wanted, low, high)
    candidates = [wanted]
    for other in others:
        candidates += [other - PIN_ROOM, other + PIN_ROOM]
    free = [
        place
        for place in candidates
        if low <= place <= high and all(abs(place - other) >= PIN_ROOM for other in others)
    ]
    return min(free, key=lambda place: abs(place - wanted), default=wanted)
