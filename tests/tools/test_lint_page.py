"""docs/lint.md shows what the command really prints, and names every rule."""

import re
import shlex
from pathlib import Path

import pytest

from pcapfilter.cli import main
from pcapfilter.tools.lint.rules import RULES

pytest.importorskip("z3")

PAGE = (Path(__file__).parent.parent.parent / "docs" / "lint.md").read_text(encoding="utf-8")
SHOWN = re.findall(
    r"^    \$ pcapfilter (lint .+)\n((?:(?:    .*)?\n)*?)(?=\S|    \$)", PAGE, re.MULTILINE
)
PACKET = re.compile(r"say, a packet of .*\)\)")
"""Which packet shows a difference is the solver's choice."""


def test_every_rule_is_described() -> None:
    for rule in RULES:
        assert all(f"`{name}`" in PAGE for name in rule.names)


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[row[0][5:40] for row in SHOWN])
def test_an_example_is_real(command: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(command)) == 1
    printed = capsys.readouterr().out
    lines = "\n".join(line.removeprefix("    ") for line in shown.splitlines())
    assert PACKET.sub("", printed.strip()) == PACKET.sub("", lines.strip())


def test_there_are_examples() -> None:
    assert len(SHOWN) == 7
