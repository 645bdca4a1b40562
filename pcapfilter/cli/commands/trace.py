"""`pcapfilter trace`: packet by packet, why it matches a filter or does not."""

from collections.abc import Iterator

from pcapfilter.cli import run as command
from pcapfilter.cli.arguments import number
from pcapfilter.cli.asked import command_line, filter_asked_for, reading, told_damage
from pcapfilter.cli.colours import ABOUT, FAINT, HEADING, NO, PART, YES, Piece, show
from pcapfilter.cli.line import describe
from pcapfilter.cli.options import Flag, UsageError
from pcapfilter.errors import UnsupportedError
from pcapfilter.filter import Filter
from pcapfilter.io.base import Source
from pcapfilter.packets import Origin, Packet
from pcapfilter.tools.lint import Remarks
from pcapfilter.tools.trace import Trace, Tracer

FLAGS = (
    Flag("r", "", "FILE", "trace the packets of FILE (- is standard input)"),
    Flag("c", "", "COUNT", "trace the first COUNT packets"),
    Flag("q", "", "", "say the reason alone, a line a packet"),
    Flag("O", "no-optimize", "", "do not optimise the program"),
    Flag("F", "", "FILE", "read the expression from FILE"),
    Flag("h", "help", "", "print this and stop"),
)
FATES = {True: ("held", YES), False: ("failed", NO), None: ("not asked", FAINT)}


def run(words: list[str]) -> int:
    """Trace the packets of a capture; give the exit code, 1 where the capture is damaged."""
    line = command_line(words, FLAGS, "trace [option ...] -r FILE [expression]")
    if line is None:
        return 0
    name = line.last("r")
    if name is None:
        raise UsageError("trace: no input: name a capture with -r FILE")
    limit = number(line, "c")
    made = filter_asked_for(line)
    with reading(name) as source:
        show(_traced(made, source, limit, brief=line.times("q") > 0))
        return told_damage(source)


def _traced(
    made: Filter, source: Source, limit: int | None, *, brief: bool
) -> Iterator[list[Piece]]:
    """Give what is said of each packet, line by line."""
    tracers = {source.origin: _tracer(made, source.origin, brief=brief)}
    number = 0
    for batch in source.batches():
        if batch.origin not in tracers:
            tracers[batch.origin] = _tracer(made, batch.origin, brief=brief)
        tracer, remarks = tracers[batch.origin]
        for packet in batch:
            number += 1
            found = tracer.trace(packet.data, packet.wirelen)
            if brief:
                yield [(f"{number:5}  ", FAINT), *_sentence(found)]
            else:
                yield from _shown(number, packet, found)
                bearing = remarks.on(packet.data, packet.wirelen) if remarks else ()
                for finding in bearing:
                    yield [("    lint  ", HEADING), (f"{finding.reason} [{finding.rule}]", "")]
                yield []
            if number == limit:
                return


def _tracer(made: Filter, origin: Origin, *, brief: bool) -> tuple[Tracer, Remarks | None]:
    """Give what traces packets of an origin, and lint's remarks on the filter."""
    link, snaplen, source, swapped = origin
    here = made.options._replace(link=link, snaplen=snaplen, source=source, swapped=swapped)
    made = Filter(made.text, here)
    try:
        tracer = Tracer(made)
    except UnsupportedError as error:
        error.hint = error.hint or f"the capture has packets of link type {link.title}"
        raise
    if brief:
        return tracer, None
    remarks = Remarks(made, own=tracer.program)
    for said in remarks.left_out:
        command.say(f"lint: {said}")
    return tracer, remarks


def _sentence(found: Trace) -> list[Piece]:
    verdict, _, rest = found.sentence.partition(": ")
    return [(f"{verdict}: ", YES if found.matched else NO), (rest, "")]


def _shown(number: int, packet: Packet, found: Trace) -> Iterator[list[Piece]]:
    yield [(f"packet {number}  ", HEADING), (describe(packet), "")]
    yield [("  ", ""), *_sentence(found)]
    width = max((len(fate.text) for fate in found.fates), default=0)
    for fate in found.fates:
        word, style = FATES[fate.held]
        if fate.held is None and fate.why:
            word, style = "cut short", NO
        yield [
            ("    ", ""),
            (f"{fate.text:<{width}}  ", PART),
            (f"{word:<9}  ", style),
            (fate.why, ""),
        ]
    if found.reads:
        reads = ", ".join(f"{name} {value}" for name, value in found.reads)
        yield [("    read  ", HEADING), (reads, ABOUT)]
    yield [("    path  ", HEADING), (_path(found.path), "")]


def _path(places: tuple[int, ...]) -> str:
    """Write places of instructions, runs of neighbours as one: `0-3 8 19`."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    written = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    if len(written) > 60:
        written[30:-30] = ["..."]
    return " ".join(written)
