"""Pass: number the values that statements make, and simplify those with known operands.

Before, and after:

    ld   #4                          ld   #4
    st   M[0]                        st   M[0]
    ldx  M[0]                        ldx  #4
    ldb  [x + 14]                    ldb  [18]
    add  #0

(Dead stores go in a later pass.) Shifts, divisions and errors are those of libpcap 1.10.
"""

from collections.abc import Callable

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.isa import ABS, ALU, IMM, IND, LD, LDX, MEM, MISC, TAX, TXA
from pcapfilter.codegen.cfg import NOP, Stmt
from pcapfilter.codegen.optimize.facts import writes
from pcapfilter.codegen.optimize.values import UNSURE
from pcapfilter.codegen.optimize.work import FIRST_CELL, A, Node, Work, X
from pcapfilter.errors import FilterError

_ADDED_ZERO = frozenset({isa.ADD, isa.LSH, isa.RSH, isa.OR, isa.XOR})
"""Operators that do nothing with a constant 0 (a subtraction is left as it is)."""
_TIMES_ZERO = frozenset({isa.MUL, isa.AND})
"""Operators that give 0 with a constant 0."""
_ZERO_ADDED = frozenset({isa.ADD, isa.OR, isa.XOR})
"""Operators that give X where A is 0."""
_ZERO_TIMES = frozenset({isa.MUL, isa.AND, isa.LSH, isa.RSH})
"""Operators that give 0 where A is 0."""
_ZERO_DIVIDED = frozenset({isa.DIV, isa.MOD})
"""The same, but they stay: where X is 0 they reject the packet."""


def simplify(work: Work, node: Node) -> bool:
    """Number what the block's statements make; where they may be altered, rewrite what is known."""
    values = node.values = _enter(work, node)
    node.entered = (values[A], values[X])
    node.divisions = []
    doubts = node.doubted = _doubts(node) if work.alter else 0
    alter = work.alter
    changed = False
    if node.jumps_inside:
        number_block(work, node, values)
        node.divisions = [stmt for stmt in node.stmts if stmt.code in DIVIDES]
        return False
    for stmt in node.stmts:
        code = stmt.code
        if code != NOP:
            k = stmt.k
            _RULES[code](work, stmt, values, alter)
            if doubts:
                doubts = _keep_doubted(work, stmt, code, k, doubts)
            if stmt.code != code or stmt.k != k:
                changed = True
            if stmt.code in DIVIDES and not work.numbers.nonzero(values[X]):
                node.divisions.append(stmt)
    return changed


def number_block(work: Work, node: Node, values: list[int]) -> None:
    """Number what a block makes, given the values of all slots before it, and change nothing.

    Where jumps within the block may skip statements, their slots get numbers of which nothing is
    known.
    """
    jumped = False
    for stmt in node.stmts:
        if stmt.code == NOP:
            continue
        jumped = jumped or stmt.jt is not None
        number(work, stmt, values)
        slot = writes(stmt.code, stmt.k)
        if jumped and slot >= 0:
            values[slot] = work.numbers.either(UNSURE, UNSURE)


def find_doubts(work: Work, node: Node, changed: bool) -> None:
    """Find the slots that the block's statements, as they are now, do not leave as `values` say.

    The values are those before statements were dropped, and the blocks that follow may be told
    them: but they must not lean on a value in a slot that is no longer set.
    """
    doubts = node.doubted
    if node.jumps_inside:
        node.values = _enter(work, node)
        number_block(work, node, node.values)
    elif changed or doubts:
        kept = values_before(work, node, len(node.stmts))
        for stmt in node.stmts:
            slot = writes(stmt.code, stmt.k)
            if slot >= 0:
                doubts &= ~(1 << slot)
        for slot, number in enumerate(node.values):
            if kept[slot] != number:
                doubts |= 1 << slot
    node.doubts = doubts


def number(work: Work, stmt: Stmt, values: list[int], *, alter: bool = False) -> None:
    """Number what a statement makes, given the values of all slots before it."""
    _RULES[stmt.code](work, stmt, values, alter)


def _doubts(node: Node) -> int:
    doubts = 0
    for pred in node.preds:
        doubts |= pred.doubts
    return doubts


def _keep_doubted(work: Work, stmt: Stmt, code: int, k: int, doubts: int) -> int:
    """Take back the dropping of a statement whose slot does not really hold the value yet."""
    slot = writes(code, k)
    if slot < 0 or not doubts >> slot & 1:
        return doubts
    if stmt.code == NOP and work.hold_back():
        stmt.code, stmt.k = code, k
    return doubts & ~(1 << slot)


def values_before(work: Work, node: Node, end: int) -> list[int]:
    """The value numbers of all slots before the block's statement at `end`."""
    values = _enter(work, node)
    for stmt in node.stmts[:end]:
        if stmt.code != NOP:
            number(work, stmt, values)
    return values


def _enter(work: Work, node: Node) -> list[int]:
    """The values that all predecessors agree on."""
    if not node.preds:
        if node.live_in:
            work.unknown = node, -1
        return [UNSURE] * work.width
    values = node.preds[0].values[:]
    for pred in node.preds:
        if pred.values != values:
            for slot, (one, another) in enumerate(zip(values, pred.values, strict=True)):
                if one != another:
                    values[slot] = work.meeting(node, slot, one, another)
    return values


def _assign(stmt: Stmt, values: list[int], slot: int, number: int, alter: bool) -> None:
    """Set a slot, or drop a statement that gives it the value that it has."""
    if alter and number > UNSURE and values[slot] == number:
        stmt.code = NOP
    else:
        values[slot] = number


def _load_a(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    _assign(stmt, values, A, work.numbers.of(stmt.code, stmt.k), alter)


def _load_x(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    _assign(stmt, values, X, work.numbers.of(stmt.code, stmt.k), alter)


def _constant_a(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    _assign(stmt, values, A, work.numbers.constant(stmt.k), alter)


def _constant_x(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    _assign(stmt, values, X, work.numbers.constant(stmt.k), alter)


def _load_indexed(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    index = values[X]
    if alter and index in work.numbers.known:
        stmt.code = stmt.code & ~IND | ABS
        stmt.k = stmt.k + work.numbers.known[index] & alu.MASK
        work.progress()
        number = work.numbers.of(stmt.code, stmt.k)
    else:
        number = work.numbers.of(stmt.code, stmt.k, index)
    _assign(stmt, values, A, number, alter)


def _load_cell(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    number = values[stmt.k + FIRST_CELL]
    slot = A if stmt.code == LD | MEM else X
    if alter and number in work.numbers.known:
        stmt.code = LD | IMM if slot == A else LDX | IMM
        stmt.k = work.numbers.known[number]
        work.progress()
    _assign(stmt, values, slot, number, alter)


def _store_a(_work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    _assign(stmt, values, stmt.k + FIRST_CELL, values[A], alter)


def _store_x(_work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    _assign(stmt, values, stmt.k + FIRST_CELL, values[X], alter)


def _move_to_x(_work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    _assign(stmt, values, X, values[A], alter)


def _move_to_a(_work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    _assign(stmt, values, A, values[X], alter)


def _negate(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    constant = work.numbers.known.get(values[A])
    if alter and constant is not None:
        stmt.code, stmt.k = LD | IMM, alu.negate(constant)
        values[A] = work.numbers.constant(stmt.k)
    else:
        values[A] = work.numbers.of(stmt.code, values[A])


def _compute_with_k(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    numbers, op = work.numbers, stmt.code & 0xF0
    if alter:
        if stmt.k == 0:
            if op in _ADDED_ZERO:
                stmt.code = NOP
                return
            if op in _TIMES_ZERO:
                stmt.code = LD | IMM
                values[A] = numbers.constant(0)
                return
            _refuse_zero(op, 0)
        constant = numbers.known.get(values[A])
        if constant is not None:
            _fold(work, stmt, values, constant, stmt.k)
            return
    values[A] = work.numbers.of(stmt.code, values[A], numbers.constant(stmt.k))


def _compute_with_x(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    numbers, op = work.numbers, stmt.code & 0xF0
    if alter:
        known_a, known_x = numbers.known.get(values[A]), numbers.known.get(values[X])
        if known_x is not None:
            if known_a is not None:
                _fold(work, stmt, values, known_a, known_x)
                return
            if op in {isa.LSH, isa.RSH} and known_x > 31:
                raise FilterError("shift by more than 31 bits")
            stmt.code, stmt.k = ALU | op | isa.K, known_x
            work.progress()
        elif known_a == 0 and op in _ZERO_ADDED:
            stmt.code = MISC | TXA
            _assign(stmt, values, A, values[X], alter)
            return
        elif known_a == 0 and (op in _ZERO_TIMES or (op in _ZERO_DIVIDED and not work.hold_back())):
            stmt.code, stmt.k = LD | IMM, 0
            _assign(stmt, values, A, numbers.constant(0), alter)
            return
        elif known_a == 0 and op in _ZERO_DIVIDED:
            return  # and let it reject the packet where X is 0
    values[A] = work.numbers.of(stmt.code, values[A], values[X])


def _fold(work: Work, stmt: Stmt, values: list[int], a: int, b: int) -> None:
    """Replace arithmetic on two constants by its result."""
    _refuse_zero(stmt.code & 0xF0, b)
    stmt.k = alu.BINARY[isa.ROWS[stmt.code].meaning](a, b)
    stmt.code = LD | IMM
    work.progress()
    values[A] = work.numbers.constant(stmt.k)


def _refuse_zero(op: int, divisor: int) -> None:
    if divisor == 0 and op in {isa.DIV, isa.MOD}:
        raise FilterError("division by zero" if op == isa.DIV else "modulus by zero")


def _ignore(work: Work, stmt: Stmt, values: list[int], alter: bool) -> None:
    """A jump within the block makes no value."""


DIVIDES = frozenset({ALU | isa.DIV | isa.X, ALU | isa.MOD | isa.X})

_Rule = Callable[[Work, Stmt, list[int], bool], None]
_BY_MODE: dict[tuple[int, str], _Rule] = {
    (LD, "abs"): _load_a,
    (LD, "len"): _load_a,
    (LD, "imm"): _constant_a,
    (LD, "ind"): _load_indexed,
    (LD, "mem"): _load_cell,
    (LDX, "imm"): _constant_x,
    (LDX, "len"): _load_x,
    (LDX, "msh"): _load_x,
    (LDX, "mem"): _load_cell,
    (ALU, "k"): _compute_with_k,
    (ALU, "x"): _compute_with_x,
    (ALU, ""): _negate,
}
_BY_CODE: dict[int, _Rule] = {
    isa.ST: _store_a,
    isa.STX: _store_x,
    MISC | TAX: _move_to_x,
    MISC | TXA: _move_to_a,
}
_RULES: dict[int, _Rule] = {
    code: _BY_CODE.get(code) or _BY_MODE.get((code & 0x07, row.mode), _ignore)
    for code, row in isa.ROWS.items()
}
