"""A Chart as PNG, drawn by resvg (the extra `png`)."""

import re

from pcapfilter.errors import PcapFilterError
from pcapfilter.tools.graph.chart import Chart
from pcapfilter.tools.graph.svg import FONT, svg

ZOOM, LEAST_ZOOM = 1.5, 0.7
"""Pixels of the image for one of the drawing: as a rule, and at least, for the text to be read."""

HIGHEST = 30_000
"""The largest number of pixels that many programs show in one direction."""

SIZED = re.compile(r'<svg [^>]*?width="(\d+)" height="(\d+)"')

BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{}</svg>'
LETTER = f'<text x="2" y="16" font-family="{FONT}">M</text>'


class MissingError(PcapFilterError):
    """Something that is needed to draw is not installed."""


class TooLargeError(PcapFilterError):
    """An image would be too large for the programs that show images."""


def png(chart: Chart) -> bytes:
    """Give a chart as the octets of a PNG file.

    MissingError where the extra is not installed, or no font at all; TooLargeError where the image
    would have too many pixels to be shown.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise MissingError(
            "PNG needs resvg: pip install 'pcapfilter-engine[png]' (or write .svg)"
        ) from None
    if svg_to_bytes(svg_string=BLANK.format("")) == svg_to_bytes(svg_string=BLANK.format(LETTER)):
        raise MissingError("PNG needs a font, and none is installed (or write .svg)")
    picture = svg(chart)
    found = SIZED.match(picture)
    assert found is not None
    width, height = int(found[1]), int(found[2])
    zoom = min(ZOOM, HIGHEST / max(width, height))
    if zoom < LEAST_ZOOM:
        size = f"{ZOOM * width:,.0f} by {ZOOM * height:,.0f}"
        raise TooLargeError(f"the image would have {size} pixels: write .svg or .html")
    return svg_to_bytes(svg_string=picture, zoom=zoom)
