"""docs/explain.md shows what the commands really print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^    \$ (.+)\n((?:(?:    .*)?\n)*)", PAGE, re.MULTILINE)


def test_there_are_examples() -> None:
    assert len(SHOWN) == 6


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[row[0][:40] for row in SHOWN])
def test_an_example_is_real(command: str, shown: str) -> None:
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    answer = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=True, cwd=ROOT,
        env={**os.environ, "PATH": programs},
    )  # fmt: skip
    lines = [line.removeprefix("    ") for line in shown.rstrip().splitlines()]
    if lines[-1] == "..." and "--passes" in command:
        lines.pop()
    printed = [line.rstrip() for line in answer.stdout.rstrip().splitlines()]
    assert "\n".join(printed) == "\n".join(lines)
