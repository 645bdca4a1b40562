"""A Chart as SVG: boxes with the part of the expression and its instructions, and the lines.

The text is monospaced, and boxes are wide enough for the widest of the usual fonts. What packets
took is drawn heavier, by the root of their share; what none of them took is dashed and pale.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import sqrt
from typing import NamedTuple
from xml.sax.saxutils import escape

from pcapfilter.tools.graph.chart import Arrow, Box, Chart
from pcapfilter.tools.graph.drawing import Drawing, Frame, draw
from pcapfilter.tools.graph.lettering import columns, cut, plain, wrapped

FONT = "'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,'Courier New',monospace"
SIZE, SMALL = 12, 11
ADVANCE, SMALL_ADVANCE = 0.62 * SIZE, 0.62 * SMALL
LINE = 16
PADDING, MARGIN = 9, 16

WAYS = {
    # way -> what its label says, its colour
    "true": ("yes", "#18794e"),
    "false": ("no", "#b4341f"),
    "always": ("", "#5b6472"),
}
MIXED, INK, CODE, PALE, GROUND = "#5b6472", "#1c2024", "#5b6472", "#a9afba", "#ffffff"
KINDS = {
    # kind of box -> its colour, its border
    "test": ("#fbfbfd", "#8b93a1"),
    "accept": ("#dff3e4", "#18794e"),
    "reject": ("#fbe6e2", "#b4341f"),
    "return": ("#eef0f4", "#5b6472"),
}
TINTS = (
    "#d6e4fb", "#fde8bf", "#e3dbf8", "#c9eeec", "#fbd6e7", "#e2ecb8", "#f6dcc8", "#dadfe8",
    "#cdeccf", "#ffd9d2", "#cfe8f7", "#eedcf0",
)  # fmt: skip
"""The colours behind the parts of the expression, in turn."""

THINNEST, THICKEST = 1.4, 7.0
LONGEST_PART, MOST_PARTS, LONGEST_QUESTION = 42, 3, 160
NARROWEST_TITLE, MOST_TITLE_LINES = 64, 8
MOST_TOLD, MOST_LIT = 12, 400
"""Arrows told of one by one where a line carries many; and how many it may carry to be shown as a
box's, in the page where the pointer rests on it: each of them takes room at each of their lines."""

HEAD = 9


class Written(NamedTuple):
    """A line of text in a box: its colour, and the one behind it if there is one."""

    text: str
    ink: str = INK
    tint: str = ""


def svg(chart: Chart) -> str:
    """Give the picture of a chart, as the text of an SVG file."""
    return _Picture(chart).text()


def count_text(number: int) -> str:
    """Give a count in at most six characters: 99,999 and then 123k, 1.2M."""
    if number < 100_000:
        return f"{number:,}"
    for unit, letter in ((10**3, "k"), (10**6, "M"), (10**9, "G")):
        if number < 1000 * unit:
            return (
                f"{number / unit:.1f}{letter}"
                if number < 10 * unit
                else f"{number // unit}{letter}"
            )
    return f"{number:.0e}"


def label_of(arrow: Arrow) -> str:
    """Give what stands beside an arrow: which way it is, and how many packets took it."""
    name = WAYS[arrow.way][0]
    return name if arrow.packets is None else f"{name} {count_text(arrow.packets)}".strip()


def thickness(flow: int | None, seen: int | None) -> float:
    """Give how thick a line is, by the root of the share of packets that took it."""
    if flow is None or not seen:
        return THINNEST + 0.2
    return THINNEST + (THICKEST - THINNEST) * sqrt(min(flow / seen, 1))


class _Picture:
    """One run of drawing a chart."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        spans = sorted({span for box in chart.boxes for span in box.parts})
        self.tints = {span: TINTS[n % len(TINTS)] for n, span in enumerate(spans)}
        self.labels = [*map(label_of, chart.arrows)]
        self.label_width = 12 + SMALL_ADVANCE * max(map(len, self.labels), default=0)
        self.inside = [[*self._inside(box)] for box in chart.boxes]
        sizes = [self._size(lines) for lines in self.inside]
        self.drawing: Drawing = draw(sizes, chart.arrows, self.label_width)

    def text(self) -> str:
        """Give the whole picture."""
        drawing = self.drawing
        room = max(NARROWEST_TITLE, int(drawing.width / ADVANCE))
        lines = wrapped(self.chart.text, room)
        title = [*self._title(lines)]
        below = MARGIN + LINE * (min(len(lines), MOST_TITLE_LINES + 1) + len(self.chart.notes)) + 8
        widest = max((columns(self.chart.text[a:b]) for a, b in lines), default=0)
        widest = max([widest, *map(columns, self.chart.notes)])
        across = max(drawing.width, widest * ADVANCE)
        width, height = round(across + 2 * MARGIN), round(below + drawing.height + MARGIN)
        left = MARGIN + (across - drawing.width) / 2
        size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{_xml(self.chart.text)}</title>",
            f'<rect width="{width}" height="{height}" fill="{GROUND}"/>',
            f'<g font-family="{FONT}" font-size="{SIZE}" fill="{INK}" xml:space="preserve">',
            *title,
            f'<g transform="translate({left:.1f} {below:.1f})">',
            *self._lines(),
            *self._boxes(),
            *self._labels(),
            "</g>",
            "</g>",
            "</svg>",
        ])  # fmt: skip

    # ---- title -------------------------------------------------------------------------------

    def _title(self, lines: Sequence[tuple[int, int]]) -> Iterator[str]:
        """The expression, its parts in their colours, and the notes."""
        text, y = self.chart.text, MARGIN + SIZE
        for start, end in lines[:MOST_TITLE_LINES]:
            for span, tint in sorted(self.tints.items(), key=lambda row: row[0].start - row[0].end):
                low, high = max(span.start, start), min(span.end, end)
                if low < high:
                    x = MARGIN + ADVANCE * columns(text[start:low])
                    width = ADVANCE * columns(text[low:high])
                    yield _rect(x, y - SIZE, width, LINE - 1, tint, rounding=2)
            width = ADVANCE * columns(text[start:end])
            yield (
                f'<text x="{MARGIN}" y="{y}" font-weight="bold" textLength="{width:.1f}">'
                f"{_xml(text[start:end])}</text>"
            )
            y += LINE
        if len(lines) > MOST_TITLE_LINES:
            yield f'<text x="{MARGIN}" y="{y}">… ({len(text):,} characters)</text>'
            y += LINE
        for note in self.chart.notes:
            yield f'<text x="{MARGIN}" y="{y}" fill="{MIXED}">{_xml(note)}</text>'
            y += LINE

    # ---- boxes -------------------------------------------------------------------------------

    def _inside(self, box: Box) -> Iterator[Written]:
        """Give the lines of a box."""
        for span in box.parts[:MOST_PARTS]:
            yield Written(cut(self.chart.text[slice(*span)], LONGEST_PART), INK, self.tints[span])
        if len(box.parts) > MOST_PARTS:
            yield Written(f"… and {len(box.parts) - MOST_PARTS} more parts")
        question = cut(plain(box.question), LONGEST_QUESTION)
        for number, (start, end) in enumerate(wrapped(question, LONGEST_PART - 2)):
            yield Written("  " * bool(number) + question[start:end].rstrip())
        for line in box.lines:
            yield Written(line, CODE if box.question else INK)
        if box.entered is not None and box.kind != "test":
            yield Written(f"{count_text(box.entered)} packet{'s' * (box.entered != 1)}")
        if box.failed:
            yield Written(f"{count_text(box.failed)} rejected here: too short")

    def _size(self, lines: Sequence[Written]) -> tuple[float, float]:
        widest = max(columns(line.text) for line in lines)
        width = max(widest * ADVANCE + 2 * PADDING, 2 * self.label_width)
        return round(width), LINE * len(lines) + PADDING

    def _boxes(self) -> Iterator[str]:
        rows = zip(self.chart.boxes, self.inside, self.drawing.frames, strict=True)
        ways: list[list[int]] = [[] for _ in self.chart.boxes]
        for number, arrow in enumerate(self.chart.arrows):
            for end in {arrow.source, arrow.target}:
                ways[end].append(number)
        for number, (box, lines, frame) in enumerate(rows):
            faded = ' opacity="0.5"' if box.entered == 0 and self.chart.seen else ""
            yield f'<g data-box="{number}" data-ways="{_numbers(ways[number])}"{faded}>'
            yield f"<title>{_xml(self._story(box))}</title>"
            ground, border = KINDS[box.kind]
            yield _rect(*frame, ground, border=border, rounding=4)
            yield from self._written(frame, lines)
            yield "</g>"

    def _written(self, frame: Frame, lines: Sequence[Written]) -> Iterator[str]:
        for number, (text, ink, tint) in enumerate(lines):
            y = frame.y + PADDING / 2 + LINE * number
            if tint:
                yield _rect(frame.x + 2, y - 1, frame.width - 4, LINE - 1, tint, rounding=2)
            bold = ' font-weight="bold"' if tint else ""
            place = f'x="{frame.x + PADDING:.1f}" y="{y + SIZE - 0.5:.1f}"'
            yield f'<text {place} fill="{ink}"{bold}>{_xml(text)}</text>'

    def _story(self, box: Box) -> str:
        """What is told of a box where the pointer rests on it."""
        told = [f"instructions {box.start} to {box.end - 1}"]
        told += [plain(self.chart.text[slice(*span)]) for span in box.parts]
        if box.entered is not None:
            told.append(f"{box.entered:,} packets{_share(box.entered, self.chart.seen)}")
        if box.failed:
            told.append(f"{box.failed:,} of them end before what is read here, and are rejected")
        return "\n".join(told)

    # ---- lines -------------------------------------------------------------------------------

    def _lines(self) -> Iterator[str]:
        drawing, thick = self.drawing, THINNEST
        order = sorted(drawing.lines, key=lambda line: self._flow(line.arrows) or 0)
        for line in order:
            colour, thick, dashes = self._pen(line.arrows)
            yield (
                f"<path {_carried(line.arrows)}"
                f'd="M{line.x1:.1f} {line.y1:.1f}L{line.x2:.1f} {line.y2:.1f}" stroke="{colour}" '
                f'stroke-width="{thick:.2f}" stroke-linecap="round"{dashes}>'
                f"<title>{_xml(self._tale(line.arrows))}</title></path>"
            )
        for dot in drawing.dots:
            colour, thick, _ = self._pen(dot.arrows)
            yield (
                f'<circle {_carried(dot.arrows)}cx="{dot.x:.1f}" cy="{dot.y:.1f}" '
                f'r="{thick / 2 + 1.7:.2f}" fill="{colour}"/>'
            )
        for head in drawing.heads:
            colour, thick, _ = self._pen(head.arrows)
            half = 3.5 + thick / 2
            yield (
                f"<path {_carried(head.arrows)}"
                f'd="M{head.x - half:.1f} {head.y - HEAD - thick / 2:.1f}h{2 * half:.1f}'
                f'L{head.x:.1f} {head.y:.1f}z" fill="{colour}"/>'
            )

    def _flow(self, arrows: Iterable[int]) -> int | None:
        if self.chart.seen is None:
            return None
        counts = [self.chart.arrows[number].packets for number in arrows]
        return None if None in counts else sum(n for n in counts if n is not None)

    def _pen(self, arrows: Sequence[int]) -> tuple[str, float, str]:
        """Give the colour, the thickness and the dashes of a line."""
        ways = {self.chart.arrows[number].way for number in arrows}
        colour = WAYS[ways.pop()][1] if len(ways) == 1 else MIXED
        flow, seen = self._flow(arrows), self.chart.seen
        if seen and flow == 0:
            return PALE, THINNEST, ' stroke-dasharray="1 4"'
        return colour, thickness(flow, seen), ""

    def _labels(self) -> Iterator[str]:
        for mark in self.drawing.labels:
            (number,) = mark.arrows
            colour, thick, _ = self._pen(mark.arrows)
            left = mark.side == "left"
            x = mark.x + (-1 if left else 1) * (thick / 2 + 4)
            anchor = ' text-anchor="end"' if left else ""
            ink = INK if colour == PALE else colour
            yield (
                f'<text data-arrows="{number}" x="{x:.1f}" y="{mark.y + SIZE:.1f}" '
                f'font-size="{SMALL}" fill="{ink}"{anchor}>{_xml(self.labels[number])}</text>'
            )

    def _tale(self, arrows: Sequence[int]) -> str:
        """What is told of a line where the pointer rests on it."""
        told = []
        for number in arrows[:MOST_TOLD]:
            source, target, way, taken = self.chart.arrows[number]
            last, first = self.chart.boxes[source].end - 1, self.chart.boxes[target].start
            often = "" if taken is None else f": {taken:,} packets{_share(taken, self.chart.seen)}"
            told.append(f"{last:03} {WAYS[way][0]} → {first:03}{often}".replace("  ", " "))
        if len(arrows) > MOST_TOLD:
            told.append(f"… and {len(arrows) - MOST_TOLD} more")
        return "\n".join(told)


def _share(part: int, whole: int | None) -> str:
    return f" ({part / whole:.1%})" if whole else ""


def _carried(arrows: Sequence[int]) -> str:
    return f'data-arrows="{_numbers(arrows)}" ' if len(arrows) <= MOST_LIT else ""


def _numbers(numbers: Iterable[int]) -> str:
    return " ".join(map(str, numbers))


def _rect(
    x: float, y: float, width: float, height: float, fill: str, *, border: str = "", rounding: int
) -> str:
    stroke = f' stroke="{border}"' if border else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="{rounding}" fill="{fill}"{stroke}/>'
    )


def _xml(text: str) -> str:
    return escape(plain(text))
