"""Chains of tests: from one of a value, past tests of other values, to the next one of that value.

A chain is a way along one outcome (`onward`) of tests whose other outcome (`shared`) goes to one
block for all. A thousand hosts make chains of thousands of tests, and every block of them asks,
the lowest ones first. So a stretch that was walked for a block is lengthened by the block above
it, rather than walked again, as long as no edge of it has moved.
"""

from pcapfilter.codegen.optimize.work import A, Node


class Stretch:
    """A chain's tests of one value, those of other values behind them, and what these come to.

    `asked` is the block that was asked for last: every way to the others leads through it. `top`
    is the first block of all, `last` the last test of the value, None where the first block tests
    another one; `part` the tests of other values; `pulled` the test of the value behind them.
    `kept` tells whether all edges are as they were when they were walked.

    Of the first `summed` blocks of the part, `needed` and `defines` are the slots of all together,
    `divides` tells whether any divides, `cut_off` whether nobody comes to one of them any more,
    and `sideways` lists the edges by which they are come to from outside, but for the first one.
    """

    __slots__ = (
        "asked", "cut_off", "defines", "divides", "goal", "kept", "last", "needed", "part",
        "pulled", "sideways", "summed", "top", "value",
    )  # fmt: skip

    pulled: Node

    def __init__(self, node: Node, value: int, goal: Node) -> None:
        self.asked = self.top = node
        self.value = value
        self.goal = goal
        self.kept = True
        self.last: Node | None = None
        self.part: list[Node] = []
        if node.values[A] == value:
            self.last = node
        else:
            self.part.append(node)
        self.summed = self.needed = self.defines = 0
        self.divides = self.cut_off = False
        self.sideways: list[tuple[Node, str]] = []


class Stretches:
    """The stretches of one pass, by the blocks that they begin with and by those in them."""

    __slots__ = ("_of", "_tops")

    def __init__(self) -> None:
        self._tops: dict[tuple[Node, str], Stretch] = {}
        self._of: dict[Node, Stretch] = {}

    def find(self, node: Node, value: int, shared: str, onward: str) -> Stretch | None:
        """The stretch from a block to the next test of the value; None where there is none."""
        goal, bit = getattr(node, shared), node.bit
        at: Node = getattr(node, onward)
        if getattr(at, shared) is not goal or not at.dominators & bit:
            return None
        stretch = self._tops.get((at, onward))
        if stretch is not None and stretch.top is at and _goes_on(stretch, node, value, goal):
            stretch.asked = node
            stretch.last = stretch.last or node
        else:
            stretch = Stretch(node, value, goal)
        self.begin(stretch, node, onward)
        part = stretch.part
        while True:
            at = getattr(part[-1] if part else stretch.last, onward)
            if getattr(at, shared) is not goal or not at.dominators & bit:
                return None
            if at.values[A] != value:
                part.append(at)
            elif part:
                stretch.pulled = at
                return stretch
            else:
                stretch.last = at
            self._take(stretch, at)

    def begin(self, stretch: Stretch, node: Node, onward: str) -> None:
        """Let a stretch begin with a block."""
        self._tops[node, onward] = stretch
        stretch.top = node
        self._take(stretch, node)

    def move(self, stretch: Stretch, *nodes: Node) -> None:
        """Note that a step within a stretch moves edges from or to these blocks."""
        for node in nodes:
            self._take(stretch, node)

    def _take(self, stretch: Stretch, node: Node) -> None:
        """Let a block be in a stretch; what else it was in counts no more."""
        other = self._of.get(node)
        if other is not stretch:
            self._of[node] = stretch
            if other is not None:
                other.kept = False


def _goes_on(stretch: Stretch, node: Node, value: int, goal: Node) -> bool:
    """Tell whether a stretch that begins below a block may begin with it as well."""
    return (
        stretch.kept
        and stretch.value == value == node.values[A]
        and stretch.goal is goal
        and stretch.asked.dominators & node.bit != 0
    )
