"""Why a packet matches a filter, or does not.

    Tracer(filter).trace(octets, wirelen)      a Trace: verdict, the reason, each primitive's fate

The program is run before optimisation, where each test still belongs to one primitive: that tells
which primitives held. The verdict, the values read and the path are those of the filter's own
program. Where the two disagree, on a packet that is cut short, the verdict says so.

machine.py     a run, step by step
reasons.py     why a condition held or failed
misplaced.py   fields that are not what they are taken for
joining.py     what the expression makes of it
sentences.py   how that is said
"""

from collections.abc import Mapping
from typing import NamedTuple

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.build import All, Inverse
from pcapfilter.codegen.cfg import Block
from pcapfilter.codegen.linearize import Place, linearize
from pcapfilter.expr import nodes
from pcapfilter.filter import Filter
from pcapfilter.tools.explain.words import to_text_of
from pcapfilter.tools.fields import Named
from pcapfilter.tools.provenance import Origin, Primitive, Provenance, provenance_of
from pcapfilter.tools.spelling import Spelling, canonical
from pcapfilter.tools.trace.joining import Result, joined
from pcapfilter.tools.trace.machine import Run, run
from pcapfilter.tools.trace.misplaced import Shifts, Sight, octets
from pcapfilter.tools.trace.reasons import Answer, Reason, Why, plainly, wholes
from pcapfilter.tools.trace.sentences import sentence

__all__ = ["Fate", "Trace", "Tracer"]

LONGEST = 60
"""How long the text of a negation may be to be named in a sentence."""


class Fate(NamedTuple):
    """What became of one primitive: whether it held (None: not asked, or not to its end), and why.

    `text` is canonical.
    """

    text: str
    held: bool | None
    why: str


class Trace(NamedTuple):
    """What a filter made of one packet.

    `verdict` is its program's (0, or how many octets to keep), `sentence` the shortest reason,
    `fates` what became of each primitive, `reads` the fields that the program read, with their
    values, and `path` the places of the instructions it went through.
    """

    verdict: int
    sentence: str
    fates: tuple[Fate, ...]
    reads: tuple[tuple[str, str], ...]
    path: tuple[int, ...]

    @property
    def matched(self) -> bool:
        """Whether the packet matches."""
        return self.verdict != 0


class Tracer:
    """Traces packets through one Filter; `program` is its program.

    FilterError where its text is refused.
    """

    def __init__(self, made: Filter) -> None:
        self._found: Provenance = provenance_of(made)
        tracked = self._found.tracked
        self._places: list[Place] = []
        self._plain: Program = linearize(tracked.graph, self._places)
        self._whole = [wholes(one.cond, one.questions) for one in tracked.primitives]
        self.program: Program = self._found.program
        self._shifts = Shifts(tracked.primitives, made.options)
        self._link = made.options.link.name
        self._number = {id(one.node): n for n, one in enumerate(tracked.primitives)}

    def trace(self, packet: bytes, wirelen: int | None = None) -> Trace:
        """Trace the captured octets of one packet, so long on the wire."""
        data = bytes(packet)
        plain = run(self._plain, data, wirelen)
        own = run(self._found.program, data, wirelen)
        answers, tests = self._answered(plain)
        sight = Sight(self._shifts, self._link, data, wirelen)
        results = [
            self._result(n, one, answers, tests, data, sight)
            for n, one in enumerate(self._found.tracked.primitives)
        ]
        whole = joined(self._found.tracked.expr, lambda node: results[self._number[id(node)]])
        broken = self._broken(plain, sight)
        if own.verdict and not plain.verdict:
            told = self._last_answer(own, sight)
            said = f"yes: {told}; before optimisation: no, {broken or 'it failed'}"
        elif plain.verdict and not own.verdict:
            said = f"no: {self._last_answer(own, sight)}"
            if own.end == "short":
                last = own.steps[-1]
                numbers, field, _ = self._found.origins[last.pc]
                load = isa.ROWS[self._found.program[last.pc].code]
                ended = sight.cut(field, numbers, last.place, load.size)
                said = f"no: {ended}; before optimisation: yes"
        elif own.verdict:
            said = f"yes: {sentence(whole.reasons, whole.text) or 'every packet matches'}"
        else:
            said = f"no: {broken or _refusal(whole, self._found.text)}"
        fates = tuple(
            Fate(one.text, result.held, self._fate(one, result, plain, broken))
            for one, result in zip(self._found.tracked.primitives, results, strict=True)
        )
        path = tuple(step.pc for step in own.steps)
        return Trace(own.verdict, said, fates, self._reads(own, sight), path)

    # ---- what was answered ---------------------------------------------------------------------

    def _answered(self, plain: Run) -> tuple[dict[Block, Answer], dict[Block, tuple[int, int]]]:
        """Give the answers of each block, and the two sides of what it compared."""
        answers: dict[Block, Answer] = {}
        sides: dict[Block, tuple[int, int]] = {}
        questions = self._found.tracked.blocks
        place, size = -1, 0
        for n, step in enumerate(plain.steps):
            block, stmt = self._places[step.pc]
            instruction = self._plain[step.pc]
            row = isa.ROWS[instruction.code]
            if step.place >= 0:
                place, size = step.place, row.size
            if stmt is not None or step.taken is None:
                continue
            left, right = step.a, step.x if row.mode == "x" else instruction.k
            before = plain.steps[n - 1] if n else step
            if instruction.code == isa.JMP | isa.JEQ | isa.K and not instruction.k:
                code = self._plain[before.pc].code
                if self._places[before.pc][0] is block and code == isa.ALU | isa.SUB | isa.X:
                    left, right = before.a, before.x
            sides[block] = left, right
            origin = questions.get(block)
            if origin is not None and origin.asked is not None:
                answers[block] = Answer(origin.asked, left, right, step.taken, place, size)
            place = -1
        return answers, sides

    def _result(
        self,
        number: int,
        one: Primitive,
        answers: Mapping[Block, Answer],
        sides: Mapping[Block, tuple[int, int]],
        packet: bytes,
        sight: Sight,
    ) -> Result:
        relation = None
        if isinstance(one.node, nodes.Relation):
            relation = _relation(one.node, one, answers, sides, self._found.text)

        def taken_for(field: Named, place: int, size: int) -> str:
            return sight.taken_for(field, (number,), place, size)

        why = Why(answers, self._whole[number], packet, taken_for, relation)
        held = why.verdict(one.cond)
        if held is None:
            return Result(None, text=one.text)
        depth, reasons = (0, why.held(one.cond)) if held else why.failed(one.cond)
        return Result(held, depth, tuple(reasons), one.text)

    # ---- what is said --------------------------------------------------------------------------

    def _broken(self, plain: Run, sight: Sight) -> str:
        """Say why the run before optimisation came to no verdict; nothing where it did."""
        last = plain.steps[-1]
        block, stmt = self._places[last.pc]
        match plain.end:
            case "return":
                return ""
            case "short":
                origin = Origin() if stmt is None else self._found.tracked.stmts.get(stmt, Origin())
                size = isa.ROWS[self._plain[last.pc].code].size
                numbers = origin.primitives
                return sight.cut(origin.field, numbers, last.place, size)
            case "division":
                return f"a division by zero in {self._text_of(block)}"
            case _:
                return f"the chain of headers never ends in {self._text_of(block)}"

    def _text_of(self, block: Block) -> str:
        origin = self._found.tracked.blocks.get(block)
        if origin is None or not origin.primitives:
            return "the link layer"
        return self._found.tracked.primitives[origin.primitives[0]].text

    def _fate(self, one: Primitive, result: Result, plain: Run, broken: str) -> str:
        """Say why a primitive held or failed, or where the packet ended."""
        if result.held is not None:
            return sentence(result.reasons, one.text)
        here = self._found.tracked.blocks.get(self._places[plain.steps[-1].pc][0])
        ended = here is not None and any(
            self._found.tracked.primitives[n] is one for n in here.primitives
        )
        return broken if ended else ""

    def _last_answer(self, own: Run, sight: Sight) -> str:
        """Say what the last test of the program itself found."""
        for at, step in reversed([*enumerate(own.steps)]):
            numbers, _, asked = self._found.origins[step.pc]
            instruction = self._found.program[step.pc]
            row = isa.ROWS[instruction.code]
            if step.taken is None or asked is None or row.meaning != asked.asks:
                continue
            field, shift = asked.value.field, asked.value.shift
            wanted = step.x if row.mode == "x" else instruction.k
            if field is None or wanted & (1 << shift) - 1:
                reason = Reason(asked.value.text, str(step.a), asked.asks, str(wanted), step.taken)
            else:
                found = (step.a & wanted if asked.asks == "jset" else step.a) >> shift
                load = next((s for s in reversed(own.steps[:at]) if s.place >= 0), step)
                size = isa.ROWS[self._found.program[load.pc].code].size
                other = sight.taken_for(field, numbers, load.place, size)
                reason = Reason(
                    other or field.name,
                    plainly(field, found) if other else field.written(found),
                    asked.asks,
                    field.written(wanted >> shift),
                    step.taken,
                )
            return sentence([reason], "the filter")
        return "nothing is asked of it" if own.verdict else "no packet can match"

    def _reads(self, own: Run, sight: Sight) -> tuple[tuple[str, str], ...]:
        """Give the fields that the program read, with their values, each once."""
        found: dict[str, str] = {}
        places: dict[str, int] = {}
        headers: set[str] = set()
        for step, following in zip(own.steps, [*own.steps[1:], None], strict=True):
            numbers, field, _ = self._found.origins[step.pc]
            row = isa.ROWS[self._found.program[step.pc].code]
            if field is None or following is None:
                continue
            if other := sight.taken_for(field, numbers, step.place, row.size):
                value = following.x if row.mode == "msh" else following.a
                found[other] = plainly(field, value)
            elif row.mode == "msh":
                found["IPv4 header length"] = f"{following.x} octets"
            else:
                name = field.among(headers).name
                if places.setdefault(name, step.place) != step.place:
                    name += f" ({octets(step.place, row.size)})"
                found[name] = field.written(following.a)
                headers.add(field.known(following.a).lower())
        return tuple(found.items())


def _relation(
    node: nodes.Relation,
    one: Primitive,
    answers: Mapping[Block, Answer],
    sides: Mapping[Block, tuple[int, int]],
    text: str,
) -> tuple[Block, Reason] | None:
    """Give the block of a comparison, and what it found on both sides."""
    assert isinstance(one.cond, All)
    test = one.cond.terms[-1]
    opposite = isinstance(test, Inverse)
    block = test.term if isinstance(test, Inverse) else test
    if not isinstance(block, Block) or block not in answers:
        return None
    left, right = sides[block]
    spelling = Spelling(text, node.span)
    wanted = spelling.of(str(right))
    if not isinstance(node.right, nodes.Number):
        wanted = f"{spelling.of(to_text_of(node.right))} ({right})"
    holds = answers[block].outcome != opposite
    subject, found = spelling.of(to_text_of(node.left)), spelling.number(left, right)
    return block, Reason(subject, found, node.op, wanted, holds)


def _refusal(result: Result, text: str) -> str:
    """Say why the expression, which is this text, failed."""
    said = sentence(result.reasons, result.text)
    excluded = result.excluded
    text = "" if excluded is None else canonical(excluded, text)
    return f"{said}, which `{text}` excludes" if text and len(text) <= LONGEST else said
