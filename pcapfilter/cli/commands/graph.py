"""`pcapfilter graph`: a picture of the program, and of the ways that packets take through it."""

import sys
from collections.abc import Callable
from pathlib import Path

from pcapfilter.cli.asked import command_line, filter_asked_for, reading, told_damage
from pcapfilter.cli.options import Flag, UsageError
from pcapfilter.tools import graph
from pcapfilter.tools.graph import Chart

FLAGS = (
    Flag("o", "output", "FILE", "write the picture to FILE: .svg, .png, .html or .dot"),
    Flag("r", "", "FILE", "count which ways the packets of FILE take (- is standard input)"),
    Flag("y", "linktype", "NAME", "the link type, where no capture tells (EN10MB)"),
    Flag("O", "no-optimize", "", "do not optimise the program"),
    Flag("F", "", "FILE", "read the expression from FILE"),
    Flag("h", "help", "", "print this and stop"),
)

FORMATS: dict[str, Callable[[Chart], str | bytes]] = {
    # how a file's name ends -> what is written to it
    ".svg": graph.svg,
    ".png": graph.png,
    ".html": graph.page,
    ".dot": graph.dot,
}


def run(words: list[str]) -> int:
    """Draw the picture; give the exit code, 1 where the capture is damaged."""
    line = command_line(words, FLAGS, "graph [option ...] -o FILE [expression]")
    if line is None:
        return 0
    target = line.last("o")
    if target is None:
        raise UsageError("graph: say where the picture is to go: -o FILE.svg (-o - for SVG)")
    ending = ".svg" if target == "-" else Path(target).suffix.lower()
    if ending not in FORMATS:
        known = ", ".join(FORMATS)
        raise UsageError(f"graph: {target}: a picture's name ends in one of {known}")
    made = filter_asked_for(line)
    capture = line.last("r")
    if capture is None:
        _write(target, FORMATS[ending](graph.chart_for(made)))
        return 0
    with reading(capture) as source:
        _write(target, FORMATS[ending](graph.chart_for(made, source)))
        return told_damage(source)


def _write(target: str, content: str | bytes) -> None:
    octets = content.encode() + b"\n" if isinstance(content, str) else content
    if target == "-":
        sys.stdout.buffer.write(octets)
    else:
        Path(target).write_bytes(octets)
