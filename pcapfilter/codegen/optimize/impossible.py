"""Which edges no packet takes: what the tests before them say cannot all be true.

    1: ldh [12]    jeq #0x800    jt 2   jf 9
    2: ldb [12]    jeq #0x86     jt 3   jf 4       nobody comes to 3: [12] is 8

It is asked only where a rule would hold a rewrite back that changes nothing for such an edge.
"""

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.isa import ABS, JEQ, JGE, JGT, JMP, LD, K
from pcapfilter.codegen.optimize.work import A, Node, Work

_EQUAL = JMP | JEQ | K
_SIZES = {LD | ABS | isa.W: 4, LD | ABS | isa.H: 2, LD | ABS | isa.B: 1}
_MANY = 64
_Known = dict[int, tuple[bool, frozenset[int]]]
"""By value number: (True, all values that it can have) or (False, some that it cannot)."""


def impossible_edges(work: Work) -> set[tuple[Node, bool]]:
    """Blocks with the outcome of their test that never comes."""
    found: set[tuple[Node, bool]] = set()
    known: dict[Node, _Known] = {work.root: {}}
    for node in work.down:
        here = known.pop(node, None)
        if node.jt is None or node.jf is None:
            continue
        for outcome, successor in ((True, node.jt), (False, node.jf)):
            behind = None if here is None else _behind(work, node, here, outcome)
            if behind is None:
                found.add((node, outcome))
            else:
                known[successor] = (
                    _either(known[successor], behind) if successor in known else behind
                )
    return found


def _either(one: _Known, other: _Known) -> _Known:
    """What holds if one of two holds."""
    joined: _Known = {}
    for number in one.keys() & other.keys():
        (is_all, values), (others_all, others) = one[number], other[number]
        if is_all and others_all:
            joined[number] = True, values | others
        elif not is_all and not others_all:
            joined[number] = False, values & others
        else:
            joined[number] = False, (others - values if is_all else values - others)
    return joined


def _behind(work: Work, node: Node, here: _Known, outcome: bool) -> _Known | None:
    """What is known behind a test; None where it cannot come out so."""
    if node.code & isa.X or (node.jt is node.jf):
        return here
    number, k, meaning = node.values[A], node.k, isa.ROWS[node.code].meaning
    is_all, values = _values(work, here, number, 4)
    if is_all:
        values = frozenset(v for v in values if alu.COMPARE[meaning](v, k) == outcome)
        return {**here, number: (True, values)} if values else None
    limit = work.numbers.limit(number)
    if outcome and limit < k + (meaning == "jgt") and node.code & 0xF0 in {JEQ, JGE, JGT}:
        return None
    if node.code != _EQUAL:
        return here
    if outcome and not k and work.numbers.nonzero(number):
        return None
    if not outcome:
        return {**here, number: (False, values | {k})} if len(values) < _MANY else here
    if k in values or _contradicted(work, here, number, k):
        return None
    return {**here, number: (True, frozenset({k}))}


def _values(work: Work, here: _Known, number: int, depth: int) -> tuple[bool, frozenset[int]]:
    """What is known of a value, by itself or by what it was made of."""
    numbers = work.numbers
    if number in numbers.known:
        return True, frozenset({numbers.known[number]})
    found = here.get(number, (False, frozenset()))
    making = numbers.making(number)
    if found[0] or making is None or not depth:
        return found
    code, first, second = making
    if code in {isa.ALU | isa.AND | K, isa.ALU | isa.RSH | K} and second in numbers.known:
        is_all, values = _values(work, here, first, depth - 1)
        if is_all:
            compute = alu.BINARY[isa.ROWS[code].meaning]
            return True, frozenset(compute(v, numbers.known[second]) for v in values)
    return found


def _contradicted(work: Work, here: _Known, number: int, k: int) -> bool:
    """Tell whether a field cannot be k, since another one over the same bytes is known."""
    making = work.numbers.making(number)
    size = 0 if making is None else _SIZES.get(making[0], 0)
    if making is None or not size:
        return False
    wanted = dict(enumerate(k.to_bytes(4, "big")[4 - size :], making[1]))
    for other, (is_all, values) in here.items():
        making = work.numbers.making(other)
        size = 0 if making is None else _SIZES.get(making[0], 0)
        if making is None or not size or not is_all:
            continue
        if not any(
            all(
                wanted.get(at, octet) == octet
                for at, octet in enumerate(v.to_bytes(4, "big")[4 - size :], making[1])
            )
            for v in values
        ):
            return True
    return False
