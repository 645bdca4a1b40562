"""A straight program -> the graph that it was made of, so that passes can be tested on listings.

Every conditional jump and every return ends a block, so the blocks are the stretches between them;
the `ja` of long jumps are followed. Programs with jumps inside a block are not for this reader.
"""

from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Program
from pcapfilter.codegen.cfg import Block, Graph, Stmt

_JA = isa.JMP | isa.JA


def graph_of(program: Program) -> Graph:
    """Give the graph of a program whose jumps are all between blocks."""
    starts: dict[int, Block] = {}
    jumps: list[tuple[Block, int, int]] = []
    start = 0
    stmts: list[Stmt] = []
    for pc, (code, jt, jf, k) in enumerate(program):
        if code == _JA:
            start = pc + 1
            continue
        if not isa.is_branch(code) and code & 0x07 != isa.RET:
            stmts.append(Stmt(code, k))
            continue
        block = Block(stmts, code, k)
        starts[start] = block
        if isa.is_branch(code):
            jumps.append((block, _target(program, pc + 1 + jt), _target(program, pc + 1 + jf)))
        stmts, start = [], pc + 1
    for block, true, false in jumps:
        block.jt, block.jf = starts[true], starts[false]
    return Graph(starts[0])


def _target(program: Program, pc: int) -> int:
    """Where a jump to `pc` ends up, long jumps followed."""
    while program[pc].code == _JA:
        pc += 1 + program[pc].k
    return pc
