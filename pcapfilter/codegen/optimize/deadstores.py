"""Drop what is written and never read.

Before:                          after:

    ldh  [12]
    st   M[0]
    ldh  [14]                        ldh  [14]
    jeq  #5                          jeq  #5
"""

from pcapfilter.codegen.cfg import NOP, Stmt
from pcapfilter.codegen.optimize.facts import reads, writes
from pcapfilter.codegen.optimize.work import Node, Work


def drop_dead_stores(work: Work, node: Node) -> bool:
    """Drop statements whose result is overwritten unread, or unread after the block."""
    pending: dict[int, Stmt] = {}  # slot -> the statement whose result nobody has read yet
    changed = False
    divisions = node.divisions
    for stmt in node.stmts:
        code = stmt.code
        if code < 0:
            continue
        if pending:
            used = reads(code, stmt.k)
            if used:
                for slot in [slot for slot in pending if used >> slot & 1]:
                    del pending[slot]
        if stmt.jt is not None:
            pending.clear()  # what overwrites them may be skipped
        slot = writes(code, stmt.k)
        if slot >= 0:
            former = pending.get(slot)
            if former is not None and (former not in divisions or not work.hold_back()):
                former.code = NOP
                changed = True
            pending[slot] = stmt
    used = node.live_out | reads(node.code, node.k)
    for slot, stmt in pending.items():
        if not used >> slot & 1 and (stmt not in divisions or not work.hold_back()):
            stmt.code = NOP
            changed = True
    if changed:
        work.progress()
    return changed
