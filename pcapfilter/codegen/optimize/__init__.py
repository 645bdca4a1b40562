"""Graph -> Graph: the optimiser, whose listings are those of libpcap 1.10.

It is the data-flow optimiser that McCanne and Jacobson describe in "The BSD Packet Filter" (USENIX
1993): value numbers, dominators of edges, and redundant predicates. Details follow libpcap's
programs; where those are wrong on complete packets ours are right (docs/deviations.md).
"""

from pcapfilter.codegen.optimize.schedule import PASSES, begin, optimize, steps, works
from pcapfilter.codegen.optimize.work import Work

__all__ = ["PASSES", "Work", "begin", "optimize", "steps", "works"]
