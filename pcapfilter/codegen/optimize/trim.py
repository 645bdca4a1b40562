"""Pass: begin the program where the first real decision is.

Before, and after:

    1: ldh [12]                      ldh [12]
       jeq #0x800  jt 2   jf 2
    2: jeq #0x86dd jt 3   jf 4       jeq #0x86dd jt 3   jf 4
"""

from pcapfilter.codegen.optimize.work import Work


def trim_root(work: Work) -> bool:
    """Skip tests at the root whose ways go to one block; keep the root's own statements."""
    old = root = work.root
    while root.jt is not None and root.jt is root.jf:
        if root is not old and root.divisions:
            break
        root = root.jt
    if root is not old:
        root.stmts = old.stmts + root.stmts
        root.jumps_inside = root.jumps_inside or old.jumps_inside
    if root.rejects or (root.is_return and not old.divisions):
        root.stmts = []
    work.root = root
    return root is not old
