"""`pcapfilter graph`: a picture of the program, and of the ways that packets take through it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pcapfilter
from pcapfilter.cli import run as command
from pcapfilter.cli.options import Flag, UsageError, described, read_command_line
from pcapfilter.filter import open_capture
from pcapfilter.tools import graph
from pcapfilter.tools.graph import Chart

FLAGS = (
    Flag("o", "output", "FILE", "", "write the picture to FILE: .svg, .png, .html or .dot"),
    Flag("r", "", "FILE", "", "count which ways the packets of FILE take (- is standard input)"),
    Flag("y", "linktype", "NAME", "", "the link type, where no capture tells (EN10MB)"),
    Flag("O", "no-optimize", "", "", "do not optimise the program"),
    Flag("F", "", "FILE", "", "read the expression from FILE"),
    Flag("h", "help", "", "", "print this and stop"),
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
    line = read_command_line(words, FLAGS)
    if line.times("h"):
        print("Usage: pcapfilter graph [option ...] -o FILE [expression]", "", sep="\n")
        print(*described(FLAGS), sep="\n")
        return 0
    target = line.last("o")
    if target is None:
        raise UsageError("graph: say where the picture is to go: -o FILE.svg (-o - for SVG)")
    ending = ".svg" if target == "-" else Path(target).suffix.lower()
    if ending not in FORMATS:
        known = ", ".join(FORMATS)
        raise UsageError(f"graph: {target}: a picture's name ends in one of {known}")
    made = pcapfilter.compile(
        command.expression(line),
        link=line.last("y") or "EN10MB",
        netmask=0,
        optimize=not line.times("O"),
    )
    capture = line.last("r")
    if capture is None:
        chart, damage = graph.chart_for(made), None
    else:
        source = open_capture(capture)
        try:
            command.announce(source)
            chart, damage = graph.chart_for(made, source), source.damage
        finally:
            source.close()
    _write(target, FORMATS[ending](chart))
    if damage is None:
        return 0
    command.say(str(damage))
    return 1


def _write(target: str, content: str | bytes) -> None:
    octets = content.encode() + b"\n" if isinstance(content, str) else content
    if target == "-":
        sys.stdout.buffer.write(octets)
    else:
        Path(target).write_bytes(octets)
