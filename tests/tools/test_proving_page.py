"""docs/proving.md shows what the commands really print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import oracle

pytest.importorskip("z3")

PAGE = (Path(__file__).parent.parent.parent / "docs" / "proving.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^    \$ .+\n(?:(?:    .*)?\n)*", PAGE, re.MULTILINE)
CHOSEN = re.compile(
    r" *(?:A|B|AB)? +\d+(?:-\d+)? {3,}\S.*|  0x[0-9a-f]{4}:  .*|asked: .*|.*, say, a packet of .*"
)
"""Which packet shows a difference is the solver's choice, and versions are those installed."""


def lines(text: str) -> list[str]:
    rows = (re.sub(r"\d+ octets", "some octets", row.rstrip()) for row in text.splitlines())
    return [row for row in rows if not CHOSEN.fullmatch(row)]


def test_there_are_examples() -> None:
    assert len(SHOWN) == 6


@oracle.needs_tcpdump
@oracle.needs_libpcap
@oracle.needs_kernel
@pytest.mark.parametrize("example", SHOWN, ids=[row[6:46] for row in SHOWN])
def test_an_example_is_real(example: str, tmp_path: Path) -> None:
    """Files shown by cat are written first; what is left out is shown as `...`."""
    rows = [row.removeprefix("    ") for row in example.rstrip().splitlines()]
    commands = [row.removeprefix("$ ") for row in rows if row.startswith("$ ")]
    if commands[0].startswith("cat "):
        end = rows.index(f"$ {commands[1]}")
        (tmp_path / commands[0][4:]).write_text("\n".join([*rows[1:end], ""]))
    answer = subprocess.run(
        "; ".join(commands), shell=True, capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    shown = lines("\n".join(row for row in rows if not row.startswith("$ ")))
    pattern = "".join("(?s:.*)" if row.strip() == "..." else re.escape(f"{row}\n") for row in shown)
    assert re.fullmatch(pattern, "".join(f"{row}\n" for row in lines(answer.stdout))), answer.stdout
