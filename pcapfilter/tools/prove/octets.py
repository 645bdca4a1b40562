"""A packet of which nothing is known: any octets, any captured length, any length on the wire.

Octets at known places are variables of their own, and so are those at places `word + k`, for each
word and k. Two variables that may stand for one octet are tied together: where the places are
equal, so are the octets. (Z3's arrays do the same, several times slower.)
"""

import time
from math import inf

import z3

from pcapfilter.bpf import isa
from pcapfilter.tools.prove.words import TOP, Condition, Word, both

_LARGEST = {"proto": 0xFFFF, "type": 7, "vlan_tci": 0xFFFF, "vlanp": 1, "vlan_tpid": 0xFFFF}
"""The largest answers of the kernel, where they are less than 32 bits hold."""


class TimeUpError(Exception):
    """The time is up before all that programs ask for is put into terms."""


class AnyPacket:
    """The octets, lengths and answers of the kernel that programs ask for, as terms of Z3.

    Who makes terms of it calls `hurry` now and then, which raises TimeUpError after the deadline.
    """

    def __init__(self, terms: z3.Context, deadline: float = inf) -> None:
        self.terms = terms
        self.deadline = deadline
        self.caplen = z3.BitVec("caplen", 32, terms)
        self.wirelen = z3.BitVec("wirelen", 32, terms)
        self.reaches = 0
        self.measured = False
        self.fixed: dict[int, z3.BitVecRef] = {}
        self.floating: dict[int, tuple[Word, dict[int, z3.BitVecRef]]] = {}
        self.answers: dict[int, z3.BitVecRef] = {}
        self._loads: dict[tuple[int, bool, int, int], Word] = {}
        self._known: dict[tuple[int, bool, int], tuple[Word, Condition]] = {}

    def hurry(self) -> None:
        """Raise TimeUpError if the deadline (of time.monotonic) is past."""
        if time.monotonic() > self.deadline:
            raise TimeUpError

    def length(self) -> Word:
        """Give the length on the wire."""
        self.measured = True
        return Word(self.wirelen, TOP)

    def answer(self, k: int) -> Word:
        """Give what the kernel would answer to an ancillary load."""
        if k not in self.answers:
            self.answers[k] = z3.BitVec(f"answer{k:x}", 32, self.terms)
        return Word(self.answers[k], _LARGEST.get(isa.ANCILLARY[k], TOP))

    def wraps(self, x: Word, k: int) -> Condition:
        """Give whether x + k passes 2**32."""
        if x.high + k <= TOP:
            return False
        return x.term > TOP - k if isinstance(x.term, int) else z3.UGT(x.term, TOP - k)

    def holds(self, x: Word, k: int, size: int) -> Condition:
        """Give whether `size` octets at x + k, which does not wrap, were captured."""
        key = (*_name(x), k + size)
        if key not in self._known:
            # The word is kept with it: while it is, no other term has its number.
            self._known[key] = x, self._holds(x, k + size)
        return self._known[key][1]

    def _holds(self, x: Word, end: int) -> Condition:
        self.reaches = max(self.reaches, x.high + end)
        if isinstance(x.term, int):
            end += x.term
            return end <= TOP and z3.UGE(self.caplen, end)
        if end > TOP:
            return False
        if x.high + end <= TOP:
            return z3.UGE(self.caplen, x.term + end)
        return both(z3.UGE(self.caplen, end), z3.ULE(x.term, self.caplen - end))

    def load(self, x: Word, k: int, size: int) -> Word:
        """Give the number that stands in `size` octets at x + k."""
        key = (*_name(x), k, size)
        if key not in self._loads:
            self._loads[key] = self._load(x, k, size)
        return self._loads[key]

    def _load(self, x: Word, k: int, size: int) -> Word:
        if isinstance(x.term, int):
            octets = [self._at(self.fixed, "p", x.term + k + n) for n in range(size)]
        else:
            _, known = self.floating.setdefault(x.term.get_id(), (x, {}))
            name = f"x{x.term.get_id()}p"
            octets = [self._at(known, name, (k + n) & TOP) for n in range(size)]
        together = z3.Concat(*octets) if size > 1 else octets[0]
        wide = together if size == 4 else z3.ZeroExt(32 - 8 * size, together)
        return Word(wide, (1 << 8 * size) - 1)

    def _at(self, known: dict[int, z3.BitVecRef], name: str, place: int) -> z3.BitVecRef:
        if place not in known:
            known[place] = z3.BitVec(f"{name}{place}", 8, self.terms)
        return known[place]

    def rules(self) -> list[z3.BoolRef]:
        """Give what is true of every packet, as far as it was asked for."""
        found = [z3.UGE(self.wirelen, self.caplen)]
        for k, answer in self.answers.items():
            found.append(z3.ULE(answer, _LARGEST.get(isa.ANCILLARY[k], TOP)))
        bases = list(self.floating.values())
        for n, (base, octets) in enumerate(bases):
            for k, octet in octets.items():
                self.hurry()
                for place, other in self.fixed.items():
                    rest = (place - k) & TOP
                    if rest <= base.high:
                        found.append(z3.Implies(base.term == rest, octet == other))
                for other_base, others in bases[n + 1 :]:
                    for other_k, other in others.items():
                        if _may_meet(base, k, other_base, other_k):
                            equal = base.term + k == other_base.term + other_k
                            found.append(z3.Implies(equal, octet == other))
        return found


def _name(x: Word) -> tuple[int, bool]:
    """Give a key for a word: the number, or Z3's for the term; and which of them."""
    if isinstance(x.term, int):
        return x.term, True
    return x.term.get_id(), False


def _may_meet(a: Word, j: int, b: Word, k: int) -> bool:
    """Tell whether a + j and b + k can be one place."""
    if a.high + j > TOP or b.high + k > TOP:
        return True
    return j <= b.high + k and k <= a.high + j
