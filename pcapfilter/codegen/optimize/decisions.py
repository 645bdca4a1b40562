"""What the tests on the way to a block tell of the outcome of its own test."""

from collections.abc import Iterator

from pcapfilter.bpf import isa
from pcapfilter.bpf.isa import JEQ, JMP, K
from pcapfilter.codegen.optimize.work import A, Node, Work, X

_EQUAL = JMP | JEQ | K


class Decisions:
    """Sets of edges by the test that they leave; holds while blocks keep their statements.

    `_same` is by opcode, A and what A is compared with (true and false edges); `_equal` is by
    opcode and A alone (true edges).
    """

    __slots__ = ("_equal", "_nodes", "_same")

    def __init__(self, work: Work) -> None:
        """Note every test of this round."""
        same: dict[tuple[int, int, int], int] = {}
        equal: dict[tuple[int, int], int] = {}
        constant = work.numbers.constant
        for node in work.up:
            code, a = node.code, node.values[A]
            compared = node.compared = node.values[X] if code & isa.X else constant(node.k)
            key = (code, a, compared)
            same[key] = same.get(key, 0) | node.true_bit | node.false_bit
            if code == _EQUAL:
                equal[code, a] = equal.get((code, a), 0) | node.true_bit
        self._nodes = work.nodes
        self._same = same
        self._equal = equal

    def outcomes(self, node: Node, taken: int) -> Iterator[bool]:
        """The outcome of the block's test, once for each of the edges taken that implies it."""
        return (outcome for outcome, _ in self.believed(node, taken))

    def believed(self, node: Node, taken: int) -> Iterator[tuple[bool, bool]]:
        """The same, with the outcome that libpcap believes in.

        That is the other one if the test that implies it was turned round in this round.
        """
        code, a = node.code, node.values[A]
        candidates = self._same.get((code, a, node.compared), 0)
        if code == _EQUAL:
            candidates |= self._equal.get((code, a), 0)
        candidates &= taken
        while candidates:
            edge = candidates & -candidates
            candidates ^= edge
            earlier = self._nodes[(edge.bit_length() - 1) % len(self._nodes)]
            # Equal to another constant: not equal to this one.
            outcome = earlier.compared == node.compared and edge == earlier.true_bit
            yield outcome, outcome != earlier.turned
