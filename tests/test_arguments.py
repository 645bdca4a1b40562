"""Arguments of a wrong type or out of range: one clear line, before anything is made of them."""

import io
from pathlib import Path
from typing import Any

import pytest

import pcapfilter as pf
from pcapfilter.net.names import NoResolver
from tests.io.captures import HTTP, ROWS, pcap

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
    ("snaplen", 0, ValueError),
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


@pytest.mark.parametrize("packets", [0, 400])
def test_a_memoryview_is_judged_by_its_octets_before_and_after_native_code(packets: int) -> None:
    made = pf.compile(f"tcp port 80 and len = {len(HTTP)}")
    for _ in range(packets):
        made.matches(b"")
    apart = memoryview(bytes(octet for pair in zip(HTTP, HTTP, strict=True) for octet in pair))
    view: Any
    for view in (
        memoryview(HTTP),
        apart[::2],
        memoryview(HTTP).cast("b"),
        memoryview(HTTP).cast("c"),
        memoryview(HTTP).cast("H"),
        memoryview(HTTP).cast("B", (2, len(HTTP) // 2)),
    ):
        assert made.matches(view), (view.format, view.shape)
        assert made(view)


@pytest.mark.parametrize(
    "wrong", [None, 5, b"trace.pcap", bytearray(4), [HTTP], io.StringIO("text"), pf.compile("tcp")]
)
def test_what_is_no_capture_is_named(wrong: Any) -> None:
    made = pf.compile("tcp")
    message = f"a capture is a path .* or a binary file, not {type(wrong).__name__}$"
    for action in (made.count, made.read, pf.open):
        with pytest.raises(TypeError, match=message):
            action(wrong)
    with pytest.raises(TypeError, match=message):
        made.copy(io.BytesIO(pcap(ROWS)), wrong)


def test_a_file_that_is_not_for_writing(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"")
    with open(tmp_path / "old", "rb") as old, pytest.raises(io.UnsupportedOperation, match="write"):
        pf.compile("tcp").copy(io.BytesIO(pcap(ROWS)), old)


@pytest.mark.parametrize("name", ["limit", "workers"])
def test_limits_and_workers_are_checked_before_anything_is_read(name: str, tmp_path: Path) -> None:
    made, target = pf.compile("tcp"), tmp_path / "new"
    wrong: Any
    for wrong, error in (("3", TypeError), (1.5, TypeError), (-1, ValueError)):
        for action in (made.count, made.read, lambda src, **how: made.copy(src, target, **how)):
            with pytest.raises(error, match=f"{name} must be "):
                action(io.BytesIO(pcap(ROWS)), **{name: wrong})
    right: Any = {name: 1}
    assert made.count(io.BytesIO(pcap(ROWS)), **right).matched


def test_what_ebpf_returns_has_32_bits() -> None:
    made = pf.compile("tcp")
    for host in ("user", "socket", "tc", "xdp"):
        assert made.ebpf(host, match=-1) == made.ebpf(host, match=WORD) != made.ebpf(host)
    for name in ("match", "other"):
        for wrong in (WORD + 1, -(1 << 31) - 1):
            with pytest.raises(ValueError, match=f"{name} must be -2147483648 to 4294967295"):
                made.ebpf("xdp", **{name: wrong})


def test_to_be_written_a_capture_wants_a_model(tmp_path: Path) -> None:
    like: Any = "EN10MB"
    with pytest.raises(TypeError, match="a Source or an Origin, not 'EN10MB'"):
        pf.open(tmp_path / "new", "w", like=like)
