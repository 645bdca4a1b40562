"""tcpdump's flags as a table, and the reading of a command line as getopt_long(3) reads it.

Options and operands may be mixed, short ones bundled (`-nnttr FILE`), long ones cut to an
unambiguous beginning and given their argument by `=` or as the next word; `--` ends them.
"""

from collections.abc import Iterator
from typing import NamedTuple


class UsageError(Exception):
    """The command line is at fault; the message says how."""


class Flag(NamedTuple):
    """One flag. `argument` names what it takes, and is empty if nothing.

    A flag without a purpose is taken, and does nothing: it belongs to dissection.
    """

    short: str
    long: str
    argument: str = ""
    purpose: str = ""


FLAGS: tuple[Flag, ...] = tuple(
    Flag(*row)
    for row in (
        # short, long, argument, purpose
        ("r", "", "FILE", "read packets from FILE, a folder, a URL, - (may be repeated)"),
        ("V", "", "FILE", "read packets from the files that FILE names, one a line (may be empty)"),
        ("w", "", "FILE", "write the packets that match to FILE (- is standard output)"),
        ("", "format", "pcap|nanopcap|pcapng", "the format of -w's file (by its name)"),
        ("", "compress", "KIND", "gzip, bzip2, xz, zstd, lz4 or none (by the name)"),
        ("", "after", "TIME", "packets from TIME on (2026-05-01T10:00:00, or epoch seconds)"),
        ("", "before", "TIME", "packets before TIME"),
        ("", "json", "", "print what it came to as an object of JSON"),
        ("", "recover", "", "go on behind damage, at the next packet that is plausible"),
        ("", "skip-unsupported", "", "leave out packets whose link type the filter is not for"),
        ("c", "", "COUNT", "stop after COUNT packets that match (in each file)"),
        ("", "skip", "COUNT", "leave out the first COUNT packets that match"),
        ("", "count", "", "print how many packets match (with -w -, on standard error)"),
        ("d", "", "", "print the program and stop (-dd as C, -ddd as numbers)"),
        ("O", "no-optimize", "", "do not optimise the program"),
        ("y", "linktype", "NAME", "the link type of -i, or of -d without a file"),
        ("s", "snapshot-length", "LENGTH", "the snapshot length of -i, or of -d without a file"),
        ("F", "", "FILE", "read the expression from FILE"),
        ("n", "", "", "do not turn numbers into names (they never are)"),
        ("l", "", "", "write out each printed line at once"),
        ("U", "packet-buffered", "", "write out each packet at once"),
        ("t", "", "", "time: -t none, -tt seconds, -ttt delta, -tttt date, -ttttt elapsed"),
        ("", "workers", "COUNT", "scan a capture file by COUNT threads at once (all cores)"),
        ("", "micro", "", "times in microseconds"),
        ("", "nano", "", "times in nanoseconds"),
        ("", "time-stamp-precision", "micro|nano", "the same"),
        ("h", "help", "", "print this and stop"),
        ("", "version", "", "print the version and stop"),
        ("q", "", "", "say less of a packet"),
        ("e", "", "", "begin with the link-layer header"),
        ("v", "", "", "say more: time to live, type of service, checksums (-vv yet more)"),
        ("x", "", "", "show the octets (-xx those of the link layer, too)"),
        ("X", "", "", "show the octets, and as text beside them (-XX as -xx)"),
        ("A", "", "", "show the octets as text (-AA as -xx)"),
        ("a", "", "", "do nothing (names of networks, once)"),
        ("f", "", "", "do nothing (foreign addresses have no names, here)"),
        (
            "S",
            "absolute-tcp-sequence-numbers",
            "",
            "TCP sequence numbers as they are, not counted from the first",
        ),
        ("K", "dont-verify-checksums", "", "with -v, do not verify checksums"),
        ("N", "", "", "do nothing (domains are never named)"),
        ("#", "number", "", "number the printed packets"),
        ("", "lengths", "", "print how much was captured, and how long the packet was"),
        ("", "print", "", "print packets although -w writes them (with -w -, on standard error)"),
        ("i", "interface", "NAME", "capture from an interface (any: from all of them)"),
        ("D", "list-interfaces", "", "list the interfaces and stop"),
        ("L", "list-data-link-types", "", "list the link types of an interface and stop"),
        ("J", "list-time-stamp-types", "", "list the clocks of an interface and stop"),
        ("I", "monitor-mode", "", "capture only if the interface is in monitor mode"),
        ("p", "no-promiscuous-mode", "", "leave out what is not meant for this machine"),
        ("B", "buffer-size", "KIB", "the size of the ring that packets wait in (16384)"),
        ("Q", "direction", "in|out|inout", "capture only what comes in, or goes out"),
        ("j", "time-stamp-type", "TYPE", "the clock that takes the times (host)"),
        ("", "immediate-mode", "", "hand over packets at once"),
        ("Z", "relinquish-privileges", "USER", "become USER before any output is opened"),
        ("C", "", "SIZE", "go on to another file after SIZE million octets (k, m, g: binary)"),
        ("G", "", "SECONDS", "go on to another file after SECONDS (-w's name: strftime)"),
        ("W", "", "COUNT", "write COUNT files at most: in a ring by -C, then stop by -G"),
        ("z", "", "COMMAND", "run COMMAND with each file that is done with"),
        ("", "append", "", "add to -w's file, if its header holds"),
        ("E", "", "ALGORITHM:SECRET", ""),
        ("M", "", "SECRET", ""),
        ("m", "", "MODULE", ""),
        ("T", "", "TYPE", ""),
        ("H", "", "", ""),
        ("b", "", "", ""),
        ("u", "", "", ""),
    )
)


class CommandLine(NamedTuple):
    """A command line, read: by flag (its long name where it has no short) each value given.

    The flag that was given last stands last.
    """

    given: dict[str, list[str]]
    operands: list[str]

    def times(self, name: str) -> int:
        """Give how many times a flag was given."""
        return len(self.given.get(name, ()))

    def last(self, name: str) -> str | None:
        """Give a flag's last argument."""
        values = self.given.get(name)
        return values[-1] if values else None

    def pointless(self) -> list[str]:
        """Give the flags given that have no purpose, as they are written."""
        return [f"-{f.short}" for f in FLAGS if not f.purpose and f.short in self.given]


def read_command_line(words: list[str], flags: tuple[Flag, ...] = FLAGS) -> CommandLine:
    """Read the words of a command line; UsageError, in getopt's words, where they are wrong."""
    short = {flag.short: flag for flag in flags if flag.short}
    long = {flag.long: flag for flag in flags if flag.long}
    given: dict[str, list[str]] = {}
    operands: list[str] = []
    rest = iter(words)

    def note(flag: Flag, value: str) -> None:
        name = flag.short or flag.long
        given[name] = [*given.pop(name, ()), value]

    for word in rest:
        if word == "--":
            operands.extend(rest)
        elif word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            flag = _long_flag(name, long)
            if equals and not flag.argument:
                raise UsageError(f"option '--{flag.long}' doesn't allow an argument")
            if flag.argument and not equals:
                value = _argument(rest, f"option '--{flag.long}' requires an argument")
            note(flag, value)
        elif word.startswith("-") and word != "-":
            at = 1
            while at < len(word):
                letter = word[at]
                at += 1
                found = short.get(letter)
                if found is None:
                    raise UsageError(f"invalid option -- '{letter}'")
                value = ""
                if found.argument:
                    value = word[at:] or _argument(
                        rest, f"option requires an argument -- '{letter}'"
                    )
                    at = len(word)
                note(found, value)
        else:
            operands.append(word)
    return CommandLine(given, operands)


def _argument(rest: Iterator[str], complaint: str) -> str:
    word = next(rest, None)
    if word is None:
        raise UsageError(complaint)
    return word


def _long_flag(name: str, flags: dict[str, Flag]) -> Flag:
    if name in flags:
        return flags[name]
    near = [flag for long, flag in flags.items() if long.startswith(name)]
    if len(near) == 1:
        return near[0]
    if near:
        names = " ".join(f"'--{flag.long}'" for flag in near)
        raise UsageError(f"option '--{name}' is ambiguous; possibilities: {names}")
    from difflib import get_close_matches

    likely = get_close_matches(name, flags, 1, 0.7)
    hint = "".join(f"; did you mean '--{long}'?" for long in likely)
    raise UsageError(f"unrecognized option '--{name}'{hint}")


def usage() -> str:
    """Give the text of `--help`."""
    from pcapfilter.cli.commands import COMMANDS

    lines = [
        "Usage: pcapfilter [option ...] [expression]",
        "       pcapfilter COMMAND [option ...] ...",
        "",
        *described(FLAGS),
        "",
        "The expression is that of pcap-filter(7). Without -w, matching packets are printed.",
        "",
        "Commands (pcapfilter COMMAND -h tells more):",
        *(f"  {name:<12}{row.purpose}" for name, row in sorted(COMMANDS.items())),
    ]
    return "\n".join(lines)


def described(flags: tuple[Flag, ...]) -> Iterator[str]:
    """Give a line for each flag that has a purpose, or two where it is long."""
    for flag in flags:
        if flag.purpose:
            names = [f"-{flag.short}"] * bool(flag.short) + [f"--{flag.long}"] * bool(flag.long)
            left = f"{', '.join(names)} {flag.argument}"
            if len(left) >= 28:
                yield f"  {left}"
                left = ""
            yield f"  {left:<28}{flag.purpose}"
