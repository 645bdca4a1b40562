"""Where boxes and trunks stand across the picture: the second half of the layout.

Every item wants to be where its neighbours above and below are, and neighbours in a row keep their
distance. The places are found by moving everything a little towards the mean of its neighbours,
pushing apart what came too close, and so on; in the end the distances are made exact. A trunk has
one place for its whole length, unless rows order it differently against others: there it is cut.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from pcapfilter.tools.graph.rows import Rows

ROUNDS = 150

Widths = Callable[[int], float]
Distance = tuple[int, int, float]
"""Two variables, and how far the second is to stand right of the first at least."""


def columns(
    rows: Rows,
    width: Widths,
    gap: Callable[[int, int], float],
    shift: Mapping[tuple[int, int], float],
) -> list[dict[int, float]]:
    """Give, for each row, the middle of each item.

    `gap` is the room between two neighbours in a row, and `shift` how far from the middle of the
    upper item a link begins.
    """
    variables, count, distances = _variables(rows, width, gap)
    pulls = [
        (variables[row][above], variables[row + 1][below], shift.get((above, below), 0.0))
        for row, links in enumerate(rows.links)
        for above, below in links
        if variables[row][above] != variables[row + 1][below]
    ]
    x = _first_places(rows, variables, count, width, gap)
    for _ in range(ROUNDS):
        _pull(x, pulls)
        for distance in (*distances, *reversed(distances)):
            _push(x, distance)
    x = _kept_apart(x, distances)
    return [{item: x[variable] for item, variable in row.items()} for row in variables]


def _variables(
    rows: Rows, width: Widths, gap: Callable[[int, int], float]
) -> tuple[list[dict[int, int]], int, list[Distance]]:
    """Give each item's variable, row by row, and the distances to be kept.

    A trunk keeps its variable from row to row as long as the order allows it.
    """
    variables: list[dict[int, int]] = []
    right_of: list[set[int]] = []  # variable -> those that stand right of it
    distances: list[Distance] = []
    trunk: dict[int, int] = {}
    for row in rows.items:
        chosen: dict[int, int] = {}
        line: list[int] = []
        for item in row:
            variable = trunk.get(item)
            if variable is None or _leads_to(right_of, variable, line):
                variable = len(right_of)
                right_of.append(set())
            if line:
                right_of[line[-1]].add(variable)
            line.append(variable)
            chosen[item] = variable
            if item in rows.trunks:
                trunk[item] = variable
        distances += [
            (chosen[a], chosen[b], (width(a) + width(b)) / 2 + gap(a, b)) for a, b in pairwise(row)
        ]
        variables.append(chosen)
    return variables, len(right_of), distances


def _leads_to(right_of: Sequence[set[int]], start: int, goals: Sequence[int]) -> bool:
    """Tell whether one of the goals stands right of the start."""
    wanted, seen, waiting = {*goals}, {start}, [start]
    while waiting:
        for other in right_of[waiting.pop()]:
            if other in wanted:
                return True
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return False


def _first_places(
    rows: Rows,
    variables: Sequence[Mapping[int, int]],
    count: int,
    width: Widths,
    gap: Callable[[int, int], float],
) -> list[float]:
    x = [0.0] * count
    for row, chosen in zip(rows.items, variables, strict=True):
        places, at = [], 0.0
        for number, item in enumerate(row):
            at += width(item) / 2 + (gap(row[number - 1], item) if number else 0.0)
            places.append(at)
            at += width(item) / 2
        for item, place in zip(row, places, strict=True):
            x[chosen[item]] = place - at / 2
    return x


def _pull(x: list[float], pulls: Sequence[tuple[int, int, float]]) -> None:
    """Move each variable half way to the mean of where its neighbours want it."""
    sums, weights = [0.0] * len(x), [0] * len(x)
    for above, below, shift in pulls:
        sums[below] += x[above] + shift
        sums[above] += x[below] - shift
        weights[below] += 1
        weights[above] += 1
    for variable, weight in enumerate(weights):
        if weight:
            x[variable] += (sums[variable] / weight - x[variable]) / 2


def _push(x: list[float], distance: Distance) -> None:
    left, right, least = distance
    lack = x[left] + least - x[right]
    if lack > 0:
        x[left] -= lack / 2
        x[right] += lack / 2


def _kept_apart(x: Sequence[float], distances: Sequence[Distance]) -> list[float]:
    """Make every distance hold: pushing right alone, and left alone, and the mean of both."""
    after: list[list[Distance]] = [[] for _ in x]
    before: list[list[Distance]] = [[] for _ in x]
    pending = [0] * len(x)
    for distance in distances:
        after[distance[0]].append(distance)
        before[distance[1]].append(distance)
        pending[distance[1]] += 1
    order = [variable for variable, number in enumerate(pending) if not number]
    for variable in order:
        for _, right, _ in after[variable]:
            pending[right] -= 1
            if not pending[right]:
                order.append(right)
    rightward, leftward = [*x], [*x]
    for variable in order:
        for _, right, least in after[variable]:
            rightward[right] = max(rightward[right], rightward[variable] + least)
    for variable in reversed(order):
        for left, _, least in before[variable]:
            leftward[left] = min(leftward[left], leftward[variable] - least)
    return [round((a + b) / 2) for a, b in zip(rightward, leftward, strict=True)]
