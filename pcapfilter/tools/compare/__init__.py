"""Whether two filters select the same packets: what `pcapfilter diff` and `pf.compare` answer.

inputs.py      an expression, a file with a listing, a Filter or a program -> what is compared
comparison.py  both grades, and the packets that show a difference
report.py      the answer in words, a packet explained field by field, or written to a capture
"""

from pcapfilter.tools.compare.comparison import Comparison, NoSolverError, compare
from pcapfilter.tools.compare.inputs import Input

__all__ = ["Comparison", "Input", "NoSolverError", "compare"]
