"""What a notebook shows of a Filter: its picture, or nothing where it has no program."""

from pcapfilter.errors import FilterError
from pcapfilter.filter import Filter
from pcapfilter.tools.graph import chart_for
from pcapfilter.tools.graph.svg import svg

MOST_BOXES = 400
"""Beyond this a picture would only fill the notebook."""


def picture_of(made: Filter) -> str | None:
    """Give the picture of a Filter's program, as SVG."""
    try:
        chart = chart_for(made)
    except FilterError:
        return None
    return svg(chart) if len(chart.boxes) <= MOST_BOXES else None


def figure_of(made: Filter) -> str | None:
    """Give the same as HTML: it scrolls where it is wider than the page."""
    picture = picture_of(made)
    return None if picture is None else f'<div style="overflow-x: auto">{picture}</div>'
