"""Why a primitive held or failed: the answers that decided it, and how they are said.

Of alternatives that all failed, those are told that came closest: `tcp port 80` fails on a UDP
packet over IPv4 because of its protocol, and not because it is no IPv6.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from pcapfilter.codegen.build import All, Any, Cond, Inverse
from pcapfilter.codegen.cfg import Block
from pcapfilter.tools.fields import Named, named
from pcapfilter.tools.provenance.conditions import flat
from pcapfilter.tools.provenance.values import Question

ADDRESSES = frozenset(("mac", "ip4", "ip6", "text"))
"""How fields are written that are compared in parts, and are only understood whole."""

ALWAYS, BIT = "always", "bit"


class Answer(NamedTuple):
    """A question, answered by a packet: the value that was found, the one asked for, the outcome.

    `place` is where the value was loaded from, -1 if from nowhere, and `size` how many octets.
    """

    question: Question
    found: int
    wanted: int
    outcome: bool
    place: int = -1
    size: int = 0


class Reason(NamedTuple):
    """Something that is so: `subject` is `found`, and `wanted` was asked for, in this way.

    `asks` is a question's, or BIT where it is about one bit, or the sign of a comparison in the
    text, or ALWAYS where the link type alone decides. `outcome` tells whether it is as asked.
    """

    subject: str
    found: str
    asks: str
    wanted: str
    outcome: bool


def wholes(cond: Cond, questions: Mapping[Block, Question]) -> dict[Block, tuple[Named, str]]:
    """Give, for blocks that compare an address in parts, the whole and what it is to be."""
    found: dict[Block, tuple[Named, str]] = {}
    stack: list[Cond] = [cond]
    while stack:
        here = stack.pop()
        match here:
            case Block():
                found.update(_whole([here], questions))
            case Inverse():
                stack.append(here.term)
            case All():
                blocks = [term for term in here.terms if isinstance(term, Block)]
                found.update(_whole(blocks, questions))
                stack += [term for term in here.terms if not isinstance(term, Block)]
            case Any():
                stack += here.terms
    return found


def _whole(
    blocks: list[Block], questions: Mapping[Block, Question]
) -> dict[Block, tuple[Named, str]]:
    parts: dict[tuple[str, int], list[tuple[Named, int, Block]]] = {}
    for block in blocks:
        question = questions.get(block)
        if question is None or question.asks != "jeq" or question.wanted.constant is None:
            continue
        bits = question.value.field
        if bits is not None and bits.field is not None and bits.field.form in ADDRESSES:
            wanted = question.wanted.constant >> question.value.shift
            key = bits.header, bits.field.at
            if not wanted >> bits.bits:
                parts.setdefault(key, []).append((bits, wanted, block))
    made: dict[Block, tuple[Named, str]] = {}
    for rows in parts.values():
        rows.sort(key=lambda row: row[0].at)
        first = rows[0][0]
        field = first.field
        assert field is not None
        at, value = field.at, 0
        for bits, wanted, _ in rows:
            if bits.at != at:
                break
            value, at = value << bits.bits | wanted, at + bits.bits
        else:
            whole = named(first.header, field.at, field.bits)
            whole = whole.inner if first.name.startswith("inner ") else whole
            text = whole.written(value << field.at + field.bits - at)
            if field.form != "text" and at < field.at + field.bits:
                text = f"within {text}/{at - field.at}"
            made.update((block, (whole, text)) for _, _, block in rows)
    return made


class Why:
    """Tells why conditions held or failed, for one packet.

    `relation` is the block of a comparison that the text makes itself, and what is to be said of
    it; `whole` are the addresses that blocks compare in parts. `taken_for` says what is read in
    place of a field, by the place and the number of octets; nothing where it is the field.
    """

    def __init__(
        self,
        answers: Mapping[Block, Answer],
        whole: Mapping[Block, tuple[Named, str]],
        packet: bytes,
        taken_for: Callable[[Named, int, int], str],
        relation: tuple[Block, Reason] | None = None,
    ) -> None:
        self._answers, self._whole, self._packet = answers, whole, packet
        self._taken_for = taken_for
        self._relation = relation

    def verdict(self, cond: Cond) -> bool | None:
        """Tell whether a condition held; None where the packet did not get to its end."""
        match cond:
            case Block():
                answer = self._answers.get(cond)
                return None if answer is None else answer.outcome
            case Inverse():
                inner = self.verdict(cond.term)
                return None if inner is None else not inner
            case All():
                return next((v for v in map(self.verdict, flat(cond)) if v is not True), True)
            case Any():
                return next((v for v in map(self.verdict, cond.terms) if v is not False), False)

    def held(self, cond: Cond) -> list[Reason]:
        """Give why a condition held."""
        match cond:
            case Block():
                return [self._reason(cond)]
            case Inverse():
                return self.failed(cond.term)[1]
            case All():
                reasons: list[Reason] = []
                for term in reversed([*flat(cond)]):
                    reasons = self.held(term)
                    if not all(reason.asks == ALWAYS for reason in reasons):
                        break
                return reasons
            case Any():
                return self.held(next(t for t in cond.terms if self.verdict(t)))

    def failed(self, cond: Cond) -> tuple[int, list[Reason]]:
        """Give how many tests of a condition held before it failed, and why it did."""
        match cond:
            case Block():
                return 0, [self._reason(cond)]
            case Inverse():
                return 0, self.held(cond.term)
            case All():
                terms = [*flat(cond)]
                passed = next(n for n, term in enumerate(terms) if self.verdict(term) is False)
                depth, reasons = self.failed(terms[passed])
                return passed + depth, reasons
            case Any():
                return closest(self.failed(term) for term in cond.terms)

    def _reason(self, block: Block) -> Reason:
        question, found, wanted, outcome, place, size = self._answers[block]
        value, asks = question.value, question.asks
        if self._relation is not None and self._relation[0] is block:
            return self._relation[1]
        if question.frameless:
            there = "missing" if outcome else "there"
            return Reason("the frame in the Geneve tunnel", there, asks, "missing", outcome)
        if value.constant is not None or (value.field is None and question.wanted.parts):
            return Reason("", "", ALWAYS, "", outcome)
        if value.field is None:
            return Reason(value.text, str(found), asks, str(wanted), outcome)
        if block in self._whole and place >= 0:
            whole, text = self._whole[block]
            start = place - (value.field.at - whole.at) // 8
            octets = self._packet[max(start, 0) : start + whole.bits // 8]
            if len(octets) == whole.bits // 8:
                read = whole.written(int.from_bytes(octets))
                other = self._taken_for(whole, start, len(octets))
                return Reason(other or whole.name, read, asks, text, outcome)
        field, shift = value.field, value.shift
        other = self._taken_for(field, place, size)
        if asks == "jset":
            found, asks = found & wanted, BIT if field.bits == 1 else asks
        text = str(wanted) if wanted & (1 << shift) - 1 else field.written(wanted >> shift)
        read = plainly(field, found >> shift) if other else field.written(found >> shift)
        return Reason(other or field.name, read, asks, text, outcome)


def plainly(field: Named, value: int) -> str:
    """Write a value of bits that are no field's."""
    return Named("", 0, field.bits, "").written(value)


def closest(found: Iterable[tuple[int, list[Reason]]]) -> tuple[int, list[Reason]]:
    """Give the reasons of the alternatives that came closest, each once."""
    alternatives = [*found]
    telling = [row for row in alternatives if any(reason.asks != ALWAYS for reason in row[1])]
    depth = max(depth for depth, _ in telling or alternatives)
    at_depth = (reasons for d, reasons in telling or alternatives if d == depth)
    return depth, [*dict.fromkeys(reason for reasons in at_depth for reason in reasons)]
