"""Which box stands in which row of the picture, and in which order: the first half of the layout.

Arrows lead downward, except those of loops. Whatever leads to one box over several rows is drawn as
one line, a trunk, that the arrows join on their way; so a row is an order of boxes and trunks. The
order is found as usual for layered drawings: each item goes to the mean place of its neighbours,
down and up in turn, neighbours change places where that saves crossings, and the best order wins.
"""

from bisect import bisect_right, insort
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

Link = tuple[int, int]
"""An upper item and a lower one, in rows that follow one another."""

SWEEPS = 12


class Rows(NamedTuple):
    """The rows of items from top to bottom.

    Items below the number of boxes are boxes; any other is the trunk that leads to the box
    `trunks[item]`. `links[r]` join row r with row r + 1. `backward` are the arrows that lead up
    again, by their place among the arrows.
    """

    items: tuple[tuple[int, ...], ...]
    links: tuple[tuple[Link, ...], ...]
    trunks: dict[int, int]
    row_of: tuple[int, ...]
    backward: frozenset[int]


def arrange(count: int, arrows: Sequence[Link]) -> Rows:
    """Put boxes 0 to count - 1, of which 0 is the first, into rows, by the arrows between them."""
    below: list[list[int]] = [[] for _ in range(count)]
    for number, (source, _) in enumerate(arrows):
        below[source].append(number)
    order, backward = _topological(count, arrows, below)
    row_of = [0] * count
    for box in order:
        for number in below[box]:
            if number not in backward:
                target = arrows[number][1]
                row_of[target] = max(row_of[target], row_of[box] + 1)
    last = max(row_of)
    for box in range(count):
        if not below[box]:
            row_of[box] = last
    forward = [arrow for number, arrow in enumerate(arrows) if number not in backward]
    rows, links, trunks = _with_trunks(order, forward, row_of)
    return Rows(_ordered(rows, links, trunks), links, trunks, tuple(row_of), backward)


def _topological(
    count: int, arrows: Sequence[Link], below: Sequence[Sequence[int]]
) -> tuple[list[int], frozenset[int]]:
    """Give the boxes so that arrows lead on, and the arrows of loops, which do not."""
    seen = [False] * count
    finished: list[int] = []
    for root in range(count):
        stack = [(root, False)]
        while stack:
            box, visited = stack.pop()
            if visited:
                finished.append(box)
            elif not seen[box]:
                seen[box] = True
                stack.append((box, True))
                targets = [arrows[number][1] for number in reversed(below[box])]
                stack += [(target, False) for target in targets if not seen[target]]
    place = {box: number for number, box in enumerate(reversed(finished))}
    backward = {n for n, (source, target) in enumerate(arrows) if place[target] <= place[source]}
    return finished[::-1], frozenset(backward)


def _with_trunks(
    order: Iterable[int], forward: Sequence[Link], row_of: Sequence[int]
) -> tuple[list[list[int]], tuple[tuple[Link, ...], ...], dict[int, int]]:
    """Give the rows in a first order, the links between them, and the trunks."""
    depth = max(row_of) + 1
    rows: list[list[int]] = [[] for _ in range(depth)]
    links: list[dict[Link, None]] = [{} for _ in range(depth - 1)]
    trunks: dict[int, int] = {}
    trunk_of: dict[int, int] = {}
    reach: dict[int, int] = {}  # trunk -> the first row that it stands in
    count = len(row_of)
    for source, target in forward:
        start = row_of[source] + 1
        if start < row_of[target]:
            trunk = trunk_of.setdefault(target, count + len(trunk_of))
            trunks[trunk] = target
            reach[trunk] = min(reach.get(trunk, start), start)
    for source, target in forward:
        start = row_of[source] + 1
        links[start - 1][source, target if start == row_of[target] else trunk_of[target]] = None
    for box in order:
        rows[row_of[box]].append(box)
    for trunk, first in reach.items():
        end = row_of[trunks[trunk]]
        for row in range(first, end):
            rows[row].append(trunk)
            links[row][trunk, trunk if row + 1 < end else trunks[trunk]] = None
    return rows, tuple(map(tuple, links)), trunks


# ---- order -------------------------------------------------------------------------------------


def _ordered(
    rows: list[list[int]], links: Sequence[Sequence[Link]], trunks: Container[int]
) -> tuple[tuple[int, ...], ...]:
    """Give the rows in an order with few crossings; trunks count more, to keep them upright."""
    upper: list[dict[int, list[int]]] = [{} for _ in rows]
    lower: list[dict[int, list[int]]] = [{} for _ in rows]
    links = [
        [pair for pair in pairs for _ in range(1 + sum(item in trunks for item in pair))]
        for pairs in links
    ]
    for row, pairs in enumerate(links):
        for above, below in pairs:
            lower[row].setdefault(above, []).append(below)
            upper[row + 1].setdefault(below, []).append(above)
    best, fewest = [list(row) for row in rows], -1
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            neighbours = upper[row] if down else lower[row]
            _to_means(rows[row], rows[row - 1 if down else row + 1], neighbours)
        _exchange(rows, upper, lower)
        crossings = sum(_crossings(rows, row, pairs) for row, pairs in enumerate(links))
        if fewest < 0 or crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return tuple(map(tuple, best))


def _to_means(row: list[int], fixed: Sequence[int], neighbours: dict[int, list[int]]) -> None:
    """Sort a row by the mean place of each item's neighbours; those without any keep theirs."""
    place = {item: number for number, item in enumerate(fixed)}
    scale = len(fixed) / max(len(row), 1)
    means = {
        item: sum(place[near] for near in nears) / len(nears)
        if (nears := neighbours.get(item))
        else number * scale
        for number, item in enumerate(row)
    }
    row.sort(key=means.__getitem__)


def _exchange(
    rows: list[list[int]], upper: list[dict[int, list[int]]], lower: list[dict[int, list[int]]]
) -> None:
    """Let neighbours change places as long as that saves crossings."""
    for number, row in enumerate(rows):
        sides = []
        for near, neighbours in ((number - 1, upper), (number + 1, lower)):
            if 0 <= near < len(rows):
                place = {item: at for at, item in enumerate(rows[near])}
                sides.append(
                    {
                        item: sorted(place[other] for other in neighbours[number].get(item, ()))
                        for item in row
                    }
                )
        changed = True
        while changed:
            changed = False
            for at in range(len(row) - 1):
                left, right = row[at], row[at + 1]
                now = sum(_inversions(side[left], side[right]) for side in sides)
                then = sum(_inversions(side[right], side[left]) for side in sides)
                if then < now:
                    row[at], row[at + 1] = right, left
                    changed = True


def _inversions(left: Sequence[int], right: Sequence[int]) -> int:
    """Count the pairs in which what belongs to the left item lies right of the other's."""
    return sum(1 for a in left for b in right if a > b)


def _crossings(rows: Sequence[Sequence[int]], row: int, pairs: Sequence[Link]) -> int:
    """Count the crossings between a row and the next."""
    above = {item: place for place, item in enumerate(rows[row])}
    below = {item: place for place, item in enumerate(rows[row + 1])}
    passed: list[int] = []
    crossings = 0
    for _, end in sorted((above[a], below[b]) for a, b in pairs):
        crossings += len(passed) - bisect_right(passed, end)
        insort(passed, end)
    return crossings
