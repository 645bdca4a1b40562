"""The words of PF's log: the interface, the rule and what it did.

Source: pflog(4), pf(4); pcap-filter(7).
"""

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond

ACTION, REASON, INTERFACE, RULESET, RULE, SUBRULE = 2, 3, 4, 20, 36, 40
NAME_LENGTH = 15

REASONS = {
    "match": 0, "bad-offset": 1, "fragment": 2, "short": 3, "normalize": 4, "memory": 5,
    "bad-timestamp": 6, "congestion": 7, "ip-option": 8, "proto-cksum": 9, "state-mismatch": 10,
    "state-insert": 11, "state-limit": 12, "src-limit": 13, "synproxy": 14,
}  # fmt: skip
ACTIONS = {
    "pass": 0, "accept": 0, "drop": 1, "block": 1, "scrub": 2, "noscrub": 3, "nat": 4, "nonat": 5,
    "binat": 6, "nobinat": 7, "rdr": 8, "nordr": 9, "synproxy-drop": 10,
}  # fmt: skip


def interface(b: Builder, name: str) -> Cond:
    """Test the name of the interface."""
    _check(b, "ifname")
    octets = name.encode(errors="surrogateescape")
    if len(octets) > NAME_LENGTH:
        b.fail(f"ifname interface names can only be {NAME_LENGTH} characters")
    return build.bytes_equal(b, INTERFACE, octets)


def ruleset(b: Builder, name: str) -> Cond:
    """Test the name of the rule set."""
    _check(b, "ruleset")
    octets = name.encode(errors="surrogateescape")
    if len(octets) > NAME_LENGTH:
        b.fail(f"ruleset names can only be {NAME_LENGTH} characters")
    return build.bytes_equal(b, RULESET, octets)


def rule(b: Builder, number: int) -> Cond:
    """Test the number of the rule."""
    _check(b, "rnr")
    return build.equal(b.from_header(RULE, 4), number)


def subrule(b: Builder, number: int) -> Cond:
    """Test the number of the rule within its set."""
    _check(b, "srnr")
    return build.equal(b.from_header(SUBRULE, 4), number)


def reason(b: Builder, cause: int | str) -> Cond:
    """Test why the packet was logged."""
    if isinstance(cause, str):
        if cause.lower() not in REASONS:
            b.unknown(f'unknown PF reason "{cause}"')
        cause = REASONS[cause.lower()]
    _check(b, "reason")
    return build.equal(b.from_header(REASON, 1), cause)


def action(b: Builder, name: str) -> Cond:
    """Test what was done with the packet."""
    if name.lower() not in ACTIONS:
        b.unknown(f'unknown PF action "{name}"')
    _check(b, "action")
    return build.equal(b.from_header(ACTION, 1), ACTIONS[name.lower()])


def _check(b: Builder, word: str) -> None:
    if b.layout.link != layout.PFLOG:
        b.refuse(f"{word} supported only on PF linktype")
