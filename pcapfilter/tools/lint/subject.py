"""The Subject of an inspection: a text, its tree, its program, and what can be proved about it."""

import time
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from pcapfilter import filter as roof
from pcapfilter.bpf import isa
from pcapfilter.bpf.program import NOTHING, Program
from pcapfilter.engine import reference
from pcapfilter.errors import FilterError, RejectsAllError, Span
from pcapfilter.expr.nodes import Expr
from pcapfilter.net.linktype import LinkType
from pcapfilter.net.names import Address, Resolver, SystemResolver, Table
from pcapfilter.parser import parse
from pcapfilter.tools.layers import read as layers
from pcapfilter.tools.lint.finding import Rewriting
from pcapfilter.tools.lint.tree import balanced, children

if TYPE_CHECKING:
    from pcapfilter.tools.prove import Answer, Different, Grade

EVERYTHING = Program.of([(0x06, 0, 0, 0xFFFFFFFF)])
"""A ret that takes every packet whole."""

DEEPEST, MOST = 100, 1000
"""An expression deeper than that, or of more nodes, is looked at as a whole only."""

WHOLE = 4096
"""How long packets are made to compare programs before anything is proved."""


class Subject:
    """One text, for one link type.

    `solver` tells whether Z3 is there; questions that come after the time is up stay open, and
    `open` counts them.
    """

    def __init__(
        self, text: str, made: roof.Filter, timeout: float, own: Program | None = None
    ) -> None:
        """Prepare to look at a text; `own` is its program, where that is known."""
        self.text, self.made = text, made
        self.expr: Expr = parse(text)
        self.link: LinkType = made.options.link
        self.open = 0
        self.solver = _solver_is_there()
        self._resolver = _Remembering(made.options.resolver or SystemResolver())
        self._programs: dict[str, Program | None] = {}
        self._answers: dict[tuple[Program, Program, Grade, int | None], Answer] = {}
        self._packets: list[bytes] = []
        self._deadline = time.monotonic() + timeout
        if own is not None:
            self._programs[text] = own
        program = self.program(text)
        assert program is not None
        self.own: Program = program

    def program(self, text: str) -> Program | None:
        """Give the program of a text; None where it is refused for the link type."""
        if text not in self._programs:
            options = self.made.options._replace(resolver=self._resolver)
            try:
                self._programs[text] = roof.Filter(text, options).program()
            except RejectsAllError:
                self._programs[text] = NOTHING
            except FilterError:
                if text == self.text:
                    raise
                self._programs[text] = None
        return self._programs[text]

    def program_in_time(self, text: str) -> Program | None:
        """Give the program of a text; None also if the time was up before it was compiled."""
        if text not in self._programs and self.late():
            return None
        return self.program(text)

    @cached_property
    def constant(self) -> str:
        """Tell that the text matches "never" or "always", proved; nothing where neither is."""
        if self.own == NOTHING or self.same(NOTHING):
            return "never"
        return "always" if self.same(EVERYTHING) else ""

    @cached_property
    def large(self) -> bool:
        """Tell whether the expression is too large to look at its parts."""
        count, waiting = 0, [(self.expr, 0)]
        while waiting:
            node, depth = waiting.pop()
            count += 1
            if depth > DEEPEST or count > MOST:
                return True
            waiting += [(child, depth + 1) for child in children(node)]
        return False

    def late(self) -> bool:
        """Tell whether the time is up; then whatever was to be asked stays open."""
        if time.monotonic() < self._deadline:
            return False
        self.open += 1
        return True

    # ---- proofs ------------------------------------------------------------------------------

    def same(self, other: Program, *, every: bool = False) -> bool | None:
        """Tell whether another program selects the same packets; None where nobody knows.

        The packets are those on which no load fails, or `every` one.
        """
        if not self.solver:
            return None
        from pcapfilter.tools.prove import Different, Same

        if not every and self._packet_tells(self.own, other):
            return False
        answer = self.answer(self.own, other, every=every)
        if isinstance(answer, Different):
            return False
        return True if isinstance(answer, Same) else None

    def selects_some(self, text: str) -> bool | None:
        """Tell whether some packet matches another text; None where nobody knows."""
        program = self.program(text)
        if program is None or program == NOTHING:
            return False
        if not self.solver:
            return None
        from pcapfilter.tools.prove import Different, Same

        answer = self.answer(program, NOTHING, every=False)
        if isinstance(answer, Different):
            return True
        return False if isinstance(answer, Same) else None

    def rewriting(self, text: str, purpose: str, *, theirs: bool = False) -> Rewriting:
        """Give a rewriting, and what is proved of it.

        The packet that shows a difference is one that the rewriting alone selects, if there is one
        and it is to be `theirs`.
        """
        plain = Rewriting(text, purpose)
        if not self.solver or self.late():
            return plain
        from pcapfilter.tools.prove import Different, Same

        program = self.program(text)
        if program is None:
            return plain
        answer = self._difference(program, every=False, theirs=theirs)
        if isinstance(answer, Different):
            return self._differing(plain._replace(relation="different"), answer)
        if not isinstance(answer, Same):
            return plain
        strict = self._difference(program, every=True, theirs=theirs)
        if isinstance(strict, Same):
            return plain._replace(relation="same")
        if isinstance(strict, Different):
            return self._differing(plain._replace(relation="same if whole"), strict)
        return plain

    def _difference(self, other: Program, *, every: bool, theirs: bool) -> "Answer":
        from pcapfilter.tools.prove import Same

        answer = self.answer(self.own, other, every=every, only=1 if theirs else None)
        if theirs and isinstance(answer, Same):
            return self.answer(self.own, other, every=every)
        return answer

    def answer(
        self, first: Program, second: Program, *, every: bool, only: int | None = None
    ) -> "Answer":
        """Give the prover's answer: unknown when the time is up.

        With `only` 0 or 1, packets count that this one of the two programs selects.
        """
        from pcapfilter.tools.prove import Different, Grade, Question, Side, Unknown

        grade: Grade = Grade.EVERY if every else Grade.COMPLETE
        key = (first, second, grade, only)
        if key not in self._answers:
            left = self._deadline - time.monotonic()
            found: Answer = Unknown("no time")
            if left > 0:
                question = Question((Side(first), Side(second)), grade, only=only)
                found = question.ask(left, self.link.name)
            self.open += isinstance(found, Unknown)
            if isinstance(found, Different) and not found.witness.answers:
                self._packets.append(found.witness.packet.ljust(WHOLE, b"\0"))
            self._answers[key] = found
        return self._answers[key]

    def _packet_tells(self, first: Program, second: Program) -> bool:
        """Tell whether a packet that was found before goes different ways; it is long enough."""
        one, other = reference.machine(first), reference.machine(second)
        return any(bool(one.run(p)) != bool(other.run(p)) for p in self._packets)

    def _differing(self, rewriting: Rewriting, answer: "Different") -> Rewriting:
        witness = answer.witness
        asked = [f"{isa.ANCILLARY[k]} is {said}" for k, said in sorted(witness.answers.items())]
        kernel = f", of which the kernel says: {', '.join(asked)}" if asked else ""
        return rewriting._replace(
            sample=f"{self.described(witness.packet, witness.wirelen)}{kernel}",
            theirs=not witness.first,
            witness=witness.packet,
            wirelen=witness.wirelen,
        )

    def described(self, packet: bytes, wirelen: int) -> str:
        """Give a packet in a few words: its headers and its length."""
        names = dict.fromkeys(
            f"VLAN {layer.value(packet, 'number')}"
            if layer.header.name == "VLAN"
            else layer.header.name
            for layer in layers.layers(packet, self.link.name)
        )
        headers = f" ({', '.join(names)})" if names else ""
        length = f"{len(packet)} octets"
        if wirelen != len(packet):
            length += f" captured of {wirelen}"
        return f"a packet of {length}{headers}"

    def quoted(self, spans: Iterable[Span]) -> str:
        """Give parts of the text as they are quoted in a sentence."""
        return ", ".join(f"`{self.written(span)}`" for span in spans)

    def written(self, span: Span) -> str:
        """Give a part of the text in one line, with the parentheses that are its own."""
        return " ".join(self.text[slice(*balanced(self.text, span))].split())


def _solver_is_there() -> bool:
    try:
        import z3  # noqa: F401 -- only to see whether it is there
    except ImportError:
        return False
    return True


class _Remembering:
    """A Resolver that asks another one, and no question twice."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._hosts: dict[str, tuple[Address, ...]] = {}
        self._numbers: dict[tuple[Table, str], int | None] = {}
        self._ethers: dict[str, bytes | None] = {}

    def hosts(self, name: str) -> tuple[Address, ...]:
        """Give all addresses of a host."""
        if name not in self._hosts:
            self._hosts[name] = self._resolver.hosts(name)
        return self._hosts[name]

    def number(self, table: Table, name: str) -> int | None:
        """Give a port, a protocol or a network."""
        if (table, name) not in self._numbers:
            self._numbers[table, name] = self._resolver.number(table, name)
        return self._numbers[table, name]

    def ethernet(self, name: str) -> bytes | None:
        """Give a host's Ethernet address."""
        if name not in self._ethers:
            self._ethers[name] = self._resolver.ethernet(name)
        return self._ethers[name]
