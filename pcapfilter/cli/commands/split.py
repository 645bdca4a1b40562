"""`pcapfilter split -r F -o 'web=tcp port 80' ... DIR`: one pass, a file for each filter."""

from contextlib import ExitStack
from os import makedirs, path

from pcapfilter import job
from pcapfilter.cli import run as main
from pcapfilter.cli.arguments import precision
from pcapfilter.cli.faults import told_to_machines
from pcapfilter.cli.inputs import input_names
from pcapfilter.cli.interrupts import Interrupts
from pcapfilter.cli.options import CommandLine, Flag, UsageError, described, read_command_line
from pcapfilter.cli.progress import Progress
from pcapfilter.cli.reading import LeftOut, opened, tell_damage
from pcapfilter.cli.statistics import Statistics, print_row
from pcapfilter.cli.writing import manner_of
from pcapfilter.errors import FilterError, RejectsAllError
from pcapfilter.filter import Filter, native
from pcapfilter.io.base import Sink, Source, open_source, read_into
from pcapfilter.io.output import COMPRESSING, Manner, chosen, open_sink
from pcapfilter.io.place import identity_at, is_url, path_of, refuse_overwriting
from pcapfilter.judge import nothing

FLAGS = (
    Flag("r", "", "FILE", "read packets from FILE, a folder, a URL, - (may be repeated)"),
    Flag("V", "", "FILE", "read packets from the files that FILE names, one a line"),
    Flag("o", "output", "NAME=FILTER", "write what matches to DIR/NAME (may be repeated)"),
    Flag("", "rest", "NAME", "write what matches no filter to DIR/NAME"),
    Flag("", "format", "pcap|nanopcap|pcapng", "the format (by name, or the input's)"),
    Flag("", "compress", "KIND", "gzip, bzip2, xz, zstd, lz4 or none (by a name's ending)"),
    Flag("", "micro", "", "times in microseconds"),
    Flag("", "nano", "", "times in nanoseconds"),
    Flag("O", "no-optimize", "", "do not optimise the programs"),
    Flag("", "recover", "", "go on behind damage, at the next packet that is plausible"),
    Flag("", "skip-unsupported", "", "leave out packets whose link type a filter is not for"),
    Flag("", "json", "", "print what it came to as an object of JSON"),
    Flag("h", "help", "", "print this and stop"),
)


def run(words: list[str]) -> int:
    """Split the inputs as the words say; give the exit code."""
    line = read_command_line(words, FLAGS)
    if line.times("h"):
        print("Usage: pcapfilter split -r FILE -o NAME=FILTER ... [DIR]", "", sep="\n")
        print(*described(FLAGS), sep="\n")
        return 0
    if not line.times("json"):
        return obey(line)
    with told_to_machines(to_stderr=False):
        return obey(line)


def obey(line: CommandLine) -> int:
    """Do what a command line asks for; give the exit code."""
    if len(line.operands) > 1:
        raise UsageError(f"one folder is enough: {' '.join(line.operands)}")
    inputs = input_names(line)
    if not inputs or not line.times("o"):
        raise UsageError("split wants -r FILE and at least one -o NAME=FILTER")
    outputs = [_output(word) for word in line.given["o"]]
    with Interrupts(read_into, open_source) as interrupts, ExitStack() as stack:
        splitting = Splitting(line, outputs, inputs, interrupts, stack)
        try:
            for name in inputs:
                splitting.read(name)
        except KeyboardInterrupt:
            splitting.statistics.interrupted = True
            main.say("interrupted")
    splitting.tell()
    return splitting.code


def _output(word: str) -> tuple[str, str]:
    name, equals, text = word.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"-o wants NAME=FILTER, not {word}")
    return name.strip(), text


class Splitting:
    """One run: the filters, their files, and how many packets went to each."""

    def __init__(
        self,
        line: CommandLine,
        outputs: list[tuple[str, str]],
        inputs: list[str],
        interrupts: Interrupts,
        stack: ExitStack,
    ) -> None:
        self._line, self._outputs, self._inputs = line, outputs, inputs
        self._interrupts, self._stack = interrupts, stack
        self._manner = manner_of(line, precision(line))
        self._filters: list[Filter] = []
        self._left_out = LeftOut()
        self._sinks: list[Sink] = []
        self._files: list[str] = []
        self._matched: list[int] = []
        self.statistics = Statistics()
        self.code = 0

    def read(self, name: str) -> None:
        """Read one input; one of several that cannot be opened is told, and passed over."""
        source = opened(name, self._line, self.statistics, alone=len(self._inputs) == 1)
        if source is None:
            self.code = 1
            return
        try:
            main.announce(source)
            first = not self._filters
            if first:
                self._filters = [self._filter(row, source) for row in self._outputs]
            engines = [self._engines(made, source) for made in self._filters]
            if first:
                self._interrupts.watch()
                self._open(source)
            self._run(source, engines)
        finally:
            source.close()

    def _filter(self, output: tuple[str, str], source: Source) -> Filter:
        name, text = output
        try:
            return main.filter_for(self._line, text, source)
        except FilterError as error:
            error.hint = f"it is the filter of {name}" + f"; {error.hint}" * bool(error.hint)
            raise

    def _engines(self, made: Filter, source: Source) -> job.Engines:
        skip = self._left_out if self._line.times("skip-unsupported") else None
        try:
            return made.engines(source, skip=skip)
        except RejectsAllError as error:
            main.say(f"{made.text}: {error.message}")
            return lambda _: nothing()

    def _open(self, source: Source) -> None:
        folder = path_of(self._line.operands[0] if self._line.operands else ".")
        names = [name for name, _ in self._outputs]
        if self._line.times("rest"):
            names.append(self._line.last("rest") or "rest")
        self._files = [_named(path.join(folder, name), source, self._manner) for name in names]
        if len({path.realpath(file) for file in self._files}) < len(self._files):
            raise UsageError(f"two outputs have one file: {' '.join(self._files)}")
        for file in self._files:
            refuse_overwriting(file, *(identity_at(name, 0) for name in self._inputs))
        for file in (path.join(folder, "."), *self._files):
            if not is_url(file):
                makedirs(path.dirname(file) or ".", exist_ok=True)
        for file in self._files:
            sink = open_sink(file, source, manner=self._manner, native=native)
            self._stack.callback(sink.close)
            self._sinks.append(sink)
        self._matched = [0] * len(self._files)
        self._link = source.origin.link

    def _run(self, source: Source, engines: list[job.Engines]) -> None:
        formats = {chosen(file, self._manner)[0] for file in self._files}
        if formats != {"pcapng"} and source.origin.link != self._link:
            raise main.other_link(self._link, source)
        with Progress(source, wanted=True) as progress:
            statistics, before = self.statistics, (self.statistics.seen, self._matched)

            def watch(seen: int, matched: list[int]) -> None:
                statistics.seen = before[0] + seen
                self._matched = [n + m for n, m in zip(before[1], matched, strict=True)]
                self._interrupts.check()
                progress.show(sum(matched))

            pairs = list(zip(engines, self._sinks, strict=False))
            rest = self._sinks[-1] if self._line.times("rest") else None
            try:
                job.split(source, pairs, rest, watch=watch)
            finally:
                statistics.octets_read += source.position
        if source.damage is not None:
            statistics.damages += tell_damage(source, source.damage)
            self.code = 1

    def tell(self) -> None:
        """Say how many packets went where."""
        if self._line.times("json"):
            rows = zip(self._files, self._matched, strict=True)
            print_row({
                "seen": self.statistics.seen,
                "octets_read": self.statistics.octets_read,
                "outputs": [{"file": file, "matched": matched} for file, matched in rows],
                **self.statistics.course(),
            })  # fmt: skip
            return
        for file, matched in zip(self._files, self._matched, strict=True):
            main.say(f"{file}: {matched} packet{'' if matched == 1 else 's'}")


def _named(name: str, source: Source, manner: Manner) -> str:
    """Give a file's name: with an ending that tells the format, if it has none, nor is a device."""
    device = path.exists(name) and not path.isfile(name) and not path.isdir(name)
    if path.splitext(name)[1] or device:
        return name
    kind = manner.format or ("pcapng" if hasattr(source, "described") else "pcap")
    endings = {compression: ending for ending, compression in COMPRESSING.items()}
    return f"{name}.{kind.removeprefix('nano')}{endings.get(manner.compress or '', '')}"
