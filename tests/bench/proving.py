"""How long proofs take: `python -m tests.bench.proving`.

Everyday filters: each against its unoptimised program, and with another one beside it against the
same the other way round, and against itself alone. Long ones: programs of some 300 instructions,
their parts in another order, or one of them left out. Of each kind: what was proved of how many,
and how the times are distributed.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterator

import pcapfilter as pf
from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.tools.prove import Grade, decide
from tests.bench.compiling import EVERYDAY
from tests.strategies import draw
from tests.vocabulary import RESOLVER

NOTHING = Program.of([(isa.RET | isa.K, 0, 0, 0)])
TIMEOUT = 60.0

LONG = {
    "hosts": [f"host 10.0.{n // 8}.{n}" for n in range(100)],
    "ports": [f"port {1000 + 7 * n}" for n in range(95)],
    "networks": [f"net 10.{n}.0.0/16" for n in range(25)],
    "port ranges": [f"portrange {100 * n}-{100 * n + 50}" for n in range(25)],
    "IPv6 hosts": [f"ip6 host 2001:db8::{n:x}" for n in range(20)],
    "pairs": [f"(src net 10.{n}.0.0/16 and tcp dst port {100 + n})" for n in range(30)],
    "fields": [f"ip[{n % 20}:2] & {n + 1} = {n % 7}" for n in range(60)],
    "arithmetic": [f"(ip[{n}] + ip[{n + 1}:2] * {n + 3}) % 251 = {n}" for n in range(30)],
}

Pair = tuple[Program, Program]


def program(text: str, *, optimize: bool = True) -> Program:
    """Give our program; the one that rejects where nothing can match."""
    try:
        made = pf.compile(text, netmask=0, optimize=optimize, resolver=RESOLVER)
        return made.program()
    except pf.RejectsAllError:
        return NOTHING


def everyday(count: int) -> Iterator[Pair]:
    """Pairs of everyday filters, drawn and written."""
    rng = random.Random("proving")
    texts = list(EVERYDAY)
    while len(texts) < count:
        try:
            program(text := draw(rng, "EN10MB"), optimize=False)
            program(text)
            texts.append(text)
        except pf.FilterError:
            continue
    for text in texts:
        yield program(text), program(text, optimize=False)
        other = draw_another(rng)
        yield program(f"({text}) and ({other})"), program(f"({other}) and ({text})")
        yield program(f"({text}) or ({other})"), program(text)


def draw_another(rng: random.Random) -> str:
    """Give a filter that stands beside any other."""
    return rng.choice(("tcp port 80", "host 10.0.0.1", "ip6", "not net 10.0.0.0/8", "udp"))


def long(*, less: bool) -> Iterator[tuple[str, Pair]]:
    """Long filters: their parts in another order, and perhaps one less of them."""
    rng = random.Random("long")
    for name, parts in LONG.items():
        other = parts[1:] if less else parts[:]
        rng.shuffle(other)
        yield name, (program(" or ".join(parts)), program(" or ".join(other)))


def main() -> None:
    """Print the distributions."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--drawn", type=int, default=150, help="how many everyday filters")
    count = options.parse_args().drawn
    for grade in (Grade.COMPLETE, Grade.EVERY):
        print(f"--- on {grade.value}")
        show("everyday", [measure(pair, grade) for pair in everyday(count)])
        for less, what in ((False, "parts reordered"), (True, "one part less")):
            for name, pair in long(less=less):
                show(f"{name}, {what} ({len(pair[0])})", [measure(pair, grade)])


def measure(pair: Pair, grade: Grade) -> tuple[float, str]:
    """Give the seconds of one proof, and what came of it."""
    start = time.perf_counter()
    answer = decide(*pair, grade, timeout=TIMEOUT)
    return time.perf_counter() - start, type(answer).__name__.lower()


def show(name: str, rows: list[tuple[float, str]]) -> None:
    """Print a line: how many came to what, and the times."""
    times = sorted(seconds for seconds, _ in rows)
    counted = Counter(kind for _, kind in rows)
    parts = ", ".join(f"{number} {kind}" for kind, number in sorted(counted.items()))
    line = f"{name:38} {parts:32}"
    if len(times) == 1:
        print(f"{line} {times[0]:6.2f} s")
        return
    places = {"median": 0.5, "90 %": 0.9, "99 %": 0.99, "longest": 1.0}
    found = (
        f"{name} {times[min(int(len(times) * at), len(times) - 1)]:.3f}"
        for name, at in places.items()
    )
    print(f"{line} {', '.join(found)} s")


if __name__ == "__main__":
    main()
