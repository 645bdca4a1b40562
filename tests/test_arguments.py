"""Arguments of a wrong type or out of range: one clear line, before anything is made of them."""

from typing import Any

import pytest

import pcapfilter as pf
from pcapfilter.net.names import NoResolver

WORD = (1 << 32) - 1

WRONG = (
    # the argument, its value, the error
    ("text", None, TypeError),
    ("text", 5, TypeError),
    ("text", b"tcp", TypeError),
    ("snaplen", "96", TypeError),
    ("snaplen", 96.0, TypeError),
    ("snaplen", True, TypeError),
    ("snaplen", None, TypeError),
    ("snaplen", -1, ValueError),
    ("snaplen", WORD + 1, ValueError),
    ("netmask", "255.255.255.0", TypeError),
    ("netmask", False, TypeError),
    ("netmask", -1, ValueError),
    ("netmask", WORD + 1, ValueError),
    ("source", "wire", ValueError),
    ("source", True, ValueError),
    ("link", True, TypeError),
    ("link", 1.0, TypeError),
    ("link", None, TypeError),
    ("link", b"RAW", TypeError),
    ("resolver", "system", TypeError),
)


@pytest.mark.parametrize(("name", "value", "error"), WRONG)
def test_what_is_wrong_is_named_in_a_line(name: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        pf.compile(**{"text": "tcp", name: value})
    message = str(caught.value)
    assert name in message or (name == "link" and "link type" in message)
    assert "\n" not in message


@pytest.mark.parametrize(
    "right",
    [
        {"snaplen": 1},
        {"snaplen": WORD},
        {"netmask": 0},
        {"netmask": WORD},
        {"source": "live"},
        {"link": 101},
        {"resolver": NoResolver()},
    ],
)
def test_what_is_at_the_edge_is_right(right: dict[str, Any]) -> None:
    assert pf.compile("tcp", **right).program()


@pytest.mark.parametrize("packets", [0, 400])
def test_lengths_on_the_wire_are_checked_alike_before_and_after_native_code(packets: int) -> None:
    made = pf.compile("len > 5")
    for _ in range(packets):
        made.matches(b"")
    for length, matched in ((0, False), (6, True), (WORD, True)):
        assert made.matches(b"abc", length) == matched
    for length in (-1, WORD + 1, 1 << 40):
        with pytest.raises(ValueError, match="wirelen must be 0 to 4294967295"):
            made.matches(b"abc", length)
    wrong: Any
    for wrong in (1.5, "6"):
        with pytest.raises(TypeError):
            made.matches(b"abc", wrong)


def test_a_link_type_for_one_program_is_checked_too() -> None:
    wrong: Any = 1.5
    with pytest.raises(TypeError, match="a link type is a name"):
        pf.compile("tcp").program(link=wrong)
