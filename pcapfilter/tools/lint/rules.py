"""The rules as a table: what is looked for, and in this order; what takes longest comes last."""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from pcapfilter.expr.nodes import Everything
from pcapfilter.tools.lint import effects, ends, failing, families, precedence, shifts, size, tags
from pcapfilter.tools.lint.finding import Finding, Report
from pcapfilter.tools.lint.subject import Subject
from pcapfilter.tools.lint.tree import balanced


class Rule(NamedTuple):
    """One rule: the names its findings have, what they say in short, and what finds them.

    `proves` tells that it finds nothing without the prover; `whole` that it looks at the program
    alone, and so at expressions of any depth.
    """

    names: tuple[str, ...]
    purpose: str
    find: Callable[[Subject], Iterator[Finding]]
    proves: bool = False
    whole: bool = False


RULES = (
    Rule(("never", "always"), "no packet matches, or every one does", effects.constants, True),
    Rule(("precedence",), "`a or b and c`", precedence.alike),
    Rule(("not",), "`not a or b`", precedence.negations),
    Rule(("not",), "`not a or not b`", precedence.exclusions),
    Rule(("shift",), "tests behind a vlan, mpls, ... that need not be there", shifts.shifts),
    Rule(("ipv4-only",), "`tcp[13]` and the like: never in IPv6", families.accessors),
    Rule(("short-packet",), "a load that rejects short packets, under `not` too", failing.failing),
    Rule(("kernel",), "programs that the kernel refuses", size.kernel, whole=True),
    Rule(("xt_bpf",), "programs too long for iptables -m bpf", size.firewall, whole=True),
    Rule(("port",), "ports in fragments and behind IPv6 extension headers", families.ports),
    Rule(("arp",), "addresses that match ARP, too", families.hosts),
    Rule(("ends",), "`port 80 and 443`", ends.ends),
    Rule(("tag",), "packets with a VLAN tag", tags.tags, True),
    Rule(("no-effect",), "a part without which the same packets match", effects.parts, True),
)  # fmt: skip


def apply(subject: Subject, ignore: Collection[str] = ()) -> Report:
    """Give what the rules find, but for those to ignore: warnings first, by place in the text."""
    found = [
        finding._replace(span=balanced(subject.text, finding.span))
        for rule in RULES
        if not isinstance(subject.expr, Everything)
        and not (subject.large and not rule.whole)
        and not {*rule.names} <= {*ignore}
        for finding in rule.find(subject)
        if finding.rule not in ignore
    ]
    found.sort(key=lambda finding: (finding.level == "note", finding.span))
    return Report(tuple(found), subject.open, subject.solver, subject.large)
