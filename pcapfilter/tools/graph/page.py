"""A Chart as a web page of its own: the picture, and the ways of a box where the pointer rests."""

from xml.sax.saxutils import escape

from pcapfilter.tools.graph.chart import Chart
from pcapfilter.tools.graph.lettering import cut, plain
from pcapfilter.tools.graph.svg import svg

STYLE = """
body { margin: 0; background: #fff; }
svg { display: block; margin: 0 auto; max-width: none; }
.dim { opacity: .12; }
"""

SCRIPT = """
const lines = [...document.querySelectorAll('[data-arrows]')];
for (const box of document.querySelectorAll('[data-box]')) {
  const mine = new Set(box.dataset.ways.split(' '));
  box.addEventListener('mouseenter', () => lines.forEach(line =>
    line.classList.toggle('dim', !line.dataset.arrows.split(' ').some(way => mine.has(way)))));
  box.addEventListener('mouseleave', () => lines.forEach(line => line.classList.remove('dim')));
}
"""


def page(chart: Chart) -> str:
    """Give a chart as the text of an HTML file, which needs nothing else."""
    title = escape(cut(plain(chart.text), 80)) or "every packet"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{svg(chart)}\n"
        f"<script>{SCRIPT}</script>\n</body>\n</html>"
    )
