"""Pictures of filters: nothing overlaps, nothing is cut off, and the counts are right."""

import re
from collections import Counter
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest

import pcapfilter as pf
from pcapfilter.bpf import isa
from pcapfilter.bpf.program import Instruction, Program
from pcapfilter.bpf.text import parse
from pcapfilter.engine import reference
from pcapfilter.errors import Span
from pcapfilter.filter import open_capture
from pcapfilter.net.linktype import resolve
from pcapfilter.packets import Origin, PacketBatch
from pcapfilter.tools import graph
from pcapfilter.tools.graph.chart import Arrow, Box, Chart
from pcapfilter.tools.graph.counting import SIGNATURE, _steps, ways
from pcapfilter.tools.graph.drawing import Frame
from pcapfilter.tools.graph.lettering import columns, cut, wrapped
from pcapfilter.tools.graph.svg import ADVANCE, _Picture, count_text
from tests.bpf.programs import random_packet, random_program
from tests.strategies import draw
from tests.tools.pictures import complaints

LINKS = ("EN10MB", "EN10MB", "RAW", "LINUX_SLL2", "IEEE802_11_RADIO", "PPP")
LONG = (
    "port 80 and (host 10.0.0.1 or 192.168.1.7 or 2001:db8::1)"
    " or vlan and ip6 and net 2001:db8::/32"
)
HIGHEST = {"": None, "few": 3, "many": 99_999, "most": 2**31}

Captured = pytest.CaptureFixture[str]


def counted(chart: Chart, rng: Random, most: int | None) -> Chart:
    """Give a chart with counts by chance; a picture does not ask whether they add up."""
    if most is None:
        return chart
    arrows = tuple(a._replace(packets=rng.randint(0, most)) for a in chart.arrows)
    boxes = tuple(
        b._replace(entered=rng.randint(0, most), failed=rng.randint(0, 1)) for b in chart.boxes
    )
    return chart._replace(arrows=arrows, boxes=boxes, seen=most)


# ---- layout ------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", HIGHEST)
def test_nothing_overlaps_or_is_cut_off(counts: str, rng: Random, sweep: float) -> None:
    drawn = 0
    for _ in range(int(30 * sweep)):
        link = rng.choice(LINKS)
        text = draw(rng, link)
        try:
            program = pf.compile(text, link=link, optimize=rng.random() < 0.6, netmask=0).program()
        except pf.FilterError:
            continue
        if len(program) > 150 and rng.random() < 0.8:
            continue
        chart = counted(graph.chart_of(program, text=text), rng, HIGHEST[counts])
        assert list(complaints(chart, _Picture(chart).drawing)) == [], (text, link)
        drawn += 1
    assert drawn > 15 * sweep


def test_any_program_can_be_drawn(rng: Random, sweep: float) -> None:
    """Whatever jumps where: loops within loops, jumps that lead nowhere else, many returns."""
    looped = 0
    for _ in range(int(200 * sweep)):
        chart = graph.chart_of(random_program(rng, loops=True))
        picture = _Picture(counted(chart, rng, 500))
        assert list(complaints(picture.chart, picture.drawing)) == []
        looped += any(arrow.target <= arrow.source for arrow in chart.arrows)
    assert looped > 20


def test_complaints_find_what_is_wrong() -> None:
    chart = graph.chart_of(pf.compile(LONG).program(), text=LONG)
    drawing = _Picture(chart).drawing
    assert list(complaints(chart, drawing)) == []
    frames, lines = drawing.frames, drawing.lines
    wrong = [
        drawing._replace(width=drawing.width - 20),
        drawing._replace(frames=(frames[0], frames[0]._replace(y=30.0), *frames[2:])),
        drawing._replace(lines=(*lines, lines[0]._replace(x1=lines[0].x1 + 9))),
        drawing._replace(lines=(*lines, lines[0]._replace(arrows=lines[-1].arrows))),
        drawing._replace(frames=(Frame(0, 0, drawing.width, drawing.height), *frames[1:])),
    ]
    assert all(list(complaints(chart, changed)) for changed in wrong)


@pytest.mark.parametrize("text", ["tcp port 80", LONG, ""])
def test_texts_stay_within_the_picture(text: str) -> None:
    root = ET.fromstring(graph.svg(graph.chart_of(pf.compile(text).program(), text=text)))
    width = float(root.attrib["width"])
    texts = [*root.iter("{http://www.w3.org/2000/svg}text")]
    assert len(texts) > len(text) / 70
    for found in texts:
        end = float(found.attrib["x"])
        if found.attrib.get("text-anchor") != "end":
            end += ADVANCE * columns(found.text or "")
        assert end <= width


def test_boxes_show_instructions_and_their_parts() -> None:
    text = "ip or arp"
    program = pf.compile(text).program()
    parts = [[Span(0, 2)], [Span(0, 2)], [Span(6, 9)], [], []]
    assert len(program) == len(parts)
    chart = graph.chart_of(program, text=text, parts=parts)
    first, second, accept, reject = chart.boxes
    assert first.parts == (Span(0, 2),)
    assert first.lines == ("000  ldh  [12]", "001  jeq  #0x800")
    assert (second.parts, second.lines) == ((Span(6, 9),), ("002  jeq  #0x806",))
    assert (accept.kind, reject.kind) == ("accept", "reject")
    picture = graph.svg(chart)
    assert ">arp</text>" in picture
    assert "ip or arp</text>" in picture
    assert picture.count("<text") == 5 + 2 + 1 + 4


def test_questions_are_shown_whole() -> None:
    """On several lines where they are long: which octets of an address are compared is told."""
    picture = graph.svg(graph.chart_for(pf.compile("host 2001:db8::1 or ip6 protochain 6")))
    lines = " ".join(found.strip() for found in re.findall(r">([^<>]*)</text>", picture))
    for place in ("0-3 = 0x20010db8?", "4-7 = 0x00000000?", "12-15 = 0x00000001?"):
        assert f"IPv6 source address, octets {place}" in lines
        assert f"IPv6 destination address, octets {place}" in lines
    assert "next protocol in the chain = 43 (routing header)?" in lines
    assert "reads extension header next header, extension header length" in lines
    assert "…" not in lines


def test_lines_that_many_arrows_share_do_not_fill_the_file() -> None:
    boxes = tuple(Box(n, n + 1, "test", (), ("jeq",)) for n in range(1000))
    ways = [(Arrow(n, 999, "true"), Arrow(n, n + 1, "false")) for n in range(998)]
    chain = Chart(boxes, tuple(arrow for pair in ways for arrow in pair))
    assert len(graph.svg(chain)) < 4_000_000


def test_long_jumps_are_no_boxes() -> None:
    ports = " or ".join(f"port {number}" for number in range(1, 120))
    program = pf.compile(ports, optimize=False).program()
    assert any(instruction.code == isa.JMP | isa.JA for instruction in program)
    chart = graph.chart_of(program)
    assert not any("ja" in line for box in chart.boxes for line in box.lines)
    assert {arrow.target for arrow in chart.arrows} == {*range(1, len(chart.boxes))}


def test_what_happens_in_circles_is_drawn() -> None:
    for rows in ("ja -1", "jeq0 -1", "ja 0"):
        name, step = rows.split()
        code = isa.JMP | (isa.JA if name == "ja" else isa.JEQ)
        program = Program.of([(code, 0, 0, int(step) % 2**32), (isa.RET | isa.K, 0, 0, 0)])
        picture = _Picture(graph.chart_of(program))
        assert list(complaints(picture.chart, picture.drawing)) == []


def test_a_thousand_boxes_are_drawn_in_time() -> None:
    text = " or ".join(f"tcp port {7 * number}" for number in range(1, 100))
    chart = graph.chart_of(pf.compile(text, optimize=False).program(), text=text)
    assert len(chart.boxes) > 800
    assert graph.svg(chart).count("data-box") == len(chart.boxes)


# ---- counts ------------------------------------------------------------------------------------


def batch_of(packets: list[bytes]) -> PacketBatch:
    return PacketBatch.of(packets, Origin(resolve("EN10MB")))


def test_counts_are_the_reference_machines(rng: Random, sweep: float) -> None:
    for number in range(int(60 * sweep)):
        program = random_program(rng, loops=number % 3 == 0)
        packets = [random_packet(rng, rng.choice((0, 9, 40, 80))) for _ in range(12)]
        counts = graph.count_ways(program, [batch_of(packets)])
        verdicts = [reference.run(program, packet) for packet in packets]
        assert (counts.seen, counts.matched) == (len(packets), sum(map(bool, verdicts)))
        if number % 3:
            for pc in rng.sample(range(len(program)), min(6, len(program))):
                stopped = stopping_at(program, pc)
                reached = sum(reference.run(stopped, packet) for packet in packets)
                assert counts.entered[pc] == reached


def test_a_packet_that_would_go_round_for_ever_is_rejected() -> None:
    """As by the reference machine: after as many turns as no protochain needs."""
    itself = Program.of([(isa.JMP | isa.JA, 0, 0, 2**32 - 1), (isa.RET | isa.K, 0, 0, 1)])
    counts = graph.count_ways(itself, [batch_of([b"", b"abc"])])
    assert (counts.seen, counts.matched, counts.failed[0]) == (2, 0, 2)
    assert counts.entered[0] == sum(len(itself) * (length + 1) + 1 for length in (0, 3))


def stopping_at(program: Program, place: int) -> Program:
    """Give a program that returns 1 where another comes to `place`, and 0 wherever else it ends."""
    rows = [
        Instruction(isa.RET | isa.K, 0, 0, int(pc == place))
        if pc == place or isa.ROWS[row.code].kind == "ret"
        else row
        for pc, row in enumerate(program)
    ]
    return Program(rows)


def test_native_and_plain_loops_count_alike(rng: Random) -> None:
    from array import array

    for _ in range(30):
        program = random_program(rng, loops=True)
        batch = batch_of([random_packet(rng, rng.choice((0, 9, 40, 80))) for _ in range(10)])
        counts = graph.count_ways(program, [batch])
        size = len(program)
        plain, cells = array("q", bytes(24 * size)), array("q", bytes(8 * isa.MEMWORDS))
        columns_ = (batch.buffer, batch.offsets, batch.caplens, batch.wirelens)
        matched = ways(*columns_, batch.count, _steps(program), size, plain, cells)
        assert matched == counts.matched
        assert [*plain] == [*counts.entered, *counts.taken, *counts.failed]
    assert SIGNATURE.count(",") == 8


@pytest.mark.parametrize("text", ["tcp port 80", "ip protochain 6", LONG, "ip and ip6", ""])
def test_what_comes_in_goes_out(text: str, captures: Path) -> None:
    """Of every box: as many packets leave it as came, by an arrow, a return or a failing load."""
    made = pf.compile(text, netmask=0)
    for name in ("ethernet.pcap", "ethernet-snaplen.pcap"):
        source = open_capture(str(captures / name))
        chart = graph.chart_for(made, source)
        source.close()
        into: Counter[int] = Counter({0: chart.seen or 0})
        out: Counter[int] = Counter()
        for arrow in chart.arrows:
            into[arrow.target] += arrow.packets or 0
            out[arrow.source] += arrow.packets or 0
        for number, box in enumerate(chart.boxes):
            assert box.entered == into[number]
            if box.kind == "test":
                assert box.entered == out[number] + box.failed
        accepted = sum(box.entered or 0 for box in chart.boxes if box.kind == "accept")
        expected = 0 if text == "ip and ip6" else made.count(str(captures / name)).matched
        assert accepted == expected


# ---- files -------------------------------------------------------------------------------------


def test_dot_names_every_box_and_arrow() -> None:
    chart = graph.chart_of(pf.compile("ip or arp").program(), text='a "quoted\\text"')
    lines = graph.dot(chart).splitlines()
    assert lines[0] == "digraph filter {"
    assert lines[-1] == "}"
    assert sum(" -> " in line for line in lines) == len(chart.arrows) == 4
    assert sum(line.startswith("  b") and " -> " not in line for line in lines) == 4
    assert r'label="a \"quoted\\text\""' in lines[1]
    for line in lines[1:-1]:
        assert len(re.findall(r'(?<!\\)"', line)) % 2 == 0


def test_pages_hold_the_picture() -> None:
    chart = graph.chart_of(pf.compile("ip or arp").program(), text="ip or arp < &")
    page = graph.page(chart)
    assert "<title>ip or arp &lt; &amp;</title>" in page
    assert graph.svg(chart) in page


def test_png_shows_text() -> None:
    pytest.importorskip("resvg_py")
    image = graph.png(graph.chart_of(pf.compile("ip").program(), text="ip"))
    assert image.startswith(b"\x89PNG")


def test_notebooks_show_the_picture() -> None:
    made = pf.compile("tcp port 80")
    picture = made._repr_svg_()
    assert picture is not None
    assert picture.startswith("<svg")
    assert picture in (made._repr_html_() or "")
    assert pf.compile("ip and ip6")._repr_svg_() is not None
    assert pf.compile("vlan", link="RAW")._repr_svg_() is None
    assert pf.compile("vlan", link="RAW")._repr_html_() is None


# ---- texts -------------------------------------------------------------------------------------


def test_counts_are_short() -> None:
    cases = {0: "0", 99_999: "99,999", 100_000: "100k", 1_234_567: "1.2M", 98_765_432: "98M",
             10**12: "1e+12"}  # fmt: skip
    assert {number: count_text(number) for number in cases} == cases
    assert max(len(count_text(3**power)) for power in range(25)) <= 6


def test_texts_are_cut_and_wrapped() -> None:
    assert cut("tcp\n port 80", 20) == "tcp port 80"
    assert cut("host 10.0.0.1 or host 10.0.0.2", 16) == "host 10.0.…0.0.2"
    text = "tcp port 80 or\nudp " + "x" * 30
    lines = [text[start:end] for start, end in wrapped(text, 12)]
    assert lines == ["tcp port 80", "or", "udp", "x" * 12, "x" * 12, "x" * 6]
    assert wrapped("", 10) == []
    assert columns("ab漢") == 4


# ---- of filters and listings ---------------------------------------------------------------------


def test_listings_can_be_drawn() -> None:
    chart = graph.chart_of(parse(pf.compile("tcp").listing()))
    assert chart.boxes[0].lines[0] == "000  ldh  [12]"


@pytest.mark.parametrize(("name", "boxes"), [("small", 5), ("large", 60)])
def test_the_pictures_of_the_page(name: str, boxes: int, root: Path) -> None:
    """They are of 5 and of 60 boxes, what is drawn today, and nothing overlaps in them."""
    page = (root / "docs" / "graph.md").read_text(encoding="utf-8")
    picture = (root / "docs" / "pictures" / f"{name}.svg").read_text(encoding="utf-8")
    assert picture.count("data-box") == boxes
    texts = re.findall(r"pcapfilter graph '(.+)' -r (\S+)", page)
    text, capture = texts[name == "large"]
    source = open_capture(str(root / capture))
    chart = graph.chart_for(pf.compile(text, netmask=0), source)
    source.close()
    assert list(complaints(chart, _Picture(chart).drawing)) == []
    assert graph.svg(chart) == picture.rstrip()


def test_the_program_that_is_drawn_is_the_filters(rng: Random, sweep: float) -> None:
    for _ in range(int(40 * sweep)):
        link = rng.choice(LINKS)
        text = draw(rng, link)
        try:
            made = pf.compile(text, link=link, optimize=rng.random() < 0.5, netmask=0)
            program = made.program()
        except pf.FilterError:
            continue
        plain, told = graph.chart_of(program), graph.chart_for(made)
        assert [box.lines for box in told.boxes] == [box.lines for box in plain.boxes]
        assert told.arrows == plain.arrows
        for box in told.boxes:
            assert all(0 <= part.start < part.end <= len(text) for part in box.parts)
