"""The records of a damaged pcap file that are believed, by what comes after them.

    Sound(layout, read, start, native).read     gives the records that are believed, and no others

The loops are plain functions over indexed numbers, like those of `framing`.
"""

from array import array
from collections.abc import Callable, MutableSequence, Sequence

from pcapfilter.io.base import Native
from pcapfilter.io.framing import DAY, EXCHANGED, EXCHANGED_IF_LONGER, plausible, word
from pcapfilter.io.stretch import Fault, Layout, Read, absurd, missing

LINKS = 3
"""So many plausible records in a row are believed."""

MONTH = 31 * 86400
"""Seconds between two records that still look like neighbours."""

WINDOW = 1024 * 1024
"""Octets looked through at once."""

WHOLE, IMPOSSIBLE, ZEROS, DOUBTFUL = range(4)
"""Why `hold` came to an end.

No two headers are left, a length is absurd, there are only zeros, or no record seems to follow.
"""

BLANK = 256
"""So many zeros in a row are no records."""

NOWHEN = -1
"""No seconds."""

HOLD = "i64(u8*, i64, i64, i64, i64, i64, i64, i64, i64*)"
"""The signature of `hold`."""

RESUME = "i64(u8*, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64)"
"""The signature of `resume`."""


def hold(
    buffer: Sequence[int],
    start: int,
    end: int,
    big: int,
    header: int,
    lengths: int,
    longest: int,
    unit: int,
    state: MutableSequence[int],
) -> int:
    """Give the first place in buffer[start:end] whose record is not known to be one.

    Each one before it is followed by a plausible record, within a month. `state` receives why the
    loop ended, how many records it passed, the octets that the next one takes, and the seconds of
    the last one passed.
    """
    at = start
    count = 0
    why = WHOLE
    need = header
    while at + header <= end:
        seconds = word(buffer, at, big)
        caplen = word(buffer, at + 8, big)
        wirelen = word(buffer, at + 12, big)
        if lengths == EXCHANGED or (lengths == EXCHANGED_IF_LONGER and caplen > wirelen):
            caplen, wirelen = wirelen, caplen
        need = header + caplen
        if caplen > longest:
            why = IMPOSSIBLE
            break
        if seconds == 0 and wirelen == 0:
            zeros = 0
            while zeros < BLANK and at + zeros < end and buffer[at + zeros] == 0:
                zeros += 1
            if zeros == BLANK:
                why = ZEROS
                break
            if at + zeros == end:
                break
        following = at + need
        if following + header > end:
            break
        if plausible(buffer, following, seconds, MONTH, big, lengths, longest, unit) < 0:
            why = DOUBTFUL
            break
        state[3] = seconds
        at = following
        count += 1
        need = header
    state[0] = why
    state[1] = count
    state[2] = need
    return at


def resume(
    buffer: Sequence[int],
    start: int,
    end: int,
    past: int,
    final: int,
    near: int,
    big: int,
    header: int,
    lengths: int,
    longest: int,
    unit: int,
) -> int:
    """Give the first place in buffer[start:end] where plausible records begin, or -1.

    They are three in a row, and more if that does not lead past `past`. Each has octets, and was
    taken within a day of the one before, the first of `near`; or, where that is negative,
    within a month.
    Fewer do if they reach the end and it is `final`; where it is not, and it depends on what comes
    after the end, give -2 minus the place.

    Times matter: four octets into records, there are some just as plausible, of which the seconds
    are really the parts of a second.
    """
    apart = MONTH
    if near >= 0:
        apart = DAY
    for first in range(start, end - header + 1):
        at = first
        links = 0
        before = near
        if near < 0:
            before = word(buffer, at, big)
        while (links < LINKS or at <= past) and at + header <= end:
            caplen = plausible(buffer, at, before, apart, big, lengths, longest, unit)
            before = word(buffer, at, big)
            if caplen <= 0 or (before == 0 and near < 0):
                links = -1
                break
            links += 1
            at += header + caplen
        if links >= LINKS and at > past:
            return first
        if links > 0 and final == 0:
            return -2 - first
        if links > 0 and (at == end or (links > 1 and at > end - header)):
            return first
    return -1


class Sound:
    """What gives, of the records that `read` reads, those that are believed, as if no others were.

    A record is believed if a plausible one follows. Where none does, a search for records decides.
    If the lengths lead to where records are found, or none are found, what is there is as it is. If
    not, records that begin inside the one in question, and go on behind it, are believed rather
    than it; and what lies between it and those that begin behind it is left out.

    `position` is how far was read, in octets of the file. `note` is told of each damage, and of how
    many octets are left out for it, when all that is before it has been given. `broken` says what
    ended the file too early, where that is known: nothing is looked for behind it.
    """

    def __init__(
        self,
        layout: Layout,
        read: Read,
        start: int,
        native: Native,
        *,
        note: Callable[[Fault, int], None],
        broken: Callable[[], str],
    ) -> None:
        self._layout, self._read, self._note, self._broken = layout, read, note, broken
        self._hold, self._resume = native(hold, HOLD), native(resume, RESUME)
        big, self._header, lengths, _, longest = layout.numbers
        self._numbers = (big, self._header, lengths, longest, layout.record.unit)
        self._state = array("q", bytes(32))
        self._octets, self._room = bytearray(), bytearray(WINDOW)
        self._start = start  # where the octets begin, in the file
        self._given = self._held = 0
        self._before = 0  # records up to what is held
        self._final = False
        self._seconds = NOWHEN
        self._next = 0  # where records begin again, if not where the lengths lead
        self._fruitless = 0

    @property
    def position(self) -> int:
        """How far was read."""
        return self._start + len(self._octets)

    def read(self, view: memoryview) -> int:
        """Read what there is into a view, at least one octet unless the file is at its end (0)."""
        while self._given == self._held:
            if not self._advance():
                return 0
        size = min(len(view), self._held - self._given)
        view[:size] = memoryview(self._octets)[self._given : self._given + size]
        self._given += size
        return size

    def _advance(self) -> bool:
        """Hold, leave out or read what comes next; tell whether there may be more."""
        self._pass(self._given)
        if self._next:
            place, self._next = self._next - self._start, 0
            return self._leave_out(self._fault_here(), place)
        self._held, why, need = self._step(0, len(self._octets))
        if self._held:
            self._before += self._state[1]
            self._seconds = self._state[3]
            return True
        if why in {IMPOSSIBLE, ZEROS}:
            return self._leave_out(self._fault_here())
        if why == WHOLE and self._fill():
            return True
        have = len(self._octets)
        if have < need:
            return self._end()
        found = self._other(need) if why == DOUBTFUL or have > need else 0
        if 0 < found < need:
            return self._leave_out(self._fault_here(), found)
        self._next = self._start + found if found else 0
        self._held = need
        self._before += 1
        return True

    def _step(self, start: int, end: int) -> tuple[int, int, int]:
        """Give up to where records are plausible, why not further, and what the next one takes."""
        held = self._hold(self._octets, start, end, *self._numbers, self._state)
        return held, self._state[0], self._state[2]

    def _other(self, need: int) -> int:
        """Give where records begin, if that is not where the lengths lead from here; or 0.

        They begin behind this one if its two lengths agree, which damage would hardly leave alike.
        """
        if self._start < self._fruitless or (self._final and self._broken()):
            return 0
        big, header, *_ = self._numbers
        agreed = need == header + word(self._octets, 12, big) == header + word(self._octets, 8, big)
        found = self._search(need if agreed else 1, need, self._near())
        if found < 0:
            self._fruitless = self.position - self._header
        at, why = 0, WHOLE
        while at < found and why == WHOLE:
            _, why, need = self._step(at, at + self._header)
            at += need
        return found if at > found > 0 else 0

    def _near(self) -> int:
        """Give the seconds of the last record that another one followed, or of what is here."""
        if self._seconds < 0 and len(self._octets) >= self._header:
            return word(self._octets, 0, self._numbers[0])
        return self._seconds

    def _search(self, first: int, past: int, near: int) -> int:
        """Give where plausible records begin that lead past a place; -1 if not in this window."""
        while True:
            have = len(self._octets)
            found = self._resume(
                self._octets, first, have, past, int(self._final), near, *self._numbers
            )
            if found >= 0 or self._final:
                return found
            first = -2 - found if found < -1 else max(first, have - self._header)
            if found == -1 and have > past + WINDOW:
                return -1
            self._fill()

    def _leave_out(self, message: str, found: int = -1) -> bool:
        """Leave out what comes before the next records; tell whether there are any."""
        fault = Fault(message, self._start, self._before)
        first, near = 1, self._near()
        while found < 0:
            found = self._search(first, 0, near)
            if found < 0:
                found = self._search(first, 0, NOWHEN)
            if found < 0:
                if self._final:
                    break
                self._pass(len(self._octets) - self._header)
                first = 0
        self._pass(found if found >= 0 else len(self._octets))
        self._note(fault, self._start - fault.offset)
        return found >= 0

    def _end(self) -> bool:
        """Take note of what is wrong with the end; tell whether records follow for all that."""
        if broken := self._broken():
            self._note(Fault(broken, self._start, self._before), 0)
            self._pass(len(self._octets))
            return False
        return len(self._octets) > 0 and self._leave_out(self._fault_here())

    def _fault_here(self) -> str:
        """Say what is wrong with the record that is here."""
        if not self._octets[:BLANK].strip(b"\0"):
            return "nothing but zeros"
        _, why, need = self._step(0, self._header)
        if why == IMPOSSIBLE:
            return absurd(need - self._header, self._layout)
        while len(self._octets) < need and not self._final:
            self._fill()
        have = len(self._octets)
        if have < need:
            return missing(need, have, self._header, self._layout.origin.snaplen)
        return "no record that leads to the next ones"

    def _fill(self) -> bool:
        """Read on; tell whether there was anything."""
        got = self._read(memoryview(self._room))
        self._octets += memoryview(self._room)[:got]
        self._final = got == 0
        return got > 0

    def _pass(self, octets: int) -> None:
        """Forget so many octets."""
        del self._octets[:octets]
        self._start += octets
        self._given = self._held = 0
