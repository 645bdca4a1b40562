"""What is wrong with a picture, by looking at where everything stands."""

from collections.abc import Iterator
from itertools import combinations

from pcapfilter.tools.graph.chart import Chart
from pcapfilter.tools.graph.drawing import Drawing
from pcapfilter.tools.graph.svg import SMALL_ADVANCE, label_of
from pcapfilter.tools.graph.wires import Line

Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""

APART = 5
"""How near two lines side by side may come: nearer than that they look like one."""


def complaints(chart: Chart, drawing: Drawing) -> Iterator[str]:
    """Give whatever overlaps, is cut off, or could be taken for something else."""
    boxes = [(f.x, f.y, f.x + f.width, f.y + f.height) for f in drawing.frames]
    lines = [_area(line) for line in drawing.lines]
    labels = [*_labels(chart, drawing)]
    for area in (*boxes, *lines, *labels):
        if area[0] < 0 or area[1] < 0 or area[2] > drawing.width or area[3] > drawing.height:
            yield f"{area} is cut off"
    for one, other in combinations([*boxes, *labels], 2):
        if _overlap(one, other):
            yield f"{one} overlaps {other}"
    for line, area in zip(drawing.lines, lines, strict=True):
        if area[0] != area[2] and area[1] != area[3]:
            yield f"{line} is neither level nor upright"
        for place in (*boxes, *labels):
            if _overlap(area, place):
                yield f"{line} runs across {place}"
    for one_line, other_line in combinations(drawing.lines, 2):
        if _targets(chart, one_line) != _targets(chart, other_line):
            a, b = _area(one_line), _area(other_line)
            upright = a[0] == a[2] and b[0] == b[2] and abs(a[0] - b[0]) < APART
            level = a[1] == a[3] and b[1] == b[3] and abs(a[1] - b[1]) < APART
            if upright and min(a[3], b[3]) > max(a[1], b[1]):
                yield f"{one_line} runs along {other_line}"
            if level and min(a[2], b[2]) > max(a[0], b[0]):
                yield f"{one_line} runs along {other_line}"


def _area(line: Line) -> Area:
    x1, x2 = sorted((line.x1, line.x2))
    y1, y2 = sorted((line.y1, line.y2))
    return x1, y1, x2, y2


def _labels(chart: Chart, drawing: Drawing) -> Iterator[Area]:
    """Give where the labels beside arrows stand, with their distance from the arrow."""
    for mark in drawing.labels:
        (number,) = mark.arrows
        width = SMALL_ADVANCE * len(label_of(chart.arrows[number]))
        if width and mark.side == "left":
            yield mark.x - 6 - width, mark.y, mark.x - 6, mark.y + 13
        elif width:
            yield mark.x + 6, mark.y, mark.x + 6 + width, mark.y + 13


def _targets(chart: Chart, line: Line) -> set[int]:
    return {chart.arrows[number].target for number in line.arrows}


def _overlap(one: Area, other: Area) -> bool:
    return (
        one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    )  # fmt: skip
