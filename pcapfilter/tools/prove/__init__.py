"""Do two programs select the same packets? Proved with Z3, or refuted by a packet.

words.py     32-bit words of which not all is known
octets.py    a packet of which nothing is known
classic.py   what a classic program does with such a packet
decide.py    two programs -> Same, Different (with a packet) or Unknown
witness.py   that packet: read from Z3's model, made short, replayed

Z3 is the extra `prove`; it is imported with this package, and by nothing below it.
"""

from pcapfilter.tools.prove.decide import Answer, Different, Grade, Same, Unknown, decide
from pcapfilter.tools.prove.witness import Witness

__all__ = ["Answer", "Different", "Grade", "Same", "Unknown", "Witness", "decide"]
