"""What a run of the command came to: for people (-v) and for machines (--json)."""

import sys
from array import array
from time import perf_counter

from pcapfilter.cli import run
from pcapfilter.errors import CaptureError
from pcapfilter.io.base import Following, Sink, Source
from pcapfilter.packets import PacketBatch


class MeasuringSink:
    """A Sink that counts the octets of packets, and hands them on if there is anybody."""

    def __init__(self, sink: Sink | None) -> None:
        self._sink = sink
        self.octets = 0

    def follow(self, source: Source) -> None:
        """Say where what comes next is from."""
        if isinstance(self._sink, Following):
            self._sink.follow(source)

    def write(self, batch: PacketBatch, selected: "array[int]") -> None:
        """Count the selected packets' octets."""
        self.octets += sum(map(batch.caplens.__getitem__, selected))
        if self._sink is not None:
            self._sink.write(batch, selected)

    def close(self) -> None:
        """Close the other one."""
        if self._sink is not None:
            self._sink.close()


def print_row(row: dict[str, object], *, to_stderr: bool = False) -> None:
    """Print an object of JSON."""
    import json

    print(json.dumps(row), file=sys.stderr if to_stderr else sys.stdout)


class Statistics:
    """How much was read and selected, in how long, and what was wrong."""

    def __init__(self) -> None:
        self._began = perf_counter()
        self.sink: MeasuringSink | None = None
        self.seen = self.matched = self.octets_read = 0
        self.interrupted = False
        self.damages: list[CaptureError] = []

    def of(self, sink: Sink | None) -> MeasuringSink:
        """Give a Sink that counts what goes to another one."""
        self.sink = MeasuringSink(sink)
        return self.sink

    def tell(self) -> None:
        """Print a line for people on standard error."""
        taken = perf_counter() - self._began
        run.say(
            f"{self.seen:,} packets seen ({self.octets_read:,} octets read), "
            f"{self.matched:,} matched ({self._octets:,} octets), "
            f"in {taken:.2f} s: {self.seen / taken:,.0f} packets, "
            f"{self.octets_read / taken / 1e6:,.1f} MB a second"
        )

    def print_json(self, *, to_stderr: bool) -> None:
        """Print an object for machines."""
        print_row(
            {
                "seen": self.seen,
                "matched": self.matched,
                "octets_read": self.octets_read,
                "octets_matched": self._octets,
                **self.course(),
            },
            to_stderr=to_stderr,
        )

    def course(self) -> dict[str, object]:
        """Give how long it took, and what was wrong, as machines are told it."""
        taken = perf_counter() - self._began
        return {
            "seconds": round(taken, 6),
            "packets_per_second": round(self.seen / taken),
            "interrupted": self.interrupted,
            "damages": [
                {"file": d.name, "message": d.message, "offset": d.offset, "packet": d.packet}
                for d in self.damages
            ],
        }

    @property
    def _octets(self) -> int:
        return 0 if self.sink is None else self.sink.octets
