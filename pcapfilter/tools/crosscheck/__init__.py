"""Our programs beside those of the tcpdump installed: what `pcapfilter check` tells.

tcpdump.py  asks tcpdump what it compiles
rows.py     one filter on one link type: identical, the same, different, or trouble
kernel.py   the kernel's verdicts beside those of the reference machine
"""

from pcapfilter.tools.crosscheck.rows import Finding, Outcome, Verdict, check
from pcapfilter.tools.crosscheck.tcpdump import Tcpdump, TroubleError

__all__ = [
    "Finding",
    "Outcome",
    "Tcpdump",
    "TroubleError",
    "Verdict",
    "check",
]
