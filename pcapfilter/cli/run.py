"""What the command does, step by step, in the order in which tcpdump does it."""

import sys
from typing import TYPE_CHECKING

import pcapfilter
from pcapfilter.cli.arguments import check_arguments, number
from pcapfilter.cli.inputs import input_names
from pcapfilter.cli.options import CommandLine, UsageError, read_command_line, usage
from pcapfilter.errors import CaptureError
from pcapfilter.filter import Filter
from pcapfilter.packets import MAXIMUM_SNAPLEN

if TYPE_CHECKING:
    from pcapfilter.io.base import Source
    from pcapfilter.net.linktype import LinkType

STANDARD_OUTPUTS = ("-", "/dev/stdout")
"""Names by which -w leaves no room on standard output for anything else."""


def run(words: list[str]) -> int:
    """Do what a command line asks for; give the exit code."""
    line = read_command_line(words)
    if not line.times("json"):
        return obey(line)
    from pcapfilter.cli.faults import told_to_machines

    with told_to_machines(to_stderr=prints(line) or line.last("w") in STANDARD_OUTPUTS):
        return obey(line)


def prints(line: CommandLine) -> bool:
    """Whether packets are printed."""
    return not counts(line) and (line.last("w") is None or line.times("print") > 0)


def counts(line: CommandLine) -> bool:
    """Whether packets are only counted."""
    return line.last("w") is None and line.times("count") > 0


def obey(line: CommandLine) -> int:
    """Do what a command line asks for; give the exit code."""
    if line.times("h"):
        print(usage())
        return 0
    if line.times("version"):
        print(f"pcapfilter version {pcapfilter.__version__}")
        return 0
    if line.times("f") and (line.times("r") or line.times("V")):
        raise UsageError("-f can not be used with -V or -r")
    check_arguments(line)
    if flags := line.pointless():
        say(f"{' '.join(flags)}: not supported: packets are not dissected")
    if line.times("D"):
        from pcapfilter.cli.interfaces import list_interfaces

        return list_interfaces()
    text = expression(line)
    inputs = input_names(line)
    if not inputs and (line.times("L") or line.times("J")):
        from pcapfilter.cli import interfaces

        shown = interfaces.list_link_types if line.times("L") else interfaces.list_clocks
        return shown(interfaces.chosen_device(line))
    if line.times("d"):
        return list_program(line, text, inputs)
    if not inputs:
        from pcapfilter.cli.live import capture

        return capture(line, text)
    from pcapfilter.cli.reading import read_inputs

    return read_inputs(line, text, inputs)


def say(message: str) -> None:
    """Print one line of our own to standard error."""
    print(f"pcapfilter: {message}", file=sys.stderr)


def expression(line: CommandLine) -> str:
    """Give the filter's text: of -F's file, where `#` begins a comment, or the operands joined."""
    name = line.last("F")
    if name is None:
        return " ".join(line.operands)
    with open(name, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return "\n".join(row.partition("#")[0] for row in file.read().split("\n"))


def announce(source: "Source") -> None:
    """Say what is read, as tcpdump does; it reads no capture of several link types."""
    links = ", ".join(dict.fromkeys(origin.link.title for origin in source.origins))
    print(
        f"reading from file {source.name}, link-type {links}, "
        f"snapshot length {source.origin.snaplen}",
        file=sys.stderr,
        flush=True,
    )


def filter_for(line: CommandLine, text: str, source: "Source") -> Filter:
    """Give the Filter of the text for what a source gives."""
    origin = source.origin
    return pcapfilter.compile(
        text,
        link=origin.link,
        snaplen=origin.snaplen,
        netmask=0,
        optimize=not line.times("O"),
        source=origin.source,
        swapped=origin.swapped,
    )


def other_link(first: "LinkType", source: "Source") -> CaptureError:
    """Give the error of an input that has another link type than the first one."""
    return CaptureError(
        f"new dlt does not match original: {source.origin.link.name} after {first.name}; "
        "--format pcapng takes both",
        name=source.name,
    )


def change_user(line: CommandLine) -> None:
    """Become -Z's user, if there is one, once the inputs are open."""
    user = line.last("Z")
    if user is not None:
        from pcapfilter.io.live.privileges import become

        try:
            become(user)
        except KeyError:
            raise UsageError(f"Couldn't find user '{user}'") from None
        say(f"dropped privs to {user}")


def list_program(line: CommandLine, text: str, inputs: list[str]) -> int:
    """Print the program, for the first input's link type, or -y's, or Ethernet."""
    snaplen = number(line, "s") or MAXIMUM_SNAPLEN
    if inputs:
        from pcapfilter.io.base import open_source

        source = open_source(inputs[0])
        try:
            announce(source)
            made = filter_for(line, text, source)
        finally:
            source.close()
    elif line.last("i") is not None:
        from pcapfilter.cli.live import filter_of

        made = filter_of(line, text)
    else:
        link = line.last("y")
        if link is None:
            print("Warning: assuming Ethernet", file=sys.stderr)
            link = "EN10MB"
        optimize = not line.times("O")
        made = pcapfilter.compile(text, link=link, snaplen=snaplen, netmask=0, optimize=optimize)
    print(made.listing("d" * min(line.times("d"), 3)))
    return 0
