"""How the lines of the picture run: down, across in a track between two rows, and down again.

All arrows that lead through a gap between two rows to the same box are one Net: they come from
above by pins, meet in one track, and leave downward by one pin. Tracks of different nets do not
overlap, and pins of different nets keep apart, so that lines only ever cross. Arrows of loops leave
through a gap to a rail at the right of the picture, and come back by another gap higher up.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

PIN_ROOM = 9
"""How far pins of different nets keep apart."""

TRACK = 10
"""The height of a track."""

HEAD_ROOM = 22
"""Room above the tracks of a gap, for the labels of the boxes above."""

FOOT_ROOM = 18
"""Room below the tracks of a gap, for the heads of arrows."""

RAIL = 14
"""The room of a rail at the right."""


class Pin(NamedTuple):
    """Where arrows (by number) come into a gap, or leave it."""

    x: float
    arrows: tuple[int, ...]


class Net(NamedTuple):
    """The lines of a gap that belong to one target: pins above, perhaps one below or at a rail.

    `rail` is where a line comes from at the right, or goes to if nothing leads down.
    """

    tops: tuple[Pin, ...]
    bottom: Pin | None
    rail: Pin | None = None

    @property
    def straight(self) -> bool:
        """Tell whether it runs straight down."""
        bottom = self.bottom
        return bottom is not None and self.rail is None and all(p.x == bottom.x for p in self.tops)

    @property
    def pins(self) -> tuple[Pin, ...]:
        """All pins."""
        return tuple(pin for pin in (*self.tops, self.bottom, self.rail) if pin is not None)

    @property
    def left(self) -> float:
        """Where its track begins."""
        return min(pin.x for pin in self.pins)

    @property
    def right(self) -> float:
        """Where its track ends."""
        return max(pin.x for pin in self.pins)


class Line(NamedTuple):
    """A straight line, level or upright, and the arrows that share it."""

    x1: float
    y1: float
    x2: float
    y2: float
    arrows: tuple[int, ...]


class Dot(NamedTuple):
    """A place where lines meet."""

    x: float
    y: float
    arrows: tuple[int, ...]


def tracks_of(nets: Sequence[Net]) -> dict[int, int]:
    """Give the track of each net (by number) that needs one, counted from the top.

    A net whose pin above is where another's pin below is has its track above that one's. Apart
    from that, nets are ordered by which order of each two has the fewer crossings.
    """
    bent = [number for number, net in enumerate(nets) if not net.straight]
    above: dict[int, set[int]] = {
        lower: {upper for upper in bent if upper != lower and _must_lie_above(nets, upper, lower)}
        for lower in bent
    }
    cost = {
        one: sum(_cost(nets[one], nets[other]) - _cost(nets[other], nets[one]) for other in bent)
        for one in bent
    }
    tracks: dict[int, int] = {}
    waiting = sorted(bent, key=cost.__getitem__)
    while waiting:
        ready = [n for n in waiting if not above[n] & {*waiting}] or waiting
        chosen = ready[0]
        waiting.remove(chosen)
        higher = [
            track for number, track in tracks.items()
            if number in above[chosen] or _overlap(nets[number], nets[chosen])
        ]  # fmt: skip
        tracks[chosen] = max(higher, default=-1) + 1
    return tracks


def _overlap(one: Net, other: Net) -> bool:
    return one.left < other.right + PIN_ROOM and other.left < one.right + PIN_ROOM


def _must_lie_above(nets: Sequence[Net], upper: int, lower: int) -> bool:
    bottom = nets[lower].bottom
    return bottom is not None and any(abs(p.x - bottom.x) < PIN_ROOM for p in nets[upper].tops)


def _cost(upper: Net, lower: Net) -> int:
    """Count the crossings of two nets if the track of one lies above the other's."""
    crossings = sum(1 for pin in lower.tops if upper.left < pin.x < upper.right)
    if upper.bottom is not None and lower.left < upper.bottom.x < lower.right:
        crossings += 1
    return crossings


def lines_of(net: Net, top: Mapping[float, float], track: float, foot: float) -> Iterable[Line]:
    """Give the lines of a net: `top` says at which height each upper pin begins."""
    if net.straight and net.bottom is not None:
        start = min((top[pin.x] for pin in net.tops), default=track)
        yield Line(net.bottom.x, start, net.bottom.x, foot, net.bottom.arrows)
        return
    for pin in net.tops:
        yield Line(pin.x, top[pin.x], pin.x, track, pin.arrows)
    yield from _level(net, track)
    if net.bottom is not None:
        yield Line(net.bottom.x, track, net.bottom.x, foot, net.bottom.arrows)


def _level(net: Net, track: float) -> Iterable[Line]:
    """Give the parts of a track; each carries what is on its way to the pin where all leave."""
    out = net.bottom or net.rail
    if out is None:
        return
    coming = [pin for pin in (*net.tops, net.rail) if pin is not None and pin is not out]
    for left, right in pairwise(sorted({pin.x for pin in net.pins})):
        carried = [p for p in coming if (p.x <= left if right <= out.x else p.x >= right)]
        yield Line(left, track, right, track, _together(carried))


def dots_of(net: Net, track: float) -> Iterable[Dot]:
    """Give the places where three lines of a net meet."""
    if net.straight:
        return
    for x in sorted({pin.x for pin in net.pins}):
        here = [pin for pin in net.pins if pin.x == x]
        upright = len(here) - (net.rail in here)
        if upright + (net.left < x) + (x < net.right) >= 3:
            yield Dot(x, track, _together(here))


def _together(pins: Iterable[Pin]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(arrow for pin in pins for arrow in pin.arrows))
