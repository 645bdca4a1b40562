"""Passes: let a block's ending do more, and decide an ending whose outcome is known.

`merge_ending`, before and after (nobody reads A behind the block):

    sub  #4
    jeq  #1   jt a  jf b             jeq  #5    jt a  jf b

    and  #0x1fff
    jeq  #0   jt a  jf b             jset #0x1fff  jt b  jf a

`decide_ending`, before and after:

    ld   #4                          ld   #4
    jgt  #3   jt a  jf b             jgt  #3    jt a  jf a
"""

from pcapfilter.bpf import alu, isa
from pcapfilter.bpf.isa import ALU, AND, JEQ, JMP, JSET, SUB, K
from pcapfilter.codegen.cfg import NOP, Stmt
from pcapfilter.codegen.optimize.work import A, Node, Work, X

_EQUAL = JMP | JEQ | K
_SET = JMP | JSET | K


def merge_ending(work: Work, node: Node) -> bool:
    """Let a test for equality take up the subtraction or mask before it."""
    if node.code != _EQUAL or node.live_out >> A & 1 or not node.stmts:
        return False
    last = _last(node.stmts)
    if last.code == ALU | SUB | isa.X:
        known = work.numbers.known.get(node.values[X])
        if known is not None:
            node.k = node.k + known & alu.MASK
        elif node.k == 0:
            node.code = JMP | JEQ | isa.X
        else:
            return False
    elif last.code == ALU | SUB | K:
        node.k = node.k + last.k & alu.MASK
    elif last.code == ALU | AND | K and node.k == 0:
        node.code, node.k = _SET, last.k
        node.jt, node.jf = node.jf, node.jt
        node.true_bit, node.false_bit = node.false_bit, node.true_bit
        node.turned = not node.turned
    else:
        return False
    last.code = NOP
    work.progress()
    return True


def decide_ending(work: Work, node: Node) -> bool:
    """Compare with X's constant instead of X; go one way where A's constant tells which."""
    if not node.stmts or node.jt is None:
        return False
    before = (node.code, node.jt, node.jf)
    if node.code == _SET and node.k == 0:
        node.jt = node.jf
    if node.code == _SET and node.k == alu.MASK and not work.hold_back():
        node.jf = node.jt
    known = work.numbers.known
    x = known.get(node.values[X])
    if x is not None and node.code & isa.X:
        node.code &= ~isa.X
        node.k = x
    a = known.get(node.values[A])
    if a is not None and not node.code & isa.X:
        if node.jt is not node.jf:
            work.progress()
        if alu.COMPARE[isa.ROWS[node.code].meaning](a, node.k):
            node.jf = node.jt
        else:
            node.jt = node.jf
    return before != (node.code, node.jt, node.jf)


def _last(stmts: list[Stmt]) -> Stmt:
    """The last statement that does something; the first one at all, if no other precedes that."""
    real = [stmt for stmt in stmts if stmt.code != NOP]
    return real[-1] if len(real) > 1 else stmts[0]
