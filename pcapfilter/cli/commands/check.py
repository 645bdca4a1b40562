"""`pcapfilter check E`: our program beside that of the tcpdump installed.

The exit code is 0 where all agree, 1 where one filter differs, 2 for trouble: what is unknown, what
cannot be asked, and a filter that is refused everywhere, so that nothing was compared.
"""

import sys
from collections import Counter
from collections.abc import Iterator

from pcapfilter.bpf.program import Program
from pcapfilter.cli.asked import command_line, seconds
from pcapfilter.cli.options import CommandLine, Flag, UsageError
from pcapfilter.errors import UnsupportedError
from pcapfilter.net.linktype import LINK_TYPES, LinkType, resolve
from pcapfilter.tools.compare import NoSolverError
from pcapfilter.tools.compare.comparison import INSTALL
from pcapfilter.tools.crosscheck import Finding, Outcome, Tcpdump, Verdict, check
from pcapfilter.tools.crosscheck.rows import side_by_side

FLAGS = (
    Flag("y", "linktype", "NAME", "a link type to compile for (may be given again)"),
    Flag("", "all-links", "", "every link type that filters are compiled for"),
    Flag("F", "", "FILE", "check each line of FILE (# begins a comment; - is standard input)"),
    Flag("O", "no-optimize", "", "do not optimise the programs"),
    Flag("", "kernel", "", "have the kernel judge packets, too"),
    Flag("", "refusals", "", "that both refuse a filter everywhere is agreement, not trouble"),
    Flag("", "strict", "", "what holds of every packet decides, cut off ones too"),
    Flag("", "timeout", "SECONDS", "give up on an answer or a proof after so long (30)"),
    Flag("", "tcpdump", "PATH", "the tcpdump to ask"),
    Flag("h", "help", "", "print this and stop"),
)
COMMON = ("EN10MB", "LINUX_SLL", "LINUX_SLL2", "RAW", "NULL", "PPP", "IEEE802_11_RADIO")
NOT_THERE = "link-layer type filtering not implemented"
"""How libpcap's refusals of link types end, which begin with their names."""
AGREE, DIFFERENT, TROUBLE = 0, 1, 2


def run(words: list[str]) -> int:
    """Check the filters, print what is found, and give the exit code."""
    usual = f"Without -y: {', '.join(COMMON)}."
    line = command_line(words, FLAGS, "check [option ...] [expression]", "", usual)
    if line is None:
        return AGREE
    filters, links = _filters(line), _links(line)
    limit = seconds(line, "check")
    tcpdump = Tcpdump.find(line.last("tcpdump"), limit)
    print(f"asked: {tcpdump.path} ({tcpdump.version})", flush=True)
    outcomes: Counter[Outcome] = Counter()
    kernel: Counter[Verdict] = Counter()
    uncompared = 0
    for text in filters:
        findings = [
            check(
                text,
                link,
                tcpdump,
                optimize=not line.times("O"),
                strict=line.times("strict") > 0,
                timeout=limit,
            )
            for link in links
        ]
        outcomes.update(found.outcome for found in findings)
        print(*_told(text, findings), sep="\n", flush=True)
        compared = any(found.outcome.is_compared for found in findings)
        if not compared and not line.times("refusals"):
            uncompared += 1
            print("  so nothing was compared (--refusals takes that for agreement)", flush=True)
        if line.times("kernel"):
            for found in findings:
                if found.ours is not None:
                    kernel[_asked(found.ours, found, limit)] += 1
    outcome = ", ".join(f"{outcomes[kind]} {kind.value}" for kind in Outcome if outcomes[kind])
    counted = f"{_count(len(filters), 'filter')} on {_count(len(links), 'link type')}"
    print("", f"{counted}: {outcome}", sep="\n")
    return _summed_up(outcomes, kernel, uncompared)


def _summed_up(outcomes: Counter[Outcome], kernel: Counter[Verdict], uncompared: int) -> int:
    """Say what does not agree, or that all does; give the exit code."""
    if uncompared:
        print(f"nothing was compared of {_count(uncompared, 'filter')}")
    if kernel:
        print(f"the kernel {', '.join(f'{k.value}: {kernel[k]}' for k in Verdict if kernel[k])}")
    if outcomes[Outcome.DIFFERENT] or kernel[Verdict.DIFFERS]:
        return DIFFERENT
    if uncompared or outcomes[Outcome.UNKNOWN] or set(kernel) - {Verdict.AGREES}:
        return TROUBLE
    print("all agree")
    return AGREE


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _filters(line: CommandLine) -> list[str]:
    """Give the expressions to check."""
    name = line.last("F")
    if name is None:
        return [" ".join(line.operands)]
    if line.operands:
        raise UsageError("check: an expression, or -F FILE, not both")
    if name == "-":
        text = sys.stdin.read()
    else:
        with open(name, encoding="utf-8", errors="replace") as file:
            text = file.read()
    rows = [row.partition("#")[0].strip() for row in text.splitlines()]
    found = [row for row in rows if row]
    if not found:
        raise UsageError(f"check: {name}: no expression in it")
    return found


def _links(line: CommandLine) -> list[LinkType]:
    """Give the link types to compile for."""
    if line.times("all-links"):
        return [row for row in LINK_TYPES if _compiles(row)]
    return [*dict.fromkeys(resolve(name) for name in line.given.get("y", COMMON))]


def _compiles(link: LinkType) -> bool:
    """Tell whether filters are compiled for a link type at all."""
    import pcapfilter

    try:
        pcapfilter.compile("len >= 0", link=link, optimize=False).program()
    except UnsupportedError:
        return False
    return True


def _told(text: str, findings: list[Finding]) -> Iterator[str]:
    """Give the lines about one filter: link types by outcome, then what is worth a look."""
    yield ""
    yield text or "(everything)"
    by_outcome: dict[tuple[Outcome, str], list[str]] = {}
    for found in findings:
        note = found.note if found.outcome is Outcome.REFUSED else ""
        if note.endswith(NOT_THERE):
            note = NOT_THERE
        by_outcome.setdefault((found.outcome, note), []).append(found.link.name)
    for (outcome, note), names in by_outcome.items():
        yield f"  {outcome.value}{f' ({note})' if note else ''}: {', '.join(names)}"
    for found in findings:
        if found.outcome in {Outcome.SAME, Outcome.DIFFERENT, Outcome.UNKNOWN}:
            yield ""
            yield from (f"    {row}".rstrip() for row in _details(found))


def _details(found: Finding) -> Iterator[str]:
    yield f"{found.link.title}: {found.outcome.value}"
    if found.note:
        yield found.note
    if found.ours is not None and found.theirs is not None:
        yield from side_by_side(found.ours, found.theirs)
    if found.comparison is not None and found.comparison.witnesses:
        from pcapfilter.tools.compare.bearing import bearing
        from pcapfilter.tools.compare.report import explain

        yield "(A is pcapfilter, B is tcpdump)"
        yield from explain(found.comparison, found.comparison.witnesses[0])
        yield from bearing(found.comparison, "A", "the filter")


def _asked(program: Program, found: Finding, limit: float) -> Verdict:
    """Ask the kernel about our program, and say what it answers."""
    try:
        from pcapfilter.tools.crosscheck.kernel import ask_kernel
    except ImportError as error:
        if error.name not in {"z3", None}:
            raise
        raise NoSolverError(f"--kernel needs Z3: {INSTALL}") from None

    more = [] if found.comparison is None else [w.packet for w in found.comparison.witnesses]
    answer = ask_kernel(program, found.link, more, limit)
    print(f"  {found.link.name}: {answer.note}", flush=True)
    return answer.verdict
