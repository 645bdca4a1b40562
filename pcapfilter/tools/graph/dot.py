"""A Chart in the language of graphviz, for those who would rather arrange it with other tools.

Source of the language: graphviz's "DOT Language" page.
"""

from collections.abc import Iterable

from pcapfilter.tools.graph.chart import Box, Chart
from pcapfilter.tools.graph.lettering import cut, plain
from pcapfilter.tools.graph.svg import (
    KINDS,
    LONGEST_PART,
    PALE,
    WAYS,
    label_of,
    thickness,
)


def dot(chart: Chart) -> str:
    """Give a chart as the text of a .dot file."""
    title = "\n".join([chart.text, *chart.notes])
    lines = [
        "digraph filter {",
        f"  graph [label={_quoted([title])}, labelloc=t, labeljust=l, fontname=monospace]",
        "  node [shape=box, style=filled, fontname=monospace, fontsize=10]",
        "  edge [fontname=monospace, fontsize=9]",
    ]
    for box in chart.boxes:
        ground, border = KINDS[box.kind]
        label = _quoted(_inside(chart, box))
        lines.append(f'  b{box.start} [label={label}, fillcolor="{ground}", color="{border}"]')
    for arrow in chart.arrows:
        source, target = (chart.boxes[box].start for box in (arrow.source, arrow.target))
        colour, style = WAYS[arrow.way][1], "solid"
        if arrow.packets == 0:
            colour, style = PALE, "dotted"
        lines.append(
            f"  b{source} -> b{target} [label={_quoted([label_of(arrow)])}, style={style}, "
            f'color="{colour}", penwidth={thickness(arrow.packets, chart.seen):.2f}]'
        )
    return "\n".join([*lines, "}"])


def _inside(chart: Chart, box: Box) -> Iterable[str]:
    yield from (cut(chart.text[slice(*span)], LONGEST_PART) for span in box.parts)
    yield from box.lines
    if box.question:
        yield box.question
    if box.failed:
        yield f"{box.failed:,} rejected here: too short"


def _quoted(lines: Iterable[str]) -> str:
    r"""Give a string whose lines, ended by \l, stand at the left."""
    text = "\n".join(lines)
    text = plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\n", "\\l") + ('\\l"' if "\n" in text else '"')
