"""A Chart as PNG, drawn by resvg (the extra `png`)."""

from pcapfilter.errors import PcapFilterError
from pcapfilter.tools.graph.chart import Chart
from pcapfilter.tools.graph.svg import FONT, svg

ZOOM = 1.5
"""Pixels of the image for one of the drawing."""

HIGHEST = 30_000
"""The largest number of pixels that many programs show in one direction."""

BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{}</svg>'
LETTER = f'<text x="2" y="16" font-family="{FONT}">M</text>'


class MissingError(PcapFilterError):
    """Something that is needed to draw is not installed."""


def png(chart: Chart) -> bytes:
    """Give a chart as the octets of a PNG file.

    MissingError where the extra is not installed, or no font at all.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise MissingError(
            "PNG needs resvg: pip install 'pcapfilter-engine[png]' (or write .svg)"
        ) from None
    if svg_to_bytes(svg_string=BLANK.format("")) == svg_to_bytes(svg_string=BLANK.format(LETTER)):
        raise MissingError("PNG needs a font, and none is installed (or write .svg)")
    return svg_to_bytes(svg_string=svg(chart), zoom=ZOOM)
