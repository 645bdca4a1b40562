"""Errors: what they say, and that they reach another process."""

import copy
import pickle

import pytest

import pcapfilter as pf
from pcapfilter import errors

ERRORS: tuple[Exception, ...] = (
    pf.FilterError("message", text="a text", span=pf.Span(2, 6), hint="a hint"),
    pf.FilterSyntaxError("message", text="a text", span=pf.Span(0, 1)),
    pf.UnknownNameError("message"),
    pf.UnsupportedError("message", hint="a hint"),
    pf.RejectsAllError("message", text="a text"),
    pf.ProgramError("message", pc=3),
    pf.ProgramError("message"),
    pf.CaptureError("message", name="a.pcap", offset=24, packet=1),
    pf.CaptureError("message"),
    pf.InternalError("a stage", "message"),
)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_errors_reach_another_process(error: Exception) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


def test_all_but_our_own_bugs_have_one_root() -> None:
    for error in ERRORS:
        assert isinstance(error, pf.PcapFilterError) != isinstance(error, pf.InternalError)
        assert isinstance(error, ValueError) != isinstance(error, AssertionError)
        assert type(error).__name__ in str(errors.__doc__)


@pytest.mark.parametrize(
    ("text", "span", "drawn"),
    [
        ("tcp prot", (4, 8), "  tcp prot\n      ^^^^"),
        ("tcp", (3, 3), "  tcp\n     ^"),
        ("\ttcp x", (5, 6), "  \ttcp x\n  \t    ^"),
        ("a\nb c\nd", (4, 5), "  b c\n    ^"),
        ("a b\nc", (2, 5), "  a b\n    ^"),
    ],
)
def test_the_caret_stands_under_the_place(text: str, span: tuple[int, int], drawn: str) -> None:
    error = pf.FilterError("message", span=pf.Span(*span), hint="a hint")
    assert str(error) == "message\nhint: a hint"
    assert str(error.located(text)) == f"message\n{drawn}\nhint: a hint"
    assert error.located("other").text == text


def test_places_are_told() -> None:
    assert str(pf.ProgramError("no such instruction", pc=3)) == "instruction 3: no such instruction"
    told = str(pf.CaptureError("cut off", name="a.pcap", offset=24, packet=1))
    assert told == "a.pcap: cut off (offset 24, packet 1)"
    assert str(pf.CaptureError("cut off", offset=0)) == "cut off (offset 0)"
