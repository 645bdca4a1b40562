"""Make _tables.py from grammar.py: `python -m pcapfilter.parser.generate > .../parser/_tables.py`.

PLY builds the tables in a tenth of a second, so they are shipped; a test compares them with the
grammar. The grammar has no conflicts: one that a change brings is an error here.
"""

import sys
from collections.abc import Mapping

from ply import yacc

from pcapfilter.errors import InternalError
from pcapfilter.parser import grammar

HEADER = '"""The LALR tables of grammar.py, made by generate.py: do not edit."""\n'


class _Log:
    """Refuses whatever PLY finds wrong with the grammar, conflicts included."""

    def warning(self, message: str, *arguments: object) -> None:
        """Take a warning as an error."""
        raise InternalError("grammar", message % arguments)

    error = warning

    def info(self, message: str, *arguments: object) -> None:
        """Pass over what is no fault."""

    debug = info


def _fold(rows: Mapping[int, Mapping[str, int]]) -> list[str]:
    """Turn state -> symbol -> outcome into lines of symbol -> outcome -> states."""
    folded: dict[str, dict[int, list[int]]] = {}
    for state in sorted(rows):
        for symbol, outcome in rows[state].items():
            folded.setdefault(symbol, {}).setdefault(outcome, []).append(state)
    lines = []
    for symbol in sorted(folded):
        outcomes = folded[symbol]
        cells = ", ".join(
            f'{outcome}: "{" ".join(map(str, outcomes[outcome]))}"' for outcome in sorted(outcomes)
        )
        lines.append(f"    {symbol!r}: {{{cells}}},")
    return lines


def generate() -> str:
    """Give the text of _tables.py."""
    machine = yacc.yacc(
        module=grammar, write_tables=False, debug=True, debuglog=yacc.NullLogger(), errorlog=_Log()
    )
    lines = [HEADER, f"STATES = {len(machine.action)}", "", "# name, length, function"]
    rules = [(rule.name, rule.len, rule.func or "") for rule in machine.productions]
    lines += ["PRODUCTIONS = [", *(f"    {rule}," for rule in rules)]
    lines += [
        "]",
        "",
        "# symbol -> shift to a state, or (negative) reduce by a production -> states",
    ]
    lines += ["ACTIONS: dict[str, dict[int, str]] = {", *_fold(machine.action), "}", ""]
    lines += ["# symbol -> next state -> states", "GOTOS: dict[str, dict[int, str]] = {"]
    lines += [*_fold(machine.goto), "}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(generate())
