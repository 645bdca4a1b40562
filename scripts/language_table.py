"""Write docs/language.md: every word of the language on every link type, beside libpcap.

Run it from the project's folder: `python -m scripts.language_table`. It needs libpcap 1.10.
`--check` writes nothing, and fails where the page is not what it would write.
"""

import argparse
import itertools
import random
import sys
from pathlib import Path

from pcapfilter.bpf.program import Program
from pcapfilter.codegen.pipeline import generate
from pcapfilter.errors import FilterError
from pcapfilter.net.linktype import LINK_TYPES, LinkType
from pcapfilter.parser import parse
from tests import oracle
from tests.strategies import fill
from tests.vocabulary import FAMILIES, RESOLVER

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "language.md"
SUPPORTED, REFUSED, DIFFERS = "+", "·", "≠"
HEAD = f"""# The language, word by word and link type by link type

Written by `python -m scripts.language_table`, which compiles each row on each link type,
unoptimised, with libpcap {{version}} and with pcapfilter:

| mark | |
| --- | --- |
| `{SUPPORTED}` | supported: the program is libpcap's, instruction for instruction |
| `{REFUSED}` | refused, with libpcap's message |
| `{DIFFERS}` | differs from libpcap |

A row is a form of a primitive; what stands in angle brackets was drawn by chance. The words mean
what pcap-filter(7) says. Link types with equal columns share one.
"""


def outcome(text: str, link: LinkType) -> str:
    """Compile one text on one link type with both, and say how they compare."""
    expected: Program | str
    made: Program | str
    try:
        expected = oracle.compile(text, link, optimize=False, netmask=0)
    except oracle.Refused as refusal:
        expected = str(refusal)
    try:
        made = generate(
            parse(text), link=link, snaplen=oracle.SNAPLEN, netmask=0, resolver=RESOLVER,
            optimize=False,
        )  # fmt: skip
    except FilterError as error:
        made = error.message
    if made != expected:
        return DIFFERS
    return SUPPORTED if isinstance(made, Program) else REFUSED


def page() -> str:
    """Give the text of the page."""
    rng = random.Random("language")
    links = [row for row in LINK_TYPES if oracle.datalink(row.dlt)]
    forms = [(family, form, fill(rng, form)) for family, row in FAMILIES.items() for form in row]
    columns: dict[tuple[str, ...], list[LinkType]] = {}
    for link in links:
        column = tuple(outcome(text, link) for _, _, text in forms)
        columns.setdefault(column, []).append(link)
    parts = [HEAD.format(version=oracle.version()), "## Link types", ""]
    parts += ["| column | link types |", "| --- | --- |"]
    for number, group in enumerate(columns.values(), 1):
        parts.append(f"| {number} | {', '.join(row.name for row in group)} |")
    header = "| | " + " | ".join(str(n) for n in range(1, len(columns) + 1)) + " |"
    rule = "| --- |" + " --- |" * len(columns)
    rows = list(zip(*columns, strict=True))
    for family, group_of_forms in itertools.groupby(enumerate(forms), lambda pair: pair[1][0]):
        parts += ["", f"## {family}", "", header, rule]
        for index, (_, form, _) in group_of_forms:
            shown = form.replace("|", "\\|")
            parts.append(f"| `{shown}` | " + " | ".join(rows[index]) + " |")
    return "\n".join(parts) + "\n"


def main() -> int:
    """Write the page, or compare it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true", help="compare, and write nothing")
    text = page()
    if options.parse_args().check:
        return int(PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
