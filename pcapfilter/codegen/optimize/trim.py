"""Pass: begin the program where the first real decision is.

Before, and after:

    1: ldh [12]                      ldh [12]
       jeq #0x800  jt 2   jf 2
    2: jeq #0x86dd jt 3   jf 4       jeq #0x86dd jt 3   jf 4
"""

from pcapfilter.codegen.cfg import Stmt
from pcapfilter.codegen.optimize.deadstores import drop_dead_stores
from pcapfilter.codegen.optimize.work import Node, Work


def trim_root(work: Work) -> bool:
    """Skip tests at the root whose ways go to one block; keep statements that still count."""
    old = root = work.root
    skipped: list[Node] = []
    while root.jt is not None and root.jt is root.jf:
        if root is not old:
            skipped.append(root)
        root = root.jt
    divisions = old.divisions
    if root is not old:
        kept: list[Stmt] = []
        wanted = root.needed
        for block in reversed(skipped):
            if (block.divisions or block.defines & wanted) and work.hold_back():
                kept = block.stmts + kept
                divisions = divisions + block.divisions
                wanted = wanted & ~block.kills | block.uses
                root.jumps_inside = root.jumps_inside or block.jumps_inside
        root.stmts = old.stmts + kept + root.stmts
        root.jumps_inside = root.jumps_inside or old.jumps_inside
        root.divisions = divisions + root.divisions
        if kept:
            drop_dead_stores(work, root)
    if root.rejects or (root.is_return and not (divisions and work.hold_back())):
        root.stmts = []
    work.root = root
    return root is not old
