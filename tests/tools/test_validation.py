"""The compiler's own validation: what the optimiser and the eBPF translation make is proved.

Each change that a pass of the optimiser makes keeps the meaning, the optimised program equals the
unoptimised one (on packets on which no load of the latter fails), and the eBPF for every host
equals the classic program on every packet. By default samples are proved; `--sweep 130` proves all
of corpus/filters.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest

import pcapfilter as pf
from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.build import Target
from pcapfilter.codegen.cfg import Graph
from pcapfilter.codegen.ebpf import translate
from pcapfilter.codegen.ebpf.hosts import HOSTS, TURNS
from pcapfilter.codegen.linearize import linearize
from pcapfilter.codegen.optimize import PASSES, Work, optimize, steps
from pcapfilter.codegen.pipeline import build_graph
from pcapfilter.ebpf import program as ebpf
from pcapfilter.errors import FilterError
from pcapfilter.net.linktype import resolve
from pcapfilter.net.names import Resolver, TableResolver
from pcapfilter.parser import parse
from tests import strategies
from tests.codegen.drawn import Drawer
from tests.golden.test_filters import CORPUS
from tests.vocabulary import RESOLVER

pytest.importorskip("z3")

import z3

from pcapfilter.tools.prove import Answer, Different, Grade, Same, Side, decide
from pcapfilter.tools.prove.hosts import ASKED
from pcapfilter.tools.prove.octets import AnyPacket
from pcapfilter.tools.prove.question import follow

LINKS = ("EN10MB", "RAW", "NULL", "LINUX_SLL", "LINUX_SLL2", "PPP", "IEEE802_11_RADIO")
FARTHEST = 0xFFFF
"""Programs for tc and xdp see no octet further on."""
PATIENCE = 600.0
"""Seconds for one proof. A few take 6 on a machine that does nothing else, and CI is not alone."""


class Case(NamedTuple):
    """A filter: its text and what else decides about the program."""

    text: str
    link: str
    resolver: Resolver
    netmask: int | None = 0
    snaplen: int = 262144

    def graph(self) -> Graph:
        """Give its graph, before any optimisation; FilterError where it is refused."""
        row = resolve(self.link)
        target = Target(row, self.snaplen, self.netmask, self.resolver, None, False)
        return build_graph(parse(self.text), target)


def recorded() -> list[Case]:
    """Every filter of the corpus, on every link type that it was recorded for."""
    tables = json.loads((CORPUS / "filters" / "names.json").read_text(encoding="utf-8"))
    hosts = {name: tuple(addresses) for name, addresses in tables.pop("hosts").items()}
    names = TableResolver(hosts=hosts, numbers=tables)
    return [
        Case(row["text"], path.stem, names, row.get("netmask"), row.get("snaplen", 262144))
        for path in sorted((CORPUS / "filters").glob("*.jsonl"))
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]


def drawn(number: int) -> Iterator[Case]:
    """A stream of random filters: half everyday words, half arithmetic."""
    rng, drawer = random.Random(11), Drawer(11)
    for n in range(number):
        link = LINKS[n % len(LINKS)]
        text = drawer.expression(2) if n % 2 else strategies.draw(rng, link)
        case = Case(text, link, RESOLVER)
        try:
            case.graph()
        except FilterError:
            continue
        yield case


def sample(cases: list[Case], number: float) -> list[Case]:
    """So many of the cases, the same in every run; all where there are not more."""
    return random.Random(13).sample(cases, min(int(number), len(cases)))


def assert_same(case: Case, what: str, answer: Answer) -> None:
    assert isinstance(answer, Same), f"{case.link}: {case.text!r}: {what}: {answer}"


def prove_passes(case: Case) -> Counter[str]:
    """Prove every change on the way from the unoptimised to the optimised program."""
    seen: Counter[str] = Counter()
    graph = case.graph()
    if not graph.optimizable:
        return seen
    plain = before = linearize(graph)
    work = Work(graph)
    try:
        for name in steps(work):
            seen[name] += 1
            after = linearize(work.graph())
            if after != before:
                answer = decide(before, after, Grade.FIRST, live=False, timeout=PATIENCE)
                assert_same(case, f"after {name}, change {seen.total()}", answer)
            before = after
    except FilterError:  # a constant division by zero, which only the optimiser sees
        return seen
    best = linearize(optimize(graph))
    assert_same(case, "optimised", decide(plain, best, Grade.FIRST, live=False, timeout=PATIENCE))
    return seen


def prove_translation(case: Case) -> None:
    """Prove that each host's eBPF selects what the classic program selects, of all packets.

    A question that a host cannot ask the kernel is a load that fails.
    """
    program = linearize(case.graph())
    asked = {i.k for i in program if isa.ROWS[i.code].mode == "abs"} & {*isa.ANCILLARY}
    for host in HOSTS:
        live = host in {"socket", "tc"} and asked <= {k for k, _ in ASKED.values()}
        reach = FARTHEST if host in {"tc", "xdp"} else 262144
        translated = Side(translate(program, host=host), host)
        answer = decide(program, translated, Grade.EVERY, live=live, reach=reach, timeout=PATIENCE)
        assert_same(case, host, answer)
        assert host == "socket" or not strays(translated), f"{case.link}: {case.text!r}: {host}"


def strays(side: Side) -> bool:
    """Whether an eBPF program can come to read an octet that the packet does not have."""
    packet = AnyPacket(z3.Context())
    outcome = follow(side, packet, complete=False)
    if outcome.short is False:
        return False
    solver = z3.SolverFor("QF_BV", ctx=packet.terms)
    solver.add(outcome.short, *packet.rules())
    return bool(solver.check() != z3.unsat)


def test_passes_on_the_corpus(sweep: float) -> None:
    seen: Counter[str] = Counter()
    for case in sample(recorded(), 36 * sweep):
        seen += prove_passes(case)
    assert len(seen) >= len(PASSES) - 2


def test_passes_on_random_filters(sweep: float) -> None:
    seen: Counter[str] = Counter()
    for case in drawn(int(16 * sweep)):
        seen += prove_passes(case)
    assert len(seen) >= len(PASSES) - 2


def test_translation_of_the_corpus(sweep: float) -> None:
    for case in sample(recorded(), 36 * sweep):
        prove_translation(case)


def test_translation_of_random_filters(sweep: float) -> None:
    for case in drawn(int(16 * sweep)):
        prove_translation(case)


def test_where_the_kernel_sees_less() -> None:
    """docs/ebpf.md: octets from 65,535 on in tc and xdp, and more than 32 turns of a loop."""
    far = pf.compile("ip[ip[2:2]] = 5").program()
    chain = pf.compile("ip6 protochain 6").program()
    for host in ("tc", "xdp"):
        found = decide(far, Side(translate(far, host=host), host), Grade.EVERY)
        assert isinstance(found, Different)
        assert len(found.witness.packet) > FARTHEST
    twice = Side(translate(chain, host="socket"), "socket")
    assert isinstance(decide(chain, twice, Grade.EVERY, turns=TURNS - 30), Same)


def unguarded(program: ebpf.Program) -> ebpf.Program:
    """The program without the jumps to its end, where it rejects."""
    last = len(program) - 2
    return ebpf.Program(
        ebpf.Instruction(0xB7, 5, 0, 0, 0)  # r5 = 0, which nobody minds
        if i.code & 7 in {5, 6} and i.code & 0xF0 not in {0, 0x80, 0x90} and pc + 1 + i.off == last
        else i
        for pc, i in enumerate(program)
    )


def test_a_wrong_translation_is_found() -> None:
    program = pf.compile("tcp port 80").program()
    for host in HOSTS:
        good = translate(program, host=host)
        at = next(n for n, i in enumerate(good) if i.imm == 80)
        bad = type(good)([*good[:at], good[at]._replace(imm=81), *good[at + 1 :]])
        assert host == "socket" or strays(Side(unguarded(good), host))
        for grade in (Grade.EVERY, Grade.COMPLETE):
            assert isinstance(decide(program, Side(good, host), grade), Same)
            assert isinstance(decide(program, Side(bad, host), grade), Different)
    longer = isa.LD | isa.W | isa.ABS
    assert isinstance(decide(program, Program.of([(longer, 0, 0, 1), *program]), Grade.FIRST), Same)
