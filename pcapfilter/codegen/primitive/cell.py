"""The words of ATM, on SunATM captures: fields of the cell header, and well-known circuits.

Source: ITU-T I.361 and Q.2931 (message types); the registry page of LINKTYPE_SUNATM.
"""

from pcapfilter.codegen import build, layout
from pcapfilter.codegen.build import Builder, Cond
from pcapfilter.expr.nodes import Comparison

VPI, VCI, MESSAGE = 1, 2, 9
FIELDS = {
    # word: place and size in the header
    "vpi": (VPI, 1),
    "vci": (VCI, 2),
}
CIRCUITS: dict[str, tuple[int, ...]] = {
    # word: the virtual channels that it stands for, on path 0
    "metac": (1,), "bcc": (2,), "oamf4sc": (3,), "oamf4ec": (4,), "sc": (5,), "ilmic": (16,),
    "oam": (3, 4), "oamf4": (3, 4),
}  # fmt: skip
SAID_OF = {"oamf4sc": "oam4sc", "oamf4ec": "oam4ec"}
"""What libpcap calls words in its refusals, where it is not the word itself."""

SETUP, CALL_PROCEEDING, CONNECT, CONNECT_ACK, RELEASE, RELEASE_DONE = 5, 2, 7, 15, 77, 90
CONNECTION_MESSAGES: dict[str, tuple[str, tuple[int, ...]]] = {
    # word: the circuit it goes over, and its message types in the order they are tested
    "connectmsg": (
        "sc", (RELEASE_DONE, RELEASE, CONNECT_ACK, CONNECT, SETUP, CALL_PROCEEDING),
    ),
    "metaconnect": ("metac", (RELEASE_DONE, RELEASE, CONNECT, SETUP, CALL_PROCEEDING)),
}  # fmt: skip


def require_atm(b: Builder, word: str) -> None:
    """Refuse a word of ATM anywhere else."""
    if b.target.link.dlt != layout.SUNATM:
        b.refuse(f"'{SAID_OF.get(word, word)}' supported only on raw ATM")


def field(b: Builder, word: str, tests: tuple[tuple[Comparison, int], ...]) -> Cond:
    """Test a field of the header against alternatives."""
    require_atm(b, word)
    place, size = FIELDS[word]
    return build.any_of(
        *(build.compared(b.from_header(place, size), op, value) for op, value in tests)
    )


def circuit(b: Builder, word: str) -> Cond:
    """Test for cells of a well-known circuit, or for messages of call control on it."""
    require_atm(b, word)
    if word in CONNECTION_MESSAGES:
        name, kinds = CONNECTION_MESSAGES[word]
        messages = (build.equal(b.from_header(MESSAGE, 1), kind) for kind in kinds)
        return build.all_of(circuit(b, name), build.any_of(*messages))
    channels = CIRCUITS[word]
    is_path = build.equal(b.from_header(VPI, 1), 0)
    is_channel = build.any_of(*(build.equal(b.from_header(VCI, 2), c) for c in channels))
    return build.all_of(is_path, is_channel)
