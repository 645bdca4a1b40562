"""Command lines are read as getopt_long reads them: Python's own getopt is the oracle."""

import getopt
import os
import random
from pathlib import Path
from struct import pack

import pytest

from pcapfilter.cli import main
from pcapfilter.cli.options import FLAGS, UsageError, read_command_line, usage

Captured = pytest.CaptureFixture[str]

SHORT = "".join(flag.short + ":" * bool(flag.argument) for flag in FLAGS if flag.short)
LONG = [flag.long + "=" * bool(flag.argument) for flag in FLAGS if flag.long]
NAMES = {f"--{flag.long}": flag.short or flag.long for flag in FLAGS if flag.long}
LETTERS = "".join(flag.short for flag in FLAGS) + "k-"


def word(rng: random.Random) -> str:
    """Give a word as it may stand on a command line."""
    long = rng.choice(LONG).rstrip("=")
    return rng.choice(
        (
            "-" + "".join(rng.choices(LETTERS, k=rng.randrange(4))),
            f"--{long}",
            f"--{long[: rng.randrange(1, len(long) + 1)]}",
            f"--{long}={rng.choice(('', '5', 'a=b'))}",
            rng.choice(("tcp", "80", "-", "--", "", "FILE")),
        )
    )


def test_every_command_line_is_read_as_getopt_reads_it(rng: random.Random, sweep: float) -> None:
    kinds = set()
    for _ in range(round(5000 * sweep)):
        words = [word(rng) for _ in range(rng.randrange(6))]
        try:
            pairs, operands = getopt.gnu_getopt(words, SHORT, LONG)
        except getopt.GetoptError:
            kinds.add("refused")
            with pytest.raises(UsageError):
                read_command_line(words)
            continue
        wanted: dict[str, list[str]] = {}
        for name, value in pairs:
            wanted.setdefault(NAMES.get(name, name[1:]), []).append(value)
        read = read_command_line(words)
        assert (read.given, read.operands) == (wanted, operands), words
        kinds.update(wanted)
    assert kinds == {flag.short or flag.long for flag in FLAGS} | {"refused"}


def test_what_is_short_for_several_flags_names_them() -> None:
    names = "'--no-optimize' '--no-promiscuous-mode'"
    with pytest.raises(UsageError, match=f"'--no' is ambiguous; possibilities: {names}$"):
        read_command_line(["--no"])
    with pytest.raises(UsageError, match="'--micro' doesn't allow an argument"):
        read_command_line(["--mic=5"])


def test_every_flag_stands_once() -> None:
    for names in ([flag.short for flag in FLAGS], [flag.long for flag in FLAGS]):
        given = [name for name in names if name]
        assert len(given) == len(set(given))


def test_help_names_every_flag_that_works() -> None:
    text = usage()
    for flag in FLAGS:
        named = f"-{flag.short}" if flag.short else f"--{flag.long}"
        assert (f"  {named}" in text) == bool(flag.purpose), flag
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-y", "FOO"), "invalid data link type FOO"),
        (("-y", "FOO", "-y", "RAW"), "invalid data link type FOO"),
        (("-tttttt",), "only -t, -tt, -ttt, -tttt and -ttttt are supported"),
        (("-c", "x", "-c", "5"), "invalid packet count x"),
        (("-B", "0"), "invalid packet buffer size 0"),
        (("-Q", "up"), "unknown capture direction `up'"),
        (("-j", "sundial"), "invalid time stamp type sundial"),
        (("-W", "0"), "invalid number of output files 0"),
        (("-C", "-r"), "invalid file size -r"),
        (("--time-stamp-precision", "milli", "--nano"), "time stamp precision 'milli'"),
    ],
)
@pytest.mark.parametrize("first", [("-d",), ("-w", os.devnull)])
def test_what_flags_take_is_looked_at_where_it_is_of_no_use(
    first: tuple[str, ...], words: tuple[str, ...], message: str, trace: Path, capsys: Captured
) -> None:
    assert main(["-r", str(trace), *first, *words]) == 1
    told = capsys.readouterr()
    assert (told.out, message in told.err) == ("", True)


def test_the_precision_asked_for_last_counts(trace: Path, tmp_path: Path) -> None:
    fine, coarse = (tmp_path / name for name in ("fine", "coarse"))
    micro = ("--time-stamp-precision", "micro")
    for words in (("--micro", "--nano"), (*micro, "--nano"), ("--nano", *micro, "--nano")):
        assert main(["-r", str(trace), "-w", str(fine), *words]) == 0
        assert fine.read_bytes()[:4] == pack("=I", 0xA1B23C4D)
    for words in (("--nano", "--micro"), ("--nano", *micro)):
        assert main(["-r", str(trace), "-w", str(coarse), *words]) == 0
        assert coarse.read_bytes() == trace.read_bytes()


@pytest.mark.parametrize("flag", ["-L", "-J"])
def test_interfaces_are_not_listed_where_a_capture_is_read(
    flag: str, trace: Path, capsys: Captured
) -> None:
    assert main([flag, "-r", str(trace), "--count"]) == 0
    assert capsys.readouterr().out == "6 packets\n"
