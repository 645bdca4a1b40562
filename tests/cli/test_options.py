"""Command lines are read as getopt_long reads them: Python's own getopt is the oracle."""

import getopt
import random

import pytest

from pcapfilter.cli.options import FLAGS, UsageError, read_command_line, usage

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
