"""Whether two programs select the same packets: proved with Z3, or refuted by a packet.

words.py     32-bit words of which not all is known     longs.py     the same of 64 bits
octets.py    a packet of which nothing is known         hosts.py     what eBPF programs are given
ways.py      all ways through a program at once
classic.py   what a classic program does with it        extended.py  what an eBPF program does
question.py  where two programs differ, for the solver  decide.py    the same in one call
witness.py   a packet, read from Z3's model             replay.py    the machines' verdicts on it
dress.py     the packet made to look like traffic

Z3 is the extra `prove`; it is imported with this package, and by nothing below it.
"""

from pcapfilter.tools.prove.decide import decide
from pcapfilter.tools.prove.question import (
    Answer,
    Different,
    Grade,
    Question,
    Same,
    Unknown,
    follows,
)
from pcapfilter.tools.prove.replay import Side
from pcapfilter.tools.prove.witness import Witness

__all__ = [
    "Answer",
    "Different",
    "Grade",
    "Question",
    "Same",
    "Side",
    "Unknown",
    "Witness",
    "decide",
    "follows",
]
