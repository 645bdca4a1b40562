"""The shipped tables are those of the grammar, and loading them costs next to nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from ply import yacc

from pcapfilter.errors import InternalError
from pcapfilter.parser import generate, grammar


def test_tables_are_those_of_the_grammar() -> None:
    shipped = Path(generate.__file__).with_name("_tables.py").read_text(encoding="utf-8")
    assert shipped == generate.generate()


def test_a_conflict_in_the_grammar_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "precedence", (("left", "LOOSE", "NEGATE"),))
    with pytest.raises(InternalError, match="shift/reduce"):
        generate.generate()


def test_parsing_builds_no_tables_and_loads_no_lexer_of_ply() -> None:
    code = (
        "import sys; from pcapfilter.parser import parse;"
        "loaded = 'ply' in sys.modules; parse('tcp port 80');"
        "print(loaded, 'ply.lex' in sys.modules, 'pcapfilter.parser.messages' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False", "False"]


def test_parsing_asks_ply_for_no_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yacc, "yacc", None)
    from pcapfilter.parser.read import read

    read("tcp port 80")
