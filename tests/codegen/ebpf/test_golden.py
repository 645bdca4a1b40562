"""Translations as people read them: corpus/ebpf holds classic programs and what is made of them.

A file is sections `== name`; `classic` is given, and the rest is made anew by
`PCAPFILTER_UPDATE=1 pytest tests/codegen/ebpf/test_golden.py`.
"""

import os
from pathlib import Path

import pytest

from pcapfilter.bpf import text as bpf_text
from pcapfilter.codegen.ebpf import translate
from pcapfilter.codegen.ebpf.hosts import HOSTS
from pcapfilter.ebpf import text as ebpf_text

FOLDER = Path(__file__).parent.parent.parent.parent / "corpus" / "ebpf"
CASES = sorted(FOLDER.glob("*.txt"))


def sections(content: str) -> dict[str, str]:
    """Read the sections of a file."""
    parts = (part.partition("\n") for part in content.split("\n== ")[1:])
    return {name: body.strip("\n") for name, _, body in parts}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_listings(path: Path) -> None:
    """Each host's listing is the recorded one."""
    content = path.read_text(encoding="utf-8")
    head, known = content.partition("\n")[0], sections(content)
    program = bpf_text.parse(known["classic"])
    made = {"classic": bpf_text.listing(program)}
    made |= {host: ebpf_text.listing(translate(program, host=host)) for host in HOSTS}
    if os.environ.get("PCAPFILTER_UPDATE"):
        body = "\n".join(f"== {name}\n{listing}\n" for name, listing in made.items())
        path.write_text(f"{head}\n{body}", encoding="utf-8")
    else:
        assert made == known


def test_there_are_cases() -> None:
    """The folder is where it should be."""
    assert len(CASES) > 5
