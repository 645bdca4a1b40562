"""The loop of protochain: which of its statements read which header."""

from pcapfilter.bpf import isa
from pcapfilter.codegen.cfg import Block, Stmt
from pcapfilter.tools.layers.table import PROTOCOLS

EXTENSION = "extension header"
"""One of several headers that begin alike: with what comes next, and their length."""


class Loop:
    """The loop within a block, if it has one: there A is a protocol, and tests say which.

    `head` is where it begins anew, and `inside` tells which header statements look into from there
    on: those to which a test for its number leads.
    """

    def __init__(self, block: Block) -> None:
        places = {stmt: place for place, stmt in enumerate(block.stmts)}
        self.head: Stmt | None = None
        self.inside: dict[Stmt, str] = {}
        for stmt, place in places.items():
            if stmt.code == isa.JMP | isa.JA and stmt.jt and places[stmt.jt] < place:
                self.head = stmt.jt
        for stmt in block.stmts if self.head is not None else ():
            if stmt.code == isa.JMP | isa.JEQ | isa.K and stmt.jt is not None:
                name = PROTOCOLS.get(stmt.k, "")
                self.inside[stmt.jt] = name if self.inside.get(stmt.jt, name) == name else EXTENSION
