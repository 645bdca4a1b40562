"""The recorded corpus, replayed without libpcap: each text gives the program that libpcap gave.

`python -m scripts.record_filters` records it anew.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pcapfilter as pf
from pcapfilter.bpf import text as bpf_text
from pcapfilter.bpf.program import Program
from pcapfilter.net.names import TableResolver

CORPUS = Path(__file__).parent.parent.parent / "corpus"
LINKS = sorted(path.stem for path in (CORPUS / "filters").glob("*.jsonl"))


def recorded(folder: str, link: str) -> list[dict[str, Any]]:
    """Give the rows that were recorded for a link type."""
    lines = (CORPUS / folder / f"{link}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def resolver() -> TableResolver:
    """The names of the machine that recorded the corpus."""
    tables = json.loads((CORPUS / "filters" / "names.json").read_text(encoding="utf-8"))
    hosts = {name: tuple(addresses) for name, addresses in tables.pop("hosts").items()}
    return TableResolver(hosts=hosts, numbers=tables)


def compiled(row: dict[str, Any], link: str, resolver: TableResolver, *, optimize: bool) -> Program:
    """Compile a row's text as it was compiled when it was recorded."""
    return pf.compile(
        row["text"],
        link=link,
        optimize=optimize,
        netmask=row.get("netmask"),
        snaplen=row.get("snaplen", 262144),
        resolver=resolver,
    ).program()


def parse(spelt: str) -> Program:
    """Read a program as the corpus spells it."""
    return Program.of(
        (int(code, 16), int(jt, 16), int(jf, 16), int(k, 16))
        for code, jt, jf, k in (row.split() for row in spelt.split(","))
    )


def differences(link: str, resolver: TableResolver, *, optimize: bool) -> Iterator[str]:
    """Give what is not as it was recorded, one text at a time."""
    key = "optimized" if optimize else "plain"
    for row in recorded("filters", link):
        rejected = optimize and "message" in row
        try:
            program = compiled(row, link, resolver, optimize=optimize)
        except pf.FilterError as error:
            if not rejected or error.message != row["message"]:
                yield f"{row['text']}\n  refused: {error.message}"
            continue
        wanted = None if rejected else parse(row.get(key, row["plain"]))
        if program != wanted:
            listing = row["message"] if wanted is None else bpf_text.listing(wanted)
            yield f"{row['text']}\n--- recorded\n{listing}\n--- now\n{bpf_text.listing(program)}"


def report(found: list[str]) -> str:
    """Give the first differences, and how many there are."""
    return "\n".join([f"{len(found)} texts differ", *found[:5]])


@pytest.mark.parametrize("optimize", [False, True], ids=["plain", "optimized"])
@pytest.mark.parametrize("link", LINKS)
def test_programs(link: str, optimize: bool, resolver: TableResolver) -> None:
    found = list(differences(link, resolver, optimize=optimize))
    assert not found, report(found)


@pytest.mark.parametrize("link", LINKS)
def test_refusals(link: str, resolver: TableResolver) -> None:
    found = []
    for row in recorded("rejects", link):
        try:
            compiled(row, link, resolver, optimize=False)
        except pf.FilterError as error:
            first = str(error).splitlines()[0]
            if first != row["message"]:
                found.append(f"{row['text']}\n  recorded: {row['message']}\n  now:      {first}")
        else:
            found.append(f"{row['text']}\n  recorded: {row['message']}\n  now: accepted")
    assert not found, report(found)


def test_enough_is_recorded() -> None:
    """A few hundred texts on each everyday link type, and some on the other families."""
    assert len(LINKS) >= 30
    assert sum(len(recorded("filters", link)) >= 240 for link in LINKS) >= 9
